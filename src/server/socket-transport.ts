import type { Socket } from 'node:net';
import type { Transport } from '../core/environment.ts';
import type { AmqpConnection } from './amqp-broker.ts';

/** How long a peer may take to end its side after we ended ours. */
export const CLOSE_GRACE_MS = 5_000;
/** A peer that reads nothing for this long is cut off once more than `UNREAD_BYTES_MAX` wait for it. */
export const UNREAD_MS_MAX = 60_000;
/** Less than this is left in peace: a consumer may be busy for hours, and its connection is then kept by heartbeats. */
export const UNREAD_BYTES_MAX: number = 8 * 1024 * 1024;

/** Who keeps the list of transports. */
export interface TransportOwner {
  onTransportClosed(transport: SocketTransport): void;
  /** The broker was handed this many bytes. Runs per chunk. */
  onReceived(byteCount: number): void;
  /** The broker threw, which no input can make it do: the socket is destroyed already. */
  onDefect(error: unknown, transport: SocketTransport): void;
}

/**
 * The one class that owns a socket. It turns socket events into calls of an `AmqpConnection`, and is where an exception
 * that comes out of the broker stops: it costs this connection and no other.
 *
 *     open --close()--> closing --peer ended, or 5 s--> closed
 *       \---error, destroy(), peer gone--------------->
 *
 * In closing, what was written still leaves, and what arrives is read and thrown away: unread bytes would make the
 * kernel reset the stream, and the peer would lose the connection.close that it should read.
 */
export class SocketTransport implements Transport {
  readonly #socket: Socket;
  readonly #owner: TransportOwner;
  #connection: AmqpConnection | undefined;
  /** A write is still on its way, and the connection waits for `drained()`. */
  #congested: boolean;
  #closing: boolean;
  #reason: string | undefined;
  #closeTimer: NodeJS.Timeout | undefined;
  #writtenBytes: number;
  /** What `progressMark` said when the peer was last seen to make progress, and when that was. */
  #progressMark: number;
  #progressMs: number;
  readonly #onWritten: () => void;

  /** The socket must allow half-open streams and be paused: nothing is read before `start()`. */
  constructor(socket: Socket, owner: TransportOwner) {
    this.#socket = socket;
    this.#owner = owner;
    this.#connection = undefined;
    this.#congested = false;
    this.#closing = false;
    this.#reason = undefined;
    this.#closeTimer = undefined;
    this.#writtenBytes = 0;
    this.#progressMark = 0;
    this.#progressMs = 0;
    this.#onWritten = () => this.#afterWrite();
    socket.on('data', (chunk: Uint8Array) => this.#onData(chunk));
    socket.on('end', () => this.#onEnd());
    socket.on('error', (error: NodeJS.ErrnoException) => this.#onError(error));
    socket.on('close', () => this.#onClose());
  }

  /** Starts to read. */
  start(connection: AmqpConnection): void {
    this.#connection = connection;
    this.#socket.resume();
  }

  get isOpen(): boolean {
    return this.#connection?.isOpen ?? false;
  }

  write(bytes: Uint8Array, end: number): boolean {
    const socket = this.#socket;
    if (this.#closing || !socket.writable) return true;
    this.#writtenBytes += end;
    socket.write(Buffer.from(bytes.buffer, bytes.byteOffset, end), this.#onWritten);
    // Node tries the system call at once. A length of 0 therefore means that the kernel has copied everything.
    if (socket.writableLength === 0) return true;
    this.#congested = true;
    return false;
  }

  /**
   * What is unsent by `writableLength` alone would not do: that falls only when a write is through as a whole, and one
   * write can be a body of 100 MB to a slow peer. Node's own idle timeout looks at `writeQueueSize` for the same reason;
   * it is no public property, so its absence only makes the mark coarser. What is written, a heartbeat say, counts on both
   * sides and changes nothing.
   */
  get progressMark(): number {
    const handle = (this.#socket as { readonly _handle?: { readonly writeQueueSize?: number } | null })
      ._handle;
    return this.#writtenBytes - this.#socket.writableLength - (handle?.writeQueueSize ?? 0);
  }

  pause(): void {
    if (!this.#closing) this.#socket.pause();
  }

  resume(): void {
    this.#socket.resume();
  }

  close(): void {
    if (this.#closing) return;
    this.#closing = true;
    this.#socket.end();
    this.#socket.resume();
    this.#closeTimer = setTimeout(() => this.destroy('the peer did not close its side'), CLOSE_GRACE_MS);
    this.#closeTimer.unref();
  }

  /** Cuts the stream at once. What was written may be lost. */
  destroy(reason: string): void {
    this.#reason ??= reason;
    this.#closing = true;
    this.#socket.destroy();
  }

  /** To be called every few seconds: destroys the socket of a peer that has stopped reading. */
  checkProgress(nowMs: number): void {
    const mark = this.progressMark;
    if (mark !== this.#progressMark || this.#socket.writableLength <= UNREAD_BYTES_MAX) {
      this.#progressMark = mark;
      this.#progressMs = nowMs;
    } else if (nowMs - this.#progressMs >= UNREAD_MS_MAX) {
      const megabytes = Math.round(this.#socket.writableLength / 1e6);
      this.destroy(
        `the peer has read nothing for ${UNREAD_MS_MAX / 1000} s while ${megabytes} MB wait for it`,
      );
    }
  }

  #onData(chunk: Uint8Array): void {
    if (this.#closing) return;
    try {
      this.#connection?.receive(chunk, 0, chunk.length);
    } catch (error) {
      this.#onDefect(error);
      return;
    }
    this.#owner.onReceived(chunk.length);
  }

  /** Runs per write, soon after it was taken or later when it has left. */
  #afterWrite(): void {
    if (!this.#congested || this.#closing || this.#socket.destroyed || this.#socket.writableLength > 0)
      return;
    this.#congested = false;
    try {
      this.#connection?.drained();
    } catch (error) {
      this.#onDefect(error);
    }
  }

  /** The peer will send no more. The answers to its last bytes are written by the broker's turn, which comes first. */
  #onEnd(): void {
    if (this.#connection?.peerEnded?.() === true) return;
    setImmediate(() => this.close());
  }

  /** Resets and broken pipes are how many clients leave; 'close' follows. */
  #onError(error: NodeJS.ErrnoException): void {
    this.#reason ??= error.code ?? error.message;
  }

  #onClose(): void {
    this.#closing = true;
    clearTimeout(this.#closeTimer);
    const connection = this.#connection;
    this.#connection = undefined;
    this.#owner.onTransportClosed(this);
    try {
      connection?.transportClosed(this.#reason);
    } catch (error) {
      this.#onDefect(error);
    }
  }

  #onDefect(error: unknown): void {
    this.destroy('a defect in the broker');
    this.#owner.onDefect(error, this);
  }
}
