import type { Clock } from '../clock.ts';

/** Where a cache keeps its values, as texts. It never fails: what it cannot do is a miss. */
export interface TextStore {
  get(key: string): Promise<string | undefined> | string | undefined;
  /** Kept for `ttlMs`, a whole number above 0, or as long as there is room. */
  set(key: string, text: string, ttlMs: number | undefined): Promise<void> | void;
  delete(key: string): Promise<void> | void;
  close(): Promise<void>;
}

/** What a cache needs of its service. */
export interface CacheHost {
  readonly clock: Clock;
  /** Told once for each outage. */
  onTrouble(text: string, error: Error): void;
}
