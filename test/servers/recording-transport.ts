import {
  FRAME_BODY,
  FRAME_HEADER,
  FRAME_METHOD,
  FrameParser,
  type FrameSink,
} from '../../src/codec/frame.ts';
import { decodeMethod } from '../../src/codec/method-codec.ts';
import type { MethodName } from '../../src/codec/methods.ts';
import { decodeProperties } from '../../src/codec/properties.ts';
import type { Peer, Transport } from '../../src/core/environment.ts';

/** A peer on this machine. */
export const LOCAL_PEER: Peer = {
  remoteAddress: '127.0.0.1',
  remotePort: 40_000,
  localAddress: '127.0.0.1',
  localPort: 5672,
  loopback: true,
};

/** What is still to come of a message on one channel. */
interface ContentUnderWay {
  headerSeen: boolean;
  bytesLeft: number;
}

const CONTENT_METHODS: readonly MethodName[] = ['basic.deliver', 'basic.get-ok', 'basic.return'];

/**
 * The client's end of a stream that exists in memory only. It reads everything at once, remembers the names of the methods,
 * and throws for bytes that no broker may send: what is no frame, a frame larger than `frameMax`, a method that cannot be
 * decoded, content that does not match its header.
 */
export class RecordingTransport implements Transport, FrameSink {
  readonly methods: MethodName[] = [];
  /** Channels that the broker has closed, for a test that wants to answer. */
  readonly closedChannels: number[] = [];
  /** The bytes before the first frame: the answer to a wrong protocol header. */
  protocolAnswer: Uint8Array | undefined;
  paused = false;
  closed = false;
  /** Says that it took nothing yet: the broker has to wait for `Connection.drained()`. */
  congested = false;
  /** For the test to change: a congested client has read something. */
  progressMark = 0;
  /** The largest frame that the broker may send; 0: any. */
  frameMax = 0;
  readonly #parser = new FrameParser(this, 0);
  readonly #contents = new Map<number, ContentUnderWay>();

  write(bytes: Uint8Array, end: number): boolean {
    if (this.closed) throw new Error(`${end} bytes were written after close()`);
    if (this.methods.length === 0 && bytes[0] === 0x41) this.protocolAnswer = bytes.slice(0, end);
    else this.#parser.push(bytes, 0, end);
    return !this.congested;
  }

  pause(): void {
    this.paused = true;
  }

  resume(): void {
    this.paused = false;
  }

  close(): void {
    this.closed = true;
  }

  onFrame(type: number, channel: number, bytes: Uint8Array, start: number, end: number): void {
    if (this.frameMax !== 0 && end - start + 8 > this.frameMax)
      throw new Error(`the broker sent a frame of ${end - start + 8} bytes, frame_max is ${this.frameMax}`);
    if (type === FRAME_METHOD) this.#onMethod(channel, bytes, start, end);
    else if (type === FRAME_HEADER) this.#onHeader(channel, bytes, start, end);
    else if (type === FRAME_BODY) this.#onBody(channel, end - start);
    else if (channel !== 0 || end !== start) throw new Error(`the broker sent a bad heartbeat`);
  }

  #onMethod(channel: number, bytes: Uint8Array, start: number, end: number): void {
    if (this.#contents.has(channel))
      throw new Error(`a method in the middle of content on channel ${channel}`);
    const { name } = decodeMethod(bytes, start, end);
    this.methods.push(name);
    if (name === 'channel.close') this.closedChannels.push(channel);
    if (CONTENT_METHODS.includes(name)) this.#contents.set(channel, { headerSeen: false, bytesLeft: 0 });
  }

  #onHeader(channel: number, bytes: Uint8Array, start: number, end: number): void {
    const content = this.#contents.get(channel);
    if (content === undefined || content.headerSeen) throw new Error(`a stray header on channel ${channel}`);
    decodeProperties(bytes, start + 12, end);
    const view = new DataView(bytes.buffer, bytes.byteOffset + start, end - start);
    content.headerSeen = true;
    content.bytesLeft = Number(view.getBigUint64(4));
    if (content.bytesLeft === 0) this.#contents.delete(channel);
  }

  #onBody(channel: number, bodyBytes: number): void {
    const content = this.#contents.get(channel);
    if (content?.headerSeen !== true || bodyBytes > content.bytesLeft)
      throw new Error(`a stray body frame of ${bodyBytes} bytes on channel ${channel}`);
    content.bytesLeft -= bodyBytes;
    if (content.bytesLeft === 0) this.#contents.delete(channel);
  }
}
