/**
 * Frames (AMQP 0-9-1, section 4.2.3).
 *
 *     0        1           3             7                 size + 7   size + 8
 *     +--------+-----------+-------------+-----------------+----------+
 *     |  type  |  channel  |    size     |     payload     | end 0xCE |
 *     |   u8   |    u16    |     u32     |   size octets   |    u8    |
 *     +--------+-----------+-------------+-----------------+----------+
 *
 *     type 1 method     classId u16, methodId u16, arguments       (methods.ts)
 *     type 2 header     class, body size and basic properties      (properties.ts)
 *     type 3 body       a piece of the body
 *     type 8 heartbeat  nothing
 *
 * A stream begins with the protocol header instead: `AMQP` 0 0 9 1. It is no frame, and not for the parser.
 */
import type { ByteWriter } from './byte-writer.ts';
import { copyBytes, readU16, readU32, writeU32 } from './bytes.ts';
import { CodecError } from './errors.ts';
import { FRAME_ERROR } from './reply-codes.ts';

export const FRAME_METHOD = 1;
export const FRAME_HEADER = 2;
export const FRAME_BODY = 3;
export const FRAME_HEARTBEAT = 8;
export const FRAME_END = 0xce;

/** What a frame has beside its payload: the 7 octets in front of it and the end octet. */
export const FRAME_OVERHEAD = 8;
/** Every peer takes a frame of this size, overhead included: frame-max is never negotiated below it. */
export const FRAME_MIN_SIZE = 4096;

const FRAME_PAYLOAD_AT = 7;

/** A carry buffer up to this size is kept for the next cut frame; a larger one is given back. */
const CARRY_KEPT_BYTES_MAX = 4096;
const CARRY_BYTES_MIN = 256;

const NO_BYTES = new Uint8Array(0);

export interface FrameSink {
  /**
   * One whole frame; its payload is `bytes[start, end)`, valid only during the call.
   * Runs per frame. May call `FrameParser.stop()`, must not call `push()`.
   */
  onFrame(type: number, channel: number, bytes: Uint8Array, start: number, end: number): void;
}

/**
 * Cuts a stream of bytes into frames. Whole frames are handed on in place, uncopied; only a frame that is cut at the end
 * of a push is kept, in the carry buffer, until the rest of it comes.
 */
export class FrameParser {
  /** The largest frame accepted, overhead included; 0: no limit. May change at any time, for the frames that follow. */
  frameMax: number;
  readonly #sink: FrameSink;
  #stopped: boolean;
  /** `#carry[0, #carryBytes)` is the beginning of the frame that was cut. */
  #carry: Uint8Array;
  #carryBytes: number;
  /** Frames that the sink was called for, by the pushes that are over. */
  frameCount: number;

  constructor(sink: FrameSink, frameMax: number) {
    this.frameMax = frameMax;
    this.#sink = sink;
    this.#stopped = false;
    this.#carry = NO_BYTES;
    this.#carryBytes = 0;
    this.frameCount = 0;
  }

  /**
   * Takes the next bytes of the stream and calls the sink for each frame that they complete.
   * Throws CodecError 501 for a bad type or size, as soon as a frame's first seven octets are there and before anything
   * of it is buffered, and for a bad end octet. It is stopped then. What the sink throws goes through, and stops it too.
   */
  push(bytes: Uint8Array, start: number, end: number): void {
    if (this.#stopped) return;
    let completed = false;
    try {
      this.#parse(bytes, start, end);
      completed = true;
    } finally {
      if (!completed) this.stop();
    }
  }

  /** Drops everything from now on, also the rest of a push under way. */
  stop(): void {
    this.#stopped = true;
    this.#carry = NO_BYTES;
    this.#carryBytes = 0;
  }

  #parse(bytes: Uint8Array, start: number, end: number): void {
    let at = this.#carryBytes === 0 ? start : this.#completeCarry(bytes, start, end);
    let frames = 0;
    while (!this.#stopped && end - at >= FRAME_PAYLOAD_AT) {
      const payloadEnd = at + this.#frameBytes(bytes, at) - 1;
      if (payloadEnd >= end) break;
      if (bytes[payloadEnd] !== FRAME_END) throw badFrameEnd(bytes, at, payloadEnd);
      this.#sink.onFrame(
        bytes[at] as number,
        readU16(bytes, at + 1),
        bytes,
        at + FRAME_PAYLOAD_AT,
        payloadEnd,
      );
      at = payloadEnd + 1;
      frames++;
    }
    this.frameCount += frames;
    if (!this.#stopped && at < end) this.#addToCarry(bytes, at, end);
  }

  /** The size of the whole frame at `at`, of which seven octets are there. */
  #frameBytes(bytes: Uint8Array, at: number): number {
    const type = bytes[at] as number;
    if (type !== FRAME_METHOD && type !== FRAME_HEADER && type !== FRAME_BODY && type !== FRAME_HEARTBEAT) {
      throw new CodecError(
        FRAME_ERROR,
        `frame type ${type} is unknown: 1 method, 2 header, 3 body or 8 heartbeat`,
      );
    }
    const frameBytes = readU32(bytes, at + 3) + FRAME_OVERHEAD;
    if (frameBytes > this.frameMax && this.frameMax !== 0)
      throw frameTooLarge(type, frameBytes, this.frameMax);
    return frameBytes;
  }

  /** Adds what the cut frame lacks and hands it on when it is whole. Returns the position behind what was used. */
  #completeCarry(bytes: Uint8Array, start: number, end: number): number {
    let at = start;
    if (this.#carryBytes < FRAME_PAYLOAD_AT) {
      at = Math.min(end, start + FRAME_PAYLOAD_AT - this.#carryBytes);
      this.#addToCarry(bytes, start, at);
      if (this.#carryBytes < FRAME_PAYLOAD_AT) return at;
    }
    const frameBytes = this.#frameBytes(this.#carry, 0);
    const next = Math.min(end, at + frameBytes - this.#carryBytes);
    this.#addToCarry(bytes, at, next);
    if (this.#carryBytes === frameBytes) this.#handOnCarry(frameBytes);
    return next;
  }

  #handOnCarry(frameBytes: number): void {
    const carry = this.#carry;
    const payloadEnd = frameBytes - 1;
    if (carry[payloadEnd] !== FRAME_END) throw badFrameEnd(carry, 0, payloadEnd);
    this.#carryBytes = 0;
    this.frameCount++;
    if (carry.length > CARRY_KEPT_BYTES_MAX) this.#carry = NO_BYTES;
    this.#sink.onFrame(carry[0] as number, readU16(carry, 1), carry, FRAME_PAYLOAD_AT, payloadEnd);
  }

  /**
   * The buffer grows with what has really come, not to the size that the frame claims: seven octets must not be able to
   * take frame-max bytes of memory.
   */
  #addToCarry(bytes: Uint8Array, start: number, end: number): void {
    const carryBytes = this.#carryBytes + end - start;
    if (carryBytes > this.#carry.length) {
      const carry = new Uint8Array(Math.max(CARRY_BYTES_MIN, carryBytes * 2));
      copyBytes(this.#carry, 0, this.#carryBytes, carry, 0);
      this.#carry = carry;
    }
    copyBytes(bytes, start, end, this.#carry, this.#carryBytes);
    this.#carryBytes = carryBytes;
  }
}

function frameTooLarge(type: number, frameBytes: number, frameMax: number): CodecError {
  return new CodecError(
    FRAME_ERROR,
    `a frame of type ${type} has ${frameBytes} bytes, frame-max allows ${frameMax}: split the body or negotiate a larger frame-max`,
  );
}

function badFrameEnd(bytes: Uint8Array, at: number, payloadEnd: number): CodecError {
  const type = bytes[at] as number;
  const size = payloadEnd - at - FRAME_PAYLOAD_AT;
  const octet = (bytes[payloadEnd] as number).toString(16).padStart(2, '0');
  return new CodecError(
    FRAME_ERROR,
    `a frame of type ${type} and size ${size} ends with 0x${octet}, not with 0xce`,
  );
}

/** Begins a frame and returns its position, for `endFrame`. */
export function beginFrame(writer: ByteWriter, type: number, channel: number): number {
  const frameAt = writer.position;
  writer.u8(type);
  writer.u16(channel);
  writer.u32(0);
  return frameAt;
}

/** Ends the frame that began at `frameAt`: everything written since is its payload. */
export function endFrame(writer: ByteWriter, frameAt: number): void {
  writeU32(writer.bytes, frameAt + 3, writer.position - frameAt - FRAME_PAYLOAD_AT);
  writer.u8(FRAME_END);
}

export function writeHeartbeatFrame(writer: ByteWriter): void {
  endFrame(writer, beginFrame(writer, FRAME_HEARTBEAT, 0));
}
