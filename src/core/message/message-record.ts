/**
 * The record of one message, as it lies in a page. Integers are little-endian.
 *
 *      0        4         9    10     12       16
 *     +--------+---------+----+------+--------+~~~~~~+~~~~~~+~~~~~~~~~~~~+~~~~~~~~~~~~~~+~~~~~~~~~+~~~~~~~~~~~~+~~~~~~+
 *     | record | arrival | fl.| addr.| body   | live | des- | expiration | destinations | address | properties | body |
 *     | bytes  | ms      |    | bytes| bytes  | count| tin. | ms         | u32 lane     |         |            |      |
 *     | u32    | u40     | u8 | u16  | u32    | u16, u16    | u32 if     | u48 seq each |         |            |      |
 *     +--------+---------+----+------+--------+ if several ~+ flagged ~~~+~~~~~~~~~~~~~~+~~~~~~~~~+~~~~~~~~~~~~+~~~~~~+
 *
 * - arrival: what the monotonic clock read. 40 bits of milliseconds are 34 years.
 * - live count: how many destinations have not settled the message yet. A record with one destination, as most are, has
 *   no counts but the flag `settled`. Nothing else of a record changes after writing.
 * - address: exchange and routing key as two shortstr, exactly as basic.publish brought and basic.deliver wants them.
 * - properties: flag word and values, as in the content header. They fill what the other parts leave of the record.
 *
 * A 16-byte message with a 7-byte address and a delivery-mode takes 52 bytes; with 8 in the queue's index, a backlog
 * of five million fits in 300 MB.
 */

import { copyBytes } from '../../codec/bytes.ts';
import type { MessageStore, Page } from './message-store.ts';

const ARRIVAL = 4;
const FLAGS = 9;
const ADDRESS_BYTES = 10;
const BODY_BYTES = 12;
const FIXED_BYTES = 16;
const LIVE_COUNT = 16;
const DESTINATION_COUNT = 18;
const COUNTS_BYTES = 4;
const EXPIRATION_BYTES = 4;
const DESTINATION_BYTES = 10;

/** For an engine that keeps records over a restart: core does not ask. */
const FLAG_PERSISTENT = 1;
const FLAG_EXPIRATION = 2;
/** Several destinations: the counts are there. */
const FLAG_COUNTS = 4;
/** Of a record with one destination: that has settled it. */
const FLAG_SETTLED = 8;

const TWO_32 = 2 ** 32;

/** The destination count is a u16; a message to more queues becomes several records. */
export const DESTINATIONS_MAX = 65_535;

/** `Publication.expirationMs` of a message without one. */
export const NO_EXPIRATION = -1;

/** What a record is made of: the parts of a message, each in an array of its own. */
export interface RecordSource {
  /** `address[0, addressEnd)` */
  readonly address: Uint8Array;
  readonly addressEnd: number;
  /** `propertyBytes[0, propertiesEnd)` */
  readonly propertyBytes: Uint8Array;
  readonly propertiesEnd: number;
  readonly body: Uint8Array;
  readonly bodyStart: number;
  readonly bodyEnd: number;
  readonly persistent: boolean;
  /** Milliseconds, or NO_EXPIRATION. */
  readonly expirationMs: number;
}

/** Where a message goes: the lane `id` gives it the number `nextSeq`. */
export interface RecordDestination {
  readonly id: number;
  readonly nextSeq: number;
}

/** Where the parts of one record lie. A scratch object: valid until the next `read`. */
export class MessageRecord {
  bytes: Uint8Array = new Uint8Array(0);
  arrivalMs = 0;
  expirationMs: number = NO_EXPIRATION;
  addressStart = 0;
  /** Also the start of the properties. */
  addressEnd = 0;
  /** Also the end of the properties. */
  bodyStart = 0;
  bodyEnd = 0;

  /** Reads the record at `position`. Runs per delivery. */
  read(page: Page, position: number): void {
    const offset = position - page.base;
    const view = page.view;
    const recordBytes = view.getUint32(offset, true);
    const flags = view.getUint8(offset + FLAGS);
    this.bytes = page.bytes;
    this.arrivalMs = view.getUint8(offset + ARRIVAL + 4) * TWO_32 + view.getUint32(offset + ARRIVAL, true);
    let at = offset + FIXED_BYTES;
    let destinations = 1;
    if ((flags & FLAG_COUNTS) !== 0) {
      destinations = view.getUint16(offset + DESTINATION_COUNT, true);
      at += COUNTS_BYTES;
    }
    if ((flags & FLAG_EXPIRATION) === 0) {
      this.expirationMs = NO_EXPIRATION;
    } else {
      this.expirationMs = view.getUint32(at, true);
      at += EXPIRATION_BYTES;
    }
    at += destinations * DESTINATION_BYTES;
    this.addressStart = at;
    this.addressEnd = at + view.getUint16(offset + ADDRESS_BYTES, true);
    this.bodyEnd = offset + recordBytes;
    this.bodyStart = this.bodyEnd - view.getUint32(offset + BODY_BYTES, true);
  }
}

/**
 * Appends `publication` for `count` lanes, `lanes[from]` onwards; lane i gets its `nextSeq`, which the caller
 * advances afterwards. Returns the position. Runs per message.
 */
export function appendMessageRecord(
  store: MessageStore,
  publication: RecordSource,
  lanes: readonly RecordDestination[],
  from: number,
  count: number,
  nowMs: number,
): number {
  const addressBytes = publication.addressEnd;
  const propertiesBytes = publication.propertiesEnd;
  const bodyBytes = publication.bodyEnd - publication.bodyStart;
  const flags = flagsOf(publication, count);
  const headBytes = destinationsAt(flags) + count * DESTINATION_BYTES;
  const recordBytes = headBytes + addressBytes + propertiesBytes + bodyBytes;

  const page = store.tail(recordBytes);
  const { bytes, view } = page;
  const offset = page.end;
  view.setUint32(offset, recordBytes, true);
  view.setUint32(offset + ARRIVAL, nowMs >>> 0, true);
  view.setUint8(offset + ARRIVAL + 4, Math.floor(nowMs / TWO_32));
  view.setUint8(offset + FLAGS, flags);
  view.setUint16(offset + ADDRESS_BYTES, addressBytes, true);
  view.setUint32(offset + BODY_BYTES, bodyBytes, true);
  let at = offset + FIXED_BYTES;
  if ((flags & FLAG_COUNTS) !== 0) {
    view.setUint16(offset + LIVE_COUNT, count, true);
    view.setUint16(offset + DESTINATION_COUNT, count, true);
    at += COUNTS_BYTES;
  }
  if ((flags & FLAG_EXPIRATION) !== 0) {
    view.setUint32(at, publication.expirationMs, true);
    at += EXPIRATION_BYTES;
  }
  for (let index = from; index < from + count; index++) {
    const lane = lanes[index] as RecordDestination;
    writeDestination(view, at, lane.id, lane.nextSeq);
    at += DESTINATION_BYTES;
  }
  copyBytes(publication.address, 0, publication.addressEnd, bytes, at);
  at += addressBytes;
  copyBytes(publication.propertyBytes, 0, publication.propertiesEnd, bytes, at);
  at += propertiesBytes;
  copyBytes(publication.body, publication.bodyStart, publication.bodyEnd, bytes, at);
  return store.appended(page, recordBytes);
}

function flagsOf(publication: RecordSource, destinations: number): number {
  return (
    (publication.persistent ? FLAG_PERSISTENT : 0) |
    (publication.expirationMs === NO_EXPIRATION ? 0 : FLAG_EXPIRATION) |
    (destinations === 1 ? 0 : FLAG_COUNTS)
  );
}

/** Where the destinations of a record with these flags begin. */
function destinationsAt(flags: number): number {
  return (
    FIXED_BYTES +
    ((flags & FLAG_COUNTS) === 0 ? 0 : COUNTS_BYTES) +
    ((flags & FLAG_EXPIRATION) === 0 ? 0 : EXPIRATION_BYTES)
  );
}

function writeDestination(view: DataView, at: number, laneId: number, seq: number): void {
  view.setUint32(at, laneId, true);
  view.setUint32(at + 4, seq >>> 0, true);
  view.setUint16(at + 8, Math.floor(seq / TWO_32), true);
}

/** The body size of the record at `position`, without reading the rest. */
export function bodyBytesOf(page: Page, position: number): number {
  return page.view.getUint32(position - page.base + BODY_BYTES, true);
}

// What the store needs to know of a record: its size, how many destinations still hold it, and which.

export function recordBytesAt(page: Page, offset: number): number {
  return page.view.getUint32(offset, true);
}

export function liveCountAt(page: Page, offset: number): number {
  const flags = page.view.getUint8(offset + FLAGS);
  if ((flags & FLAG_COUNTS) !== 0) return page.view.getUint16(offset + LIVE_COUNT, true);
  return (flags & FLAG_SETTLED) === 0 ? 1 : 0;
}

/** One destination less. Returns how many are left. Runs per message. */
export function decrementLiveCount(page: Page, offset: number): number {
  const left = liveCountAt(page, offset) - 1;
  setLiveCount(page, offset, left);
  return left;
}

export function setLiveCount(page: Page, offset: number, count: number): void {
  const flags = page.view.getUint8(offset + FLAGS);
  if ((flags & FLAG_COUNTS) !== 0) page.view.setUint16(offset + LIVE_COUNT, count, true);
  else page.view.setUint8(offset + FLAGS, count === 0 ? flags | FLAG_SETTLED : flags & ~FLAG_SETTLED);
}

export function destinationCountAt(page: Page, offset: number): number {
  const counted = (page.view.getUint8(offset + FLAGS) & FLAG_COUNTS) !== 0;
  return counted ? page.view.getUint16(offset + DESTINATION_COUNT, true) : 1;
}

export function destinationLane(page: Page, offset: number, index: number): number {
  return page.view.getUint32(destinationAt(page, offset, index), true);
}

export function destinationSeq(page: Page, offset: number, index: number): number {
  const at = destinationAt(page, offset, index);
  return page.view.getUint16(at + 8, true) * TWO_32 + page.view.getUint32(at + 4, true);
}

function destinationAt(page: Page, offset: number, index: number): number {
  return offset + destinationsAt(page.view.getUint8(offset + FLAGS)) + index * DESTINATION_BYTES;
}
