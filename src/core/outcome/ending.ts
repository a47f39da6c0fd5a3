import type { DeathReason } from '../message/death-headers.ts';

/** How a message leaves a queue: it is settled by a consumer, it dies, or it goes with what else is in the queue. */
export type Ending = 'acknowledged' | DeathReason | 'purged' | 'deleted';

export type OutcomeStatus = 'completed' | 'failed' | 'expired' | 'dead-lettered' | 'dropped';

/** A message whose outcome is wanted, when it ends. */
export interface EndedMessage {
  readonly messageId: string;
  /** For how long its outcome is to be kept. */
  readonly outcomeTtlMs: number;
  readonly isPersistent: boolean;
  /** Core time. */
  readonly arrivalMs: number;
  /** Core time of the last delivery; undefined: it is not delivered now, and may never have been. */
  readonly deliveredMs: number | undefined;
  readonly deliveries: number;
}

/** `isDeadLettered`: it goes to an exchange. `hasError`: who settled it gave an error. */
export function statusOf(ending: Ending, isDeadLettered: boolean, hasError: boolean): OutcomeStatus {
  if (hasError) return 'failed';
  switch (ending) {
    case 'acknowledged':
      return 'completed';
    case 'rejected':
    case 'delivery_limit':
      return isDeadLettered ? 'dead-lettered' : 'failed';
    case 'expired':
      return isDeadLettered ? 'dead-lettered' : 'expired';
    case 'maxlen':
      return isDeadLettered ? 'dead-lettered' : 'dropped';
    case 'purged':
    case 'deleted':
      return 'dropped';
  }
}
