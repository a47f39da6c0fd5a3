import { Agent, request as httpRequest, type IncomingMessage, type ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { TLSSocket } from 'node:tls';
import type { BrokerEvent, Peer } from '../core/environment.ts';
import { BoundedReport } from '../server/bounded-report.ts';
import { isAdopted } from '../server/http-listener.ts';
import { hostAndPort, peerOf } from '../server/peer-address.ts';
import { type TlsMaterial, tlsFactsOf } from '../server/tls-material.ts';
import { isSameTarget, joinOwner, type PassTarget } from './join-owner.ts';
import { answerUnavailable, NO_OWNER } from './standby-answer.ts';

export interface HttpPassThroughOptions {
  /** Where the owner is now; undefined while none is known, and when it is this node. */
  target(): PassTarget | undefined;
  /** `listener` is called when `target()` may say something else. Returns how to end that. */
  onTarget(listener: () => void): () => void;
  /** What this node listens with: then the owner, too, is expected to speak TLS. Absent: in the clear. */
  readonly tls?: TlsMaterial | undefined;
  onEvent(event: BrokerEvent): void;
}

/** A request that is to be passed, and its answer. */
interface Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
}

/** An idle connection to the owner is closed after this long: before the owner does it, in the middle of the next request. */
const IDLE_MS = 50_000;
/** Requests of one client behind the one that is passed: who sends more without waiting for answers is cut off. */
const QUEUE_MAX = 256;
/** They are about one connection, and not for the other side of a proxy (RFC 9110, 7.6.1). */
const HOP_BY_HOP: ReadonlySet<string> = new Set([
  'connection',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
]);

/**
 * Passes requests through to the owner, and its answers back, while they come: no body is kept here. A client's connection has
 * one of its own to the owner, whose preface says who the client is.
 */
export class HttpPassThrough {
  readonly #options: HttpPassThroughOptions;
  readonly #stopListening: () => void;
  readonly #failures: BoundedReport;
  readonly #lines = new Map<Socket, Line>();
  #target: PassTarget | undefined;

  constructor(options: HttpPassThroughOptions) {
    this.#options = options;
    this.#failures = new BoundedReport(
      options.onEvent,
      (count, last) => `HTTP requests cannot be passed through to the owner (${count} failed): ${last}`,
    );
    this.#target = options.target();
    this.#stopListening = options.onTarget(() => this.#onTarget());
  }

  /** Connections of clients that something was passed for. */
  get connectionCount(): number {
    return this.#lines.size;
  }

  handle(request: IncomingMessage, response: ServerResponse): void {
    if (isAdopted(request.socket)) {
      refusePassed({ request, response });
      return;
    }
    const line = this.#lines.get(request.socket) ?? this.#openLine(request.socket);
    if (line === undefined) answerUnavailable({ request, response }, 503, NO_OWNER);
    else line.pass({ request, response });
  }

  /** Cuts what is under way. */
  closeAll(): void {
    for (const line of this.#lines.values()) line.close();
    this.#lines.clear();
  }

  /** Closes everything, and listens for owners no more. */
  close(): void {
    this.#stopListening();
    this.closeAll();
  }

  #onTarget(): void {
    const target = this.#options.target();
    if (isSameTarget(target, this.#target)) return;
    this.#target = target;
    this.closeAll();
  }

  /** Undefined: there is no owner, or the client has gone. */
  #openLine(socket: Socket): Line | undefined {
    const target = this.#target;
    const peer = clientOf(socket);
    if (target === undefined || peer === undefined) return undefined;
    const line = new Line({
      target,
      peer,
      tls: this.#options.tls,
      onFailure: (text) => this.#failures.add(text),
    });
    this.#lines.set(socket, line);
    socket.once('close', () => {
      line.close();
      if (this.#lines.get(socket) === line) this.#lines.delete(socket);
    });
    return line;
  }
}

interface LineOptions {
  readonly target: PassTarget;
  readonly peer: Peer;
  readonly tls: TlsMaterial | undefined;
  onFailure(text: string): void;
}

/** The way of one client's connection to the owner. One request at a time: its answers have to be in order anyway. */
class Line {
  readonly #options: LineOptions;
  readonly #agent: OwnerAgent;
  readonly #queue: Exchange[] = [];
  #isBusy = false;
  #isClosed = false;

  constructor(options: LineOptions) {
    this.#options = options;
    this.#agent = new OwnerAgent(options);
  }

  pass(exchange: Exchange): void {
    if (this.#queue.length >= QUEUE_MAX) exchange.request.socket.destroy();
    else this.#queue.push(exchange);
    if (!this.#isBusy) this.#passNext();
  }

  /** Requests that are under way fail; those behind them are refused. */
  close(): void {
    this.#isClosed = true;
    this.#agent.destroy();
  }

  #passNext(): void {
    let exchange = this.#queue.shift();
    while (exchange?.request.socket.destroyed) exchange = this.#queue.shift();
    this.#isBusy = exchange !== undefined;
    if (exchange === undefined) return;
    exchange.response.once('close', () => this.#passNext());
    if (this.#isClosed) answerUnavailable(exchange, 503, NO_OWNER);
    else this.#pass(exchange);
  }

  #pass(exchange: Exchange): void {
    const { request } = exchange;
    const outgoing = httpRequest({
      agent: this.#agent,
      method: request.method,
      path: request.url,
      headers: requestHeaders(request),
    });
    outgoing.on('response', (incoming) => passAnswer(incoming, exchange));
    outgoing.on('error', (error) => this.#onError(error, exchange));
    request.pipe(outgoing);
  }

  /** What fails once the answer has begun is seen by its end. */
  #onError(error: Error, exchange: Exchange): void {
    const { request, response } = exchange;
    if (response.headersSent || response.destroyed) return;
    request.unpipe();
    const { host, port } = this.#options.target;
    this.#options.onFailure(`${hostAndPort(host, port)}: ${error.message}`);
    const [status, what] =
      error instanceof JoinFailed ? ([503, NOT_REACHED] as const) : ([502, UNKNOWN] as const);
    answerUnavailable(exchange, status, what);
  }
}

const NOT_REACHED =
  'the node that owns the log cannot be reached at the moment: nothing was done, try again in a second';
const UNKNOWN =
  'the node that owns the log went away before it answered: whether the request was carried out is not known; look, and try again';

/**
 * Another node has passed it here, while this one was the owner. It is not passed on: the next one would take that node for the
 * client, which may be on the same machine, and so be let in as guest.
 */
function refusePassed(exchange: Exchange): void {
  exchange.response.shouldKeepAlive = false;
  answerUnavailable(
    exchange,
    503,
    'the node that it was passed to does not own the log any more: try again in a second',
  );
}

/** The owner has not taken the connection, so nothing was sent. */
class JoinFailed extends Error {
  override readonly name = 'JoinFailed';
}

/** Makes the connections of one client, and keeps one that is idle. */
class OwnerAgent extends Agent {
  readonly #options: LineOptions;
  /** Ends what is being opened. */
  #abandon: (() => void) | undefined;

  constructor(options: LineOptions) {
    super({ keepAlive: true, timeout: IDLE_MS });
    this.#options = options;
  }

  override createConnection(
    _options: unknown,
    done?: (error: Error | null, socket: Socket) => void,
  ): undefined {
    const onJoined = (socket: Socket): void => {
      this.#abandon = undefined;
      done?.(null, socket);
      socket.resume();
    };
    const onFailed = (cause: Error): void => {
      this.#abandon = undefined;
      // there is no socket, and Node looks for none
      done?.(new JoinFailed(cause.message, { cause }), undefined as never);
    };
    const { target, peer, tls } = this.#options;
    const giveUp = joinOwner({ target, protocol: 'http', peer, tls }, onJoined, onFailed);
    this.#abandon = () => {
      giveUp();
      onFailed(new Error('it is not the owner any more, or the client has gone'));
    };
    return undefined;
  }

  override destroy(): void {
    this.#abandon?.();
    super.destroy();
  }
}

function passAnswer(incoming: IncomingMessage, { request, response }: Exchange): void {
  response.writeHead(incoming.statusCode ?? 502, incoming.statusMessage, passedHeaders(incoming));
  // a stream of events begins long before its first event
  if (incoming.headers['content-length'] === undefined && request.method !== 'HEAD') response.flushHeaders();
  incoming.on('error', () => {});
  incoming.on('close', () => {
    if (!incoming.complete) response.destroy();
  });
  incoming.pipe(response);
}

function requestHeaders(request: IncomingMessage): string[] {
  const headers = passedHeaders(request);
  // HTTP/1.0 has none, and HTTP/1.1 must have one
  if (request.headers.host === undefined) headers.push('Host', 'localhost');
  // without a length its end has to be told
  if (request.headers['transfer-encoding'] !== undefined) headers.push('Transfer-Encoding', 'chunked');
  return headers;
}

/** As they came, with their case and in their order: name, value, name, value. */
function passedHeaders({ rawHeaders, headers }: IncomingMessage): string[] {
  const named = new Set(headers.connection?.split(',').map((name) => name.trim().toLowerCase()));
  const passed: string[] = [];
  for (let i = 0; i + 1 < rawHeaders.length; i += 2) {
    const [name = '', value = ''] = [rawHeaders[i], rawHeaders[i + 1]];
    const lower = name.toLowerCase();
    // this node has answered the expectation itself
    if (!HOP_BY_HOP.has(lower) && !named.has(lower) && lower !== 'expect') passed.push(name, value);
  }
  return passed;
}

function clientOf(socket: Socket): Peer | undefined {
  const peer = peerOf(socket);
  return peer && socket instanceof TLSSocket ? { ...peer, tls: tlsFactsOf(socket) } : peer;
}
