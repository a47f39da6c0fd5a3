import { closeSync, openSync, readFileSync, writeSync } from 'node:fs';

/**
 * What a client did and saw, one line each, written in that moment by one write: whatever ends the client, what it knew is in
 * the file. Words are separated by spaces; times are microseconds of the machine's monotonic clock.
 *
 *     published ID QUEUE | returned ID | confirmed ID   before it was sent; unroutable; by the broker
 *     began GROUP COUNT | committed GROUP            a transaction of messages GROUP.0 to GROUP.(COUNT - 1)
 *     connected TIME [only]                          a new connection, before it publishes or consumes; what was unacked is
 *                                                    forgotten. only: nobody else consumes from these queues
 *     delivered ID 0|1                               1: redelivered
 *     requeued ID | acked ID                         before that was sent
 *     settled N TIME                                 the oldest N acks of this connection that were not settled yet are
 *                                                    durable: what the broker took in behind them was confirmed at TIME
 *     corrupt WORD                                   a body that nobody published
 *     declared QUEUE | deleting QUEUE | deleted QUEUE
 *
 * An ID that begins with `t` is a transient message: it may be lost.
 */
export type LedgerLine = readonly string[];

export class Ledger {
  readonly #file: number;

  constructor(path: string) {
    this.#file = openSync(path, 'a');
  }

  write(...words: readonly (string | number)[]): void {
    writeSync(this.#file, `${words.join(' ')}\n`);
  }

  close(): void {
    closeSync(this.#file);
  }
}

export function readLedger(path: string): LedgerLine[] {
  const lines = readFileSync(path, 'latin1').split('\n');
  return lines.filter((line) => line !== '').map((line) => line.split(' '));
}

/** Microseconds of the machine's monotonic clock. */
export function monotonicUs(): number {
  return Number(process.hrtime.bigint() / 1000n);
}
