import { nodeTimer } from '../storage/file/storage-timer.ts';

/** After a hint: what it is about may take some milliseconds to be there. */
const SOON_MS: readonly number[] = [4, 20, 100];

/** Looks at something again and again, and sooner after a hint. One look is under way at a time. */
export class RepeatedLook {
  readonly #look: () => Promise<void>;
  readonly #everyMs: number;
  #soon: number[] = [];
  #isLooking = false;
  #isEnded = false;
  #cancel: () => void = () => undefined;

  /** `look` never rejects. */
  constructor(everyMs: number, look: () => Promise<void>) {
    this.#everyMs = everyMs;
    this.#look = look;
    this.#again();
  }

  hint(): void {
    this.#soon = [...SOON_MS];
    if (!this.#isLooking) this.#wait();
  }

  end(): void {
    this.#isEnded = true;
    this.#cancel();
  }

  #again(): void {
    this.#isLooking = true;
    void this.#look().then(() => {
      this.#isLooking = false;
      this.#wait();
    });
  }

  #wait(): void {
    this.#cancel();
    if (!this.#isEnded)
      this.#cancel = nodeTimer.after(this.#soon.shift() ?? this.#everyMs, () => this.#again());
  }
}
