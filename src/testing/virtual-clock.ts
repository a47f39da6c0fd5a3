import type { Clock } from '../core/environment.ts';

/** A clock that stands still until it is moved. */
export class VirtualClock implements Clock {
  readonly #startWallMs: number;
  #nowMs = 0;

  constructor(startWallMs: number) {
    this.#startWallMs = startWallMs;
  }

  nowMs(): number {
    return this.#nowMs;
  }

  wallMs(): number {
    return this.#startWallMs + this.#nowMs;
  }

  /** Time goes forward only: an earlier moment leaves the clock as it is. */
  moveTo(nowMs: number): void {
    this.#nowMs = Math.max(this.#nowMs, nowMs);
  }
}
