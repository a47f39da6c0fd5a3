import { readU16, readU64 } from '../../src/codec/bytes.ts';
import { FRAME_BODY, FRAME_HEADER, FRAME_METHOD, FrameParser } from '../../src/codec/frame.ts';
import { decodeMethod } from '../../src/codec/method-codec.ts';
import type { Method } from '../../src/codec/methods.ts';

/** A frame, decoded as far as its type allows. */
export type WrittenFrame =
  | { readonly channel: number; readonly method: Method }
  | {
      readonly channel: number;
      readonly classId: number;
      readonly bodyBytes: number;
      readonly properties: readonly number[];
    }
  | { readonly channel: number; readonly body: readonly number[] };

/** What was written, read by the parser that a client has. Throws for a frame larger than `frameMax`, or a part of one. */
export function writtenFrames(bytes: Uint8Array, end: number, frameMax = 0): WrittenFrame[] {
  const frames: WrittenFrame[] = [];
  let read = 0;
  const onFrame = (
    type: number,
    channel: number,
    source: Uint8Array,
    start: number,
    payloadEnd: number,
  ): void => {
    frames.push(decodeFrame(type, channel, source.slice(start, payloadEnd)));
    read += payloadEnd - start + 8;
  };
  new FrameParser({ onFrame }, frameMax).push(bytes, 0, end);
  if (read !== end) throw new Error(`${end} bytes were written, and ${read} of them are whole frames`);
  return frames;
}

function decodeFrame(type: number, channel: number, payload: Uint8Array): WrittenFrame {
  if (type === FRAME_METHOD) return { channel, method: decodeMethod(payload, 0, payload.length) };
  if (type === FRAME_BODY) return { channel, body: [...payload] };
  if (type !== FRAME_HEADER) throw new Error(`frame type ${type} where a message was expected`);
  return {
    channel,
    classId: readU16(payload, 0),
    bodyBytes: readU64(payload, 4),
    properties: [...payload.subarray(12)],
  };
}
