/** Lets so many work at a time; who asked first is next. */
export class Turns {
  readonly #waiting: (() => void)[] = [];
  readonly #pick: ((count: number) => number) | undefined;
  readonly #count: number;
  #takenCount = 0;

  /** `pick` says which of those that wait is next, instead of the first. */
  constructor(count: number, pick: ((count: number) => number) | undefined) {
    this.#count = count;
    this.#pick = pick;
  }

  get takenCount(): number {
    return this.#takenCount;
  }

  /** Undefined when it is taken at once. Whoever has it gives it back. */
  take(): Promise<void> | undefined {
    if (this.#takenCount < this.#count) {
      this.#takenCount += 1;
      return undefined;
    }
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  give(): void {
    const next = this.#next();
    if (next === undefined) this.#takenCount -= 1;
    else next();
  }

  #next(): (() => void) | undefined {
    if (this.#pick === undefined || this.#waiting.length < 2) return this.#waiting.shift();
    return this.#waiting.splice(this.#pick(this.#waiting.length), 1)[0];
  }
}
