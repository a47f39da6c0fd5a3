import type { Cache } from '../cache/cache.ts';
import type { ClaimCheck } from '../claim-check/claim-check.ts';
import type { BaseContext, CallOptions, EmitOptions } from '../context.ts';
import type { AnyCommand, AnyContract, ReplyGotFrom } from '../contract.ts';
import { validated } from '../schema.ts';
import type { OutgoingRecord, Store, Transaction } from '../store/store.ts';
import type { TraceHeaders, Tracing } from '../telemetry/instruments.ts';
import { NO_TRACE } from '../telemetry/trace-context.ts';
import { HEADER } from '../wire.ts';
import { derivedId } from './derived-id.ts';
import type { Environment } from './environment.ts';
import { type ContextWork, MessageContext } from './message-context.ts';
import { bodyOf, OutgoingEnvelope, routingKeyOf } from './outgoing.ts';
import type { Requests } from './requests.ts';
import { HandledElsewhere, type Subscription, type UnitOfWork } from './subscription.ts';

/** What messages of a unit are handled with. */
export interface WorkMeans {
  readonly service: string;
  readonly store: Store | undefined;
  readonly cache: Cache | undefined;
  readonly claimCheck: ClaimCheck | undefined;
  readonly tracing: Tracing | undefined;
  readonly requests: Requests;
  readonly environment: Environment;
}

/** Which message it is: of a batch, `messageId` names the batch, and `handledIds` its messages. */
export interface WorkSubject {
  readonly subscription: Subscription;
  readonly messageId: string;
  /** What goes into the inbox. Empty for a message without an id. */
  readonly handledIds: readonly string[];
  readonly attempt: number;
  readonly trace: TraceHeaders;
  /** Aborts when the delivery is lost. */
  lostSignal(): AbortSignal;
}

/**
 * One attempt at a message: its transaction, and what it sends.
 *
 *     open --end(): its outcome is decided--> over: using its context rejects
 */
export class MessageWork implements UnitOfWork, ContextWork {
  readonly context: BaseContext;
  readonly #means: WorkMeans;
  readonly #subject: WorkSubject;
  /** Undefined in the place of what is not complete yet, or could not be sent. */
  readonly #records: (OutgoingRecord | undefined)[] = [];
  /** Messages whose schema or claim check takes its time. */
  #emitting: Promise<void>[] | undefined;
  #transaction: Promise<Transaction> | undefined;
  #idCount = 0;
  /** Calls that the handler waits for. */
  #callCount = 0;
  #overBecause: Error | undefined;
  #timedOut: AbortController | undefined;
  #signal: AbortSignal | undefined;
  /** A concurrent copy won, whatever the handler made of that. */
  isHandledElsewhere = false;

  constructor(means: WorkMeans, subject: WorkSubject) {
    this.#means = means;
    this.#subject = subject;
    this.context = new MessageContext(this, means, subject.attempt);
  }

  get messageId(): string {
    return this.#subject.messageId;
  }

  get part(): string {
    return this.#subject.subscription.part;
  }

  get signal(): AbortSignal {
    if (this.#signal === undefined) {
      this.#timedOut = new AbortController();
      if (this.#overBecause !== undefined) this.#timedOut.abort(this.#overBecause);
      this.#signal = AbortSignal.any([this.#timedOut.signal, this.#subject.lostSignal()]);
    }
    return this.#signal;
  }

  nowMs(): number {
    return this.#means.environment.clock.nowMs();
  }

  nextId(): string {
    this.#idCount += 1;
    return derivedId(this.messageId, this.#means.service, this.part, this.#idCount);
  }

  emit(record: OutgoingRecord): void {
    this.assertOpen();
    this.#records.push(record);
  }

  transaction(): Promise<Transaction> {
    this.#transaction ??= this.#begin();
    return this.#transaction;
  }

  /** Resolves when what the handler has sent is complete; undefined when it is. The handler heard of what could not be sent. */
  get emitting(): Promise<unknown> | undefined {
    return this.#emitting === undefined ? undefined : Promise.allSettled(this.#emitting);
  }

  /** What is to be sent, in the order of the calls. */
  get records(): readonly OutgoingRecord[] {
    const records = this.#records;
    return records.includes(undefined) ? records.filter(isThere) : (records as OutgoingRecord[]);
  }

  /** Whether the message has a row in the inbox, where its reply is kept. */
  get isInInbox(): boolean {
    return this.#subject.handledIds.length > 0;
  }

  /** There is nothing to undo any more. */
  committed(): void {
    this.#transaction = undefined;
  }

  /** Nothing is added any more. */
  end(reason: Error): void {
    if (this.#overBecause !== undefined) return;
    this.#overBecause = reason;
    // the handler does not wait for its calls any more, and whoever runs it ends work that has to be there
    if (this.#callCount > 0) this.#means.environment.workBegan();
  }

  /** Tells the handler that nobody waits for it. */
  abort(reason: Error): void {
    this.end(reason);
    this.#timedOut?.abort(reason);
  }

  /** The transaction, if one has begun, is undone. */
  async rollback(): Promise<void> {
    const begun = this.#transaction;
    if (begun === undefined) return;
    const transaction = await begun.catch(none);
    await transaction?.rollback();
  }

  assertOpen(): void {
    if (this.#overBecause === undefined) return;
    throw new Error(
      `message ${this.messageId} in '${this.part}' is over: ${this.#overBecause.message}; await all that a handler begins`,
      { cause: this.#overBecause },
    );
  }

  async send(contract: AnyContract, payload: unknown, options: EmitOptions): Promise<void> {
    this.assertOpen();
    const { store, claimCheck } = this.#means;
    if (options.delayMs !== undefined && store === undefined) throw this.#delayRefused(contract);
    const id = this.nextId();
    const place = this.#records.push(undefined) - 1;
    const what = `${contract.kind} '${contract.name}'`;
    const checked = validated(what, contract.schema, payload);
    if (!(checked instanceof Promise) && claimCheck === undefined) {
      this.#records[place] = this.#record(contract, id, checked, options, bodyOf(what, payload), undefined);
      return;
    }
    const emitted = this.#emitLater(contract, id, place, checked, payload, options);
    this.#emitting ??= [];
    this.#emitting.push(emitted);
    await emitted;
  }

  async call<C extends AnyCommand>(
    command: C,
    payload: unknown,
    options: CallOptions,
  ): Promise<ReplyGotFrom<C>> {
    this.assertOpen();
    const { requests, service } = this.#means;
    const messageId = options.messageId ?? this.nextId();
    const asker = { appId: service, headers: this.#traceHeaders() };
    this.#callBegan();
    try {
      return await requests.call(command, payload, { ...options, messageId }, asker);
    } finally {
      this.#callEnded();
    }
  }

  /** Whoever answers is at work meanwhile, not this handler. */
  #callBegan(): void {
    this.#callCount += 1;
    if (this.#callCount === 1) this.#means.environment.workEnded();
  }

  #callEnded(): void {
    this.#callCount -= 1;
    if (this.#callCount === 0 && this.#overBecause === undefined) this.#means.environment.workBegan();
  }

  async #emitLater(
    contract: AnyContract,
    id: string,
    place: number,
    checked: unknown,
    payload: unknown,
    options: EmitOptions,
  ): Promise<void> {
    const body = bodyOf(`${contract.kind} '${contract.name}'`, payload);
    const got = await checked;
    const claim = await this.#means.claimCheck?.store(body);
    const sent = claim === undefined ? body : new Uint8Array(0);
    this.#records[place] = this.#record(contract, id, got, options, sent, claim);
  }

  #record(
    contract: AnyContract,
    id: string,
    checked: unknown,
    { delayMs = 0 }: EmitOptions,
    body: Uint8Array,
    claim: string | undefined,
  ): OutgoingRecord {
    const { service } = this.#means;
    const sentMs = this.nowMs();
    const trace = this.#traceHeaders();
    const headers = claim === undefined ? trace : { ...trace, [HEADER.claimCheck]: claim };
    return new OutgoingEnvelope(
      {
        id,
        exchange: contract.name,
        routingKey: routingKeyOf(contract, checked),
        dueMs: sentMs + delayMs,
        timer: undefined,
      },
      {
        type: contract.name,
        isCommand: contract.kind === 'command',
        appId: service,
        sentMs,
        ...(headers !== NO_TRACE && { headers }),
      },
      body,
    );
  }

  #traceHeaders(): TraceHeaders {
    const { tracing } = this.#means;
    return tracing === undefined ? NO_TRACE : tracing.headers(this.#subject.trace);
  }

  async #begin(): Promise<Transaction> {
    const { store, service } = this.#means;
    this.assertOpen();
    if (store === undefined) throw new TypeError(`service '${service}' has no database: give it one`);
    const transaction = await store.begin();
    try {
      this.assertOpen();
      await this.#markHandled(transaction);
      return transaction;
    } catch (reason) {
      await transaction.rollback();
      throw reason;
    }
  }

  async #markHandled(transaction: Transaction): Promise<void> {
    const nowMs = this.nowMs();
    for (const id of this.#subject.handledIds) {
      if (await transaction.markHandled(id, this.part, nowMs)) continue;
      this.isHandledElsewhere = true;
      throw new HandledElsewhere(id);
    }
  }

  #delayRefused({ kind, name }: AnyContract): TypeError {
    return new TypeError(
      `${kind} '${name}' with delayMs: service '${this.#means.service}' has no database that keeps it until then; give it one, or leave delayMs out`,
    );
  }
}

function isThere(record: OutgoingRecord | undefined): record is OutgoingRecord {
  return record !== undefined;
}

function none(): undefined {}
