/** A service's own cache. Keys of two services never meet, also in one Redis. Values are what JSON can hold. */
export interface Cache {
  get<T = unknown>(key: string): Promise<T | undefined>;
  /** Keeps the value for `ttlMs`, or as long as there is room. */
  set(key: string, value: unknown, ttlMs?: number): Promise<void>;
  delete(key: string): Promise<void>;
  /** The value of the key, or what `load` gives, as JSON has it: which runs once at a time for a key in this process, and whose result is kept. */
  through<T>(key: string, load: () => Promise<T>, ttlMs?: number): Promise<T>;
}

/** A cache that is closed with its service. */
export interface OpenCache extends Cache {
  close(): Promise<void>;
}

export interface CacheOptions {
  /** `redis://...`: shared by all instances. In the process unless given. */
  readonly url?: string;
  /** Of a cache in the process. 10 000 unless given. */
  readonly entriesMax?: number;
  /** How long a value is kept unless `set` says otherwise. */
  readonly ttlMs?: number;
}
