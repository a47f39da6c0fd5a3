import { ByteWriter } from '../codec/byte-writer.ts';
import type { Transport } from './environment.ts';

/** What is written to a connection in a turn is handed to its transport in pieces of about this size. */
const FLUSH_BYTES = 64 * 1024;
/** Room beyond FLUSH_BYTES, so that the frame that passes it mostly needs no larger buffer. */
const BUFFER_BYTES = FLUSH_BYTES + 16 * 1024;
const SPARE_BUFFERS_MAX = 64;
/** Answers, or direct replies, that may wait for a client that does not read. */
const UNREAD_BYTES_MAX = 1024 * 1024;
const NO_BYTES: Uint8Array = new Uint8Array(0);

/** Output buffers that no connection uses just now: an idle connection holds none. */
const spareBuffers: Uint8Array[] = [];

/**
 * The outgoing side of a connection: frames are gathered in one buffer and leave together at the end of the turn.
 *
 *     empty --writer()--> filling --flush(): transport took it--> empty
 *                                 --flush(): it did not---------> congested --drained()--> empty
 */
export class Output {
  /** The transport has not sent everything yet: no more deliveries until it has. */
  congested = false;
  /** Bytes of answers that were handed to the transport while it was congested; deliveries stop by themselves. */
  unreadAnswerBytes = 0;
  /** Bytes of direct replies, likewise. */
  unreadReplyBytes = 0;
  /** Counts how often the buffer was handed over: what was written before is then no longer in it. */
  passes = 0;
  sentBytes = 0;
  /** Frames, but for the content of messages. */
  sentMethods = 0;
  /** The content of messages: a header and a body each. */
  sentContents = 0;
  /** Anything was sent since `takeIdle` was asked last. */
  #sentSomething = false;
  /** Bytes in the buffer that are deliveries. */
  #deliveryBytes = 0;
  readonly #writer = new ByteWriter(0);
  readonly #transport: Transport;
  readonly #onFilling: () => void;

  /** `onFilling` is called when the first byte of a turn is about to be written. */
  constructor(transport: Transport, onFilling: () => void) {
    this.#transport = transport;
    this.#onFilling = onFilling;
  }

  /** Where to write frames. Valid until the next call of this class. Runs per frame. */
  writer(): ByteWriter {
    const writer = this.#writer;
    this.sentMethods++;
    if (writer.bytes.length === 0) {
      writer.bytes = spareBuffers.pop() ?? new Uint8Array(BUFFER_BYTES);
      this.#onFilling();
    } else if (writer.position >= FLUSH_BYTES) {
      this.#send();
    }
    return writer;
  }

  /** The last `byteCount` bytes that were written are a delivery. Runs per delivery. */
  addDelivery(byteCount: number): void {
    this.#deliveryBytes += byteCount;
    this.sentContents++;
  }

  /** The last `byteCount` bytes that were written are a direct reply. */
  addReply(byteCount: number): void {
    this.#deliveryBytes += byteCount;
    this.sentContents++;
    if (this.congested) this.unreadReplyBytes += byteCount;
  }

  /** Whether so many answers wait that the client must read before it is listened to again. Runs per frame. */
  get answersAreUnread(): boolean {
    return this.unreadAnswerBytes > UNREAD_BYTES_MAX;
  }

  /** Whether there is no room for one more direct reply. */
  get repliesAreUnread(): boolean {
    return this.unreadReplyBytes > UNREAD_BYTES_MAX;
  }

  /** Hands over what was written. Runs once a turn for each connection that wrote. */
  flush(): void {
    const writer = this.#writer;
    if (writer.position > 0) this.#send();
    const { bytes } = writer;
    if (bytes.length === BUFFER_BYTES && spareBuffers.length < SPARE_BUFFERS_MAX) spareBuffers.push(bytes);
    writer.bytes = NO_BYTES;
  }

  /** The transport is gone: what was written is dropped. */
  discard(): void {
    this.#writer.position = 0;
    this.#writer.bytes = NO_BYTES;
    this.#deliveryBytes = 0;
  }

  drained(): void {
    this.congested = false;
    this.unreadAnswerBytes = 0;
    this.unreadReplyBytes = 0;
  }

  /** Whether nothing was sent since this was asked last. */
  takeIdle(): boolean {
    const idle = !this.#sentSomething;
    this.#sentSomething = false;
    return idle;
  }

  #send(): void {
    const writer = this.#writer;
    const { bytes, position } = writer;
    const answerBytes = position - this.#deliveryBytes;
    writer.position = 0;
    this.#deliveryBytes = 0;
    this.sentBytes += position;
    this.passes++;
    this.#sentSomething = true;
    if (this.#transport.write(bytes, position)) return;
    this.congested = true;
    this.unreadAnswerBytes += answerBytes;
    writer.bytes = spareBuffers.pop() ?? new Uint8Array(BUFFER_BYTES);
  }
}
