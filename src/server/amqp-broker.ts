import type { Peer, Transport } from '../core/environment.ts';

/** What a listener needs of the broker: somebody who speaks AMQP on the streams that it accepts. */
export interface AmqpBroker {
  accept(transport: Transport, peer: Peer): AmqpConnection;
}

/** The broker's side of one byte stream. A protocol error never throws here; what does throw is a defect. */
export interface AmqpConnection {
  /** True once connection.open was answered: from then on the peer is no stranger. */
  readonly isOpen: boolean;
  /**
   * Hands in `bytes[start, end)`, valid during the call. Those of a socket are not touched again; a client in this process reuses
   * its own.
   */
  receive(bytes: Uint8Array, start: number, end: number): void;
  /** Everything that was written has left. Called after `Transport.write` returned false. */
  drained(): void;
  /**
   * The peer will send no more, but still reads. True: the connection closes the transport once everything was said. Absent, or
   * false: it is closed after the broker's turn.
   */
  peerEnded?(): boolean;
  /** The stream is gone; nothing more can be written. Called exactly once. */
  transportClosed(reason?: string): void;
}
