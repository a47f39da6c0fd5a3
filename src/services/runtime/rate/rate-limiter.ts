import { setMaxListeners } from 'node:events';
import { type Clock, pause } from '../../clock.ts';
import type { RateOptions } from '../../part.ts';

/** Buckets below which nobody looks for full ones. */
const BUCKETS_MIN = 1024;

/**
 * A token bucket, or one for each key: `burst` messages at once, `perSecond` in the long run.
 *
 * A bucket is one number, the time at which it is full again, and whoever has to wait takes its token in advance; so who comes
 * first goes first. A bucket that is full is as good as none, and is forgotten.
 */
export class RateLimiter {
  readonly #clock: Clock;
  readonly #intervalMs: number;
  readonly #burstMs: number;
  readonly #isPerKey: boolean;
  readonly #fullAtMs: Map<string, number> = new Map();
  #sweepAt: number = BUCKETS_MIN;

  constructor({ perSecond, burst = 1, perKey = false }: RateOptions, clock: Clock) {
    this.#clock = clock;
    this.#intervalMs = 1000 / perSecond;
    this.#burstMs = burst * this.#intervalMs;
    this.#isPerKey = perKey;
  }

  /** How many keys are remembered. */
  get bucketCount(): number {
    return this.#fullAtMs.size;
  }

  /** Undefined when a message may be handled now; otherwise resolves when it may, or rejects with the reason of the signal. The key counts only where each has a limit for itself. */
  ready(key: string, signal?: AbortSignal): Promise<void> | undefined {
    const nowMs = this.#clock.nowMs();
    const bucket = this.#isPerKey ? key : '';
    const fullAtMs = Math.max(this.#fullAtMs.get(bucket) ?? nowMs, nowMs) + this.#intervalMs;
    this.#fullAtMs.set(bucket, fullAtMs);
    if (this.#fullAtMs.size >= this.#sweepAt) this.#sweep(nowMs);
    const waitMs = fullAtMs - this.#burstMs - nowMs;
    if (waitMs <= 0) return undefined;
    // each message that waits listens
    if (signal !== undefined) setMaxListeners(0, signal);
    return pause(this.#clock, waitMs, signal);
  }

  /** Each bucket is looked at once for each time that as many came. */
  #sweep(nowMs: number): void {
    for (const [key, fullAtMs] of this.#fullAtMs) if (fullAtMs <= nowMs) this.#fullAtMs.delete(key);
    this.#sweepAt = Math.max(BUCKETS_MIN, this.#fullAtMs.size * 2);
  }
}
