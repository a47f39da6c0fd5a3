import type { BaseContext } from './context.ts';
import type { AnyContract } from './contract.ts';
import type { RetryOptions } from './retry-options.ts';
import type { Saga } from './saga.ts';

/** A limit of how many messages are handled in a time. What is above it waits. For each instance of a service by itself; with `ordered` a key has one instance, and so the limit is exact. */
export interface RateOptions {
  readonly perSecond: number;
  /** Messages that may come at once after a pause. 1 unless given. */
  readonly burst?: number;
  /** Whether each key of the contract has the limit for itself. */
  readonly perKey?: boolean;
}

export interface HandlerOptions {
  /** Messages that an instance handles at a time. 16 unless given. */
  readonly concurrency?: number;
  /** Messages with the same key one after the other and in order, over all instances. The contract needs a `key`. */
  readonly ordered?: boolean;
  readonly retry?: RetryOptions;
  /** What one attempt may take. 30 000 ms unless given. Its signal aborts, and it counts as failed. */
  readonly timeoutMs?: number;
  readonly rate?: RateOptions;
}

export interface BatchOptions extends Omit<HandlerOptions, 'concurrency' | 'ordered' | 'rate'> {
  /** Batches that an instance handles at a time. 1 unless given. */
  readonly concurrency?: number;
  /** The most messages of a batch. 100 unless given. */
  readonly size?: number;
  /** How long the first message of a batch waits for others. 50 ms unless given. */
  readonly waitMs?: number;
}

export interface RecurringOptions {
  /** As `Europe/Berlin`. UTC unless given. */
  readonly timezone?: string;
  readonly retry?: RetryOptions;
  readonly timeoutMs?: number;
}

/** What all parts of a service say. */
interface PartBase {
  /** The name of the service that made it. */
  readonly service: string;
}

/** Handles the messages of a contract. Made by `service.on`. */
export interface Handler extends PartBase {
  readonly part: 'handler';
  /** Names it in the inbox: the name of its contract. */
  readonly name: string;
  readonly contract: AnyContract;
  readonly options: HandlerOptions;
  handle(payload: unknown, context: BaseContext): unknown;
}

/** Handles many messages of a contract in one transaction. Made by `service.onBatch`. */
export interface BatchHandler extends PartBase {
  readonly part: 'batch';
  readonly name: string;
  readonly contract: AnyContract;
  readonly options: BatchOptions;
  handle(payloads: readonly unknown[], context: BaseContext): unknown;
}

/** Runs at the times that a cron pattern names, once over all instances. Made by `service.every`. */
export interface Recurring extends PartBase {
  readonly part: 'recurring';
  readonly name: string;
  /** Five or six fields, as croner reads them. */
  readonly pattern: string;
  readonly options: RecurringOptions;
  /** With the time that it was due. */
  handle(due: Date, context: BaseContext): unknown;
}

/** What a service is made of. Plain values: nothing runs before `run`. */
export type Part = Handler | BatchHandler | Recurring | Saga;
