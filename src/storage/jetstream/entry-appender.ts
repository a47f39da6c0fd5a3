/**
 * Appends one entry at a time, and finds out what became of it:
 *
 *                  +------------------------------ wait <----------------------------+
 *                  v                                                                 |
 *     append --> the store's answer                                                  |
 *                  |-- appended -----------------------------------> appended        |
 *                  |-- full, and no earlier try may be there ------> full            |
 *                  |-- full ----------------------------------------------- later ---+
 *                  |-- unknown ------------------------------------------------------+
 *                  `-- refused --> what is entry `sequence`? -- none: a leader ------+
 *                                    |                          that is behind
 *                                    |-- ours ---------------------> appended
 *                                    `-- another's, or gone -------> lost
 *
 * What is tried again is the same bytes for the same place: so it cannot be there twice.
 */

import { type StorageError, textOf } from '../file/storage-error.ts';
import type { StorageEvents } from '../file/storage-events.ts';
import type { StorageTimer } from '../file/storage-timer.ts';
import { type EntryStream, readEntry } from './entry.ts';
import { Patience } from './patience.ts';
import type { ReplicatedLog } from './replicated-log.ts';
import { ownershipLost } from './stream-errors.ts';

/** How often a full store is asked again. */
const ROOM_POLL_MS = 500;

export interface EntryAppenderOptions {
  readonly events: StorageEvents;
  readonly timer: StorageTimer;
  /** Asked before each try: a node whose lease is over appends nothing. */
  holdsLease(): boolean;
}

export type AppendFate =
  | { readonly kind: 'appended' }
  /** It is not there, and will not be. */
  | { readonly kind: 'full' }
  /** It is not there, and will not be: another entry is in its place. Or nobody needs to know any more. */
  | { readonly kind: 'lost'; readonly error: StorageError };

const APPENDED: AppendFate = { kind: 'appended' };
const FULL: AppendFate = { kind: 'full' };

export class EntryAppender {
  readonly #log: ReplicatedLog;
  readonly #stream: EntryStream;
  readonly #options: EntryAppenderOptions;
  readonly #patience: Patience;
  #isFull = false;
  #giveUp: (() => void) | undefined;

  constructor(log: ReplicatedLog, stream: EntryStream, options: EntryAppenderOptions) {
    this.#log = log;
    this.#stream = stream;
    this.#options = options;
    this.#patience = new Patience(log.name, options.events, options.timer);
  }

  /** One call at a time. `entry` must not change until it resolves. */
  async append(sequence: number, entry: Uint8Array): Promise<AppendFate> {
    for (let mayBeThere = false; ; mayBeThere = true) {
      if (this.#patience.isStopped) return this.#lost('its broker was stopped');
      if (!this.#options.holdsLease()) return this.#lost('its lease is over');
      const result = await this.#untilStopped(this.#log.append(sequence, entry));
      if (result === undefined) continue;
      switch (result.kind) {
        case 'appended':
          return this.#appended();
        case 'full':
          this.#setFull(true);
          if (!mayBeThere) return FULL;
          await this.#patience.wait(result.reason, ROOM_POLL_MS);
          break;
        case 'unknown':
          await this.#patience.wait(result.reason);
          break;
        case 'refused': {
          const fate = await this.#fateOf(sequence, entry);
          if (typeof fate !== 'string') return fate;
          await this.#patience.wait(fate);
        }
      }
    }
  }

  /** An entry of no special smallness was appended: others have room, too. */
  hasRoom(): void {
    this.#setFull(false);
  }

  /** To be called between two tries at a full store. */
  async waitForRoom(): Promise<void> {
    await this.#patience.wait('it is full', ROOM_POLL_MS);
  }

  /** Whatever is under way ends at once, as lost. */
  stop(): void {
    this.#patience.stop();
    this.#giveUp?.();
  }

  #appended(): AppendFate {
    this.#patience.reset();
    return APPENDED;
  }

  /** What became of an entry that was refused; a text: why that is not known yet. */
  async #fateOf(sequence: number, entry: Uint8Array): Promise<AppendFate | string> {
    const look = Promise.all([this.#log.entry(sequence), this.#log.state()]).catch(textOf);
    const seen = await this.#untilStopped(look);
    if (seen === undefined) return 'stopped';
    if (typeof seen === 'string') return seen;
    const [found, { first, last }] = seen;
    if (found !== undefined) {
      const isOurs = Buffer.compare(found, entry) === 0;
      return isOurs ? this.#appended() : this.#lost(this.#origin(sequence, found));
    }
    if (first > sequence) return this.#lost(`the stream begins at entry ${first} by now`);
    return `entry ${sequence} is refused, and the newest one is ${last}`;
  }

  #origin(sequence: number, found: Uint8Array): string {
    const reading = readEntry(found, { stream: this.#stream, sequence, identity: undefined });
    if (reading.kind === 'sound') return `entry ${sequence} is one of epoch ${reading.header.epoch}`;
    return `entry ${sequence} is another one than was appended`;
  }

  #lost(fact: string): AppendFate {
    return { kind: 'lost', error: ownershipLost(this.#log.name, fact) };
  }

  #setFull(on: boolean): void {
    if (this.#isFull === on) return;
    this.#isFull = on;
    this.#options.events.onFull(on);
  }

  /** What `promise` resolves to; undefined as soon as this is stopped. */
  #untilStopped<T>(promise: Promise<T>): Promise<T | undefined> {
    return new Promise((resolve, reject) => {
      this.#giveUp = () => resolve(undefined);
      promise.then(resolve, reject);
    });
  }
}
