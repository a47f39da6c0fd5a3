/** A fast publisher fills 60 MB a second with small messages, and 500 MB with large ones. */
const SAMPLE_MS = 250;
/** After the store let go of this much, and of half of what it held, the process gives it back to the machine. */
const SHRUNK_BYTES = 64 * 1024 * 1024;
/** The alarm ends at this share of the watermark: 0.6 of the memory on, 0.5 off. */
const OFF_SHARE = 5 / 6;

export interface MemoryWatchOptions {
  /** Bytes at which the alarm goes on. */
  readonly highWatermarkBytes: number;
  /** Bytes in use now. */
  sample(): number;
  /** Bytes that messages need of it. */
  storeBytes(): number;
  /**
   * Gives back what is in use for nothing. Called while `sample` says too much, before that is believed, and once after
   * a backlog was drained.
   */
  reclaim(): void;
  /** Called for each change. */
  setAlarm(on: boolean): void;
}

/**
 * Raises the memory alarm, and ends it only well below the watermark, so that publishers are not stopped and started all
 * the time. Also sees to it that the memory of a drained backlog goes back to the machine.
 */
export class MemoryWatch {
  readonly #options: MemoryWatchOptions;
  readonly #timer: NodeJS.Timeout;
  #alarm = false;
  /** The most that the store has held since memory was reclaimed. */
  #storePeak = 0;

  constructor(options: MemoryWatchOptions) {
    this.#options = options;
    this.#timer = setInterval(() => this.check(), SAMPLE_MS);
    this.#timer.unref();
  }

  /** Takes one sample. The timer does it, four times a second. */
  check(): void {
    if (this.#isTooMuch() || this.#hasShrunk()) this.#options.reclaim();
    const on = this.#isTooMuch();
    if (on === this.#alarm) return;
    this.#alarm = on;
    this.#options.setAlarm(on);
  }

  #hasShrunk(): boolean {
    const bytes = this.#options.storeBytes();
    this.#storePeak = Math.max(this.#storePeak, bytes);
    const shrunk = this.#storePeak - bytes > SHRUNK_BYTES && bytes < this.#storePeak / 2;
    if (shrunk) this.#storePeak = bytes;
    return shrunk;
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
