import { totalmem } from 'node:os';

/** A fast publisher fills 60 MB a second with small messages, and 500 MB with large ones. */
const SAMPLE_MS = 250;
/** The alarm ends at this share of the watermark: 0.6 of the memory on, 0.5 off. */
const OFF_SHARE = 5 / 6;

export interface MemoryWatchOptions {
  /** Bytes at which the alarm goes on. */
  readonly highWatermarkBytes: number;
  /** Bytes in use now. */
  sample(): number;
  /** Gives back what is in use for nothing. Called while `sample` says too much, before that is believed. */
  reclaim(): void;
  /** Called for each change. */
  setAlarm(on: boolean): void;
}

/** Raises the memory alarm, and ends it only well below the watermark, so that publishers are not stopped and started all the time. */
export class MemoryWatch {
  readonly #options: MemoryWatchOptions;
  readonly #timer: NodeJS.Timeout;
  #alarm = false;

  constructor(options: MemoryWatchOptions) {
    this.#options = options;
    this.#timer = setInterval(() => this.check(), SAMPLE_MS);
    this.#timer.unref();
  }

  /** Takes one sample. The timer does it, four times a second. */
  check(): void {
    if (this.#isTooMuch()) this.#options.reclaim();
    const on = this.#isTooMuch();
    if (on === this.#alarm) return;
    this.#alarm = on;
    this.#options.setAlarm(on);
  }

  #isTooMuch(): boolean {
    const { highWatermarkBytes } = this.#options;
    const bytes = this.#options.sample();
    return this.#alarm ? bytes > highWatermarkBytes * OFF_SHARE : bytes >= highWatermarkBytes;
  }

  stop(): void {
    clearInterval(this.#timer);
  }
}

/** Turns the option into bytes: up to 1 it is a share of what the machine, or the container around us, has. */
export function watermarkBytes(memoryHighWatermark: number): number {
  return memoryHighWatermark <= 1 ? Math.floor(memoryHighWatermark * memoryBytes()) : memoryHighWatermark;
}

/** Node says 0 when no limit is known, and a huge number for a control group without one. */
function memoryBytes(): number {
  const constrained = process.constrainedMemory();
  return constrained > 0 ? Math.min(constrained, totalmem()) : totalmem();
}
