import type { Client } from '../../client/amqp-client.ts';
import { BodyUnreadable, Closed, Returned } from '../../client/client-failures.ts';
import type { IncomingDelivery } from '../../client/incoming-delivery.ts';
import type { OutgoingMessage } from '../../client/outgoing-message.ts';
import { validated } from '../schema.ts';
import { Fatal, PayloadInvalid } from '../service-failures.ts';
import type { OutgoingRecord, Store, Transaction } from '../store/store.ts';
import type { Instruments, TraceHeaders } from '../telemetry/instruments.ts';
import { PassingTracing } from '../telemetry/passing-tracing.ts';
import { NO_TRACE } from '../telemetry/trace-context.ts';
import { HEADER } from '../wire.ts';
import { Answers } from './answers.ts';
import { Breaker } from './breaker.ts';
import { deadLetterOf } from './dead-letter.ts';
import { Deadlines } from './deadlines.ts';
import { batchId } from './derived-id.ts';
import type { CrashPoint } from './faults.ts';
import type { MessageSender } from './message-sender.ts';
import { MessageWork, type WorkMeans } from './message-work.ts';
import type { Outbox } from './outbox.ts';
import { payloadOf } from './payload-of.ts';
import type { AttemptResult, MessageProcessor } from './processing.ts';
import { PENDING, REJECTED } from './requests.ts';
import type { ServiceEvent } from './service-event.ts';
import { HandledElsewhere, type Subscription } from './subscription.ts';

export interface ProcessorOptions {
  readonly means: WorkMeans;
  readonly client: Client;
  readonly sender: MessageSender;
  /** Present when there is a database. */
  readonly outbox: Outbox | undefined;
  readonly instruments: Instruments;
  /** Declares again what the service needs of the broker. */
  declare(): Promise<void>;
  onEvent(event: ServiceEvent): void;
}

/** What is kept for a part between messages. */
interface PartState {
  readonly breaker: Breaker;
  readonly deadlines: Deadlines;
}

const DONE: AttemptResult = { status: 'done' };
/** It was handled before. */
const DUPLICATE: AttemptResult = { status: 'done' };
const CRASHED: AttemptResult = { status: 'crashed' };

/** Thrown where a test lets the service crash. */
class Crash extends Error {}

/**
 * Handles the messages of a unit, each with one effect:
 *
 *     look into the inbox --hit--> answer again
 *            |
 *     read and validate -> handler -> commit (inbox, handler's rows, outbox, reply) -> publish -> answer
 *
 * Without a database there is no inbox: what the handler sends is published with confirms before the message is acknowledged.
 */
export class UnitProcessor implements MessageProcessor {
  readonly #options: ProcessorOptions;
  readonly #means: WorkMeans;
  readonly #answers: Answers;
  readonly #parts: Map<string, PartState> = new Map();
  #handledCount = 0;

  constructor(options: ProcessorOptions) {
    this.#options = options;
    this.#means = options.means;
    this.#answers = new Answers(options.client, (error) => this.#onAnswerFailed(error));
  }

  /** Messages that were handled, or became dead letters. */
  get handledCount(): number {
    return this.#handledCount;
  }

  async attempt(
    deliveries: readonly IncomingDelivery[],
    subscription: Subscription,
    attempt: number,
  ): Promise<AttemptResult> {
    const [delivery] = deliveries;
    if (delivery !== undefined && isResultQuestion(delivery))
      return this.#answerQuestion(delivery, subscription);
    const { breaker, deadlines } = this.#partState(subscription);
    const entered = breaker.enter();
    if (entered !== undefined && !(await entered)) return CRASHED;
    const { clock } = this.#means.environment;
    const { instruments } = this.#options;
    const beganMs = clock.nowMs();
    instruments.attemptBegan(subscription.part);
    let result: AttemptResult;
    try {
      result = await this.#traced(deliveries, subscription, attempt, deadlines);
    } catch (reason) {
      result = failureOf(reason);
    }
    if (result.status === 'failed') {
      if (result.isFinal) breaker.endedOtherwise();
      else breaker.failed();
    } else if (result.status === 'done') {
      this.#handledCount += deliveries.length;
      breaker.succeeded();
    } else breaker.endedOtherwise();
    const outcome = result === DUPLICATE ? 'duplicate' : result.status === 'done' ? 'done' : 'failed';
    instruments.attemptEnded(subscription.part, outcome, clock.nowMs() - beganMs);
    return result;
  }

  async deadLetter(
    delivery: IncomingDelivery,
    subscription: Subscription | undefined,
    attempts: number,
    error: Error,
  ): Promise<void> {
    const { service, environment, requests } = this.#means;
    const nowMs = environment.clock.nowMs();
    const messageId = delivery.messageId ?? requests.newId();
    const delayedMs = (subscription?.laterMs ?? []).slice(0, delivery.retryCount);
    const firstFailedMs = nowMs - delayedMs.reduce((sum, each) => sum + each, 0);
    const failure = { service, attempts, error, nowMs, firstFailedMs };
    await this.#publishDeadLetter(deadLetterOf(delivery, messageId, failure));
    this.#answers.error(delivery, REJECTED, error.message);
    delivery.ack();
    this.#handledCount += 1;
    const part = subscription?.part ?? delivery.type ?? delivery.exchange;
    this.#options.instruments.attemptBegan(part);
    this.#options.instruments.attemptEnded(part, 'dead', 0);
    this.#options.onEvent({ type: 'dead-letter', service, part, messageId, attempts, error });
  }

  /** Lets go of what waits for a part that fails. */
  stopWaiting(): void {
    for (const { breaker } of this.#parts.values()) breaker.stop();
  }

  /** Nobody waits for handlers any more. */
  stop(): void {
    this.stopWaiting();
    for (const { deadlines } of this.#parts.values()) deadlines.stop();
  }

  /** Nothing is acknowledged that is not in the queue of dead letters, even if somebody deleted that. */
  async #publishDeadLetter(message: OutgoingMessage): Promise<void> {
    const { client, declare } = this.#options;
    try {
      await client.publish(message, { mandatory: true });
    } catch (reason) {
      if (!(reason instanceof Returned)) throw reason;
      await declare();
      await client.publish(message, { mandatory: true });
    }
  }

  /** Without spans there is nothing to do around an attempt: a message has a trace or none. */
  #traced(
    deliveries: readonly IncomingDelivery[],
    subscription: Subscription,
    attempt: number,
    deadlines: Deadlines,
  ): Promise<AttemptResult> {
    const { tracing, service } = this.#means;
    const [delivery] = deliveries;
    if (delivery === undefined || delivery.isLost) return Promise.resolve(CRASHED);
    const run = (trace: TraceHeaders): Promise<AttemptResult> =>
      subscription.batch === undefined
        ? this.#single(delivery, subscription, attempt, trace, deadlines)
        : this.#batch(deliveries, subscription, attempt, trace, deadlines);
    const hasNone = tracing instanceof PassingTracing && delivery.properties.headers === undefined;
    if (tracing === undefined || hasNone) return run(NO_TRACE);
    return tracing.consume(deliveries, service, subscription.part, (trace) => run(trace).catch(failureOf));
  }

  async #single(
    delivery: IncomingDelivery,
    subscription: Subscription,
    attempt: number,
    trace: TraceHeaders,
    deadlines: Deadlines,
  ): Promise<AttemptResult> {
    const { store, claimCheck, requests, service } = this.#means;
    const { messageId } = delivery;
    if (store !== undefined && messageId !== undefined) {
      const isHandled = await this.#answeredFromInbox(store, delivery, messageId, subscription);
      if (isHandled) return DUPLICATE;
    }
    const read = payloadOf(delivery, subscription.contract, service, claimCheck);
    const payload = read instanceof Promise ? await read : read;
    const work = new MessageWork(this.#means, {
      subscription,
      messageId: messageId ?? requests.newId(),
      handledIds: messageId === undefined ? NO_IDS : [messageId],
      attempt,
      trace,
      lostSignal: () => delivery.signal,
    });
    const reply = await this.#handled(work, payload, subscription, deadlines);
    if (reply === ELSEWHERE) return this.#afterConcurrent(delivery, subscription);
    if (isAnswered(subscription)) this.#answers.reply(delivery, reply);
    this.#crash('before-ack', work);
    return DONE;
  }

  async #batch(
    deliveries: readonly IncomingDelivery[],
    subscription: Subscription,
    attempt: number,
    trace: TraceHeaders,
    deadlines: Deadlines,
  ): Promise<AttemptResult> {
    const { service, claimCheck, requests } = this.#means;
    const fresh = await this.#notHandled(deliveries, subscription);
    const [first] = fresh;
    if (first === undefined) return DUPLICATE;
    const payloads: unknown[] = [];
    for (const each of fresh)
      payloads.push(await payloadOf(each, subscription.contract, service, claimCheck));
    const ids = fresh.flatMap(({ messageId }) => messageId ?? []);
    const work = new MessageWork(this.#means, {
      subscription,
      messageId: ids.length === 0 ? requests.newId() : batchId(ids),
      handledIds: ids,
      attempt,
      trace,
      lostSignal: () => first.signal,
    });
    const reply = await this.#handled(work, payloads, subscription, deadlines);
    // one by one they find out which of them it was
    if (reply === ELSEWHERE) throw new HandledElsewhere(work.messageId);
    if (isAnswered(subscription)) for (const each of fresh) this.#answers.reply(each, undefined);
    this.#crash('before-ack', work);
    return DONE;
  }

  /** Of a batch, those that are not in the inbox, each once. */
  async #notHandled(
    deliveries: readonly IncomingDelivery[],
    subscription: Subscription,
  ): Promise<IncomingDelivery[]> {
    const { store } = this.#means;
    const fresh: IncomingDelivery[] = [];
    const seen = new Set<string>();
    for (const delivery of deliveries) {
      const { messageId } = delivery;
      if (messageId !== undefined) {
        if (seen.has(messageId)) continue;
        seen.add(messageId);
        if (store !== undefined && (await this.#answeredFromInbox(store, delivery, messageId, subscription)))
          continue;
      }
      fresh.push(delivery);
    }
    return fresh;
  }

  /** Runs the handler, and makes what it did last. Resolves with the reply as JSON, or with `ELSEWHERE`. */
  async #handled(
    work: MessageWork,
    payload: unknown,
    subscription: Subscription,
    deadlines: Deadlines,
  ): Promise<string | undefined | typeof ELSEWHERE> {
    const { store } = this.#means;
    try {
      const returned = subscription.handle(payload, work);
      const value = isPromise(returned)
        ? await deadlines.bounded(returned, () => new HandlerTimeout(subscription, work.messageId))
        : returned;
      const replied = replyOf(subscription, value);
      const reply = replied instanceof Promise ? await replied : replied;
      if (work.emitting !== undefined) await work.emitting;
      const transaction = store === undefined ? undefined : await work.transaction();
      work.end(ENDED);
      if (transaction === undefined) await this.#sendWithoutStore(work);
      else await this.#commit(work, transaction, reply, subscription);
      return reply;
    } catch (reason) {
      if (reason instanceof HandlerTimeout) work.abort(reason);
      else work.end(reason as Error);
      await this.#undo(work);
      if (work.isHandledElsewhere) return ELSEWHERE;
      throw reason;
    }
  }

  async #commit(
    work: MessageWork,
    transaction: Transaction,
    reply: string | undefined,
    subscription: Subscription,
  ): Promise<void> {
    const { records } = work;
    const outbox = this.#options.outbox as Outbox;
    if (records.length > 0) await outbox.write(transaction, records);
    if (reply !== undefined && work.isInInbox && isAnswered(subscription)) {
      await transaction.setReply(work.messageId, work.part, reply);
    }
    this.#crash('before-commit', work);
    await transaction.commit();
    work.committed();
    this.#crash('after-commit', work);
    if (records.length === 0) return;
    const sent = outbox.sendCommitted(records);
    if (subscription.isOrdered) await sent;
  }

  /** All of it is confirmed before the message is acknowledged. */
  async #sendWithoutStore(work: MessageWork): Promise<void> {
    this.#crash('before-commit', work);
    const { records } = work;
    if (records.length === 1) await this.#options.sender.send(records[0] as OutgoingRecord);
    else if (records.length > 1) await Promise.all(records.map((each) => this.#options.sender.send(each)));
    this.#crash('after-commit', work);
  }

  async #undo(work: MessageWork): Promise<void> {
    try {
      await work.rollback();
    } catch (reason) {
      this.#trouble(`message ${work.messageId}: its transaction could not be rolled back`, reason as Error);
    }
  }

  /** Whether the message is in the inbox. Then it is answered again. */
  async #answeredFromInbox(
    store: Store,
    delivery: IncomingDelivery,
    messageId: string,
    subscription: Subscription,
  ): Promise<boolean> {
    const found = store.findHandled(messageId, subscription.part);
    const handled = found instanceof Promise ? await found : found;
    if (handled === undefined) return false;
    if (isAnswered(subscription)) this.#answers.reply(delivery, handled.reply);
    return true;
  }

  /** A concurrent copy was handled: this one is answered as that one. */
  async #afterConcurrent(delivery: IncomingDelivery, subscription: Subscription): Promise<AttemptResult> {
    const { store } = this.#means;
    const { messageId } = delivery;
    if (store === undefined || messageId === undefined) return DUPLICATE;
    await this.#answeredFromInbox(store, delivery, messageId, subscription);
    return DUPLICATE;
  }

  async #answerQuestion(delivery: IncomingDelivery, subscription: Subscription): Promise<AttemptResult> {
    const { store, service } = this.#means;
    const { messageId } = delivery;
    if (store === undefined || messageId === undefined) {
      this.#answers.error(delivery, REJECTED, `service '${service}' keeps no results: give it a database`);
      return DONE;
    }
    try {
      if (await this.#answeredFromInbox(store, delivery, messageId, subscription)) return DONE;
      this.#answers.error(delivery, PENDING, `message ${messageId} was not handled yet`);
      return DONE;
    } catch (reason) {
      return { status: 'failed', error: reason as Error, isFinal: false };
    }
  }

  #crash(point: CrashPoint, work: MessageWork): void {
    const { faults } = this.#means.environment;
    if (faults?.crashesAt?.(point, work.messageId, work.part) === true) throw new Crash(point);
  }

  #partState(subscription: Subscription): PartState {
    let state = this.#parts.get(subscription.part);
    if (state === undefined) {
      state = this.#newPartState(subscription);
      this.#parts.set(subscription.part, state);
    }
    return state;
  }

  #newPartState({ part, timeoutMs }: Subscription): PartState {
    const { environment, service } = this.#means;
    const tell = (type: 'probing' | 'recovered'): void => this.#options.onEvent({ type, service, part });
    const breaker = new Breaker(environment, {
      onProbing: () => tell('probing'),
      onRecovered: () => tell('recovered'),
    });
    return { breaker, deadlines: new Deadlines(environment.clock, timeoutMs) };
  }

  /** Whoever waited asks again, or is gone. */
  #onAnswerFailed(error: Error): void {
    if (!(error instanceof Closed)) this.#trouble('an answer could not be sent', error);
  }

  #trouble(text: string, error: Error): void {
    this.#options.onEvent({ type: 'trouble', service: this.#means.service, text, error });
  }
}

const NO_IDS: readonly string[] = [];
const ELSEWHERE: unique symbol = Symbol('elsewhere');
const ENDED = new Error('its handler has returned');

/** A handler took longer than it may. */
class HandlerTimeout extends Error {
  constructor({ part, timeoutMs }: Subscription, messageId: string) {
    super(
      `the handler of '${part}' did not end within ${timeoutMs} ms (message ${messageId}); make it faster, or allow it more time with timeoutMs`,
    );
    this.name = 'HandlerTimeout';
  }
}

/** A question for the result of a command that was sent before. It carries no payload, and so has no key. */
export function isResultQuestion(delivery: IncomingDelivery): boolean {
  return delivery.properties.headers?.has(HEADER.resultOnly) === true;
}

function isAnswered({ contract, isInternal }: Subscription): boolean {
  return contract.kind === 'command' && !isInternal;
}

/** The reply as JSON, when its contract has one. */
function replyOf({ contract }: Subscription, value: unknown): string | undefined | Promise<string> {
  if (contract.kind !== 'command' || contract.reply === undefined) return undefined;
  const checked = validated(`reply to command '${contract.name}'`, contract.reply, value);
  if (checked instanceof Promise) return checked.then(() => JSON.stringify(value ?? null));
  return JSON.stringify(value ?? null);
}

function failureOf(reason: unknown): AttemptResult {
  if (reason instanceof Crash) return CRASHED;
  const error = reason instanceof Error ? reason : new Error(String(reason));
  return { status: 'failed', error, isFinal: isFinal(error) };
}

/** Trying again cannot help. */
function isFinal(error: Error): boolean {
  return error instanceof Fatal || error instanceof PayloadInvalid || error instanceof BodyUnreadable;
}

function isPromise(value: unknown): value is PromiseLike<unknown> {
  return typeof value === 'object' && value !== null && 'then' in value && typeof value.then === 'function';
}
