import { type IntervalHistogram, monitorEventLoopDelay } from 'node:perf_hooks';

/** How often the delay is looked at: a delay that is shorter may be missed. */
const RESOLUTION_MS = 20;
const WINDOW_MS = 60_000;
export const DELAY_QUANTILES: readonly number[] = [0.5, 0.9, 0.99, 1];

/**
 * How long the event loop keeps timers waiting: of the last minute, to two minutes. It is measured from the first question on: it
 * takes 50 wake-ups a second, which is most of what an idle broker does, and not everybody looks at metrics.
 */
export class EventLoopDelay {
  readonly #monitor: IntervalHistogram = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
  /** Of the minute before. */
  #before: readonly number[] = DELAY_QUANTILES.map(() => 0);
  #beganMs = performance.now();

  /** Seconds, by DELAY_QUANTILES. */
  quantiles(): readonly number[] {
    this.#monitor.enable();
    const now = DELAY_QUANTILES.map((quantile) => this.#quantile(quantile));
    const both = now.map((seconds, index) => Math.max(seconds, this.#before[index] ?? 0));
    if (performance.now() - this.#beganMs >= WINDOW_MS) {
      this.#before = now;
      this.#beganMs = performance.now();
      this.#monitor.reset();
    }
    return both;
  }

  stop(): void {
    this.#monitor.disable();
  }

  /** The monitor measures from one look to the next. */
  #quantile(quantile: number): number {
    if (this.#monitor.count === 0) return 0;
    const nanoseconds = quantile === 1 ? this.#monitor.max : this.#monitor.percentile(quantile * 100);
    return Math.max(0, nanoseconds / 1e9 - RESOLUTION_MS / 1000);
  }
}
