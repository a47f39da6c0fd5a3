import type { Peer, Transport } from '../core/environment.ts';

/** What a broker gives back when it accepts a transport: core's `Connection`, as far as a transport needs it. */
export interface AcceptedConnection {
  receive(bytes: Uint8Array, start: number, end: number): void;
  drained(): void;
  transportClosed(reason?: string): void;
}

/** The part of a broker that an in-process connection needs. Core's `Broker` is one. */
export interface AcceptingBroker {
  accept(transport: Transport, peer: Peer): AcceptedConnection;
}

/** The other end of the byte stream. Bytes are valid during the call. */
export interface MemoryStreamReader {
  onBytes(bytes: Uint8Array, start: number, end: number): void;
  /** Nothing follows any more. Called once. */
  onEnd(reason: string): void;
}

interface OutgoingChunk {
  readonly bytes: Uint8Array;
  readonly onTaken: (() => void) | undefined;
}

/** An in-process peer: always on this machine, so that `guest` may log in. The number tells it from others in events. */
function inProcessPeer(remotePort: number): Peer {
  return {
    remoteAddress: 'in-process',
    remotePort,
    localAddress: 'in-process',
    localPort: 0,
    loopback: true,
  };
}

/** In-process connections of this process so far. */
let connectionCount = 0;

/** Bytes that may wait for the reader before the broker is told that the stream is congested. */
const WAITING_BYTES_MAX = 1024 * 1024;

/**
 * A byte stream between a broker and a client of the same process, without a socket.
 *
 *     client --send()--> [outgoing, only while paused] --> connection.receive()      in the caller's own turn
 *     reader <--onBytes()-- [incoming] <--write()-- broker                           in a microtask of its own
 *
 * Broker to client goes through a microtask: the broker is then never on the stack while a reader runs, and what the reader
 * sends in turn is only *taken in* by the broker, whose work is asked for from its scheduler. A consumer that publishes for
 * each message that it gets therefore cannot recurse, and bytes keep their order in both directions.
 */
export class MemoryTransport implements Transport {
  readonly #reader: MemoryStreamReader;
  readonly #connection: AcceptedConnection;
  #incoming: Uint8Array[] = [];
  #incomingBytes = 0;
  #takenBytes = 0;
  #congested = false;
  #deliveryDue = false;
  #outgoing: OutgoingChunk[] = [];
  #paused = false;
  /** Set by `close()`: the reason the stream ends with, once everything that was written has been read. */
  #ending: string | undefined;
  #ended = false;

  constructor(broker: AcceptingBroker, reader: MemoryStreamReader) {
    this.#reader = reader;
    this.#connection = broker.accept(this, inProcessPeer(++connectionCount));
  }

  /** True while the broker does not read: it is short of memory, or busy with what it has. */
  get paused(): boolean {
    return this.#paused;
  }

  /**
   * Client to broker. The bytes may be reused after the call. `onTaken` is called when the broker has taken them, before
   * this returns unless the broker is not reading at the moment; and behind `onEnd` when it never will.
   */
  send(bytes: Uint8Array, end: number, onTaken?: () => void): void {
    if (this.#ended || this.#ending !== undefined) {
      onTaken?.();
      return;
    }
    if (this.#paused || this.#outgoing.length > 0) {
      this.#outgoing.push({ bytes: bytes.slice(0, end), onTaken });
      return;
    }
    this.#connection.receive(bytes, 0, end);
    onTaken?.();
  }

  /** Ends the stream from the client's side, at once. What the broker did not take yet is dropped. */
  destroy(reason: string): void {
    this.#incoming = [];
    this.#end(reason);
  }

  // Transport, called by the broker.

  write(bytes: Uint8Array, end: number): boolean {
    if (this.#ended) {
      return true;
    }
    this.#incomingBytes += end;
    this.#congested ||= this.#incomingBytes > WAITING_BYTES_MAX;
    this.#incoming.push(this.#congested ? bytes.subarray(0, end) : bytes.slice(0, end));
    this.#requestDelivery();
    return !this.#congested;
  }

  get progressMark(): number {
    return this.#takenBytes;
  }

  pause(): void {
    this.#paused = true;
  }

  /** What waited is handed over in a microtask: the broker that calls this must not be entered again from here. */
  resume(): void {
    this.#paused = false;
    if (this.#outgoing.length > 0) {
      queueMicrotask(() => this.#handOver());
    }
  }

  close(): void {
    this.#ending ??= 'closed by the broker';
    this.#requestDelivery();
  }

  #handOver(): void {
    while (!this.#paused && !this.#ended) {
      const chunk = this.#outgoing.shift();
      if (chunk === undefined) {
        return;
      }
      this.#connection.receive(chunk.bytes, 0, chunk.bytes.length);
      chunk.onTaken?.();
    }
  }

  /** At most one microtask is under way, however often the broker writes in its turn. */
  #requestDelivery(): void {
    if (this.#deliveryDue || this.#ended) {
      return;
    }
    this.#deliveryDue = true;
    queueMicrotask(() => this.#deliver());
  }

  #deliver(): void {
    this.#deliveryDue = false;
    const chunks = this.#incoming;
    this.#incoming = [];
    this.#takenBytes += this.#incomingBytes;
    this.#incomingBytes = 0;
    for (const chunk of chunks) {
      if (!this.#ended) {
        this.#reader.onBytes(chunk, 0, chunk.length);
      }
    }
    if (this.#congested && !this.#ended) {
      this.#congested = false;
      this.#connection.drained();
    }
    if (this.#ending !== undefined && this.#incoming.length === 0) {
      this.#end(this.#ending);
    }
  }

  #end(reason: string): void {
    if (this.#ended) {
      return;
    }
    this.#ended = true;
    const abandoned = this.#outgoing;
    this.#outgoing = [];
    this.#connection.transportClosed(reason);
    this.#reader.onEnd(reason);
    for (const chunk of abandoned) {
      chunk.onTaken?.();
    }
  }
}
