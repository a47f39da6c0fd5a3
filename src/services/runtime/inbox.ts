import type { IncomingDelivery } from '../../client/incoming-delivery.ts';
import type { Store } from '../store/store.ts';
import type { Answers } from './answers.ts';
import { isAnswered, type Subscription } from './subscription.ts';

/** Which messages a service has handled, and what it said to them. */
export class Inbox {
  readonly #store: Store;
  readonly #answers: Answers;

  constructor(store: Store, answers: Answers) {
    this.#store = store;
    this.#answers = answers;
  }

  /** Whether the message was handled before. Then it is answered as it was that time. */
  async answersAgain(
    delivery: IncomingDelivery,
    messageId: string,
    subscription: Subscription,
  ): Promise<boolean> {
    const found = this.#store.findHandled(messageId, subscription.part);
    const handled = found instanceof Promise ? await found : found;
    if (handled === undefined) return false;
    if (isAnswered(subscription)) this.#answers.reply(delivery, handled.reply);
    return true;
  }
}
