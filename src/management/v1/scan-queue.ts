/** Looking through a queue in slices, and without it waiting for the disk. */
import type { Broker } from '../../core/broker.ts';
import type { Queue } from '../../core/queue/queue.ts';
import type { BrowsedMessage, BrowsePlace } from '../../core/queue/queue-browser.ts';
import type { SlicedWork } from '../work-slices.ts';
import { invalidPart } from './problem.ts';

/** Messages that one request looks at. */
export const LOOKED_AT_MAX = 100_000;
/** Messages at a time, unless the slice is over before. */
const MESSAGES_PER_STEP = 1024;
const PLACE = /^(\d{1,3})-(\d{1,15})$/;

export interface Scanned {
  readonly lookedAt: number;
  /** Where to go on; undefined at the end of the queue. */
  readonly next: BrowsePlace | undefined;
}

/**
 * Shows ready messages from `from` on to `visit`, in the order in which they will be delivered, until it returns false, so many were
 * looked at, or the queue is deleted. Messages come and go meanwhile.
 */
export async function scanQueue(
  broker: Broker,
  queue: Queue,
  from: BrowsePlace,
  lookedAtMax: number,
  work: SlicedWork,
  visit: (message: BrowsedMessage) => boolean,
): Promise<Scanned> {
  const browser = queue.browser();
  let next: BrowsePlace | undefined = from;
  let lookedAt = 0;
  let goesOn = true;
  while (next !== undefined && goesOn && lookedAt < lookedAtMax && !queue.deleted) {
    if (work.isDue) await work.pause();
    const countMax = Math.min(MESSAGES_PER_STEP, lookedAtMax - lookedAt);
    const result = browser.browse(next, countMax, (message) => {
      lookedAt++;
      goesOn = visit(message);
      // Bodies may be large: one may take a slice of its own.
      return goesOn && !work.isDue;
    });
    next = result.next;
    if (result.fetchPosition !== undefined) await fetchPage(broker, result.fetchPosition);
  }
  return { lookedAt, next };
}

/** Has the message at `place`, if it is there, in memory. */
export async function fetchMessage(broker: Broker, queue: Queue, place: BrowsePlace): Promise<void> {
  const { fetchPosition } = queue.browser().browse(place, 1, () => false);
  if (fetchPosition !== undefined) await fetchPage(broker, fetchPosition);
}

function fetchPage(broker: Broker, position: number): Promise<void> {
  return new Promise((resolve) => broker.runtime.store.fetch(position, resolve));
}

/** The place that a text names; Problem 400 when it names none. */
export function placeOfText(at: string, text: string): BrowsePlace {
  const place = PLACE.exec(text);
  if (place !== null) return { priority: Number(place[1]), seq: Number(place[2]) };
  throw invalidPart(at, text, "it must be `next` or a position of an earlier answer, like '0-17'");
}

export function placeText({ priority, seq }: BrowsePlace): string {
  return `${priority}-${seq}`;
}
