import { createServer, type Server, type Socket } from 'node:net';
import { createServer as createTlsServer, type TLSSocket, type Server as TlsServer } from 'node:tls';
import type { BrokerEvent, Peer } from '../core/environment.ts';
import type { AmqpBroker } from './amqp-broker.ts';
import { BoundedReport } from './bounded-report.ts';
import { HandshakeLimit } from './handshake-limit.ts';
import { type ListenerAddress, listenOnHosts } from './listen-on-hosts.ts';
import { peerOf } from './peer-address.ts';
import { SocketTransport, type TransportOwner } from './socket-transport.ts';
import {
  contextOf,
  hasUntrustedCertificate,
  type TlsMaterial,
  tlsFactsOf,
  tlsServerOptions,
} from './tls-material.ts';

/** How often the peers that have stopped reading are looked for. */
const PROGRESS_CHECK_MS = 10_000;

export interface AmqpListenerOptions {
  /** Addresses or names. `localhost` means 127.0.0.1, and ::1 where the machine has it. */
  readonly hosts: readonly string[];
  /** 0 takes a free one, the same on all hosts. */
  readonly port: number;
  readonly connectionsMax: number;
  /** Peers on other machines that are connected but have not logged in: all together, and per address. */
  readonly unauthenticatedMax: number;
  readonly unauthenticatedPerAddressMax: number;
  /** AMQP over TLS. Absent: in the clear. */
  readonly tls?: TlsMaterial;
  onEvent(event: BrokerEvent): void;
  /** The broker was handed this many bytes. Runs per chunk. */
  onReceived?(byteCount: number): void;
}

/** A peer that is not through with the handshake of TLS. */
interface Shaking {
  readonly peer: Peer;
  readonly socket: Socket;
  readonly isOpen: false;
}

/**
 * Accepts TCP connections and hands them to the broker.
 *
 *     accepted --(admitted)--> handshake of TLS --> handed to the broker
 *                   \--without TLS------------------^
 */
export class AmqpListener implements TransportOwner {
  readonly #broker: AmqpBroker;
  readonly #options: AmqpListenerOptions;
  readonly #handshakes: HandshakeLimit;
  readonly #servers: Server[] = [];
  readonly #addresses: ListenerAddress[] = [];
  /** The peer of each transport that has not closed yet. */
  readonly #peers = new Map<SocketTransport, Peer>();
  /** Those that are in the handshake of TLS, by both ends of their connection. */
  readonly #shaking = new Map<string, Shaking>();
  /** Does not listen: it is handed the sockets that were admitted. Undefined in the clear. */
  readonly #tlsServer: TlsServer | undefined;
  #progressTimer: NodeJS.Timeout | undefined;
  readonly #refusals: BoundedReport;

  private constructor(broker: AmqpBroker, options: AmqpListenerOptions) {
    this.#broker = broker;
    this.#options = options;
    this.#refusals = new BoundedReport(
      options.onEvent,
      (count, last) => `refused ${count} connections, the last from ${last}`,
    );
    this.#handshakes = new HandshakeLimit(options.unauthenticatedMax, options.unauthenticatedPerAddressMax);
    this.#tlsServer = options.tls && this.#createTlsServer(options.tls);
  }

  /** Listens on all hosts, or on none: then it throws a `ListenError`. */
  static async open(broker: AmqpBroker, options: AmqpListenerOptions): Promise<AmqpListener> {
    const listener = new AmqpListener(broker, options);
    await listener.#listen();
    return listener;
  }

  get addresses(): readonly ListenerAddress[] {
    return this.#addresses;
  }

  /** Whether it speaks TLS. */
  get isEncrypted(): boolean {
    return this.#tlsServer !== undefined;
  }

  get connectionCount(): number {
    return this.#peers.size;
  }

  /** No more connections; those that are there stay, but for those in the handshake of TLS, which nobody will serve. */
  close(): void {
    const servers = this.#servers.splice(0);
    this.#addresses.length = 0;
    clearInterval(this.#progressTimer);
    for (const server of servers) server.close();
    for (const { socket } of [...this.#shaking.values()]) socket.destroy();
  }

  /** Cuts every connection that is still there. */
  destroyConnections(reason: string): void {
    for (const transport of this.#peers.keys()) transport.destroy(reason);
  }

  onReceived(byteCount: number): void {
    this.#options.onReceived?.(byteCount);
  }

  onTransportClosed(transport: SocketTransport): void {
    const peer = this.#peers.get(transport);
    this.#peers.delete(transport);
    if (peer) this.#handshakes.delete(peer.remoteAddress, transport);
  }

  onDefect(error: unknown, transport: SocketTransport): void {
    const peer = this.#peers.get(transport);
    const from = peer ? `${peer.remoteAddress}:${peer.remotePort}` : 'a peer that has gone';
    const what = error instanceof Error ? (error.stack ?? error.message) : String(error);
    this.#options.onEvent({
      level: 'error',
      text: `defect in the broker, closed the connection of ${from}: ${what}`,
    });
  }

  async #listen(): Promise<void> {
    const { hosts, port } = this.#options;
    const createServer = (): Server => this.#createServer();
    const name = this.#tlsServer === undefined ? 'amqp' : 'amqps';
    for (const { server, address } of await listenOnHosts({ name, hosts, port, createServer })) {
      server.on('error', (error) => this.#onAcceptError(error));
      this.#servers.push(server);
      this.#addresses.push(address);
    }
    this.#progressTimer = setInterval(() => this.#checkProgress(), PROGRESS_CHECK_MS);
    this.#progressTimer.unref();
  }

  #createServer(): Server {
    // Half-open streams are allowed so that the answers to a peer's last bytes still reach it.
    const pauseOnConnect = this.#tlsServer === undefined;
    const server = createServer({ allowHalfOpen: true, noDelay: true, pauseOnConnect });
    server.on('connection', (socket) => this.#onConnection(socket));
    return server;
  }

  #createTlsServer(tls: TlsMaterial): TlsServer {
    const server = createTlsServer({ ...tlsServerOptions(tls), allowHalfOpen: true });
    server.on('secureConnection', (socket) => this.#onSecure(tls, socket));
    server.on('tlsClientError', (error, socket) => {
      this.#refusals.add(`${socket.remoteAddress ?? 'unknown'}: no TLS: ${error.message}`);
      socket.destroy();
    });
    tls.onChange(() => server.setSecureContext(contextOf(tls)));
    return server;
  }

  /**
   * Takes a connection that somebody else has accepted, as one of `peer`: every limit counts it, and the broker sees it, as
   * if it had come to this listener. The socket must allow half-open streams and be paused.
   */
  adopt(socket: Socket, peer: Peer): void {
    if (this.#admits(socket, peer)) this.#start(socket, peer);
  }

  #onConnection(socket: Socket): void {
    const peer = peerOf(socket);
    if (!this.#admits(socket, peer)) return;
    if (this.#tlsServer === undefined) this.#start(socket, peer);
    else this.#shakeHands(this.#tlsServer, socket, peer);
  }

  /** False: the socket is destroyed. */
  #admits(socket: Socket, peer: Peer | undefined): peer is Peer {
    const refusal = peer ? this.#refusal(peer) : 'it has gone already';
    if (peer && refusal === undefined) return true;
    socket.on('error', () => socket.destroy());
    socket.destroy();
    if (peer) this.#refusals.add(`${peer.remoteAddress}: ${refusal}`);
    return false;
  }

  #shakeHands(server: TlsServer, socket: Socket, peer: Peer): void {
    const key = endsOf(peer);
    const shaking: Shaking = { peer, socket, isOpen: false };
    this.#shaking.set(key, shaking);
    if (!peer.loopback) this.#handshakes.add(peer.remoteAddress, shaking);
    socket.on('close', () => this.#endShaking(key));
    server.emit('connection', socket);
  }

  /** Returns undefined when it has ended already. */
  #endShaking(key: string): Peer | undefined {
    const shaking = this.#shaking.get(key);
    if (shaking === undefined) return undefined;
    this.#shaking.delete(key);
    this.#handshakes.delete(shaking.peer.remoteAddress, shaking);
    return shaking.peer;
  }

  #onSecure(tls: TlsMaterial, socket: TLSSocket): void {
    const from = peerOf(socket);
    const peer = from && this.#endShaking(endsOf(from));
    if (peer === undefined || hasUntrustedCertificate(socket)) {
      socket.on('error', () => socket.destroy());
      socket.destroy();
      if (peer) {
        this.#refusals.add(
          `${peer.remoteAddress}: its certificate is not trusted: ${String(socket.authorizationError)}`,
        );
      }
      return;
    }
    const certificate = socket.authorized ? socket.getPeerX509Certificate() : undefined;
    const certificateName = certificate && tls.nameOf(certificate);
    const known = certificateName === undefined ? peer : { ...peer, certificateName };
    socket.pause();
    this.#start(socket, { ...known, tls: tlsFactsOf(socket) });
  }

  #start(socket: Socket, peer: Peer): void {
    const transport = new SocketTransport(socket, this);
    this.#peers.set(transport, peer);
    if (!peer.loopback) this.#handshakes.add(peer.remoteAddress, transport);
    try {
      transport.start(this.#broker.accept(transport, peer));
    } catch (error) {
      transport.destroy('a defect in the broker');
      this.onDefect(error, transport);
    }
  }

  /**
   * Why a peer is not accepted; undefined if it is. Peers on this machine are not strangers, and a program that opens a
   * thousand connections at once must get them: for them only the total counts.
   */
  #refusal(peer: Peer): string | undefined {
    const connectionCount = this.#peers.size + this.#shaking.size;
    if (connectionCount >= this.#options.connectionsMax) {
      return `there are ${connectionCount} connections, and --max-connections is ${this.#options.connectionsMax}`;
    }
    if (peer.loopback || this.#handshakes.admits(peer.remoteAddress)) return undefined;
    return 'too many connections wait to log in';
  }

  /** Mostly EMFILE: the process may open no more files. The kernel keeps the others waiting. */
  #onAcceptError(error: Error): void {
    this.#refusals.add(`unknown: ${error.message}`);
  }

  #checkProgress(): void {
    const nowMs = performance.now();
    for (const transport of this.#peers.keys()) transport.checkProgress(nowMs);
  }
}

/** Both ends of a connection, which no other has at the same time. */
function endsOf({ remoteAddress, remotePort, localAddress, localPort }: Peer): string {
  return `${remoteAddress} ${remotePort} ${localAddress} ${localPort}`;
}
