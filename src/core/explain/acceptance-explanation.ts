import { NO_EXPIRATION } from '../message/message-record.ts';
import type { Queue } from '../queue/queue.ts';
import { durationText } from './duration-text.ts';

/** Something about a queue that a message that goes there meets. The codes are stable. */
export interface AcceptanceNote {
  readonly code:
    | 'repeated'
    | 'full_refuses'
    | 'full_drops_oldest'
    | 'expires'
    | 'paused'
    | 'no_consumer'
    | 'exclusive';
  readonly text: string;
  /** The queue does not take the message. */
  readonly refuses: boolean;
}

/** What a message of `bodyBytes` would meet in the queue now. `expirationMs`: its own, or NO_EXPIRATION. `isRepeated`: the queue deduplicates, and remembers it. */
export function explainAcceptance(
  queue: Queue,
  bodyBytes: number,
  expirationMs: number,
  isRepeated = false,
): readonly AcceptanceNote[] {
  const notes: AcceptanceNote[] = [];
  if (isRepeated) notes.push({ code: 'repeated', text: REPEATED, refuses: true });
  const limit = reachedLimit(queue, bodyBytes);
  if (limit !== undefined) notes.push(fullNote(queue, limit));
  const ttlMs = timeToLive(queue, expirationMs);
  if (ttlMs !== undefined) notes.push(expiryNote(queue, ttlMs));
  if (queue.isPaused)
    notes.push({ code: 'paused', text: 'the queue is paused: it keeps the message', refuses: false });
  if (queue.consumerCount === 0) {
    notes.push({ code: 'no_consumer', text: 'the queue has no consumer now', refuses: false });
  }
  if (queue.exclusiveOwner !== undefined) {
    const text = 'the queue is exclusive: it goes with the connection that declared it';
    notes.push({ code: 'exclusive', text, refuses: false });
  }
  return notes;
}

const REPEATED =
  'the queue deduplicates, and one with this key came before: the message is confirmed and not kept';

/** The limit that one more message would exceed. */
function reachedLimit({ settings, readyCount, readyBytes }: Queue, bodyBytes: number): string | undefined {
  const { maxLength, maxLengthBytes } = settings;
  if (maxLength !== undefined && readyCount + 1 > maxLength) {
    return `${readyCount} messages are ready, and max-length is ${maxLength}`;
  }
  if (maxLengthBytes !== undefined && readyBytes + bodyBytes > maxLengthBytes) {
    return `${readyBytes} bytes are ready, and max-length-bytes is ${maxLengthBytes}`;
  }
  return undefined;
}

function fullNote({ settings }: Queue, limit: string): AcceptanceNote {
  const { overflow = 'drop-head', deadLetterExchange } = settings;
  if (overflow === 'drop-head') {
    const fate = deadLetterExchange === undefined ? 'is dropped' : `goes to exchange '${deadLetterExchange}'`;
    const text = `the queue is full (${limit}): its oldest message ${fate} to make room`;
    return { code: 'full_drops_oldest', text, refuses: false };
  }
  const deadLetters = overflow === 'reject-publish-dlx' && deadLetterExchange !== undefined;
  const fate = deadLetters ? `, and goes to exchange '${deadLetterExchange}'` : '';
  const text = `the queue is full (${limit}) and refuses it (overflow ${overflow}): the publisher gets basic.nack${fate}`;
  return { code: 'full_refuses', text, refuses: true };
}

function timeToLive({ settings }: Queue, expirationMs: number): number | undefined {
  const own = expirationMs === NO_EXPIRATION ? Number.POSITIVE_INFINITY : expirationMs;
  const ttlMs = Math.min(own, settings.messageTtlMs ?? Number.POSITIVE_INFINITY);
  return ttlMs === Number.POSITIVE_INFINITY ? undefined : ttlMs;
}

function expiryNote({ settings }: Queue, ttlMs: number): AcceptanceNote {
  const { deadLetterExchange } = settings;
  const fate =
    deadLetterExchange === undefined ? 'it is dropped' : `it goes to exchange '${deadLetterExchange}'`;
  const when =
    ttlMs === 0 ? 'unless a consumer can take it at once' : `after ${durationText(ttlMs)} in the queue`;
  return { code: 'expires', text: `${fate} ${when}`, refuses: false };
}
