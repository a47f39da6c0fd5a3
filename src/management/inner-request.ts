/**
 * Requests that the broker asks itself, for somebody whose own request is open: with the same log-in, on the same connection, and
 * through the same application. So they are allowed exactly what that one is allowed, at the time when they are asked.
 */
import { IncomingMessage, type OutgoingHttpHeaders, ServerResponse } from 'node:http';
import { StringDecoder } from 'node:string_decoder';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { ApiError } from './api-error.ts';
import { isLoggedIn } from './caller.ts';
import { Problem, problemDocument } from './v1/problem.ts';

declare module 'fastify' {
  interface FastifyContextConfig {
    /** False: what the route answers has no end, or asking for it changes something. */
    readonly isWatchable?: boolean;
  }
}

/** What an answer may have. It is in memory as a whole. */
const ANSWER_CHARACTERS_MAX = 4 * 2 ** 20;

const TOO_LARGE = new Problem(
  'too-large',
  `the answer is larger than the ${ANSWER_CHARACTERS_MAX} characters that can be watched: ask for a page of it, with page and page_size`,
);
const BROKEN = new Problem('defect', 'the answer broke off: the log of the broker says more');

export interface InnerAnswer {
  readonly status: number;
  /** JSON text without a line feed. */
  readonly json: string;
  /** The caller is nobody any more, and did not even get to the route. */
  readonly isUnauthorised: boolean;
  /** Milliseconds that the answer took, without the log-in. */
  readonly tookMs: number;
}

/** What is known of one that is under way. */
interface Progress {
  request: FastifyRequest | undefined;
  startedMs: number;
}

/** Nobody outside can make such a request: it is known by its identity. */
const underWay = new WeakMap<IncomingMessage, Progress>();

/** To be called before any route is registered. */
export function admitInnerRequests(app: FastifyInstance): void {
  app.addHook('onRequest', (request, _reply, done) => {
    const progress = underWay.get(request.raw);
    if (progress !== undefined) progress.request = request;
    const isRefused = progress !== undefined && request.routeOptions.config.isWatchable === false;
    done(isRefused ? unwatchable(request) : undefined);
  });
  app.addHook('preValidation', (request, _reply, done) => {
    const progress = underWay.get(request.raw);
    if (progress !== undefined) progress.startedMs = performance.now();
    done();
  });
}

/** `GET path`, for whoever sent `outer`. Undefined when `signal` was aborted before there was an answer. */
export async function askInside(
  outer: FastifyRequest,
  path: string,
  signal: AbortSignal,
): Promise<InnerAnswer | undefined> {
  const request = new InnerRequest(outer.raw, path);
  const response = new InnerResponse(request);
  const progress: Progress = { request: undefined, startedMs: performance.now() };
  underWay.set(request, progress);
  const abort = (): unknown => response.destroy();
  signal.addEventListener('abort', abort);
  const closed = new Promise((resolve) => response.once('close', resolve));
  outer.server.routing(request, response);
  await closed;
  signal.removeEventListener('abort', abort);
  if (signal.aborted) return undefined;
  const tookMs = performance.now() - progress.startedMs;
  if (response.text === undefined) {
    const problem = response.isTooLarge ? TOO_LARGE : BROKEN;
    const json = JSON.stringify(problemDocument(problem, path.split('?', 1)[0] ?? ''));
    return { status: problem.status, json, isUnauthorised: false, tookMs };
  }
  const isKnown = progress.request !== undefined && isLoggedIn(progress.request);
  const { statusCode: status } = response;
  return { status, json: jsonOf(response), isUnauthorised: status === 401 && !isKnown, tookMs };
}

function unwatchable({ routeOptions: { url = '' } }: FastifyRequest): ApiError {
  const why = 'it waits, has no end, or changes something: ask for it with a request of its own';
  return new ApiError(400, 'bad_request', `GET ${url} cannot be watched, because ${why}`);
}

/** Line feeds in JSON are blanks; other answers, which are rare, become a string. */
function jsonOf(response: InnerResponse): string {
  const { text = '', contentType } = response;
  if (text === '') return 'null';
  if (!contentType.includes('json')) return JSON.stringify(text);
  return LINE_END.test(text) ? text.replaceAll(LINE_ENDS, ' ') : text;
}

const LINE_END = /[\r\n]/;
const LINE_ENDS = /[\r\n]/g;

/** On the connection of another one: who is at its other end, and whether it is encrypted, is the same. */
class InnerRequest extends IncomingMessage {
  constructor({ socket, headers: { authorization, cookie, host } }: IncomingMessage, path: string) {
    super(socket);
    this.method = 'GET';
    this.url = path;
    [this.httpVersion, this.httpVersionMajor, this.httpVersionMinor] = ['1.1', 1, 1];
    // no page shall ask for a password because of it
    this.headers = { host, 'x-requested-with': 'watch' };
    if (authorization !== undefined) this.headers.authorization = authorization;
    if (cookie !== undefined) this.headers.cookie = cookie;
    this.complete = true;
    this.push(null);
  }

  override _read(): void {}

  /** The connection is not its own. */
  override _destroy(error: Error | null, callback: (error?: Error | null) => void): void {
    callback(error);
  }
}

/** Keeps what is written, as text: buffers would be made each time anew, and cleared away. */
class InnerResponse extends ServerResponse {
  readonly #decoder: StringDecoder = new StringDecoder();
  #text = '';
  isTooLarge = false;
  #headers: OutgoingHttpHeaders = {};

  /** Fastify sets headers one by one for a stream, and otherwise all at once. */
  get contentType(): string {
    return String(this.getHeader('content-type') ?? this.#headers['content-type'] ?? '');
  }

  /** Undefined when it did not come to its end: it was too large, or aborted. */
  get text(): string | undefined {
    return this.finished ? this.#text : undefined;
  }

  override writeHead(status: number, ...others: unknown[]): this {
    const headers = (others.at(-1) ?? {}) as OutgoingHttpHeaders;
    this.#headers = headers;
    return super.writeHead(status, headers);
  }

  override write(chunk: string | Uint8Array): boolean {
    // what has begun is not answered in another way
    if (!this.headersSent) this.writeHead(this.statusCode);
    this.#text += typeof chunk === 'string' ? chunk : this.#decoder.write(chunk);
    this.isTooLarge = this.#text.length > ANSWER_CHARACTERS_MAX;
    if (this.isTooLarge) this.destroy();
    return true;
  }

  override end(chunk?: unknown): this {
    if (typeof chunk === 'string' || chunk instanceof Uint8Array) this.write(chunk);
    if (this.destroyed) return this;
    this.finished = true;
    this.emit('finish');
    return this.destroy();
  }

  override destroy(): this {
    if (this.destroyed) return this;
    this.destroyed = true;
    process.nextTick(() => this.emit('close'));
    return this;
  }
}
