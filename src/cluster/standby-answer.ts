import type { IncomingMessage, ServerResponse } from 'node:http';

/** Says to whoever asks something of data that it is no page, and of now. */
const HEADERS: Readonly<Record<string, string>> = {
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cache-control': 'no-store',
};

/** What a client of a node hears that knows no owner. */
export const NO_OWNER =
  'no node owns the log at the moment: try again in a second. When that goes on, a majority of the NATS servers may be away';

const TITLES = { 502: 'The owner has gone', 503: 'Not at the moment' } as const;

/** What this node says itself. `headers` are added. */
export function answerJson(
  response: ServerResponse,
  status: number,
  body: unknown,
  headers: Readonly<Record<string, string>> = {},
): void {
  const content = { 'content-type': 'application/json; charset=utf-8' };
  answerText(response, status, JSON.stringify(body), { ...content, ...headers });
}

export function answerText(
  response: ServerResponse,
  status: number,
  text: string,
  headers: Readonly<Record<string, string>>,
): void {
  response.writeHead(status, { ...HEADERS, 'content-length': Buffer.byteLength(text), ...headers });
  response.end(text);
}

/** A problem document on /v1, and what RabbitMQ's API says otherwise. What is left of the request is not waited for. */
export function answerUnavailable(
  { request, response }: { readonly request: IncomingMessage; readonly response: ServerResponse },
  status: 502 | 503,
  detail: string,
): void {
  const instance = pathOf(request);
  const headers = {
    ...(status === 503 && { 'retry-after': '1' }),
    ...(!request.complete && { connection: 'close' }),
  };
  if (!instance.startsWith('/v1/')) {
    answerJson(response, status, { error: 'unavailable', reason: detail }, headers);
    return;
  }
  const problem = { type: '/docs#problem-unavailable', title: TITLES[status], status, detail, instance };
  answerJson(response, status, problem, {
    ...headers,
    'content-type': 'application/problem+json; charset=utf-8',
  });
}

/** Without the query, in which may be anything, and without a slash at its end. */
export function pathOf({ url = '/' }: IncomingMessage): string {
  const path = url.split('?', 1)[0] ?? '/';
  return path.length > 1 && path.endsWith('/') ? path.slice(0, -1) : path;
}
