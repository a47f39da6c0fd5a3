import type { CacheOptions, OpenCache } from './cache.ts';
import { checkedTtl, JsonCache } from './json-cache.ts';
import { MemoryTexts } from './memory-texts.ts';
import { openRedisTexts } from './redis-texts.ts';
import type { CacheHost, TextStore } from './text-store.ts';

const ENTRIES = 10_000;

/** Opens the cache of a service: in this process, or in Redis when its URL says so. */
export async function openCache(service: string, options: CacheOptions, host: CacheHost): Promise<OpenCache> {
  const ttlMs = checkedTtl(service, options.ttlMs);
  return new JsonCache(service, await openTexts(service, options, host), ttlMs);
}

async function openTexts(service: string, options: CacheOptions, host: CacheHost): Promise<TextStore> {
  const { url, entriesMax = ENTRIES } = options;
  if (url !== undefined) return openRedisTexts(service, checkedUrl(service, url), host);
  if (Number.isInteger(entriesMax) && entriesMax > 0) return new MemoryTexts(entriesMax, host.clock);
  throw new RangeError(
    `entriesMax of the cache of service '${service}': found ${entriesMax}; allowed: a whole number above 0`,
  );
}

/** The URL may hold a password, so no error shows more than how it begins. */
function checkedUrl(service: string, url: string): string {
  const protocol = URL.canParse(url) ? new URL(url).protocol : undefined;
  if (protocol === 'redis:' || protocol === 'rediss:') return url;
  const found = protocol === undefined ? 'no URL' : `a URL of '${protocol}'`;
  throw new TypeError(
    `url of the cache of service '${service}': found ${found}; allowed: redis://[user:password@]host[:port][/database], or rediss: for TLS; leave it out for a cache in the process`,
  );
}
