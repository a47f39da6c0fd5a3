import type { Client } from '../../client/amqp-client.ts';
import { BodyUnreadable, Closed } from '../../client/client-failures.ts';
import type { IncomingDelivery } from '../../client/incoming-delivery.ts';
import { validated } from '../schema.ts';
import { Fatal, PayloadInvalid } from '../service-failures.ts';
import type { OutgoingRecord, Transaction } from '../store/store.ts';
import type { Instruments, TraceHeaders } from '../telemetry/instruments.ts';
import { PassingTracing } from '../telemetry/passing-tracing.ts';
import { NO_TRACE } from '../telemetry/trace-context.ts';
import { Answers } from './answers.ts';
import { Breaker, type Probe } from './breaker.ts';
import { DeadLetters } from './dead-letters.ts';
import { Deadlines } from './deadlines.ts';
import { batchId } from './derived-id.ts';
import type { CrashPoint } from './faults.ts';
import { Inbox } from './inbox.ts';
import type { MessageSender } from './message-sender.ts';
import { MessageWork, type WorkMeans } from './message-work.ts';
import type { Outbox } from './outbox.ts';
import { payloadOf } from './payload-of.ts';
import type { AttemptResult, MessageProcessor } from './processing.ts';
import { isResultQuestion, ResultQuestions } from './result-questions.ts';
import type { ServiceEvent } from './service-event.ts';
import { HandledElsewhere, isAnswered, type Subscription } from './subscription.ts';

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

/** The service stops, and waits for its handlers no longer. */
class Stopped extends Error {
  constructor() {
    super('its service has stopped');
    this.name = 'Stopped';
  }
}

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
  readonly #inbox: Inbox | undefined;
  readonly #questions: ResultQuestions;
  readonly #deadLetters: DeadLetters;
  readonly #parts: Map<string, PartState> = new Map();
  #handledCount = 0;
  #isStopped = false;

  constructor(options: ProcessorOptions) {
    const { means, client } = options;
    const { service, store } = means;
    const answers = new Answers(client, (error) => this.#onAnswerFailed(error));
    this.#options = options;
    this.#means = means;
    this.#answers = answers;
    this.#inbox = store === undefined ? undefined : new Inbox(store, answers);
    const onTrouble = (text: string, error: Error): void => this.#trouble(text, error);
    this.#questions = new ResultQuestions({ service, store, answers, onTrouble });
    this.#deadLetters = new DeadLetters({ ...options, answers });
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
    if (delivery !== undefined && isResultQuestion(delivery)) {
      await this.#questions.answer(delivery, subscription);
      return DONE;
    }
    if (this.#isStopped) return CRASHED;
    const { breaker, deadlines } = this.#partState(subscription);
    const entering = breaker.enter();
    const probe = entering === undefined ? undefined : await entering;
    if (entering !== undefined && probe === undefined) return CRASHED;
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
    tellBreaker(breaker, result, probe);
    if (result.status === 'done') this.#handledCount += deliveries.length;
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
    await this.#deadLetters.add(delivery, subscription, attempts, error);
    this.#handledCount += 1;
  }

  /** Lets go of what waits for a part that fails. */
  stopWaiting(): void {
    for (const { breaker } of this.#parts.values()) breaker.stop();
  }

  /** Nobody waits for handlers any more: their transactions are undone. */
  stop(): void {
    this.#isStopped = true;
    this.stopWaiting();
    for (const { deadlines } of this.#parts.values()) deadlines.endAll(new Stopped());
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
    const { claimCheck, requests, service } = this.#means;
    const { messageId } = delivery;
    if (this.#inbox !== undefined && messageId !== undefined) {
      if (await this.#inbox.answersAgain(delivery, messageId, subscription)) return DUPLICATE;
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
    if (reply === ELSEWHERE) {
      // this one is answered as the one that won
      await this.#inbox?.answersAgain(delivery, work.messageId, subscription);
      return DUPLICATE;
    }
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
    const inbox = this.#inbox;
    const fresh: IncomingDelivery[] = [];
    const seen = new Set<string>();
    for (const delivery of deliveries) {
      const { messageId } = delivery;
      if (messageId !== undefined) {
        if (seen.has(messageId)) continue;
        seen.add(messageId);
        if (inbox !== undefined && (await inbox.answersAgain(delivery, messageId, subscription))) continue;
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
      // what it has begun and not awaited may have been gathered meanwhile
      if (work.emitting !== undefined) await work.emitting;
      if (transaction === undefined) await this.#sendWithoutStore(work);
      else await this.#commit(work, transaction, reply, subscription);
      return reply;
    } catch (reason) {
      if (reason instanceof HandlerTimeout || reason instanceof Stopped) work.abort(reason);
      else work.end(asError(reason));
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

/** The reply as JSON, when its contract has one. */
function replyOf({ contract }: Subscription, value: unknown): string | undefined | Promise<string> {
  if (contract.kind !== 'command' || contract.reply === undefined) return undefined;
  const checked = validated(`reply to command '${contract.name}'`, contract.reply, value);
  if (checked instanceof Promise) return checked.then(() => JSON.stringify(value ?? null));
  return JSON.stringify(value ?? null);
}

function failureOf(reason: unknown): AttemptResult {
  if (reason instanceof Crash || reason instanceof Stopped) return CRASHED;
  const error = asError(reason);
  return { status: 'failed', error, isFinal: isFinal(error) };
}

/** A handler may throw anything. */
function asError(reason: unknown): Error {
  return reason instanceof Error ? reason : new Error(String(reason));
}

function tellBreaker(breaker: Breaker, result: AttemptResult, probe: Probe | undefined): void {
  if (result.status === 'failed' && !result.isFinal) breaker.failed(probe);
  else if (result.status === 'done' && result !== DUPLICATE) breaker.succeeded();
  else breaker.endedOtherwise(probe);
}

/** Trying again cannot help. */
function isFinal(error: Error): boolean {
  return error instanceof Fatal || error instanceof PayloadInvalid || error instanceof BodyUnreadable;
}

function isPromise(value: unknown): value is PromiseLike<unknown> {
  return typeof value === 'object' && value !== null && 'then' in value && typeof value.then === 'function';
}
