import { ByteWriter } from '../../src/codec/byte-writer.ts';
import { FRAME_OVERHEAD } from '../../src/codec/frame.ts';
import { writeMethodFrame } from '../../src/codec/method-codec.ts';
import type { MethodName } from '../../src/codec/methods.ts';
import {
  type BasicProperties,
  writeContentFrames,
  writeContentHeaderFrame,
} from '../../src/codec/properties.ts';
import { fullArguments, type LooseArguments } from './raw-client.ts';

/* Frames as bytes, for tests that take them apart before they send them. */

/** A method frame; arguments that are left out are false, 0, '' or empty. */
export function methodFrame<N extends MethodName>(
  channel: number,
  name: N,
  args: LooseArguments<N> = {},
): Uint8Array {
  const writer = new ByteWriter(256);
  writeMethodFrame(writer, channel, name, fullArguments(name, args));
  return writer.toBytes();
}

export function headerFrame(
  channel: number,
  bodyBytes: number,
  properties: BasicProperties = {},
): Uint8Array {
  const writer = new ByteWriter(256);
  writeContentHeaderFrame(writer, channel, bodyBytes, properties);
  return writer.toBytes();
}

/** One body frame with all of `body`. */
export function bodyFrame(channel: number, body: Uint8Array): Uint8Array {
  const writer = new ByteWriter(body.length + FRAME_OVERHEAD);
  writeContentFrames(writer, channel, 0, body);
  return writer.toBytes();
}

/** basic.publish with its content header and body, as one frame each. */
export function publishFrames(
  channel: number,
  args: LooseArguments<'basic.publish'>,
  properties: BasicProperties = {},
  body: Uint8Array = new Uint8Array(0),
): Uint8Array[] {
  const frames = [methodFrame(channel, 'basic.publish', args), headerFrame(channel, body.length, properties)];
  return body.length === 0 ? frames : [...frames, bodyFrame(channel, body)];
}

/** What stands between a frame's first seven bytes and its end octet. */
export function payloadOf(frame: Uint8Array): Uint8Array {
  return frame.slice(7, frame.length - 1);
}

/** A frame of any type with any payload, its size and end octet right. */
export function frameOf(type: number, channel: number, payload: Uint8Array): Uint8Array {
  const frame = new Uint8Array(payload.length + FRAME_OVERHEAD);
  const view = new DataView(frame.buffer);
  view.setUint8(0, type);
  view.setUint16(1, channel);
  view.setUint32(3, payload.length);
  frame.set(payload, 7);
  frame[frame.length - 1] = 0xce;
  return frame;
}

export function joinBytes(pieces: readonly Uint8Array[]): Uint8Array {
  const joined = new Uint8Array(pieces.reduce((total, { length }) => total + length, 0));
  let at = 0;
  for (const piece of pieces) {
    joined.set(piece, at);
    at += piece.length;
  }
  return joined;
}
