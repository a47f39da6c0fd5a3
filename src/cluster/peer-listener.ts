import { createHash, timingSafeEqual } from 'node:crypto';
import { createServer, type Server, type Socket } from 'node:net';
import { createServer as createTlsServer, type Server as TlsServer } from 'node:tls';
import type { BrokerEvent, Peer } from '../core/environment.ts';
import { BoundedReport } from '../server/bounded-report.ts';
import { HandshakeLimit } from '../server/handshake-limit.ts';
import { type ListenerAddress, listenOnHosts } from '../server/listen-on-hosts.ts';
import { hostAndPort, peerOf } from '../server/peer-address.ts';
import { contextOf, type TlsMaterial, tlsServerOptions } from '../server/tls-material.ts';
import { PREFACE_TAKEN, type Preface, PrefaceError, PrefaceReader } from './peer-preface.ts';

export interface PeerListenerOptions {
  /** Addresses or names. `localhost` means 127.0.0.1, and ::1 where the machine has it. */
  readonly hosts: readonly string[];
  /** 0 takes a free one, the same on all hosts. */
  readonly port: number;
  /** The certificate of this node. Absent: nodes speak in the clear. */
  readonly tls?: TlsMaterial | undefined;
  /** What a node has to show; undefined while this one takes no clients of others. */
  token(): string | undefined;
  /** The socket is paused, and what comes on it are the bytes of `peer`. */
  onAmqp(socket: Socket, peer: Peer): void;
  onHttp(socket: Socket, peer: Peer): void;
  onEvent(event: BrokerEvent): void;
}

/** From accepting to a right preface, the handshake of TLS between them included. */
const PREFACE_TIMEOUT_MS = 5_000;
/** Connections without a right preface, in all and per address. Other nodes open no more than some hundreds at once. */
const STRANGERS_MAX = 4_096;
const STRANGERS_PER_ADDRESS_MAX = 1_024;
/** A node that is gone without a word is noticed at last. */
const KEEP_ALIVE_MS = 10_000;

/** Has connected, and not yet shown that it is a node of the cluster. */
interface Stranger {
  readonly isOpen: false;
  readonly from: Peer;
  readonly socket: Socket;
  readonly timer: NodeJS.Timeout;
}

/**
 * Where other nodes pass their clients through to this one, while it owns the log. Who shows the token of the lease record may
 * say who its client is, and is believed.
 */
export class PeerListener {
  readonly #options: PeerListenerOptions;
  readonly #limit: HandshakeLimit = new HandshakeLimit(STRANGERS_MAX, STRANGERS_PER_ADDRESS_MAX);
  readonly #refusals: BoundedReport;
  #servers: readonly Server[] = [];
  #addresses: readonly ListenerAddress[] = [];
  /** By both ends of their connection. */
  readonly #strangers = new Map<string, Stranger>();
  /** Does not listen: it is handed the sockets that were admitted. Undefined in the clear. */
  readonly #tlsServer: TlsServer | undefined;

  /** Listens on all hosts, or on none: then it throws a `ListenError`. */
  static async open(options: PeerListenerOptions): Promise<PeerListener> {
    const listener = new PeerListener(options);
    await listener.#listen();
    return listener;
  }

  private constructor(options: PeerListenerOptions) {
    this.#options = options;
    this.#refusals = new BoundedReport(
      options.onEvent,
      (count, last) => `connections refused on the port for other nodes: ${count}, the last from ${last}`,
    );
    this.#tlsServer = options.tls && this.#createTlsServer(options.tls);
  }

  get addresses(): readonly ListenerAddress[] {
    return this.#addresses;
  }

  /** Since it was opened. */
  get refusedCount(): number {
    return this.#refusals.count;
  }

  /** No more connections. Those that were handed out stay. */
  close(): void {
    for (const server of this.#servers) server.close();
    this.#servers = [];
    this.#addresses = [];
    for (const { socket } of [...this.#strangers.values()]) socket.destroy();
  }

  async #listen(): Promise<void> {
    const { hosts, port } = this.#options;
    const createServer = (): Server => this.#createServer();
    const listening = await listenOnHosts({ name: 'cluster', hosts, port, createServer });
    this.#servers = listening.map(({ server }) => server);
    this.#addresses = listening.map(({ address }) => address);
    for (const server of this.#servers)
      server.on('error', (error) => this.#refusals.add(`unknown: ${error.message}`));
  }

  #createServer(): Server {
    const keepAlive = { keepAlive: true, keepAliveInitialDelay: KEEP_ALIVE_MS };
    const pauseOnConnect = this.#tlsServer === undefined;
    const server = createServer({ allowHalfOpen: true, noDelay: true, pauseOnConnect, ...keepAlive });
    server.on('connection', (socket) => this.#onConnection(socket));
    return server;
  }

  /** Nodes show a token, and no certificate. */
  #createTlsServer(tls: TlsMaterial): TlsServer {
    const material = (): Pick<TlsMaterial, 'context' | 'verifyPeer'> => ({
      context: tls.context,
      verifyPeer: 'none',
    });
    const server = createTlsServer({ ...tlsServerOptions(material()), allowHalfOpen: true });
    server.on('secureConnection', (socket) => this.#readPreface(socket));
    server.on('tlsClientError', (error, socket) => this.#refuse(socket, `no TLS: ${error.message}`));
    tls.onChange(() => server.setSecureContext(contextOf(material())));
    return server;
  }

  #onConnection(socket: Socket): void {
    // 'close' follows
    socket.on('error', () => {});
    const from = peerOf(socket);
    if (from === undefined || !this.#limit.admits(from.remoteAddress)) {
      this.#refuse(socket, 'too many connections have not shown a token yet');
      return;
    }
    const timer = setTimeout(
      () => this.#refuse(socket, `it showed no token within ${PREFACE_TIMEOUT_MS} ms`),
      PREFACE_TIMEOUT_MS,
    );
    timer.unref();
    const stranger: Stranger = { isOpen: false, from, socket, timer };
    this.#limit.add(from.remoteAddress, stranger);
    const key = endsOf(from);
    this.#strangers.set(key, stranger);
    socket.on('close', () => this.#forget(key, stranger));
    if (this.#tlsServer === undefined) this.#readPreface(socket);
    else this.#tlsServer.emit('connection', socket);
  }

  /** `socket`: of the stranger, or what TLS has made of it. */
  #readPreface(socket: Socket): void {
    const from = peerOf(socket);
    const key = from && endsOf(from);
    const stranger = key === undefined ? undefined : this.#strangers.get(key);
    socket.on('error', () => {});
    if (key === undefined || stranger === undefined) {
      socket.destroy();
      return;
    }
    const reader = new PrefaceReader();
    const onData = (chunk: Uint8Array): void => {
      const preface = this.#read(reader, socket, chunk);
      if (preface === undefined) return;
      socket.pause();
      socket.off('data', onData).off('end', onEnd);
      this.#forget(key, stranger);
      this.#take(socket, preface);
    };
    const onEnd = (): void => void socket.destroy();
    socket.on('data', onData).on('end', onEnd).resume();
  }

  #read(reader: PrefaceReader, socket: Socket, chunk: Uint8Array): Preface | undefined {
    if (socket.destroyed) return undefined;
    try {
      const preface = reader.push(chunk);
      const refusal = preface && this.#refusalOf(preface);
      if (refusal === undefined) return preface;
      this.#refuse(socket, refusal);
    } catch (error) {
      if (!(error instanceof PrefaceError)) throw error;
      this.#refuse(socket, error.message);
    }
    return undefined;
  }

  #refusalOf({ token }: Preface): string | undefined {
    const own = this.#options.token();
    if (own === undefined || own === '') return 'this node does not own the log, or is not ready yet';
    return isSameText(token, own) ? undefined : 'its token is not that of the lease of this node';
  }

  #take(socket: Socket, { protocol, peer }: Preface): void {
    socket.write(Uint8Array.of(PREFACE_TAKEN));
    if (protocol === 'amqp') this.#options.onAmqp(socket, peer);
    else this.#options.onHttp(socket, peer);
  }

  #refuse(socket: Socket, why: string): void {
    const from = peerOf(socket);
    this.#refusals.add(`${from ? hostAndPort(from.remoteAddress, from.remotePort) : 'unknown'}: ${why}`);
    socket.destroy();
  }

  #forget(key: string, stranger: Stranger): void {
    clearTimeout(stranger.timer);
    this.#limit.delete(stranger.from.remoteAddress, stranger);
    if (this.#strangers.get(key) === stranger) this.#strangers.delete(key);
  }
}

/** Takes as long whatever differs. */
function isSameText(one: string, other: string): boolean {
  return timingSafeEqual(digestOf(one), digestOf(other));
}

function digestOf(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}

/** Both ends of a connection, which no other has at the same time. */
function endsOf({ remoteAddress, remotePort, localAddress, localPort }: Peer): string {
  return `${remoteAddress} ${remotePort} ${localAddress} ${localPort}`;
}
