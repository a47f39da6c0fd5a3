/**
 * The record of one message, as it lies in a page. Integers are little-endian. Every record, whatever its kind, begins with
 * its size and its kind.
 *
 *      0        4          5         10      12       16
 *     +--------+----------+---------+-------+--------+~~~~~~~~~~+~~~~~~~~~~~~+~~~~~~~~~~~~~~+~~~~~~~~~+~~~~~~~~~~~~+~~~~~~+
 *     | record | kind 0,  | arrival | addr. | body   | destina- | expiration | destinations | address | properties | body |
 *     | bytes  | flags    | ms      | bytes | bytes  | tions    | ms         | u32 lane     |         |            |      |
 *     | u32    | u4, u4   | u40     | u16   | u32    | u16      | u32        | u48 seq each |         |            |      |
 *     +--------+----------+---------+-------+--------+ if sev. ~+ if flagged +~~~~~~~~~~~~~~+~~~~~~~~~+~~~~~~~~~~~~+~~~~~~+
 *
 * - arrival: in core time (Runtime.now): milliseconds since 2020. 40 bits of them are 34 years.
 * - address: exchange and routing key as two shortstr, exactly as basic.publish brought and basic.deliver wants them.
 * - properties: flag word and values, as in the content header. They fill what the other parts leave of the record.
 *
 * A record never changes once it is written: it may be on its way to a disk. Who still holds it is said elsewhere.
 *
 * A 16-byte message with a 7-byte address and a delivery-mode takes 52 bytes; with 8 in the queue's index, a backlog
 * of five million fits in 300 MB.
 */

import { copyBytes } from '../../codec/bytes.ts';
import type { MessageStore, Page } from './message-store.ts';

const KIND_AND_FLAGS = 4;
const ARRIVAL = 5;
const ADDRESS_BYTES = 10;
const BODY_BYTES = 12;
const FIXED_BYTES = 16;
const DESTINATION_COUNT = 16;
const DESTINATION_COUNT_BYTES = 2;
const EXPIRATION_BYTES = 4;
const DESTINATION_BYTES = 10;

/** Delivery-mode 2. */
const FLAG_PERSISTENT = 1;
const FLAG_EXPIRATION = 2;
/** Several destinations: their count is there. */
const FLAG_COUNT = 4;
/** Of a message: its publisher wants to know what becomes of it. Of what the broker keeps under a key (kept-record.ts): always. */
const FLAG_MARKED = 8;

/** The kind of a message record; those of other records are their writers'. */
export const RECORD_MESSAGE = 0;

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
  /** Its publisher wants its outcome to be kept. */
  readonly wantsOutcome: boolean;
}

/** Where a message goes: the lane `id` gives it the number `nextSeq`. */
export interface RecordDestination {
  readonly id: number;
  readonly nextSeq: number;
}

/** Where the parts of one record lie. A scratch object: valid until the next `read`. */
export class MessageRecord {
  bytes: Uint8Array = new Uint8Array(0);
  flags = 0;
  arrivalMs = 0;
  expirationMs: number = NO_EXPIRATION;
  addressStart = 0;
  /** Also the start of the properties. */
  addressEnd = 0;
  /** Also the end of the properties. */
  bodyStart = 0;
  bodyEnd = 0;

  get isPersistent(): boolean {
    return (this.flags & FLAG_PERSISTENT) !== 0;
  }

  get wantsOutcome(): boolean {
    return (this.flags & FLAG_MARKED) !== 0;
  }

  /** Reads the record at `position`. Runs per delivery. */
  read(page: Page, position: number): void {
    const offset = position - page.base;
    const view = page.view;
    const recordBytes = view.getUint32(offset, true);
    const flags = view.getUint8(offset + KIND_AND_FLAGS);
    this.bytes = page.bytes;
    this.flags = flags;
    this.arrivalMs = view.getUint8(offset + ARRIVAL + 4) * TWO_32 + view.getUint32(offset + ARRIVAL, true);
    let at = offset + FIXED_BYTES;
    let destinations = 1;
    if ((flags & FLAG_COUNT) !== 0) {
      destinations = view.getUint16(offset + DESTINATION_COUNT, true);
      at += DESTINATION_COUNT_BYTES;
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
 * advances afterwards. `durable`: it must survive a restart. `nowMs`: the arrival, in core time. Returns the position. Runs
 * per message.
 */
export function appendMessageRecord(
  store: MessageStore,
  publication: RecordSource,
  lanes: readonly RecordDestination[],
  from: number,
  count: number,
  durable: boolean,
  nowMs: number,
): number {
  const addressBytes = publication.addressEnd;
  const propertiesBytes = publication.propertiesEnd;
  const bodyBytes = publication.bodyEnd - publication.bodyStart;
  const flags = flagsOf(publication, count);
  const headBytes = destinationsAt(flags) + count * DESTINATION_BYTES;
  const recordBytes = headBytes + addressBytes + propertiesBytes + bodyBytes;

  const page = store.tail(recordBytes, durable);
  const { bytes, view } = page;
  const offset = page.end;
  view.setUint32(offset, recordBytes, true);
  view.setUint32(offset + ARRIVAL, nowMs >>> 0, true);
  view.setUint8(offset + ARRIVAL + 4, Math.floor(nowMs / TWO_32));
  view.setUint8(offset + KIND_AND_FLAGS, flags);
  view.setUint16(offset + ADDRESS_BYTES, addressBytes, true);
  view.setUint32(offset + BODY_BYTES, bodyBytes, true);
  let at = offset + FIXED_BYTES;
  if ((flags & FLAG_COUNT) !== 0) {
    view.setUint16(offset + DESTINATION_COUNT, count, true);
    at += DESTINATION_COUNT_BYTES;
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
  return store.appended(page, recordBytes, count);
}

function flagsOf(publication: RecordSource, destinations: number): number {
  return (
    (publication.persistent ? FLAG_PERSISTENT : 0) |
    (publication.expirationMs === NO_EXPIRATION ? 0 : FLAG_EXPIRATION) |
    (destinations === 1 ? 0 : FLAG_COUNT) |
    (publication.wantsOutcome ? FLAG_MARKED : 0)
  );
}

/** Where the destinations of a record with these flags begin. */
function destinationsAt(flags: number): number {
  return (
    FIXED_BYTES +
    ((flags & FLAG_COUNT) === 0 ? 0 : DESTINATION_COUNT_BYTES) +
    ((flags & FLAG_EXPIRATION) === 0 ? 0 : EXPIRATION_BYTES)
  );
}

/** The body size of the record at `position`, without reading the rest. */
export function bodyBytesOf(page: Page, position: number): number {
  return page.view.getUint32(position - page.base + BODY_BYTES, true);
}

// What the store and the recovery need to know of a record.

export function recordBytesAt(page: Page, offset: number): number {
  return page.view.getUint32(offset, true);
}

export function recordKindAt(page: Page, offset: number): number {
  return page.view.getUint8(offset + KIND_AND_FLAGS) >>> 4;
}

export function hasExpirationAt(page: Page, offset: number): boolean {
  return (page.view.getUint8(offset + KIND_AND_FLAGS) & FLAG_EXPIRATION) !== 0;
}

/** Whether the publisher of a message wants its outcome; or whether it is a kept record. */
export function isMarkedAt(page: Page, offset: number): boolean {
  return (page.view.getUint8(offset + KIND_AND_FLAGS) & FLAG_MARKED) !== 0;
}

export function isPersistentAt(page: Page, offset: number): boolean {
  return (page.view.getUint8(offset + KIND_AND_FLAGS) & FLAG_PERSISTENT) !== 0;
}

export function destinationCountAt(page: Page, offset: number): number {
  const counted = (page.view.getUint8(offset + KIND_AND_FLAGS) & FLAG_COUNT) !== 0;
  return counted ? page.view.getUint16(offset + DESTINATION_COUNT, true) : 1;
}

export function destinationLane(page: Page, offset: number, index: number): number {
  return page.view.getUint32(destinationAt(page, offset, index), true);
}

export function destinationSeq(page: Page, offset: number, index: number): number {
  return readSeq(page.view, destinationAt(page, offset, index) + 4);
}

function destinationAt(page: Page, offset: number, index: number): number {
  return offset + destinationsAt(page.view.getUint8(offset + KIND_AND_FLAGS)) + index * DESTINATION_BYTES;
}

/**
 * Copies the message record at `offset` of `from` to the end of `to`, which has room for it, with those destinations that
 * `holds` says yes to. Returns how many they are; with none, nothing is to be appended. For cleaning.
 */
export function copyMessageRecord(
  from: Page,
  offset: number,
  to: Page,
  holds: (laneId: number, seq: number) => boolean,
): number {
  const count = destinationCountAt(from, offset);
  const headEnd = destinationAt(from, offset, 0);
  const target = to.end;
  copyBytes(from.bytes, offset, headEnd, to.bytes, target);
  let at = target + headEnd - offset;
  let held = 0;
  for (let index = 0; index < count; index++) {
    const laneId = destinationLane(from, offset, index);
    const seq = destinationSeq(from, offset, index);
    if (!holds(laneId, seq)) continue;
    writeDestination(to.view, at, laneId, seq);
    at += DESTINATION_BYTES;
    held++;
  }
  const end = offset + recordBytesAt(from, offset);
  const restStart = headEnd + count * DESTINATION_BYTES;
  copyBytes(from.bytes, restStart, end, to.bytes, at);
  to.view.setUint32(target, at + end - restStart - target, true);
  if (count > 1) to.view.setUint16(target + DESTINATION_COUNT, held, true);
  return held;
}

function writeDestination(view: DataView, at: number, laneId: number, seq: number): void {
  view.setUint32(at, laneId, true);
  writeSeq(view, at + 4, seq);
}

/** A seq is a u48. */
export function writeSeq(view: DataView, at: number, seq: number): void {
  view.setUint32(at, seq >>> 0, true);
  view.setUint16(at + 4, Math.floor(seq / TWO_32), true);
}

export function readSeq(view: DataView, at: number): number {
  return view.getUint16(at + 4, true) * TWO_32 + view.getUint32(at, true);
}
