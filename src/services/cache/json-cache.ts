import type { OpenCache } from './cache.ts';
import type { TextStore } from './text-store.ts';

/**
 * A cache of values as JSON, wherever their texts are. So a value is the same whether it comes from this process or from Redis,
 * and nobody who changes one that he got changes it for others.
 */
export class JsonCache implements OpenCache {
  readonly #service: string;
  readonly #texts: TextStore;
  readonly #ttlMs: number | undefined;
  /** Texts that `through` waits for, by their keys. Taken out when the key is set or deleted: what is loaded then may be old. */
  readonly #loads: Map<string, Promise<string | undefined>> = new Map();

  constructor(service: string, texts: TextStore, ttlMs: number | undefined) {
    this.#service = service;
    this.#texts = texts;
    this.#ttlMs = ttlMs;
  }

  async get<T = unknown>(key: string): Promise<T | undefined> {
    const text = await this.#texts.get(key);
    return text === undefined ? undefined : (parsed(text) as T | undefined);
  }

  async set(key: string, value: unknown, ttlMs?: number): Promise<void> {
    await this.#keep(key, this.#textOf(key, value), ttlMs);
  }

  async delete(key: string): Promise<void> {
    this.#loads.delete(key);
    await this.#texts.delete(key);
  }

  async through<T>(key: string, load: () => Promise<T>, ttlMs?: number): Promise<T> {
    const text = await (this.#loads.get(key) ?? this.#startLoad(key, load, ttlMs));
    return (text === undefined ? undefined : parsed(text)) as T;
  }

  #startLoad(
    key: string,
    load: () => Promise<unknown>,
    ttlMs: number | undefined,
  ): Promise<string | undefined> {
    const loading: Promise<string | undefined> = this.#getOrLoad(
      key,
      load,
      ttlMs,
      () => this.#loads.get(key) === loading,
    );
    this.#loads.set(key, loading);
    return loading;
  }

  async #getOrLoad(
    key: string,
    load: () => Promise<unknown>,
    ttlMs: number | undefined,
    isLast: () => boolean,
  ): Promise<string | undefined> {
    try {
      const kept = await this.#texts.get(key);
      if (kept !== undefined && parsed(kept) !== undefined) return kept;
      const value = await load();
      if (value === undefined) return undefined;
      const text = this.#textOf(key, value);
      if (isLast()) await this.#keep(key, text, ttlMs);
      return text;
    } finally {
      if (isLast()) this.#loads.delete(key);
    }
  }

  async #keep(key: string, text: string, ttlMs: number | undefined): Promise<void> {
    const checked = checkedTtl(this.#service, ttlMs);
    this.#loads.delete(key);
    await this.#texts.set(key, text, checked ?? this.#ttlMs);
  }

  close(): Promise<void> {
    return this.#texts.close();
  }

  #textOf(key: string, value: unknown): string {
    const text = JSON.stringify(value) as string | undefined;
    if (text !== undefined) return text;
    throw new TypeError(
      `cache of service '${this.#service}', key '${key}': found ${typeof value}; allowed: what JSON can hold (to remove a value, delete its key)`,
    );
  }
}

/** A text that is no JSON was written by somebody else: a miss, and overwritten by the next `set`. */
function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Whole milliseconds. Throws `RangeError` for a time that is none. */
export function checkedTtl(service: string, ttlMs: number | undefined): number | undefined {
  if (ttlMs === undefined) return undefined;
  if (Number.isFinite(ttlMs) && ttlMs > 0) return Math.ceil(ttlMs);
  throw new RangeError(
    `ttlMs of the cache of service '${service}': found ${ttlMs}; allowed: a number of milliseconds above 0, or none to keep values as long as there is room`,
  );
}
