/** Instances that were heard of, and when. This one is always among them. */
export class Membership {
  readonly #self: string;
  readonly #silenceMs: number;
  readonly #heardMs: Map<string, number> = new Map();

  /** Who is not heard of for `silenceMs` is gone. */
  constructor(self: string, silenceMs: number) {
    this.#self = self;
    this.#silenceMs = silenceMs;
  }

  get members(): readonly string[] {
    return [this.#self, ...this.#heardMs.keys()];
  }

  /** Whether it is a new one. */
  heard(member: string, nowMs: number): boolean {
    const isNew = !this.#heardMs.has(member);
    this.#heardMs.set(member, nowMs);
    return isNew;
  }

  /** Whether it was there. */
  left(member: string): boolean {
    return this.#heardMs.delete(member);
  }

  /** Whether somebody has gone without a word. */
  expire(nowMs: number): boolean {
    const before = this.#heardMs.size;
    for (const [member, heardMs] of this.#heardMs) {
      if (nowMs - heardMs >= this.#silenceMs) this.#heardMs.delete(member);
    }
    return this.#heardMs.size < before;
  }
}
