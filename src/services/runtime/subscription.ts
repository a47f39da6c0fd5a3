import type { BaseContext } from '../context.ts';
import type { AnyContract } from '../contract.ts';
import type { RateOptions } from '../part.ts';
import type { OutgoingRecord, Transaction } from '../store/store.ts';

/** A contract that a unit handles, whatever part of it does: a handler, a batch, a saga, a recurring job. Options have their defaults. */
export interface Subscription {
  readonly contract: AnyContract;
  /** Names it in the inbox. */
  readonly part: string;
  /** Made by the toolkit for itself (a timer, a recurring job): it has no exchange, and goes to the queue by its name. */
  readonly isInternal: boolean;
  readonly concurrency: number;
  readonly isOrdered: boolean;
  readonly attemptsNow: number;
  readonly laterMs: readonly number[];
  readonly timeoutMs: number;
  readonly rate: RateOptions | undefined;
  /** Present for a batch: then `handle` gets an array of payloads. */
  readonly batch: { readonly size: number; readonly waitMs: number } | undefined;
  /** Handles a payload that was validated, and resolves with the reply. */
  handle(payload: unknown, work: UnitOfWork): unknown;
}

/** Whether whoever sent its messages may wait for an answer. */
export function isAnswered({ contract, isInternal }: Subscription): boolean {
  return contract.kind === 'command' && !isInternal;
}

/** What a message does: its transaction, and what it sends. One for each attempt. */
export interface UnitOfWork {
  readonly messageId: string;
  readonly context: BaseContext;
  /** Begins at the first use, with the inbox row. Rejects with `HandledElsewhere` when a concurrent copy won. Throws in a service without a database. */
  transaction(): Promise<Transaction>;
  /** To be sent with the commit. */
  emit(record: OutgoingRecord): void;
  /** A message id for the next thing that this message sends: the same each time that it is tried. */
  nextId(): string;
  nowMs(): number;
}

/** A concurrent copy of the message was handled meanwhile: there is nothing to do. */
export class HandledElsewhere extends Error {
  constructor(messageId: string) {
    super(`message ${messageId} was handled meanwhile`);
    this.name = 'HandledElsewhere';
  }
}
