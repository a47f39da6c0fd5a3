/**
 * Content headers and basic properties (AMQP 0-9-1, sections 2.3.5.2 and 4.2.6.1). The payload of a frame of type 2:
 *
 *     0             2            4               12                  14
 *     +-------------+------------+---------------+-------------------+----------------------------------------+
 *     | classId u16 | weight u16 | body size u64 | property flags u16| the values of the flags that are set,  |
 *     |     60      |     0      |               |                   | from the highest flag to the lowest    |
 *     +-------------+------------+---------------+-------------------+----------------------------------------+
 *
 * The functions here begin at the property flags: "the properties" of a message are `bytes[start + 12, end)` of its
 * content header, and are stored and passed on as these bytes. Bit 1 of the flags is reserved; bit 0 would say that more
 * flags follow, which basic properties never need.
 */
import { ByteReader } from './byte-reader.ts';
import { ByteWriter } from './byte-writer.ts';
import { readU16, readU32, writeU16 } from './bytes.ts';
import { CodecError } from './errors.ts';
import { type FieldTable, readTable } from './field-table.ts';
import { checkTable } from './field-table-check.ts';
import { beginFrame, endFrame, FRAME_BODY, FRAME_HEADER, FRAME_MIN_SIZE, FRAME_OVERHEAD } from './frame.ts';
import { BASIC_CLASS_ID } from './methods.ts';
import { SYNTAX_ERROR } from './reply-codes.ts';

/** Where the body size stands in the payload of a content header. */
export const CONTENT_HEADER_BODY_SIZE_AT = 4;
/** Where the property flags stand in the payload of a content header. */
export const CONTENT_HEADER_PROPERTIES_AT = 12;

export interface BasicProperties {
  contentType?: string | undefined;
  contentEncoding?: string | undefined;
  headers?: FieldTable | undefined;
  /** 1 transient, 2 persistent. */
  deliveryMode?: number | undefined;
  /** 0 to 255. */
  priority?: number | undefined;
  correlationId?: string | undefined;
  replyTo?: string | undefined;
  /** Time to live in milliseconds, as decimal digits. */
  expiration?: string | undefined;
  messageId?: string | undefined;
  /** Seconds since 1970. Exact up to 2^53. */
  timestamp?: number | undefined;
  type?: string | undefined;
  userId?: string | undefined;
  appId?: string | undefined;
  clusterId?: string | undefined;
}

/** The bits of the property flags. */
export const PROPERTY_FLAG = {
  CONTENT_TYPE: 0x8000,
  CONTENT_ENCODING: 0x4000,
  HEADERS: 0x2000,
  DELIVERY_MODE: 0x1000,
  PRIORITY: 0x0800,
  CORRELATION_ID: 0x0400,
  REPLY_TO: 0x0200,
  EXPIRATION: 0x0100,
  MESSAGE_ID: 0x0080,
  TIMESTAMP: 0x0040,
  TYPE: 0x0020,
  USER_ID: 0x0010,
  APP_ID: 0x0008,
  CLUSTER_ID: 0x0004,
} as const;

const FLAGS_UNDEFINED = 0x0003;
const FLAGS_OCTET = PROPERTY_FLAG.DELIVERY_MODE | PROPERTY_FLAG.PRIORITY;

/** In the order of the wire. */
const PROPERTIES: ReadonlyArray<{ readonly flag: number; readonly name: keyof BasicProperties }> = [
  { flag: PROPERTY_FLAG.CONTENT_TYPE, name: 'contentType' },
  { flag: PROPERTY_FLAG.CONTENT_ENCODING, name: 'contentEncoding' },
  { flag: PROPERTY_FLAG.HEADERS, name: 'headers' },
  { flag: PROPERTY_FLAG.DELIVERY_MODE, name: 'deliveryMode' },
  { flag: PROPERTY_FLAG.PRIORITY, name: 'priority' },
  { flag: PROPERTY_FLAG.CORRELATION_ID, name: 'correlationId' },
  { flag: PROPERTY_FLAG.REPLY_TO, name: 'replyTo' },
  { flag: PROPERTY_FLAG.EXPIRATION, name: 'expiration' },
  { flag: PROPERTY_FLAG.MESSAGE_ID, name: 'messageId' },
  { flag: PROPERTY_FLAG.TIMESTAMP, name: 'timestamp' },
  { flag: PROPERTY_FLAG.TYPE, name: 'type' },
  { flag: PROPERTY_FLAG.USER_ID, name: 'userId' },
  { flag: PROPERTY_FLAG.APP_ID, name: 'appId' },
  { flag: PROPERTY_FLAG.CLUSTER_ID, name: 'clusterId' },
];

type PropertyValue = NonNullable<BasicProperties[keyof BasicProperties]>;

/**
 * The properties in `bytes[start, end)`, of which nothing is kept. The number of headers is not limited here but in
 * `checkProperties`, when they come from a client: what the broker adds later (x-death) may go beyond it.
 * A property that is not there has no key. CodecError 502.
 */
export function decodeProperties(bytes: Uint8Array, start: number, end: number): BasicProperties {
  const reader = new ByteReader(bytes, start, end);
  const flags = checkedFlags(reader.u16());
  const properties: Partial<Record<keyof BasicProperties, PropertyValue>> = {};
  for (const { flag, name } of PROPERTIES) {
    if ((flags & flag) !== 0) properties[name] = readProperty(reader, flag);
  }
  checkAllRead(reader.position, end);
  // `readProperty` and the interface agree on the type of each property.
  return properties as BasicProperties;
}

function readProperty(reader: ByteReader, flag: number): PropertyValue {
  if ((flag & FLAGS_OCTET) !== 0) return reader.u8();
  if (flag === PROPERTY_FLAG.HEADERS) return readTable(reader, Number.POSITIVE_INFINITY);
  if (flag === PROPERTY_FLAG.TIMESTAMP) return reader.u64();
  return reader.shortstr();
}

/**
 * Makes sure that `decodeProperties` of `bytes[start, end)` would succeed, headers included, and allocates nothing.
 * CodecError 502. Runs per message.
 */
export function checkProperties(bytes: Uint8Array, start: number, end: number): void {
  checkAllRead(walk(bytes, start, end, 0), end);
  const headersAt = propertyOffset(bytes, start, end, PROPERTY_FLAG.HEADERS);
  if (headersAt >= 0) checkTable(bytes, headersAt, end);
}

/**
 * The offset of one property's value (for a string or table: of its length), or -1 when the message does not have it.
 * The ones before it are walked over without decoding. CodecError 502 when it or one of them is cut short.
 */
export function propertyOffset(bytes: Uint8Array, start: number, end: number, flag: number): number {
  if (end - start < 2) throw flagsCutShort(end - start);
  if ((readU16(bytes, start) & flag) === 0) return -1;
  const at = walk(bytes, start, end, flag);
  propertyEnd(bytes, at, end, flag);
  return at;
}

/** The offset behind all properties whose flags are higher than `flag`: one step per property that is there. */
function walk(bytes: Uint8Array, start: number, end: number, flag: number): number {
  if (end - start < 2) throw flagsCutShort(end - start);
  let at = start + 2;
  let flags = checkedFlags(readU16(bytes, start));
  while (flags > flag) {
    const highest = 1 << (31 - Math.clz32(flags));
    if (highest === flag) break;
    at = propertyEnd(bytes, at, end, highest);
    flags ^= highest;
  }
  return at;
}

/** A length that is itself cut short reads as anything or 0: the value then ends behind `end` in any case. */
function propertyEnd(bytes: Uint8Array, at: number, end: number, flag: number): number {
  let next = at + 1;
  if (flag === PROPERTY_FLAG.HEADERS) next = at + 4 + readU32(bytes, at);
  else if (flag === PROPERTY_FLAG.TIMESTAMP) next = at + 8;
  else if ((flag & FLAGS_OCTET) === 0 && at < end) next = at + 1 + (bytes[at] as number);
  if (next > end) throw cutShort(flag);
  return next;
}

function checkedFlags(flags: number): number {
  if ((flags & FLAGS_UNDEFINED) !== 0) {
    throw new CodecError(
      SYNTAX_ERROR,
      `property flags 0x${flags.toString(16).padStart(4, '0')} have bit 0 or 1 set: basic properties use bits 2 to 15`,
    );
  }
  return flags;
}

function checkAllRead(position: number, end: number): void {
  if (position !== end) {
    throw new CodecError(
      SYNTAX_ERROR,
      `${end - position} bytes follow the last property of a content header: none may`,
    );
  }
}

function flagsCutShort(bytes: number): CodecError {
  return new CodecError(
    SYNTAX_ERROR,
    `the property flags of a content header are cut short: ${bytes} of 2 bytes`,
  );
}

function cutShort(flag: number): CodecError {
  const name = PROPERTIES.find((property) => property.flag === flag)?.name;
  return new CodecError(SYNTAX_ERROR, `the property ${name} of a content header is cut short`);
}

/** Writes flags and values. Throws CodecError 502 when a string takes more than 255 bytes. */
export function writeProperties(writer: ByteWriter, properties: BasicProperties): void {
  const flagsAt = writer.position;
  writer.u16(0);
  let flags = 0;
  for (const { flag, name } of PROPERTIES) {
    const value = properties[name];
    if (value === undefined) continue;
    flags |= flag;
    writeProperty(writer, flag, value);
  }
  writeU16(writer.bytes, flagsAt, flags);
}

function writeProperty(writer: ByteWriter, flag: number, value: PropertyValue): void {
  if ((flag & FLAGS_OCTET) !== 0) writer.u8(value as number);
  else if (flag === PROPERTY_FLAG.HEADERS) writer.table(value as FieldTable);
  else if (flag === PROPERTY_FLAG.TIMESTAMP) writer.u64(value as number);
  else writer.shortstr(value as string);
}

export function encodeProperties(properties: BasicProperties): Uint8Array {
  const writer = new ByteWriter();
  writeProperties(writer, properties);
  return writer.toBytes();
}

/** Writes a whole content header frame, or nothing: CodecError 502 when a string takes more than 255 bytes. */
export function writeContentHeaderFrame(
  writer: ByteWriter,
  channel: number,
  bodyBytes: number,
  properties: BasicProperties,
): void {
  const frameAt = beginFrame(writer, FRAME_HEADER, channel);
  try {
    writer.u16(BASIC_CLASS_ID);
    writer.u16(0);
    writer.u64(bodyBytes);
    writeProperties(writer, properties);
    endFrame(writer, frameAt);
  } catch (error) {
    writer.position = frameAt;
    throw error;
  }
}

/**
 * Writes `body` as body frames of at most `frameMax` bytes, overhead included (0: no limit). An empty body has none.
 * Throws RangeError when nothing of a body would fit into such a frame.
 */
export function writeContentFrames(
  writer: ByteWriter,
  channel: number,
  frameMax: number,
  body: Uint8Array,
): void {
  if (frameMax !== 0 && frameMax <= FRAME_OVERHEAD) {
    throw new RangeError(`frame-max is ${frameMax}: at least ${FRAME_MIN_SIZE}, or 0 for no limit`);
  }
  const pieceBytes = frameMax === 0 ? body.length : frameMax - FRAME_OVERHEAD;
  for (let start = 0; start < body.length; start += pieceBytes) {
    const frameAt = beginFrame(writer, FRAME_BODY, channel);
    writer.raw(body, start, Math.min(body.length, start + pieceBytes));
    endFrame(writer, frameAt);
  }
}
