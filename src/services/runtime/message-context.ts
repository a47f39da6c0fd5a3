import type { Cache } from '../cache/cache.ts';
import type { BaseContext, CallOptions, EmitOptions } from '../context.ts';
import type { AnyCommand, AnyContract, AnyEvent, ReplyGotFrom } from '../contract.ts';
import type { Database, Row, SqlValue } from '../store/database.ts';
import type { Store } from '../store/store.ts';
import { ofKind } from './of-kind.ts';
import type { UnitOfWork } from './subscription.ts';

/** What a context hands over to the work that it belongs to. */
export interface ContextWork extends Pick<UnitOfWork, 'messageId' | 'transaction' | 'nowMs'> {
  readonly signal: AbortSignal;
  send(contract: AnyContract, payload: unknown, options: EmitOptions): Promise<void>;
  call<C extends AnyCommand>(command: C, payload: unknown, options: CallOptions): Promise<ReplyGotFrom<C>>;
  /** Throws when the work is over. */
  assertOpen(): void;
}

export interface ContextMeans {
  readonly service: string;
  readonly store: Store | undefined;
  readonly cache: Cache | undefined;
}

/** What a handler gets. Its functions may be taken out of it, and are made when they are asked for: this runs per message. */
export class MessageContext implements BaseContext {
  readonly service: string;
  readonly messageId: string;
  readonly attempt: number;
  readonly database: Database | undefined;
  readonly cache: Cache | undefined;
  readonly #work: ContextWork;

  constructor(work: ContextWork, { service, store, cache }: ContextMeans, attempt: number) {
    this.#work = work;
    this.service = service;
    this.messageId = work.messageId;
    this.attempt = attempt;
    this.cache = cache;
    this.database = store === undefined ? undefined : new WorkDatabase(work);
  }

  get signal(): AbortSignal {
    return this.#work.signal;
  }

  get now(): BaseContext['now'] {
    const work = this.#work;
    return () => new Date(work.nowMs());
  }

  get send(): BaseContext['send'] {
    const work = this.#work;
    return (command, payload, options = NO_OPTIONS) =>
      work.send(ofKind<AnyCommand>('command', command), payload, options);
  }

  get publish(): BaseContext['publish'] {
    const work = this.#work;
    return (event, payload, options = NO_OPTIONS) =>
      work.send(ofKind<AnyEvent>('event', event), payload, options);
  }

  get call(): BaseContext['call'] {
    const work = this.#work;
    return (command, payload, options = NO_OPTIONS) =>
      work.call(ofKind<typeof command>('command', command), payload, options);
  }
}

const NO_OPTIONS = {};

/** The transaction of a message, which begins with the first statement. */
class WorkDatabase implements Database {
  readonly #work: ContextWork;

  constructor(work: ContextWork) {
    this.#work = work;
  }

  async run(
    text: TemplateStringsArray,
    ...values: readonly SqlValue[]
  ): Promise<{ readonly changes: number }> {
    return (await this.#open()).run(text, ...values);
  }

  async get<R extends object = Row>(
    text: TemplateStringsArray,
    ...values: readonly SqlValue[]
  ): Promise<R | undefined> {
    return (await this.#open()).get<R>(text, ...values);
  }

  async all<R extends object = Row>(
    text: TemplateStringsArray,
    ...values: readonly SqlValue[]
  ): Promise<R[]> {
    return (await this.#open()).all<R>(text, ...values);
  }

  async #open(): Promise<Database> {
    this.#work.assertOpen();
    const transaction = await this.#work.transaction();
    this.#work.assertOpen();
    return transaction.database;
  }
}
