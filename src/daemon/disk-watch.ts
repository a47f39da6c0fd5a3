/** A disk takes about 1 GB a second at most: it is looked at again before that could have filled it up to the limit. */
const DISK_BYTES_PER_MS = 1e6;
const SAMPLE_MS_MIN = 20;
const SAMPLE_MS_MAX = 1000;
/** While there is too little room: how soon it is seen that there is more. */
const SAMPLE_SHORT_MS = 250;
/** There is enough again with this much more room than there should be at least. */
const ENOUGH_FACTOR = 1.2;

/** `short`: less room than there should be. `full`: none for what was to be written. */
export type DiskState = 'enough' | 'short' | 'full';

export interface DiskWatchOptions {
  /** Fewer free bytes are too few; 0: only the engine says when there is no room. */
  readonly freeBytesMin: number;
  /** Bytes that are free now. */
  freeBytes(): Promise<number>;
  /** Called for each change; there is enough at first. `freeBytes`: as measured last; undefined when it never was. */
  onState(state: DiskState, freeBytes: number | undefined): void;
  /** Called when free bytes cannot be had, once until they can be again: nothing is known then. */
  onUnknown(reason: Error): void;
}

/**
 * Says when there is little room on the disk, or none at all, and takes it back only when there is clearly more, so that
 * publishers are not stopped and started all the time.
 *
 * Room is measured by a timer that does not keep the process alive; that there is none is said by the engine.
 */
export class DiskWatch {
  readonly #options: DiskWatchOptions;
  #timer: NodeJS.Timeout | undefined;
  #stopped = false;
  #isShort = false;
  #isFull = false;
  #state: DiskState = 'enough';
  #isUnknown = false;
  #freeBytes: number | undefined;

  constructor(options: DiskWatchOptions) {
    this.#options = options;
  }

  /** Takes a first sample, and goes on with it until `stop`. */
  async start(): Promise<void> {
    if (this.#options.freeBytesMin === 0) return;
    const freeBytes = await this.#sample();
    if (this.#stopped) return;
    this.#timer = setTimeout(() => void this.start(), this.#nextSampleMs(freeBytes));
    this.#timer.unref();
  }

  #nextSampleMs(freeBytes: number): number {
    const roomBytes = freeBytes - this.#options.freeBytesMin;
    if (roomBytes < 0 || this.#isShort) return SAMPLE_SHORT_MS;
    return Math.min(SAMPLE_MS_MAX, Math.max(SAMPLE_MS_MIN, roomBytes / DISK_BYTES_PER_MS));
  }

  /** As measured last; undefined when it never was. */
  get freeBytes(): number | undefined {
    return this.#freeBytes;
  }

  /** The engines have no room for what they were given, or have again. */
  setFull(on: boolean): void {
    this.#isFull = on;
    this.#tell();
  }

  stop(): void {
    this.#stopped = true;
    clearTimeout(this.#timer);
  }

  /** Returns the free bytes; Infinity when they cannot be had. */
  async #sample(): Promise<number> {
    const freeBytes = await this.#measure();
    if (freeBytes === undefined) return Number.POSITIVE_INFINITY;
    this.#onFreeBytes(freeBytes);
    return freeBytes;
  }

  async #measure(): Promise<number | undefined> {
    try {
      const freeBytes = await this.#options.freeBytes();
      this.#isUnknown = false;
      return freeBytes;
    } catch (error) {
      if (!this.#isUnknown && !this.#stopped) this.#options.onUnknown(error as Error);
      this.#isUnknown = true;
      return undefined;
    }
  }

  #onFreeBytes(freeBytes: number): void {
    const { freeBytesMin } = this.#options;
    this.#freeBytes = freeBytes;
    const enough = this.#isShort ? freeBytesMin * ENOUGH_FACTOR : freeBytesMin;
    this.#isShort = freeBytes < enough;
    this.#tell();
  }

  #tell(): void {
    const state = this.#isFull ? 'full' : this.#isShort ? 'short' : 'enough';
    if (state === this.#state || this.#stopped) return;
    this.#state = state;
    this.#options.onState(state, this.#freeBytes);
  }
}
