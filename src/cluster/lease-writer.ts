/**
 * Writes the records of one term into a lease store by compare and set, although an answer may be late, may be lost, or may never
 * come. It goes on until the newest record is written, or somebody else's is there.
 *
 *     write(record)
 *         |
 *         v      written
 *     .- ask ----------------> onWritten
 *     |   |  '-- nobody knows, or no answer in time: wait, then ask again
 *     |   | refused
 *     |   v
 *     |  read -- nobody knows: wait, then read again
 *     |   |
 *     |   |-- a record of this term: at once
 *     |   |-- what was there before: wait, for it may be a server that is behind
 *     '---'
 *         '-- a record of somebody else: onDefeated, and the end
 *
 * To ask for the same once more is safe: at most one of the questions is granted. An answer that comes too late still counts: it
 * says when its question was asked, and that is all that a lease depends on.
 */
import type { Clock } from '../core/environment.ts';
import type { StorageTimer } from '../storage/file/storage-timer.ts';
import type { LeaseEntry, LeaseRecord, LeaseStore } from './lease-store.ts';

export interface LeaseWriterOptions {
  readonly store: LeaseStore;
  readonly clock: Pick<Clock, 'nowMs'>;
  readonly timer: StorageTimer;
  /** Of all records that it writes. */
  readonly term: string;
  /** The revision that the first record comes behind; 0: there is none. */
  readonly after: number;
  /** After this time without an answer nobody knows. */
  readonly timeoutMs: number;
  /** Between a question without success and the next one. */
  readonly retryMs: number;
  /** `sentMs`: when it was asked for, on the clock. May be called for a record that is not the newest. */
  onWritten(entry: LeaseEntry, sentMs: number): void;
  /** Nothing is written any more. Undefined: nothing is there, although something was. */
  onDefeated(entry: LeaseEntry | undefined): void;
  /** A question without success: it is asked again. */
  onTrouble(reason: string): void;
}

export class LeaseWriter {
  readonly #options: LeaseWriterOptions;
  #record: LeaseRecord | undefined;
  /** The newest revision known to be this term's, or the one before the term. */
  #after: number;
  /** Whether the store has ever answered that a record of this term is there. */
  #isConfirmed = false;
  /** A question is under way, or a wait between two. */
  #isBusy = false;
  /** `#record` is newer than what is under way. */
  #isWanted = false;
  #isStopped = false;
  /** Counts questions: an answer to an earlier one does not move the machine. */
  #question = 0;
  #cancelTimer: () => void = () => {};

  constructor(options: LeaseWriterOptions) {
    this.#options = options;
    this.#after = options.after;
  }

  /** Writes `record` now, or as soon as what is under way has ended. */
  write(record: LeaseRecord): void {
    this.#record = record;
    this.#isWanted = true;
    if (!this.#isBusy) this.#ask();
  }

  /** Somebody has seen `entry` in the store. */
  saw(entry: LeaseEntry): void {
    if (this.#isStopped || entry.revision <= this.#after) return;
    if (entry.record.term === this.#options.term) this.#after = entry.revision;
    else this.#defeated(entry);
  }

  /** Nothing is asked any more, and nothing called; what is under way may still be written. */
  stop(): void {
    this.#isStopped = true;
    this.#cancelTimer();
  }

  #ask(): void {
    const record = this.#record;
    if (this.#isStopped || record === undefined) return;
    this.#isWanted = false;
    const question = this.#begin(() => this.#ask());
    const sentMs = this.#options.clock.nowMs();
    this.#options.store.write(record, this.#after).then(
      (revision) => {
        if (this.#isStopped) return;
        if (revision !== undefined) this.#written(question, { record, revision }, sentMs);
        else if (question === this.#question) this.#read();
      },
      (error: unknown) => this.#failed(question, textOf(error), () => this.#ask()),
    );
  }

  #written(question: number, entry: LeaseEntry, sentMs: number): void {
    this.#after = Math.max(this.#after, entry.revision);
    this.#isConfirmed = true;
    if (question === this.#question || entry.record === this.#record) this.#end();
    this.#options.onWritten(entry, sentMs);
    if (this.#isWanted && !this.#isBusy) this.#ask();
  }

  #read(): void {
    if (this.#isStopped) return;
    const question = this.#begin(() => this.#read());
    this.#options.store.read().then(
      (entry) => {
        if (question === this.#question && !this.#isStopped) this.#found(entry);
      },
      (error: unknown) => this.#failed(question, textOf(error), () => this.#read()),
    );
  }

  #found(entry: LeaseEntry | undefined): void {
    if (entry?.record.term === this.#options.term && entry.revision > this.#after) {
      this.#after = entry.revision;
      this.#ask();
    } else if (this.#isDefeat(entry)) this.#defeated(entry);
    else this.#wait(() => this.#ask());
  }

  /** A read may be answered by a server that is behind: once a record of this term is there, only a newer one defeats it. */
  #isDefeat(entry: LeaseEntry | undefined): boolean {
    if (entry?.record.term === this.#options.term) return false;
    const revision = entry?.revision ?? 0;
    return this.#isConfirmed ? revision > this.#after : revision !== this.#after;
  }

  #defeated(entry: LeaseEntry | undefined): void {
    this.stop();
    this.#options.onDefeated(entry);
  }

  /** A new question, and what comes when it gets no answer. Returns its number. */
  #begin(again: () => void): number {
    this.#isBusy = true;
    this.#question += 1;
    const question = this.#question;
    const { timer, timeoutMs } = this.#options;
    this.#cancelTimer();
    this.#cancelTimer = timer.after(timeoutMs, () =>
      this.#failed(question, `no answer within ${Math.round(timeoutMs)} ms`, again),
    );
    return question;
  }

  #failed(question: number, reason: string, again: () => void): void {
    if (this.#isStopped || question !== this.#question) return;
    this.#wait(again);
    this.#options.onTrouble(reason);
  }

  #wait(again: () => void): void {
    this.#question += 1;
    this.#cancelTimer();
    this.#cancelTimer = this.#options.timer.after(this.#options.retryMs, again);
  }

  #end(): void {
    this.#isBusy = false;
    this.#question += 1;
    this.#cancelTimer();
  }
}

function textOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
