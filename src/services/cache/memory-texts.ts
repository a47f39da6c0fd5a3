import { LRUCache } from 'lru-cache';
import type { Clock } from '../clock.ts';
import type { TextStore } from './text-store.ts';

/** Texts in this process: when it is full, the one that nobody asked for the longest time goes. */
export class MemoryTexts implements TextStore {
  readonly #texts: LRUCache<string, string>;

  constructor(entriesMax: number, clock: Clock) {
    // With a resolution above 0 it starts a timer of its own for each question in a new millisecond.
    this.#texts = new LRUCache({ max: entriesMax, perf: { now: () => clock.nowMs() }, ttlResolution: 0 });
  }

  get(key: string): string | undefined {
    return this.#texts.get(key);
  }

  set(key: string, text: string, ttlMs: number | undefined): void {
    this.#texts.set(key, text, { ttl: ttlMs ?? 0 });
  }

  delete(key: string): void {
    this.#texts.delete(key);
  }

  async close(): Promise<void> {
    this.#texts.clear();
  }
}
