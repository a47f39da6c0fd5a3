import type { StorageEvents } from '../file/storage-events.ts';
import type { StorageTimer } from '../file/storage-timer.ts';

const WAIT_MS_FIRST = 10;
const WAIT_MS_MAX = 500;
/** Waits in a row, 0.3 s of them, after which somebody should know. */
const WAITS_UNTOLD = 5;

/** The waits between tries at a stream, which grow; and who hears of it when they last. */
export class Patience {
  readonly #name: string;
  readonly #events: StorageEvents;
  readonly #timer: StorageTimer;
  #waits = 0;
  #isStopped = false;
  #endWait: (() => void) | undefined;

  constructor(name: string, events: StorageEvents, timer: StorageTimer) {
    this.#name = name;
    this.#events = events;
    this.#timer = timer;
  }

  get isStopped(): boolean {
    return this.#isStopped;
  }

  /** Resolves a while later, or as soon as it is stopped. */
  async wait(reason: string, msLeast: number = WAIT_MS_FIRST): Promise<void> {
    if (++this.#waits === WAITS_UNTOLD) this.#tell('warn', `is waited for (${reason})`);
    const ms = Math.min(WAIT_MS_FIRST * 2 ** (this.#waits - 1), WAIT_MS_MAX);
    await this.#pause(Math.max(ms, msLeast));
  }

  /** It went well: the next wait is a short one. */
  reset(): void {
    if (this.#waits >= WAITS_UNTOLD) this.#tell('info', 'is waited for no more');
    this.#waits = 0;
  }

  /** Ends the wait that is under way, and all later ones at once. */
  stop(): void {
    this.#isStopped = true;
    this.#endWait?.();
  }

  #pause(ms: number): Promise<void> {
    if (this.#isStopped) return Promise.resolve();
    return new Promise((resolve) => {
      const cancel = this.#timer.after(ms, resolve);
      this.#endWait = () => {
        cancel();
        resolve();
      };
    });
  }

  #tell(level: 'warn' | 'info', text: string): void {
    this.#events.onEvent({ level, text: `storage: ${this.#name} ${text}` });
  }
}
