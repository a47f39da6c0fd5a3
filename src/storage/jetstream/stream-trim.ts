import { textOf } from '../file/storage-error.ts';
import type { StorageEvents } from '../file/storage-events.ts';
import type { StorageTimer } from '../file/storage-timer.ts';
import type { ReplicatedLog, ReplicatedLogState } from './replicated-log.ts';

const RETRY_MS = 10_000;

/** Removes what the stream itself says is not needed any more, in the background. Entries that stay cost room and nothing else. */
export class StreamTrim {
  storedBytes = 0;
  readonly #log: ReplicatedLog;
  readonly #events: StorageEvents;
  readonly #timer: StorageTimer;
  /** Entries before it are gone. */
  #first = 1;
  /** Entries before it may go. */
  #wanted = 1;
  #isRunning = false;
  #isFailing = false;
  #isStopped = false;
  #cancelRetry: (() => void) | undefined;

  constructor(log: ReplicatedLog, events: StorageEvents, timer: StorageTimer) {
    this.#log = log;
    this.#events = events;
    this.#timer = timer;
  }

  /** What was there at the start. */
  begin({ first, storedBytes }: ReplicatedLogState): void {
    this.#first = first;
    this.storedBytes = storedBytes;
  }

  /** An entry of `bytes` was appended. */
  added(bytes: number): void {
    this.storedBytes += bytes;
  }

  /** An entry that is there says that those before `sequence` are not needed. */
  upTo(sequence: number): void {
    this.#wanted = sequence;
    this.#run();
  }

  stop(): void {
    this.#isStopped = true;
    this.#cancelRetry?.();
  }

  #run(): void {
    if (this.#isRunning || this.#isStopped || this.#wanted <= this.#first) return;
    if (this.#cancelRetry !== undefined) return;
    this.#isRunning = true;
    this.#removeBefore(this.#wanted).then(
      () => this.#removed(),
      (error: unknown) => this.#failed(error),
    );
  }

  async #removeBefore(sequence: number): Promise<void> {
    await this.#log.trim(sequence);
    this.#first = sequence;
    this.storedBytes = (await this.#log.state()).storedBytes;
  }

  #removed(): void {
    this.#isRunning = false;
    this.#isFailing = false;
    this.#run();
  }

  #failed(error: unknown): void {
    this.#isRunning = false;
    if (this.#isStopped) return;
    this.#cancelRetry = this.#timer.after(RETRY_MS, () => {
      this.#cancelRetry = undefined;
      this.#run();
    });
    if (this.#isFailing) return;
    this.#isFailing = true;
    const text = `storage: what is not needed any more of ${this.#log.name} cannot be removed: ${textOf(error)}`;
    this.#events.onEvent({ level: 'warn', text });
  }
}
