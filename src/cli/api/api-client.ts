import {
  Agent as HttpAgent,
  request as httpRequest,
  type IncomingMessage,
  type RequestOptions,
} from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import { ApiFailure, connectionFailure, refusalFailure } from './api-failure.ts';

/** Where the API is, and who asks. */
export interface ApiTarget {
  /** Without user and password; a path is what the API's own paths come behind. */
  readonly url: URL;
  readonly username: string;
  readonly password: string;
  /** For one request, from the start to the end of its answer. */
  readonly timeoutMs: number;
  /** The certificates of the authority to trust, in PEM; those of Node.js when undefined. */
  readonly ca: string | undefined;
}

export interface ApiRequest {
  readonly method?: 'GET' | 'PUT' | 'POST' | 'DELETE';
  /** From `/api/` or `/v1/` on, encoded. */
  readonly path: string;
  /** Sent as JSON. */
  readonly body?: unknown;
  /** The same as a text that is JSON already. */
  readonly bodyText?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** What is asked for, for the text of a 404: `queue 'x' in vhost '/'`. */
  readonly about?: string;
  /** On top of the usual time, for an answer that waits for something. */
  readonly waitMs?: number;
  readonly signal?: AbortSignal;
}

export interface ApiAnswer {
  readonly status: number;
  readonly text: string;
  /** The body; undefined when it is empty. */
  readonly json: unknown;
}

/** An answer with more than this is not read: no list of the API comes near it. */
const ANSWER_BYTES_MAX = 256 * 2 ** 20;

/** Asks the HTTP API of a broker. Throws `ApiFailure` for everything that is not a success. */
export class ApiClient {
  readonly target: ApiTarget;
  readonly shownUrl: string;
  readonly #agent: HttpAgent | HttpsAgent;

  constructor(target: ApiTarget) {
    this.target = target;
    this.shownUrl = target.url.href.replace(/\/$/, '');
    const options = { keepAlive: true, maxSockets: 16 };
    this.#agent =
      target.url.protocol === 'https:'
        ? new HttpsAgent({ ...options, ...(target.ca === undefined ? {} : { ca: target.ca }) })
        : new HttpAgent(options);
  }

  /** Ends the connections, and what is still under way. */
  close(): void {
    this.#agent.destroy();
  }

  async get(path: string, about?: string): Promise<unknown> {
    return (await this.ask({ path, ...(about === undefined ? {} : { about }) })).json;
  }

  async ask(request: ApiRequest): Promise<ApiAnswer> {
    const timer = new AbortController();
    const timeoutMs = this.target.timeoutMs + (request.waitMs ?? 0);
    const timeout = setTimeout(() => timer.abort(), timeoutMs);
    const signals = request.signal === undefined ? [timer.signal] : [timer.signal, request.signal];
    try {
      return await this.#answered(request, AbortSignal.any(signals));
    } catch (error) {
      if (timer.signal.aborted) {
        const text = `${this.shownUrl} did not answer within ${timeoutMs / 1000} s`;
        throw new ApiFailure('TIMED_OUT', `${text}; --timeout gives it more time`);
      }
      throw error;
    } finally {
      clearTimeout(timeout);
    }
  }

  /** The body of a successful answer as it comes in. */
  async *stream(request: ApiRequest): AsyncGenerator<string> {
    const response = await this.#response(request, request.signal);
    if (!isSuccess(response)) throw this.#refusal(request, response, await textOf(response));
    response.setEncoding('utf8');
    try {
      for await (const chunk of response) yield chunk as string;
    } catch (error) {
      throw this.#failure(error, request.signal);
    }
  }

  async #answered(request: ApiRequest, signal: AbortSignal): Promise<ApiAnswer> {
    const response = await this.#response(request, signal);
    let text: string;
    try {
      text = await textOf(response);
    } catch (error) {
      throw this.#failure(error, signal);
    }
    if (!isSuccess(response)) throw this.#refusal(request, response, text);
    const json = text === '' ? undefined : jsonOf(text);
    if (text !== '' && json === undefined) {
      throw new ApiFailure(
        'NOT_AN_API',
        `${this.shownUrl} is no API of a broker: it answers without JSON; see --url`,
      );
    }
    return { status: response.statusCode ?? 0, text, json };
  }

  #response(request: ApiRequest, signal: AbortSignal | undefined): Promise<IncomingMessage> {
    const { url } = this.target;
    const body = request.bodyText ?? (request.body === undefined ? undefined : JSON.stringify(request.body));
    const options: RequestOptions = {
      agent: this.#agent,
      protocol: url.protocol,
      hostname: url.hostname.replace(/^\[|\]$/g, ''),
      port: url.port,
      path: `${url.pathname.replace(/\/$/, '')}${request.path}`,
      method: request.method ?? 'GET',
      headers: { ...this.#headers(body), ...request.headers },
      ...(signal === undefined ? {} : { signal }),
    };
    return new Promise((resolve, reject) => {
      const sent = (url.protocol === 'https:' ? httpsRequest : httpRequest)(options, resolve);
      sent.on('error', (error) => reject(this.#failure(error, signal)));
      sent.end(body);
    });
  }

  #headers(body: string | undefined): Record<string, string> {
    const { username, password } = this.target;
    const credential = Buffer.from(`${username}:${password}`).toString('base64');
    // RabbitMQ answers 406 to whoever insists on JSON where it has nothing to say.
    const headers = { accept: 'application/json, */*;q=0.5', authorization: `Basic ${credential}` };
    if (body === undefined) return headers;
    return {
      ...headers,
      'content-type': 'application/json',
      'content-length': String(Buffer.byteLength(body)),
    };
  }

  #refusal({ path, about }: ApiRequest, response: IncomingMessage, text: string): ApiFailure {
    return refusalFailure({
      status: response.statusCode ?? 0,
      body: jsonOf(text),
      username: this.target.username,
      shownUrl: this.shownUrl,
      about,
      isLeveretOnly: path.startsWith('/v1/'),
    });
  }

  /** An abort is passed on as it is: whoever asked for it knows. */
  #failure(error: unknown, signal: AbortSignal | undefined): unknown {
    if (signal?.aborted || error instanceof ApiFailure) return error;
    // Both addresses of localhost were tried: the errors are in a list.
    const [first] = error instanceof AggregateError ? error.errors : [error];
    return connectionFailure(first as NodeJS.ErrnoException, this.shownUrl);
  }
}

/** A name as one segment of a path. */
export function segment(name: string): string {
  return encodeURIComponent(name);
}

function isSuccess({ statusCode = 0 }: IncomingMessage): boolean {
  return statusCode >= 200 && statusCode < 300;
}

async function textOf(response: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of response) {
    chunks.push(chunk as Buffer);
    bytes += (chunk as Buffer).length;
    if (bytes > ANSWER_BYTES_MAX) {
      throw new ApiFailure('NOT_AN_API', `the answer is longer than ${ANSWER_BYTES_MAX} bytes`);
    }
  }
  return Buffer.concat(chunks).toString('utf8');
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
