import { describe, expect, it } from 'vitest';
import type { CacheOptions, OpenCache } from '../../../src/services/cache/cache.ts';

/** A place where caches keep their values. */
export interface CacheFooting {
  open(service: string, options?: Omit<CacheOptions, 'url'>): Promise<OpenCache>;
  /** Lets time pass, where a test may. */
  pass(ms: number): void;
}

/** What holds for each cache, wherever it is. */
export function describeCache(name: string, footing: CacheFooting): void {
  describe(`a cache in ${name}`, () => {
    const open = footing.open;
    let services = 0;
    /** Nothing is in the cache of a service that was not there before. */
    const fresh = (options?: CacheOptions): Promise<OpenCache> => open(`cached-${services++}`, options);

    it('gives what was set, as JSON has it', async () => {
      await using cache = disposed(await fresh());
      await cache.set('a', { text: 'é', list: [1, null, true], at: new Date(0) });
      expect(await cache.get('a')).toEqual({
        text: 'é',
        list: [1, null, true],
        at: '1970-01-01T00:00:00.000Z',
      });
      await cache.set('a', 0);
      expect(await cache.get('a')).toBe(0);
      await cache.set('null', null);
      expect(await cache.get('null')).toBeNull();
    });

    it('finds nothing under another key, and nothing that was deleted', async () => {
      await using cache = disposed(await fresh());
      await cache.set('a', 1);
      expect(await cache.get('b')).toBeUndefined();
      await cache.delete('a');
      expect(await cache.get('a')).toBeUndefined();
      await cache.delete('a');
    });

    it.each(['', '__proto__', 'constructor', 'a:b*?[c]', '\n\0'])('takes the key %j', async (key) => {
      await using cache = disposed(await fresh());
      expect(await cache.get(key)).toBeUndefined();
      await cache.set(key, 'kept');
      expect(await cache.get(key)).toBe('kept');
    });

    it('is not changed by who changes what he got or set', async () => {
      await using cache = disposed(await fresh());
      const value = { items: [1] };
      await cache.set('a', value);
      value.items.push(2);
      (await cache.get<typeof value>('a'))?.items.push(3);
      expect(await cache.get('a')).toEqual({ items: [1] });
    });

    it('never meets the keys of another service', async () => {
      await using first = disposed(await fresh());
      await using second = disposed(await fresh());
      await first.set('a', 1);
      expect(await second.get('a')).toBeUndefined();
    });

    it('forgets a value when its time is over', async () => {
      await using cache = disposed(await fresh());
      await cache.set('short', 1, 40);
      await cache.set('long', 1, 600_000);
      await cache.set('for ever', 1);
      footing.pass(41);
      await expect.poll(() => cache.get('short')).toBeUndefined();
      expect([await cache.get('long'), await cache.get('for ever')]).toEqual([1, 1]);
    });

    it('takes the time of its options where none is given', async () => {
      await using cache = disposed(await fresh({ ttlMs: 40 }));
      await cache.set('a', 1);
      await cache.set('b', 1, 600_000);
      footing.pass(41);
      await expect.poll(() => cache.get('a')).toBeUndefined();
      expect(await cache.get('b')).toBe(1);
    });

    it.each([0, -1, Number.NaN, Number.POSITIVE_INFINITY])(
      'refuses to keep a value for %d ms',
      async (ttlMs) => {
        await using cache = disposed(await fresh());
        await expect(cache.set('a', 1, ttlMs)).rejects.toThrow(`found ${ttlMs}; allowed: a number`);
        await expect(fresh({ ttlMs })).rejects.toThrow(/ttlMs of the cache of service 'cached-\d+'/);
      },
    );

    it.each([undefined, () => 1, Symbol('a')])('refuses %s, which JSON cannot hold', async (value) => {
      await using cache = disposed(await fresh());
      await expect(cache.set('a', value)).rejects.toThrow(/key 'a': found (undefined|function|symbol)/);
    });

    it('loads what it does not have, once for all that wait for it', async () => {
      await using cache = disposed(await fresh());
      let loads = 0;
      const load = async (): Promise<number> => ++loads;
      const all = await Promise.all([1, 2, 3].map(() => cache.through('a', load)));
      expect(all).toEqual([1, 1, 1]);
      expect(await cache.through('a', load)).toBe(1);
      expect(await cache.get('a')).toBe(1);
      expect(await cache.through('b', load)).toBe(2);
    });

    it('gives what it loads as it gives what it has: as JSON has it, to each a value of his own', async () => {
      await using cache = disposed(await fresh());
      const load = async (): Promise<object> => ({ at: new Date(0), items: [1] });
      const [first, second] = await Promise.all([cache.through('a', load), cache.through('a', load)]);
      expect(first).toEqual({ at: '1970-01-01T00:00:00.000Z', items: [1] });
      expect(second).toEqual(first);
      expect(second).not.toBe(first);
      expect(await cache.through('a', load)).toEqual(first);
    });

    it('keeps what it loaded for the time that is given', async () => {
      await using cache = disposed(await fresh());
      expect(await cache.through('a', async () => 1, 40)).toBe(1);
      footing.pass(41);
      await expect.poll(() => cache.get('a')).toBeUndefined();
    });

    it('keeps no failure, and no undefined', async () => {
      await using cache = disposed(await fresh());
      const failing = cache.through('a', async () => {
        throw new Error('no database');
      });
      const waiting = cache.through('a', async () => 1);
      await expect(failing).rejects.toThrow('no database');
      await expect(waiting).rejects.toThrow('no database');
      expect(await cache.through('a', async () => undefined)).toBeUndefined();
      expect(await cache.through('a', async () => 2)).toBe(2);
    });

    it('does not keep what was loaded before a later change', async () => {
      await using cache = disposed(await fresh());
      const deleted = deferred<string>();
      const first = cache.through('a', () => deleted.promise);
      await cache.delete('a');
      deleted.resolve('old');
      expect(await first).toBe('old');
      expect(await cache.get('a')).toBeUndefined();

      const replaced = deferred<string>();
      const second = cache.through('a', () => replaced.promise);
      await cache.set('a', 'new');
      replaced.resolve('old');
      await second;
      expect(await cache.get('a')).toBe('new');
    });
  });
}

function disposed(cache: OpenCache): OpenCache & AsyncDisposable {
  return Object.assign(cache, { [Symbol.asyncDispose]: () => cache.close() });
}

interface Deferred<T> {
  readonly promise: Promise<T>;
  resolve(value: T): void;
}

function deferred<T>(): Deferred<T> {
  let resolve: (value: T) => void = () => undefined;
  const promise = new Promise<T>((settle) => {
    resolve = settle;
  });
  return { promise, resolve };
}
