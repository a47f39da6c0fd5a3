import {
  FRAME_BODY,
  FRAME_HEADER,
  FRAME_METHOD,
  FrameParser,
  type FrameSink,
} from '../../src/codec/frame.ts';
import { decodeMethod } from '../../src/codec/method-codec.ts';
import type { Method, MethodName } from '../../src/codec/methods.ts';
import {
  type BasicProperties,
  CONTENT_HEADER_BODY_SIZE_AT,
  CONTENT_HEADER_PROPERTIES_AT,
  decodeProperties,
} from '../../src/codec/properties.ts';
import type { Broker } from '../../src/core/broker.ts';
import type { Connection } from '../../src/core/connection/connection.ts';
import type { Transport } from '../../src/core/environment.ts';
import { openingFrames, PROTOCOL_HEADER } from '../fuzz/session-frames.ts';
import { joinBytes, methodFrame } from '../servers/frame-bytes.ts';
import { LOCAL_PEER } from '../servers/recording-transport.ts';

const FRAME_MAX = 131_072;
/** CONNECTION_FORCED: what a broker that stops says. */
const SHUTDOWN = 320;

/** A method from the broker, with its content if it has any. */
export interface Received {
  readonly channel: number;
  readonly method: Method;
  readonly properties: BasicProperties;
  readonly body: Uint8Array;
}

interface ContentUnderWay {
  readonly method: Method;
  properties: BasicProperties;
  body: Uint8Array;
  bodyBytes: number;
}

const CONTENT_METHODS: readonly MethodName[] = ['basic.deliver', 'basic.get-ok', 'basic.return'];
const NO_BYTES = new Uint8Array(0);

/** A client in the memory of the same process that reads everything at once, without promises. */
export class WorkloadClient implements Transport, FrameSink {
  readonly progressMark = 0;
  readonly #connection: Connection;
  readonly #onReceived: (received: Received) => void;
  readonly #parser = new FrameParser(this, 0);
  readonly #contents = new Map<number, ContentUnderWay>();
  #inbox: Received[] = [];
  #isClosed = false;

  constructor(broker: Broker, onReceived: (received: Received) => void) {
    this.#onReceived = onReceived;
    this.#connection = broker.accept(this, LOCAL_PEER);
    this.send(PROTOCOL_HEADER, ...openingFrames(FRAME_MAX));
  }

  get isClosed(): boolean {
    return this.#isClosed;
  }

  send(...frames: readonly Uint8Array[]): void {
    const bytes = joinBytes(frames);
    this.#connection.receive(bytes, 0, bytes.length);
  }

  /** Reads what has come. Not from within `write`: the broker is at work then. */
  read(): void {
    const inbox = this.#inbox;
    this.#inbox = [];
    for (const received of inbox) {
      if (received.method.name === 'connection.close' && received.method.replyCode === SHUTDOWN) this.#end();
      else this.#onReceived(received);
    }
  }

  /** Goes without a word, as a client does that crashes. */
  reset(): void {
    this.#isClosed = true;
    this.#connection.transportClosed('reset');
  }

  // ---- for the broker ----

  write(bytes: Uint8Array, end: number): boolean {
    this.#parser.push(bytes, 0, end);
    return true;
  }

  pause(): void {}

  resume(): void {}

  close(): void {
    this.#isClosed = true;
  }

  // ---- for the parser ----

  onFrame(type: number, channel: number, bytes: Uint8Array, start: number, end: number): void {
    if (type === FRAME_METHOD) this.#onMethod(channel, decodeMethod(bytes, start, end));
    else if (type === FRAME_HEADER) this.#onHeader(channel, bytes, start, end);
    else if (type === FRAME_BODY) this.#onBody(channel, bytes.subarray(start, end));
  }

  #end(): void {
    this.send(methodFrame(0, 'connection.close-ok'));
    this.reset();
  }

  #onMethod(channel: number, method: Method): void {
    if (CONTENT_METHODS.includes(method.name)) {
      this.#contents.set(channel, { method, properties: {}, body: NO_BYTES, bodyBytes: 0 });
    } else {
      this.#inbox.push({ channel, method, properties: {}, body: NO_BYTES });
    }
  }

  #onHeader(channel: number, bytes: Uint8Array, start: number, end: number): void {
    const content = this.#contentOf(channel);
    const view = new DataView(bytes.buffer, bytes.byteOffset + start, end - start);
    content.properties = decodeProperties(bytes, start + CONTENT_HEADER_PROPERTIES_AT, end);
    content.body = new Uint8Array(Number(view.getBigUint64(CONTENT_HEADER_BODY_SIZE_AT)));
    this.#checkComplete(channel, content);
  }

  #onBody(channel: number, piece: Uint8Array): void {
    const content = this.#contentOf(channel);
    content.body.set(piece, content.bodyBytes);
    content.bodyBytes += piece.length;
    this.#checkComplete(channel, content);
  }

  #contentOf(channel: number): ContentUnderWay {
    const content = this.#contents.get(channel);
    if (content === undefined)
      throw new Error(`content on channel ${channel}, where no message was announced`);
    return content;
  }

  #checkComplete(channel: number, { method, properties, body, bodyBytes }: ContentUnderWay): void {
    if (bodyBytes < body.length) return;
    this.#contents.delete(channel);
    this.#inbox.push({ channel, method, properties, body });
  }
}
