import type { IncomingDelivery } from '../../client/incoming-delivery.ts';
import { validated } from '../schema.ts';
import type { OutgoingRecord, Transaction } from '../store/store.ts';
import type { TraceHeaders } from '../telemetry/instruments.ts';
import type { Answers } from './answers.ts';
import { asError, Crash, DONE, DUPLICATE, HandlerTimeout, Stopped } from './attempt-results.ts';
import type { Deadlines } from './deadlines.ts';
import { batchId } from './derived-id.ts';
import type { CrashPoint } from './faults.ts';
import type { Inbox } from './inbox.ts';
import type { MessageSender } from './message-sender.ts';
import { MessageWork, type WorkMeans } from './message-work.ts';
import type { Outbox } from './outbox.ts';
import { payloadOf } from './payload-of.ts';
import type { AttemptResult } from './processing.ts';
import { HandledElsewhere, isAnswered, type Subscription } from './subscription.ts';

export interface HandlingOptions {
  readonly means: WorkMeans;
  readonly sender: MessageSender;
  readonly answers: Answers;
  /** Both are present when there is a database. */
  readonly outbox: Outbox | undefined;
  readonly inbox: Inbox | undefined;
  onTrouble(text: string, error: Error): void;
}

export interface Attempt {
  readonly subscription: Subscription;
  /** Counts from 1. */
  readonly number: number;
  readonly trace: TraceHeaders;
  readonly deadlines: Deadlines;
}

/**
 * One attempt at a message, or at a batch, with one effect:
 *
 *     look into the inbox --hit--> answer again
 *            |
 *     read and validate -> handler -> commit (inbox, handler's rows, outbox, reply) -> publish -> answer
 *
 * Without a database there is no inbox: what the handler sends is published with confirms before the message is acknowledged.
 * Whatever fails is thrown.
 */
export class MessageHandling {
  readonly #options: HandlingOptions;

  constructor(options: HandlingOptions) {
    this.#options = options;
  }

  async single(delivery: IncomingDelivery, attempt: Attempt): Promise<AttemptResult> {
    const { means, inbox, answers } = this.#options;
    const { claimCheck, requests, service } = means;
    const { subscription } = attempt;
    const { messageId } = delivery;
    if (inbox !== undefined && messageId !== undefined) {
      if (await inbox.answersAgain(delivery, messageId, subscription)) return DUPLICATE;
    }
    const read = payloadOf(delivery, subscription.contract, service, claimCheck);
    const payload = read instanceof Promise ? await read : read;
    const work = new MessageWork(means, {
      subscription,
      messageId: messageId ?? requests.newId(),
      handledIds: messageId === undefined ? NO_IDS : [messageId],
      attempt: attempt.number,
      trace: attempt.trace,
      lostSignal: () => delivery.signal,
    });
    const reply = await this.#handled(work, payload, attempt);
    if (reply === ELSEWHERE) {
      // this one is answered as the one that won
      await inbox?.answersAgain(delivery, work.messageId, subscription);
      return DUPLICATE;
    }
    if (isAnswered(subscription)) answers.reply(delivery, reply);
    this.#crash('before-ack', work);
    return DONE;
  }

  async batch(deliveries: readonly IncomingDelivery[], attempt: Attempt): Promise<AttemptResult> {
    const { means, answers } = this.#options;
    const { service, claimCheck, requests } = means;
    const { subscription } = attempt;
    const fresh = await this.#notHandled(deliveries, subscription);
    const [first] = fresh;
    if (first === undefined) return DUPLICATE;
    const payloads: unknown[] = [];
    for (const each of fresh)
      payloads.push(await payloadOf(each, subscription.contract, service, claimCheck));
    const ids = fresh.flatMap(({ messageId }) => messageId ?? []);
    const work = new MessageWork(means, {
      subscription,
      messageId: ids.length === 0 ? requests.newId() : batchId(ids),
      handledIds: ids,
      attempt: attempt.number,
      trace: attempt.trace,
      lostSignal: () => first.signal,
    });
    const reply = await this.#handled(work, payloads, attempt);
    // one by one they find out which of them it was
    if (reply === ELSEWHERE) throw new HandledElsewhere(work.messageId);
    if (isAnswered(subscription)) for (const each of fresh) answers.reply(each, undefined);
    this.#crash('before-ack', work);
    return DONE;
  }

  /** Of a batch, those that are not in the inbox, each once. */
  async #notHandled(
    deliveries: readonly IncomingDelivery[],
    subscription: Subscription,
  ): Promise<IncomingDelivery[]> {
    const { inbox } = this.#options;
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
    { subscription, deadlines }: Attempt,
  ): Promise<string | undefined | typeof ELSEWHERE> {
    const { store } = this.#options.means;
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
    const { sender } = this.#options;
    if (records.length === 1) await sender.send(records[0] as OutgoingRecord);
    else if (records.length > 1) await Promise.all(records.map((each) => sender.send(each)));
    this.#crash('after-commit', work);
  }

  async #undo(work: MessageWork): Promise<void> {
    try {
      await work.rollback();
    } catch (reason) {
      this.#options.onTrouble(
        `message ${work.messageId}: its transaction could not be rolled back`,
        reason as Error,
      );
    }
  }

  #crash(point: CrashPoint, work: MessageWork): void {
    const { faults } = this.#options.means.environment;
    if (faults?.crashesAt?.(point, work.messageId, work.part) === true) throw new Crash(point);
  }
}

const NO_IDS: readonly string[] = [];
const ELSEWHERE: unique symbol = Symbol('elsewhere');
const ENDED = new Error('its handler has returned');

/** The reply as JSON, when its contract has one. */
function replyOf({ contract }: Subscription, value: unknown): string | undefined | Promise<string> {
  if (contract.kind !== 'command' || contract.reply === undefined) return undefined;
  const checked = validated(`reply to command '${contract.name}'`, contract.reply, value);
  if (checked instanceof Promise) return checked.then(() => JSON.stringify(value ?? null));
  return JSON.stringify(value ?? null);
}

function isPromise(value: unknown): value is PromiseLike<unknown> {
  return typeof value === 'object' && value !== null && 'then' in value && typeof value.then === 'function';
}
