/**
 * What the broker keeps under a key until a time: the outcome of a message, a key of a deduplication window. It lies in the
 * message store as a message record (message-record.ts) in a lane of its own, marked as wanting an outcome and not as
 * persistent, which no message in a stream that survives is. Its expiration counts from its arrival; without one it is kept
 * until it is removed. Properties and body are its keeper's. Its address is
 *
 *     u16 bytes of the scope | scope | u16 bytes of the key | key | [ u32 lane, u48 seq: the message that it is about ]
 */
import { copyBytes, decodeUtf8, encodeUtf8 } from '../../codec/bytes.ts';
import {
  isMarkedAt,
  isPersistentAt,
  MessageRecord,
  NO_EXPIRATION,
  type RecordSource,
  readSeq,
  writeSeq,
} from './message-record.ts';
import type { Page } from './message-store.ts';

/** A message in a lane. */
export interface MessageOrigin {
  readonly laneId: number;
  readonly seq: number;
}

/** What a kept record is found by. */
export interface KeptKey {
  readonly scope: string;
  readonly key: string;
  readonly origin: MessageOrigin | undefined;
}

/** What is to be kept. */
export interface KeptContent {
  readonly properties: Uint8Array;
  readonly body: Uint8Array;
}

export interface KeptHead extends KeptKey {
  /** In core time; Infinity: no end. */
  readonly dueMs: number;
}

const ORIGIN_BYTES = 10;
const NOTHING = new Uint8Array(0);
const NO_PROPERTIES = new Uint8Array(2);
export const NO_CONTENT: KeptContent = { properties: NO_PROPERTIES, body: NOTHING };

/** `ttlMs`: Infinity for no end, otherwise a u32. */
export function keptRecord(kept: KeptKey, ttlMs: number, { properties, body }: KeptContent): RecordSource {
  const address = encodeAddress(kept);
  return {
    address,
    addressEnd: address.length,
    propertyBytes: properties,
    propertiesEnd: properties.length,
    body,
    bodyStart: 0,
    bodyEnd: body.length,
    persistent: false,
    expirationMs: ttlMs === Number.POSITIVE_INFINITY ? NO_EXPIRATION : ttlMs,
    wantsOutcome: true,
  };
}

/** Whether the record at `offset`, of a stream that survives, is a kept one. */
export function isKeptAt(page: Page, offset: number): boolean {
  return isMarkedAt(page, offset) && !isPersistentAt(page, offset);
}

const record = new MessageRecord();

/** What the kept record at `position` is found by, and when it ends. */
export function readKept(page: Page, position: number): KeptHead {
  record.read(page, position);
  const { bytes, addressStart, addressEnd, arrivalMs, expirationMs } = record;
  const view = page.view;
  const scopeEnd = addressStart + 2 + view.getUint16(addressStart, true);
  const keyEnd = scopeEnd + 2 + view.getUint16(scopeEnd, true);
  return {
    scope: decodeUtf8(bytes, addressStart + 2, scopeEnd),
    key: decodeUtf8(bytes, scopeEnd + 2, keyEnd),
    origin:
      keyEnd === addressEnd
        ? undefined
        : { laneId: view.getUint32(keyEnd, true), seq: readSeq(view, keyEnd + 4) },
    dueMs: expirationMs === NO_EXPIRATION ? Number.POSITIVE_INFINITY : arrivalMs + expirationMs,
  };
}

function encodeAddress({ scope, key, origin }: KeptKey): Uint8Array {
  const scopeBytes = encodeUtf8(scope);
  const keyBytes = encodeUtf8(key);
  const keyAt = 4 + scopeBytes.length;
  const keyEnd = keyAt + keyBytes.length;
  const address = new Uint8Array(keyEnd + (origin === undefined ? 0 : ORIGIN_BYTES));
  const view = new DataView(address.buffer);
  view.setUint16(0, scopeBytes.length, true);
  copyBytes(scopeBytes, 0, scopeBytes.length, address, 2);
  view.setUint16(keyAt - 2, keyBytes.length, true);
  copyBytes(keyBytes, 0, keyBytes.length, address, keyAt);
  if (origin !== undefined) {
    view.setUint32(keyEnd, origin.laneId, true);
    writeSeq(view, keyEnd + 4, origin.seq);
  }
  return address;
}
