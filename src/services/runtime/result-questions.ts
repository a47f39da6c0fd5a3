import type { IncomingDelivery } from '../../client/incoming-delivery.ts';
import type { Store } from '../store/store.ts';
import { HEADER } from '../wire.ts';
import type { Answers } from './answers.ts';
import { Inbox } from './inbox.ts';
import { PENDING, REJECTED } from './requests.ts';
import type { Subscription } from './subscription.ts';

export interface ResultSource {
  readonly service: string;
  readonly store: Store | undefined;
  readonly answers: Answers;
  onTrouble(text: string, error: Error): void;
}

/** A question for the result of a command that was sent before. It carries no payload, and so has no key. */
export function isResultQuestion(delivery: IncomingDelivery): boolean {
  return delivery.properties.headers?.has(HEADER.resultOnly) === true;
}

/** Answers questions for results. Whoever asks does so again until there is one. */
export class ResultQuestions {
  readonly #source: ResultSource;

  constructor(source: ResultSource) {
    this.#source = source;
  }

  /** Never rejects: what cannot be looked up is asked for again. */
  async answer(question: IncomingDelivery, subscription: Subscription): Promise<void> {
    const { service, store, answers, onTrouble } = this.#source;
    const { messageId } = question;
    if (store === undefined || messageId === undefined) {
      answers.error(question, REJECTED, `service '${service}' keeps no results: give it a database`);
      return;
    }
    try {
      if (await new Inbox(store, answers).answersAgain(question, messageId, subscription)) return;
      const reason = await store.findFailed(messageId, subscription.part);
      if (reason !== undefined) return answers.error(question, REJECTED, reason);
    } catch (error) {
      onTrouble(`the result of message ${messageId} could not be looked up`, error as Error);
    }
    answers.error(question, PENDING, `message ${messageId} was not handled yet`);
  }
}
