import type { Client } from '../../client/amqp-client.ts';
import { Returned } from '../../client/client-failures.ts';
import type { IncomingDelivery } from '../../client/incoming-delivery.ts';
import type { OutgoingMessage } from '../../client/outgoing-message.ts';
import type { Instruments } from '../telemetry/instruments.ts';
import type { Answers } from './answers.ts';
import { deadLetterOf } from './dead-letter.ts';
import { headerText } from './header-text.ts';
import type { WorkMeans } from './message-work.ts';
import { REJECTED } from './requests.ts';
import type { ServiceEvent } from './service-event.ts';
import { isAnswered, type Subscription } from './subscription.ts';

/** No part has this name. What no part handles is not counted by what its sender calls it: there is no end of that. */
const NO_PART = '-';

export interface DeadLettersOptions {
  readonly means: WorkMeans;
  readonly client: Client;
  readonly answers: Answers;
  readonly instruments: Instruments;
  /** Declares again what the service needs of the broker. */
  declare(): Promise<void>;
  onEvent(event: ServiceEvent): void;
}

/**
 * Puts away for good what cannot be handled:
 *
 *     copy to the dead letters --confirmed--> why is kept, for who asks for the result --> whoever waits is told --> acknowledged
 */
export class DeadLetters {
  readonly #options: DeadLettersOptions;

  constructor(options: DeadLettersOptions) {
    this.#options = options;
  }

  /** Rejects when the copy was not confirmed: then the delivery is open still. */
  async add(
    delivery: IncomingDelivery,
    subscription: Subscription | undefined,
    attempts: number,
    error: Error,
  ): Promise<void> {
    const { means, answers, instruments, onEvent } = this.#options;
    const { service, environment, requests } = means;
    const nowMs = environment.clock.nowMs();
    const messageId = delivery.messageId ?? requests.newId();
    const firstFailedMs = nowMs - postponedMs(subscription, attempts);
    await this.#publish(
      deadLetterOf(delivery, messageId, { service, attempts, error, nowMs, firstFailedMs }),
    );
    if (subscription !== undefined) await this.#noteFailed(delivery, subscription, error, nowMs);
    answers.error(delivery, REJECTED, error.message);
    delivery.ack();
    instruments.attemptBegan(subscription?.part ?? NO_PART);
    instruments.attemptEnded(subscription?.part ?? NO_PART, 'dead', 0);
    const part = subscription?.part ?? delivery.type ?? delivery.exchange;
    onEvent({ type: 'dead-letter', service, part, messageId, attempts, error });
  }

  /** Nothing is acknowledged that is not in the queue of dead letters, even if somebody deleted that. */
  async #publish(message: OutgoingMessage): Promise<void> {
    const { client, declare } = this.#options;
    try {
      await client.publish(message, { mandatory: true });
    } catch (reason) {
      if (!(reason instanceof Returned)) throw reason;
      await declare();
      await client.publish(message, { mandatory: true });
    }
  }

  /** Without it nothing is lost: whoever asks for the result waits until the time is up. */
  async #noteFailed(
    { messageId }: IncomingDelivery,
    subscription: Subscription,
    { message }: Error,
    nowMs: number,
  ): Promise<void> {
    const { means, onEvent } = this.#options;
    const { store, service } = means;
    if (store === undefined || messageId === undefined || !isAnswered(subscription)) return;
    try {
      await store.noteFailed(messageId, subscription.part, headerText(message), nowMs);
    } catch (reason) {
      const text = `message ${messageId} is a dead letter, and that could not be noted for who asks for its result`;
      onEvent({ type: 'trouble', service, text, error: reason as Error });
    }
  }
}

/** How long a message that was tried so often waited in between. */
function postponedMs(subscription: Subscription | undefined, attempts: number): number {
  if (subscription === undefined) return 0;
  const { laterMs, attemptsNow } = subscription;
  return laterMs.slice(0, Math.max(0, attempts - attemptsNow)).reduce((sum, each) => sum + each, 0);
}
