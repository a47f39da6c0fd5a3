/** Requests to the broker that served this page. The session is in a cookie that no script can read. */

/** What a request was refused with. */
export class ApiError extends Error {
  override readonly name = 'ApiError';
  readonly status: number;
  /** Present when the broker asks to wait. */
  readonly retryAfterSeconds: number | undefined;

  constructor(status: number, message: string, retryAfterSeconds: number | undefined) {
    super(message);
    this.status = status;
    this.retryAfterSeconds = retryAfterSeconds;
  }
}

export type Method = 'GET' | 'PUT' | 'POST' | 'PATCH' | 'DELETE';

/** A part of a path; vhosts and names may hold anything. */
export function segment(name: string): string {
  return encodeURIComponent(name);
}

/** `?a=1&b=x` of what is defined, or nothing. */
export function queryText(fields: Readonly<Record<string, string | number | boolean | undefined>>): string {
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(fields))
    if (value !== undefined && value !== '') search.set(name, String(value));
  const text = search.toString();
  return text === '' ? '' : `?${text}`;
}

/**
 * Resolves with the JSON of the answer, undefined when it has none. A Blob is sent as it is, all else as JSON. Throws an
 * `ApiError`; status 0 means that no answer came.
 */
export async function request<T>(
  method: Method,
  path: string,
  body?: unknown,
  headers: Readonly<Record<string, string>> = {},
): Promise<T> {
  const text = await textOf(await send(method, path, body, headers));
  return (text === '' ? undefined : parsed(text)) as T;
}

/** The answer as the broker wrote it, for what is kept as a file: numbers may be larger than JavaScript's. */
export async function requestText(path: string): Promise<string> {
  return textOf(await send('GET', path, undefined, {}));
}

async function textOf(response: Response): Promise<string> {
  const text = await response.text().catch(noAnswer);
  if (!response.ok) throw refusalOf(response, text);
  return text;
}

function send(
  method: Method,
  path: string,
  body: unknown,
  headers: Readonly<Record<string, string>>,
): Promise<Response> {
  const init: RequestInit = {
    method,
    credentials: 'same-origin',
    // without it the browser itself would ask for a password
    headers: {
      'x-requested-with': 'leveret',
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      ...headers,
    },
    ...(body === undefined ? {} : { body: body instanceof Blob ? body : JSON.stringify(body) }),
  };
  return fetch(path, init).catch(noAnswer);
}

/** Nothing came, or it broke off. */
function noAnswer(): never {
  throw new ApiError(0, 'no answer from the broker', undefined);
}

/** Problem documents under /v1 have a detail, RabbitMQ's answers a reason. */
function refusalOf(response: Response, text: string): ApiError {
  const answer = parsed(text);
  const fields: Readonly<Record<string, unknown>> =
    typeof answer === 'object' && answer !== null ? { ...answer } : {};
  const message = [fields['detail'], fields['reason'], fields['title'], fields['error']].find(
    (each) => typeof each === 'string',
  );
  const retryAfter = Number(response.headers.get('retry-after') ?? Number.NaN);
  return new ApiError(
    response.status,
    typeof message === 'string' ? message : `${response.status} ${response.statusText}`,
    Number.isFinite(retryAfter) ? retryAfter : undefined,
  );
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
