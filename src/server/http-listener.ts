import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createTlsServer, type Server as TlsServer } from 'node:https';
import type { Socket } from 'node:net';
import type { BrokerEvent } from '../core/environment.ts';
import { BoundedReport } from './bounded-report.ts';
import { type ListenerAddress, listenOnHosts } from './listen-on-hosts.ts';
import { contextOf, hasUntrustedCertificate, type TlsMaterial, tlsServerOptions } from './tls-material.ts';

/** How long a peer may take to send the headers of a request, and all of it. */
const HEADERS_TIMEOUT_MS = 10_000;
const REQUEST_TIMEOUT_MS = 30_000;
/** How often these two are looked at: Node's own 30 s would make 40 s of the 10. */
const TIMEOUT_CHECK_MS = 2_000;
/** How long an idle connection is kept: longer than the 60 s of common proxies, so that it is they who close it. */
const KEEP_ALIVE_MS = 65_000;
/** All headers of a request: there has to be room for a token of 8 KiB and more. */
const HEADER_BYTES_MAX = 32 * 1024;
/** While a listener closes: how soon a connection is closed that has become idle. */
const IDLE_CHECK_MS = 20;

const LIMITS = {
  headersTimeout: HEADERS_TIMEOUT_MS,
  requestTimeout: REQUEST_TIMEOUT_MS,
  connectionsCheckingInterval: TIMEOUT_CHECK_MS,
  keepAliveTimeout: KEEP_ALIVE_MS,
  maxHeaderSize: HEADER_BYTES_MAX,
  noDelay: true,
} as const;

const adoptedSockets = new WeakSet<Socket>();

/** Whether a connection was accepted by somebody else, so that its ends are not those of the client. */
export function isAdopted(socket: Socket): boolean {
  return adoptedSockets.has(socket);
}

export interface HttpListenerOptions {
  /** Addresses or names. `localhost` means 127.0.0.1, and ::1 where the machine has it. */
  readonly hosts: readonly string[];
  /** 0 takes a free one, the same on all hosts. */
  readonly port: number;
  readonly connectionsMax: number;
  /** HTTPS. Absent: in the clear. */
  readonly tls?: TlsMaterial;
  onRequest(request: IncomingMessage, response: ServerResponse): void;
  onEvent(event: BrokerEvent): void;
}

/** Accepts HTTP connections and hands their requests to an application. */
export class HttpListener {
  readonly #options: HttpListenerOptions;
  #servers: readonly Server[] = [];
  #addresses: readonly ListenerAddress[] = [];
  /** Does not listen: it is handed the sockets that somebody else has accepted. */
  readonly #adopter: Server;
  /** Connections of that server, and those of them with a request that is not answered yet. */
  readonly #adopted = new Set<Socket>();
  readonly #busy = new Set<Socket>();
  #isClosed = false;
  readonly #refusals: BoundedReport;

  private constructor(options: HttpListenerOptions) {
    this.#options = options;
    this.#refusals = new BoundedReport(
      options.onEvent,
      (count, last) => `refused ${count} HTTP connections, the last from ${last}`,
    );
    this.#adopter = createServer(LIMITS, (request, response) => this.#onAdoptedRequest(request, response));
  }

  /** Listens on all hosts, or on none: then it throws a `ListenError`. */
  static async open(options: HttpListenerOptions): Promise<HttpListener> {
    const listener = new HttpListener(options);
    await listener.#listen();
    return listener;
  }

  get addresses(): readonly ListenerAddress[] {
    return this.#addresses;
  }

  /** Whether it speaks TLS. */
  get isEncrypted(): boolean {
    return this.#options.tls !== undefined;
  }

  /**
   * Takes a connection that somebody else has accepted, and answers the requests on it. The time limits for a request are up to
   * whoever has read it first. The socket must be paused.
   */
  adopt(socket: Socket): void {
    const isFull = this.#adopted.size >= this.#options.connectionsMax;
    if (isFull) this.#refusals.add(`another node: there are ${this.#adopted.size} of such already`);
    if (isFull || this.#isClosed) {
      socket.destroy();
      return;
    }
    this.#adopted.add(socket);
    adoptedSockets.add(socket);
    socket.on('close', () => this.#adopted.delete(socket));
    this.#adopter.emit('connection', socket);
    socket.resume();
  }

  /** Takes no more requests. Resolves when those that run are answered, or cut off after `graceMs`. */
  async close(graceMs: number): Promise<void> {
    this.#addresses = [];
    this.#isClosed = true;
    const closed = Promise.all([...this.#servers.map(closedServer), ...[...this.#adopted].map(closedSocket)]);
    const idle = setInterval(() => this.#closeIdle(), IDLE_CHECK_MS);
    const end = setTimeout(() => this.destroy(), graceMs);
    await closed;
    clearInterval(idle);
    clearTimeout(end);
  }

  /** Cuts everything off at once. */
  destroy(): void {
    this.#addresses = [];
    this.#isClosed = true;
    for (const server of this.#servers) {
      server.close();
      server.closeAllConnections();
    }
    for (const socket of this.#adopted) socket.destroy();
  }

  async #listen(): Promise<void> {
    const { hosts, port } = this.#options;
    const createServer = (): Server => this.#createServer();
    const name = this.#options.tls === undefined ? 'http' : 'https';
    const listening = await listenOnHosts({ name, hosts, port, createServer });
    this.#servers = listening.map(({ server }) => server as Server);
    this.#addresses = listening.map(({ address }) => address);
    for (const server of this.#servers) server.on('error', (error) => this.#refusals.add(error.message));
  }

  #createServer(): Server {
    const { tls, onRequest } = this.#options;
    const server = tls === undefined ? createServer(LIMITS, onRequest) : this.#createTlsServer(tls);
    server.maxConnections = this.#options.connectionsMax;
    server.on('drop', (peer) =>
      this.#refusals.add(`${peer?.remoteAddress ?? 'unknown'}: there are ${server.maxConnections} already`),
    );
    return server;
  }

  #createTlsServer(tls: TlsMaterial): TlsServer {
    const { onRequest } = this.#options;
    const refused = new WeakSet<Socket>();
    const server = createTlsServer({ ...LIMITS, ...tlsServerOptions(tls) }, (request, response) => {
      if (!refused.has(request.socket)) onRequest(request, response);
    });
    // before the server's own listener. What came together with the end of the handshake is read in spite of `destroy`.
    server.prependListener('secureConnection', (socket) => {
      if (!hasUntrustedCertificate(socket)) return;
      refused.add(socket);
      this.#refusals.add(
        `${socket.remoteAddress ?? 'unknown'}: its certificate is not trusted: ${String(socket.authorizationError)}`,
      );
      socket.destroy();
    });
    tls.onChange(() => server.setSecureContext(contextOf(tls)));
    return server;
  }

  #closeIdle(): void {
    for (const server of this.#servers) server.closeIdleConnections();
    for (const socket of this.#adopted) if (!this.#busy.has(socket)) socket.destroy();
  }

  #onAdoptedRequest(request: IncomingMessage, response: ServerResponse): void {
    const { socket } = request;
    this.#busy.add(socket);
    response.on('close', () => this.#busy.delete(socket));
    this.#options.onRequest(request, response);
  }
}

/** Resolves when the last connection has gone. */
function closedServer(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
  });
}

function closedSocket(socket: Socket): Promise<void> {
  return new Promise((resolve) => {
    socket.once('close', () => resolve());
  });
}
