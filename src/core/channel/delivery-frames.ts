/**
 * The frames of a message on its way to a client: method, content header and body, written from the parts of a record as
 * they lie there. This is the hottest code beside the parser: plain loops over offsets, and nothing is decoded.
 *
 *     method  | 1 | channel | size | basic.deliver | consumer-tag | delivery-tag | redelivered | address | CE |
 *     header  | 2 | channel | size | 60 | 0 | body size | properties | CE |
 *     body    | 3 | channel | size | body, at most frame-max - 8 octets | CE |     as often as it takes
 */

import type { ByteWriter } from '../../codec/byte-writer.ts';
import { copyBytes, writeU16, writeU32, writeU64 } from '../../codec/bytes.ts';
import { FRAME_BODY, FRAME_END, FRAME_HEADER, FRAME_METHOD, FRAME_OVERHEAD } from '../../codec/frame.ts';
import { BASIC_CLASS_ID, BASIC_DELIVER, BASIC_GET_OK, BASIC_RETURN } from '../../codec/methods.ts';
import type { MessageParts } from '../message/message-parts.ts';

/** What the fixed parts of the frames need beside the variable ones; more than enough for any of the methods. */
const FIXED_BYTES_MAX = 64;

/** Runs per delivery. */
export function writeDeliver(
  writer: ByteWriter,
  channel: number,
  consumerTag: Uint8Array,
  deliveryTag: number,
  redelivered: boolean,
  parts: MessageParts,
  frameMax: number,
): void {
  const addressBytes = parts.addressEnd - parts.addressStart;
  writer.reserve(FIXED_BYTES_MAX + consumerTag.length + contentBytes(parts, frameMax));
  const { bytes } = writer;
  let at = writer.position;
  bytes[at] = FRAME_METHOD;
  writeU16(bytes, at + 1, channel);
  writeU32(bytes, at + 3, 13 + consumerTag.length + addressBytes);
  writeU32(bytes, at + 7, BASIC_DELIVER);
  at += 11;
  copyBytes(consumerTag, 0, consumerTag.length, bytes, at);
  at += consumerTag.length;
  writeU64(bytes, at, deliveryTag);
  bytes[at + 8] = redelivered ? 1 : 0;
  at += 9;
  copyBytes(parts.bytes, parts.addressStart, parts.addressEnd, bytes, at);
  at += addressBytes;
  bytes[at] = FRAME_END;
  writer.position = writeContent(bytes, at + 1, channel, parts, frameMax);
}

export function writeGetOk(
  writer: ByteWriter,
  channel: number,
  deliveryTag: number,
  redelivered: boolean,
  messageCount: number,
  parts: MessageParts,
  frameMax: number,
): void {
  writer.reserve(FIXED_BYTES_MAX + contentBytes(parts, frameMax));
  const { bytes } = writer;
  const frameAt = writer.position;
  let at = beginMethod(bytes, frameAt, channel, BASIC_GET_OK);
  writeU64(bytes, at, deliveryTag);
  bytes[at + 8] = redelivered ? 1 : 0;
  at += 9;
  copyBytes(parts.bytes, parts.addressStart, parts.addressEnd, bytes, at);
  at += parts.addressEnd - parts.addressStart;
  writeU32(bytes, at, messageCount);
  at = endMethod(bytes, frameAt, at + 4);
  writer.position = writeContent(bytes, at, channel, parts, frameMax);
}

/** `replyText` is a shortstr. */
export function writeReturn(
  writer: ByteWriter,
  channel: number,
  replyCode: number,
  replyText: Uint8Array,
  parts: MessageParts,
  frameMax: number,
): void {
  writer.reserve(FIXED_BYTES_MAX + replyText.length + contentBytes(parts, frameMax));
  const { bytes } = writer;
  const frameAt = writer.position;
  let at = beginMethod(bytes, frameAt, channel, BASIC_RETURN);
  writeU16(bytes, at, replyCode);
  at += 2;
  copyBytes(replyText, 0, replyText.length, bytes, at);
  at += replyText.length;
  copyBytes(parts.bytes, parts.addressStart, parts.addressEnd, bytes, at);
  at += parts.addressEnd - parts.addressStart;
  at = endMethod(bytes, frameAt, at);
  writer.position = writeContent(bytes, at, channel, parts, frameMax);
}

function beginMethod(bytes: Uint8Array, at: number, channel: number, key: number): number {
  bytes[at] = FRAME_METHOD;
  writeU16(bytes, at + 1, channel);
  writeU32(bytes, at + 7, key);
  return at + 11;
}

function endMethod(bytes: Uint8Array, frameAt: number, at: number): number {
  writeU32(bytes, frameAt + 3, at - frameAt - 7);
  bytes[at] = FRAME_END;
  return at + 1;
}

/** Room for everything variable: address, properties, and the body with the overhead of its frames. */
function contentBytes(parts: MessageParts, frameMax: number): number {
  const bodyBytes = parts.bodyEnd - parts.bodyStart;
  const frames = Math.ceil(bodyBytes / (frameMax - FRAME_OVERHEAD));
  return parts.bodyEnd - parts.addressStart + frames * FRAME_OVERHEAD;
}

function writeContent(
  bytes: Uint8Array,
  start: number,
  channel: number,
  parts: MessageParts,
  frameMax: number,
): number {
  const { addressEnd, bodyStart, bodyEnd } = parts;
  const source = parts.bytes;
  const propertiesBytes = bodyStart - addressEnd;
  let at = start;
  bytes[at] = FRAME_HEADER;
  writeU16(bytes, at + 1, channel);
  writeU32(bytes, at + 3, 12 + propertiesBytes);
  writeU16(bytes, at + 7, BASIC_CLASS_ID);
  writeU16(bytes, at + 9, 0);
  writeU64(bytes, at + 11, bodyEnd - bodyStart);
  at += 19;
  copyBytes(source, addressEnd, bodyStart, bytes, at);
  at += propertiesBytes;
  bytes[at] = FRAME_END;
  at++;
  for (let from = bodyStart; from < bodyEnd; ) {
    const to = Math.min(bodyEnd, from + frameMax - FRAME_OVERHEAD);
    bytes[at] = FRAME_BODY;
    writeU16(bytes, at + 1, channel);
    writeU32(bytes, at + 3, to - from);
    at += 7;
    copyBytes(source, from, to, bytes, at);
    at += to - from;
    bytes[at] = FRAME_END;
    at++;
    from = to;
  }
  return at;
}
