import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { OpenCache } from '../../src/services/cache/cache.ts';
import { openCache } from '../../src/services/cache/open-cache.ts';
import { systemClock } from '../../src/services/clock.ts';
import { freePort } from '../servers/free-port.ts';
import { type RedisServer, startRedis } from '../servers/redis.ts';
import { describeCache } from '../services/cache/cache-suite.ts';

let redis: RedisServer;
const troubles: string[] = [];
const host = { clock: systemClock, onTrouble: (text: string): void => void troubles.push(text) };
const opened: OpenCache[] = [];

beforeAll(async () => {
  redis = await startRedis();
});

afterEach(async () => {
  await Promise.all(opened.splice(0).map((cache) => cache.close()));
  troubles.length = 0;
});

afterAll(() => redis.close());

async function open(service: string, url: string = redis.url): Promise<OpenCache> {
  const cache = await openCache(service, { url }, host);
  opened.push(cache);
  return cache;
}

describeCache('Redis', {
  open: (service, options = {}) => openCache(service, { ...options, url: redis.url }, host),
  pass: () => undefined,
});

describe('a cache in Redis', () => {
  it('is shared by the instances of a service', async () => {
    const [first, second] = [await open('shared'), await open('shared')];
    await first.set('a', 1);
    expect(await second.get('a')).toBe(1);
  });

  it('takes a text that is no JSON for a miss', async () => {
    const { createClient } = await import('redis');
    const client = await createClient({ url: redis.url }).connect();
    await client.set('leveret:strange:a', 'no JSON');
    const cache = await open('strange');
    expect(await cache.get('a')).toBeUndefined();
    await cache.set('a', 1);
    expect(await client.get('leveret:strange:a')).toBe('1');
    await client.close();
  });

  it('misses while Redis is away, says so once, and goes on when it is back', async () => {
    const cache = await open('away');
    await cache.set('a', 1);
    await redis.stop();
    await expect.poll(() => troubles.length).toBe(1);
    await cache.set('b', 1);
    await cache.delete('a');
    expect(await cache.get('a')).toBeUndefined();
    expect(await cache.through('a', async () => 'loaded')).toBe('loaded');
    expect(troubles).toEqual([
      expect.stringContaining(`cache of service 'away', Redis at 127.0.0.1:${redis.port}`),
    ]);
    await redis.restart();
    await expect
      .poll(async () => {
        await cache.set('c', 3);
        return cache.get('c');
      })
      .toBe(3);
    expect(troubles).toHaveLength(1);
  });

  it('opens when Redis is not there yet', async () => {
    const port = await freePort();
    const cache = await open('early', `redis://:secret@127.0.0.1:${port}`);
    expect(await cache.get('a')).toBeUndefined();
    expect(troubles).toHaveLength(1);
    expect(troubles[0]).toContain('ECONNREFUSED');
    expect(troubles[0]).not.toContain('secret');
  });

  it('does not wait for a Redis that hangs', async () => {
    const cache = await open('hanging');
    process.kill(redis.pid, 'SIGSTOP');
    try {
      expect(await cache.get('a')).toBeUndefined();
      expect(troubles).toEqual([expect.stringContaining('no answer within 1000 ms')]);
      const began = performance.now();
      for (let count = 0; count < 100; count += 1) await cache.get('a');
      expect(performance.now() - began).toBeLessThan(500);
    } finally {
      process.kill(redis.pid, 'SIGCONT');
    }
  });
});
