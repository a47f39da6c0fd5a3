import type { BrokerEvent } from '../core/environment.ts';

/** Lines about the same thing are written at most this often: whoever floods us must not flood the log. */
const REPORT_MS = 10_000;

/** Counts what happens often, and tells of it now and then. */
export class BoundedReport {
  readonly #onEvent: (event: BrokerEvent) => void;
  readonly #text: (count: number, last: string) => string;
  #count = 0;
  #toldCount = 0;
  #toldMs = Number.NEGATIVE_INFINITY;

  /** `text`: what is told when it has happened `count` times since it was told before. */
  constructor(onEvent: (event: BrokerEvent) => void, text: (count: number, last: string) => string) {
    this.#onEvent = onEvent;
    this.#text = text;
  }

  /** How often it happened, ever. */
  get count(): number {
    return this.#count;
  }

  add(last: string): void {
    this.#count++;
    const nowMs = performance.now();
    if (nowMs - this.#toldMs < REPORT_MS) return;
    this.#toldMs = nowMs;
    const count = this.#count - this.#toldCount;
    this.#toldCount = this.#count;
    this.#onEvent({ level: 'warn', text: this.#text(count, last) });
  }
}
