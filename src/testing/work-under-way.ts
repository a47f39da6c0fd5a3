import type { HandlerObserver } from '../client/consumer-registry.ts';

/** Real milliseconds in which nothing begins or ends, after which what is under way is taken for stuck. */
const STUCK_MS = 500;
/** The same, while something is under way that was stuck before. */
const STUCK_AGAIN_MS = 50;

/**
 * Counts what services do at the moment: messages, and work of their own such as sending what is in an outbox. What waits for the
 * clock, or for the answer of another service, is not counted while it waits.
 */
export class WorkUnderWay implements HandlerObserver {
  #count = 0;
  /** Nothing has begun or ended since a while. */
  #isStuck = false;
  #stuckMs = STUCK_MS;
  #changes = 0;
  #wake: (() => void)[] = [];

  get count(): number {
    return this.#count;
  }

  /** Whether something is under way that may come to its end before the clock moves. */
  get isBusy(): boolean {
    return this.#count > 0 && !this.#isStuck;
  }

  handlerBegan(): void {
    this.workBegan();
  }

  handlerEnded(): void {
    this.workEnded();
  }

  readonly workBegan = (): void => this.#change(1);
  readonly workEnded = (): void => this.#change(-1);

  /** What was stuck may go on, as something happened that it may have waited for. */
  readonly mayGoOn = (): void => {
    this.#isStuck = false;
  };

  /** Resolves when something has begun or ended, or is taken for stuck. */
  async changedOrStuck(): Promise<void> {
    if (await this.changed(this.#stuckMs)) return;
    this.#isStuck = true;
    this.#stuckMs = STUCK_AGAIN_MS;
  }

  /** Resolves with true when something has begun or ended, with false when nothing did so for long. */
  async changed(withinMs: number): Promise<boolean> {
    const before = this.#changes;
    let timer: NodeJS.Timeout | undefined;
    await new Promise<void>((resolve) => {
      timer = setTimeout(resolve, withinMs);
      this.#wake.push(resolve);
    });
    clearTimeout(timer);
    return this.#changes !== before;
  }

  #change(by: 1 | -1): void {
    this.#count += by;
    this.#changes += 1;
    this.#isStuck = false;
    if (this.#count === 0) this.#stuckMs = STUCK_MS;
    for (const wake of this.#wake.splice(0)) wake();
  }
}
