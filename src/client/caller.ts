import { onceImpatient, type Patience } from './bounded-wait.ts';
import { CallFailed } from './client-failures.ts';
import { IncomingMessage } from './incoming-message.ts';
import { encodeMessage, type OutgoingMessage } from './outgoing-message.ts';
import { PendingPublish, Publisher } from './publisher.ts';
import type { Transport, TransportChannel, TransportDelivery, TransportReturn } from './transport.ts';

/** Where a broker that knows direct reply-to sends answers: back to the channel that published the request. */
const REPLY_TO = 'amq.rabbitmq.reply-to';
const UNCONFIRMED_MAX = 1_000;
/** Header of an answer that is an error, with its text. */
export const ERROR_HEADER = 'x-error';

/** Options of `call`. */
export interface CallOptions {
  /** Reject with `Timeout` when there is no answer by then, and let the request expire. 30 000 ms unless given. */
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
}

interface PendingCall {
  readonly message: OutgoingMessage;
  readonly messageId: string;
  readonly correlationId: string;
  readonly deadlineMs: number;
  /** Settled by its confirm; the answer may come before. */
  request: PendingPublish | undefined;
  readonly resolve: (answer: IncomingMessage) => void;
  readonly reject: (reason: Error) => void;
}

/**
 * Requests that wait for their answer. Answers come to a consumer on the channel that published the request, so this has a
 * channel of its own. When that ends the address of the answers ends with it: whatever is not answered is sent again, under the
 * same id.
 */
export class Caller {
  /** By correlation id, which is the id of the request unless it has another one. */
  readonly #pending: Map<string, PendingCall> = new Map();
  readonly #publisher: Publisher;
  #isUsed = false;
  /** Calls whose message id another call had at that time. */
  #repeatCount = 0;
  #transport: Transport | undefined;

  constructor(onReturn: (message: TransportReturn) => void) {
    this.#publisher = new Publisher({
      unconfirmedMax: UNCONFIRMED_MAX,
      prepare: (channel) => this.#prepare(channel),
      onReturn,
    });
  }

  /** A client that calls nobody has no channel for it. */
  async attach(transport: Transport): Promise<void> {
    this.#transport = transport;
    if (this.#isUsed) await this.#publisher.attach(transport);
  }

  detach(): void {
    this.#transport = undefined;
    this.#publisher.detach();
  }

  /** Resolves when every request is confirmed or has failed; answers may be to come. */
  idle(): Promise<void> {
    return this.#publisher.idle();
  }

  failAll(reason: Error): void {
    this.#publisher.failAll(reason);
    for (const call of [...this.#pending.values()]) call.reject(reason);
  }

  call(
    message: OutgoingMessage,
    messageId: string,
    options: Required<Pick<CallOptions, 'timeoutMs'>> & Patience,
  ): Promise<IncomingMessage> {
    const { timeoutMs, signal } = options;
    return new Promise((resolve, reject) => {
      signal?.throwIfAborted();
      const correlationId = this.#correlationIdOf(message, messageId);
      const done = (): void => {
        ended();
        this.#pending.delete(correlationId);
        this.#abandon(call.request);
      };
      const call: PendingCall = {
        message,
        messageId,
        correlationId,
        deadlineMs: Date.now() + timeoutMs,
        request: undefined,
        resolve: (answer) => {
          done();
          resolve(answer);
        },
        reject: (reason) => {
          done();
          reject(reason);
        },
      };
      const ended = onceImpatient(
        options,
        () => `call ${messageId} to '${message.routingKey}' was not answered`,
        call.reject,
      );
      this.#pending.set(correlationId, call);
      this.#use();
      this.#send(call);
    });
  }

  /** An answer names its call by nothing else: no two that are under way may have the same. */
  #correlationIdOf({ correlationId }: OutgoingMessage, messageId: string): string {
    const wanted = correlationId ?? messageId;
    if (!this.#pending.has(wanted)) return wanted;
    if (correlationId !== undefined) {
      throw new Error(
        `correlationId '${correlationId}': a call with it waits for its answer; give each call one of its own, or none`,
      );
    }
    this.#repeatCount += 1;
    return `${messageId}.${this.#repeatCount}`;
  }

  #use(): void {
    if (this.#isUsed) return;
    this.#isUsed = true;
    if (this.#transport !== undefined) void this.#publisher.attach(this.#transport);
  }

  #send(call: PendingCall): void {
    const { message, messageId, correlationId } = call;
    const leftMs = Math.max(1, call.deadlineMs - Date.now());
    const expires = Number.isFinite(leftMs) ? { expirationMs: leftMs } : {};
    const request = { ...expires, ...message, replyTo: REPLY_TO, correlationId };
    const pending = new PendingPublish(encodeMessage(request, messageId, true), (failure) => {
      if (failure !== undefined) call.reject(failure);
    });
    call.request = pending;
    this.#publisher.publish(pending);
  }

  #abandon(request: PendingPublish | undefined): void {
    if (request?.isSettled === false) this.#publisher.abandon(request);
  }

  async #prepare(channel: TransportChannel): Promise<void> {
    const request = { queue: REPLY_TO, noAck: true, exclusive: false, arguments: new Map() };
    await channel.consume(request, (answer) => this.#onAnswer(answer));
    for (const call of this.#pending.values()) if (call.request?.isSettled) this.#send(call);
  }

  /** An answer that comes too late, or a second one, is dropped. */
  #onAnswer(answer: TransportDelivery | undefined): void {
    const call = this.#pending.get(answer?.properties.correlationId ?? '');
    if (call === undefined || answer === undefined) return;
    const message = new IncomingMessage(answer);
    const error = message.headers.get(ERROR_HEADER);
    if (typeof error === 'string') call.reject(new CallFailed(error, call.messageId, message.headers));
    else call.resolve(message);
  }
}
