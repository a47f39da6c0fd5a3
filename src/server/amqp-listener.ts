import { once } from 'node:events';
import { createServer, isIPv4, type Server, type Socket } from 'node:net';
import type { BrokerEvent, Peer } from '../core/environment.ts';
import type { AmqpBroker } from './amqp-broker.ts';
import { HandshakeLimit } from './handshake-limit.ts';
import { ListenError } from './listen-error.ts';
import { peerOf } from './peer-address.ts';
import { SocketTransport, type TransportOwner } from './socket-transport.ts';

/** How often the peers that have stopped reading are looked for. */
const PROGRESS_CHECK_MS = 10_000;
/** Lines about refused connections are written at most this often: whoever floods us must not flood the log. */
const REFUSAL_EVENT_MS = 10_000;
/** Other programs may hold the port on one address that was found free on another. */
const ANY_PORT_ATTEMPTS = 10;
/** Sockets that wait in the kernel. Many clients come back in the same second after a restart. */
const BACKLOG = 4096;

export interface AmqpListenerOptions {
  /** Addresses or names. `localhost` means 127.0.0.1, and ::1 where the machine has it. */
  readonly hosts: readonly string[];
  /** 0 takes a free one, the same on all hosts. */
  readonly port: number;
  readonly connectionsMax: number;
  /** Peers on other machines that are connected but have not logged in: all together, and per address. */
  readonly unauthenticatedMax: number;
  readonly unauthenticatedPerAddressMax: number;
  onEvent(event: BrokerEvent): void;
  /** The broker was handed this many bytes. Runs per chunk. */
  onReceived?(byteCount: number): void;
}

/** Where the listener listens. */
export interface ListenerAddress {
  readonly host: string;
  readonly port: number;
}

interface Host {
  readonly name: string;
  /** Left out without a word when the machine does not have it. */
  readonly optional: boolean;
}

/** Accepts TCP connections and hands them to the broker. */
export class AmqpListener implements TransportOwner {
  readonly #broker: AmqpBroker;
  readonly #options: AmqpListenerOptions;
  readonly #handshakes: HandshakeLimit;
  readonly #servers: Server[] = [];
  readonly #addresses: ListenerAddress[] = [];
  /** The peer of each transport that has not closed yet. */
  readonly #peers = new Map<SocketTransport, Peer>();
  #progressTimer: NodeJS.Timeout | undefined;
  #refusedCount = 0;
  #refusalEventMs = Number.NEGATIVE_INFINITY;

  private constructor(broker: AmqpBroker, options: AmqpListenerOptions) {
    this.#broker = broker;
    this.#options = options;
    this.#handshakes = new HandshakeLimit(options.unauthenticatedMax, options.unauthenticatedPerAddressMax);
  }

  /** Listens on all hosts, or on none: then it throws a `ListenError`. */
  static async open(broker: AmqpBroker, options: AmqpListenerOptions): Promise<AmqpListener> {
    const listener = new AmqpListener(broker, options);
    const attempts = options.port === 0 ? ANY_PORT_ATTEMPTS : 1;
    for (let attempt = 1; ; attempt++) {
      try {
        await listener.#listen();
        return listener;
      } catch (error) {
        listener.close();
        const taken = error instanceof ListenError && error.code === 'ADDRESS_IN_USE';
        if (!taken || attempt >= attempts) throw error;
      }
    }
  }

  get addresses(): readonly ListenerAddress[] {
    return this.#addresses;
  }

  get connectionCount(): number {
    return this.#peers.size;
  }

  /** No more connections; those that are there stay. */
  close(): void {
    const servers = this.#servers.splice(0);
    this.#addresses.length = 0;
    clearInterval(this.#progressTimer);
    for (const server of servers) server.close();
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
    let port = this.#options.port;
    const hosts = this.#options.hosts.flatMap(expandHost);
    // `::` alone takes IPv4 peers as well, and would then be in the way of an IPv4 address on the same port
    const ipv6Only = hosts.some(({ name }) => isIPv4(name));
    for (const host of hosts) {
      const server = this.#createServer();
      const failure = await listenOn(server, { host: host.name, port, ipv6Only });
      if (failure?.code === 'ADDRESS_NOT_AVAILABLE' && host.optional) continue;
      if (failure) throw failure;
      server.on('error', (error) => this.#onAcceptError(error));
      this.#servers.push(server);
      const address = server.address();
      if (address === null || typeof address === 'string') throw new Error(`no TCP address: ${address}`);
      port = address.port;
      this.#addresses.push({ host: address.address, port });
    }
    this.#progressTimer = setInterval(() => this.#checkProgress(), PROGRESS_CHECK_MS);
    this.#progressTimer.unref();
  }

  #createServer(): Server {
    // Half-open streams are allowed so that the answers to a peer's last bytes still reach it.
    const server = createServer({ allowHalfOpen: true, noDelay: true, pauseOnConnect: true });
    server.on('connection', (socket) => this.#onConnection(socket));
    return server;
  }

  #onConnection(socket: Socket): void {
    const peer = peerOf(socket);
    const refusal = peer ? this.#refusal(peer) : 'it has gone already';
    if (!peer || refusal !== undefined) {
      socket.on('error', () => socket.destroy());
      socket.destroy();
      if (peer) this.#reportRefusal(`${peer.remoteAddress}: ${refusal}`);
      return;
    }
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
    if (this.#peers.size >= this.#options.connectionsMax) {
      return `there are ${this.#peers.size} connections, and --max-connections is ${this.#options.connectionsMax}`;
    }
    if (peer.loopback || this.#handshakes.admits(peer.remoteAddress)) return undefined;
    return 'too many connections wait to log in';
  }

  /** Mostly EMFILE: the process may open no more files. The kernel keeps the others waiting. */
  #onAcceptError(error: Error): void {
    this.#reportRefusal(`unknown: ${error.message}`);
  }

  #reportRefusal(lastOne: string): void {
    this.#refusedCount++;
    const nowMs = performance.now();
    if (nowMs - this.#refusalEventMs < REFUSAL_EVENT_MS) return;
    const text = `refused ${this.#refusedCount} connections, the last from ${lastOne}`;
    this.#refusedCount = 0;
    this.#refusalEventMs = nowMs;
    this.#options.onEvent({ level: 'warn', text });
  }

  #checkProgress(): void {
    const nowMs = performance.now();
    for (const transport of this.#peers.keys()) transport.checkProgress(nowMs);
  }
}

function expandHost(name: string): Host[] {
  if (name !== 'localhost') return [{ name, optional: false }];
  return [
    { name: '127.0.0.1', optional: false },
    { name: '::1', optional: true },
  ];
}

/** Returns undefined when it listens. */
async function listenOn(
  server: Server,
  address: { host: string; port: number; ipv6Only: boolean },
): Promise<ListenError | undefined> {
  try {
    server.listen({ ...address, backlog: BACKLOG });
    await once(server, 'listening');
    return undefined;
  } catch (error) {
    return new ListenError(address.host, address.port, error as NodeJS.ErrnoException);
  }
}
