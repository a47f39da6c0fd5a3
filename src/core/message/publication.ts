/**
 * A message on its way into queues: from basic.publish, a dead-letter exchange or the embedded API. A channel has one
 * and uses it again for each message, so nothing here may be kept after the message was routed; `copy` is for that.
 * What repeats from message to message (address, properties) is compared as bytes and not decoded again.
 */

import { ByteWriter } from '../../codec/byte-writer.ts';
import { copyBytes, copyOf, decodeShortstr, decodeUtf8, encodeUtf8, sameBytes } from '../../codec/bytes.ts';
import type { FieldTable } from '../../codec/field-table.ts';
import {
  type BasicProperties,
  checkProperties,
  decodeProperties,
  encodeProperties,
  PROPERTY_FLAG,
  propertyOffset,
} from '../../codec/properties.ts';
import { assertOutcomeTtl, outcomeTtlOf } from '../arguments/outcome-ttl.ts';
import { preconditionFailed } from '../failures.ts';
import type { RoutedMessage } from '../routing/router.ts';
import { type MessageRecord, NO_EXPIRATION } from './message-record.ts';

const CC: Uint8Array = encodeUtf8('CC');
const BCC: Uint8Array = encodeUtf8('BCC');
const DELIVER_AT: Uint8Array = encodeUtf8('x-deliver-at');
const OUTCOME_TTL: Uint8Array = encodeUtf8('x-outcome-ttl');
const MENTIONS_REDIRECTION = 1;
const MENTIONS_OUTCOME = 2;
const NOTHING: Uint8Array = new Uint8Array(0);
const PERSISTENT = 2;
/** An expiration is a u32 of milliseconds, 49 days, as in RabbitMQ. */
const EXPIRATION_MS_MAX = 2 ** 32 - 1;

export class Publication implements RoutedMessage {
  exchange = '';
  routingKey = '';
  /** Exchange and routing key as two shortstr: `address[0, addressEnd)`. */
  address: Uint8Array = new Uint8Array(64);
  addressEnd = 0;
  /** Property flags and values: `propertyBytes[0, propertiesEnd)`. */
  propertyBytes: Uint8Array = new Uint8Array(64);
  propertiesEnd = 0;
  /** The flags word: which properties are there. */
  propertyFlags = 0;
  /** Belongs to whoever set it; valid until the message is routed. */
  body: Uint8Array = NOTHING;
  bodyStart = 0;
  bodyEnd = 0;
  persistent = false;
  priority = 0;
  expirationMs: number = NO_EXPIRATION;
  /** Headers may change its way: CC, BCC and x-deliver-at. True now and then without need, never false in need. */
  mayBeRedirected = false;
  /** Header x-outcome-ttl asks for the outcome, and there is a message-id to find it by. */
  wantsOutcome = false;
  /** Never taken for a repetition: a dead letter, or one that is moved, which would be lost. */
  mayRepeat = false;
  #decoded: BasicProperties | undefined;

  static of(
    exchange: string,
    routingKey: string,
    properties: BasicProperties,
    body: Uint8Array,
  ): Publication {
    const publication = new Publication();
    const writer = new ByteWriter();
    writer.shortstr(exchange);
    writer.shortstr(routingKey);
    publication.setAddress(writer.bytes, 0, writer.position);
    publication.replaceProperties(properties);
    publication.setBody(body, 0, body.length);
    return publication;
  }

  /** The message of a record, with bytes of its own. */
  static fromRecord(record: MessageRecord): Publication {
    const publication = new Publication();
    publication.setAddress(record.bytes, record.addressStart, record.addressEnd);
    publication.#takeProperties(record.bytes, record.addressEnd, record.bodyStart);
    const body = record.bytes.slice(record.bodyStart, record.bodyEnd);
    publication.setBody(body, 0, body.length);
    return publication;
  }

  /** Whether the address is `bytes[start, end)`. Runs per message. */
  hasAddress(bytes: Uint8Array, start: number, end: number): boolean {
    return sameBytes(this.address, this.addressEnd, bytes, start, end);
  }

  /** Takes over `bytes[start, end)`, two shortstr. */
  setAddress(bytes: Uint8Array, start: number, end: number): void {
    if (end - start > this.address.length) this.address = new Uint8Array(end - start);
    copyBytes(bytes, start, end, this.address, 0);
    this.addressEnd = end - start;
    const exchangeEnd = start + 1 + (bytes[start] as number);
    this.exchange = decodeShortstr(bytes, start + 1, exchangeEnd);
    this.routingKey = decodeShortstr(bytes, exchangeEnd + 1, end);
  }

  /**
   * Takes over the properties `bytes[start, end)` of a content header. Runs per message: most messages of a channel
   * have the same ones, so they are compared before anything is decoded.
   * Throws CodecError 502 for properties that are no properties, ChannelError 406 for an expiration that is no number.
   */
  setProperties(bytes: Uint8Array, start: number, end: number): void {
    const known =
      this.propertiesEnd > 0 && sameBytes(this.propertyBytes, this.propertiesEnd, bytes, start, end);
    if (known) return;
    checkProperties(bytes, start, end);
    this.#takeProperties(bytes, start, end);
  }

  /**
   * Takes over properties that were checked before, or that the broker made itself: what it adds to the headers (x-death)
   * may make them larger than a client's may be.
   */
  #takeProperties(bytes: Uint8Array, start: number, end: number): void {
    // Before anything changes: properties that are refused must not be taken for known ones when they come again.
    const expirationMs = expirationOf(bytes, start, end);
    const flags = ((bytes[start] as number) << 8) | (bytes[start + 1] as number);
    const mentioned = (flags & PROPERTY_FLAG.HEADERS) === 0 ? 0 : headersMentioned(bytes, start, end);
    const wantsOutcome = (mentioned & MENTIONS_OUTCOME) !== 0 && asksForOutcome(bytes, start, end);
    const length = end - start;
    if (length > this.propertyBytes.length) this.propertyBytes = new Uint8Array(length * 2);
    copyBytes(bytes, start, end, this.propertyBytes, 0);
    this.propertiesEnd = length;
    this.propertyFlags = flags;
    this.#decoded = undefined;
    this.persistent = this.#octet(PROPERTY_FLAG.DELIVERY_MODE) === PERSISTENT;
    this.priority = this.#octet(PROPERTY_FLAG.PRIORITY);
    this.expirationMs = expirationMs;
    this.mayBeRedirected = (mentioned & MENTIONS_REDIRECTION) !== 0;
    this.wantsOutcome = wantsOutcome && this.has(PROPERTY_FLAG.MESSAGE_ID);
  }

  setBody(bytes: Uint8Array, start: number, end: number): void {
    this.body = bytes;
    this.bodyStart = start;
    this.bodyEnd = end;
  }

  /** Puts other properties in place of the ones that came. */
  replaceProperties(properties: BasicProperties): void {
    const encoded = encodeProperties(properties);
    this.#takeProperties(encoded, 0, encoded.length);
  }

  /** The same message with bytes of its own, to be kept. */
  copy(): Publication {
    const copy = new Publication();
    copy.setAddress(this.address, 0, this.addressEnd);
    copy.#takeProperties(this.propertyBytes, 0, this.propertiesEnd);
    copy.setBody(copyOf(this.body, this.bodyStart, this.bodyEnd), 0, this.bodyEnd - this.bodyStart);
    return copy;
  }

  has(propertyFlag: number): boolean {
    return (this.propertyFlags & propertyFlag) !== 0;
  }

  properties(): BasicProperties {
    this.#decoded ??= decodeProperties(this.propertyBytes, 0, this.propertiesEnd);
    return this.#decoded;
  }

  headers(): FieldTable | undefined {
    return this.has(PROPERTY_FLAG.HEADERS) ? this.properties().headers : undefined;
  }

  #octet(propertyFlag: number): number {
    const at = propertyOffset(this.propertyBytes, 0, this.propertiesEnd, propertyFlag);
    return at < 0 ? 0 : (this.propertyBytes[at] as number);
  }
}

/** Looks for the names in the raw bytes: decoding the table would take ten times as long. True now and then without need. */
function headersMentioned(bytes: Uint8Array, start: number, end: number): number {
  let mentioned = 0;
  for (let at = start; at < end; at++) {
    const length = bytes[at];
    if (length === 2 && beginsWith(bytes, at + 1, CC)) mentioned |= MENTIONS_REDIRECTION;
    else if (length === 3 && beginsWith(bytes, at + 1, BCC)) mentioned |= MENTIONS_REDIRECTION;
    else if (length === 12 && beginsWith(bytes, at + 1, DELIVER_AT)) mentioned |= MENTIONS_REDIRECTION;
    else if (length === 13 && beginsWith(bytes, at + 1, OUTCOME_TTL)) mentioned |= MENTIONS_OUTCOME;
  }
  return mentioned;
}

function beginsWith(bytes: Uint8Array, at: number, prefix: Uint8Array): boolean {
  for (let index = 0; index < prefix.length; index++) {
    if (bytes[at + index] !== prefix[index]) return false;
  }
  return true;
}

/** 406 for an x-outcome-ttl that is no number of milliseconds. */
function asksForOutcome(bytes: Uint8Array, start: number, end: number): boolean {
  const { headers } = decodeProperties(bytes, start, end);
  assertOutcomeTtl(headers);
  return (outcomeTtlOf(headers) ?? 0) > 0;
}

/** The expiration in milliseconds, or NO_EXPIRATION; 406 when it is no number. */
function expirationOf(bytes: Uint8Array, start: number, end: number): number {
  const at = propertyOffset(bytes, start, end, PROPERTY_FLAG.EXPIRATION);
  if (at < 0) return NO_EXPIRATION;
  const text = decodeUtf8(bytes, at + 1, at + 1 + (bytes[at] as number));
  const milliseconds = /^\d{1,10}$/.test(text) ? Number(text) : EXPIRATION_MS_MAX + 1;
  if (milliseconds <= EXPIRATION_MS_MAX) return milliseconds;
  throw preconditionFailed(
    `invalid expiration '${text}': it must be a whole number of milliseconds as a string, '0' to '${EXPIRATION_MS_MAX}'`,
  );
}
