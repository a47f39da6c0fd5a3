import type { IncomingDelivery } from '../../client/incoming-delivery.ts';
import type { Subscription } from './subscription.ts';

/** What came of an attempt. `isFinal`: trying again cannot help. `crashed`: the service stops, or a test lets it crash here, so the delivery is given back as it is. */
export type AttemptResult =
  | { readonly status: 'done' }
  | { readonly status: 'failed'; readonly error: Error; readonly isFinal: boolean }
  | { readonly status: 'crashed' };

/** Handles messages. Whoever consumes decides when to try again, and acknowledges. */
export interface MessageProcessor {
  /** One attempt: inbox, handler, commit, reply, sending. Never rejects. `attempt` counts from 1. With an array: a batch, in one transaction. */
  attempt(
    deliveries: readonly IncomingDelivery[],
    subscription: Subscription,
    attempt: number,
  ): Promise<AttemptResult>;
  /** Puts a copy into the dead letters, tells who waits for a reply, and acknowledges the delivery. Rejects when the copy was not confirmed: then the delivery is open still. */
  deadLetter(
    delivery: IncomingDelivery,
    subscription: Subscription | undefined,
    attempts: number,
    error: Error,
  ): Promise<void>;
}
