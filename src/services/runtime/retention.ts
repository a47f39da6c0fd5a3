import type { Timer } from '../clock.ts';
import type { Environment } from './environment.ts';
import type { ServiceEvent } from './service-event.ts';

const EVERY_MS = 3_600_000;
const DAY_MS = 86_400_000;

/** What is kept for a time. */
export interface KeptRecords {
  /** How errors name it. */
  readonly name: string;
  removeBefore(timeMs: number): Promise<unknown>;
}

export interface RetentionOptions {
  readonly service: string;
  readonly days: number;
  readonly kept: readonly KeptRecords[];
  readonly environment: Environment;
  onEvent(event: ServiceEvent): void;
}

/** Removes what is older than so many days: when the service starts, and once an hour. Nothing waits for it. */
export class Retention {
  readonly #options: RetentionOptions;
  #timer: Timer | undefined;
  #isStopped = false;

  constructor(options: RetentionOptions) {
    this.#options = options;
  }

  start(): void {
    if (this.#options.kept.length > 0) void this.#removeAndWait();
  }

  /** What is under way may fail from here on, as what it stands on is closed. */
  stop(): void {
    this.#isStopped = true;
    this.#timer?.cancel();
  }

  async #removeAndWait(): Promise<void> {
    const { days, kept, environment } = this.#options;
    const { clock } = environment;
    environment.workBegan();
    for (const each of kept) await this.#remove(each, clock.nowMs() - days * DAY_MS);
    environment.workEnded();
    if (!this.#isStopped) this.#timer = clock.setTimer(EVERY_MS, () => void this.#removeAndWait());
  }

  async #remove({ name, removeBefore }: KeptRecords, timeMs: number): Promise<void> {
    try {
      await removeBefore(timeMs);
    } catch (reason) {
      if (this.#isStopped) return;
      const { service, onEvent } = this.#options;
      const text = `${name} older than ${this.#options.days} days could not be removed, and are tried again in an hour`;
      onEvent({ type: 'trouble', service, text, error: reason as Error });
    }
  }
}
