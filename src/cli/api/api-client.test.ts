import { once } from 'node:events';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, onTestFinished, test } from 'vitest';
import { ApiClient } from './api-client.ts';
import { ApiFailure } from './api-failure.ts';
import { readList } from './read-list.ts';

async function client(listener: RequestListener, path = ''): Promise<ApiClient> {
  const server = createServer(listener).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const url = new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}${path}`);
  const api = new ApiClient({ url, username: 'ann', password: 'pä:ss', timeoutMs: 5000, ca: undefined });
  onTestFinished(() => {
    api.close();
    server.close();
  });
  return api;
}

function answering(status: number, body: unknown): RequestListener {
  return (_request, response) => {
    response.writeHead(status).end(typeof body === 'string' ? body : JSON.stringify(body));
  };
}

async function failure(answer: Promise<unknown>): Promise<ApiFailure> {
  const error = await answer.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(ApiFailure);
  return error as ApiFailure;
}

describe('a request', () => {
  test('goes behind the path of the URL, with the log-in and a JSON body', async () => {
    let seen: unknown;
    const api = await client((request, response) => {
      const { method, url, headers } = request;
      request.setEncoding('utf8').on('data', (body: string) => {
        seen = { method, url, authorization: headers.authorization, type: headers['content-type'], body };
      });
      request.on('end', () => response.writeHead(201).end());
    }, '/rabbit/');
    const answer = await api.ask({ method: 'PUT', path: '/api/queues/%2F/%C3%BC', body: { a: 'ü' } });
    expect(answer).toEqual({ status: 201, text: '', json: undefined });
    expect(seen).toEqual({
      method: 'PUT',
      url: '/rabbit/api/queues/%2F/%C3%BC',
      authorization: `Basic ${Buffer.from('ann:pä:ss').toString('base64')}`,
      type: 'application/json',
      body: '{"a":"ü"}',
    });
  });

  test('can be given up', async () => {
    const api = await client(() => {});
    const abort = new AbortController();
    const answer = api.ask({ path: '/api/x', signal: abort.signal });
    abort.abort();
    await expect(answer).rejects.toThrow();
  });

  test('a list is read page by page', async () => {
    const api = await client(({ url = '' }, response) => {
      const page = Number(new URL(url, 'http://x').searchParams.get('page'));
      response.end(JSON.stringify({ items: [page], page_count: 3 }));
    });
    expect(await readList(api, '/api/queues')).toEqual([1, 2, 3]);
  });

  test('a list without pages is taken as it is', async () => {
    expect(await readList(await client(answering(200, [1, 2])), '/api/bindings')).toEqual([1, 2]);
  });
});

describe('a refusal', () => {
  const about = "queue 'q' in vhost '/'";
  test.each([
    [
      404,
      { error: 'Object Not Found', reason: 'Not Found' },
      '/api/x',
      'NOT_FOUND',
      /^there is no queue 'q' in vhost '\/'; leveret queues lists/,
    ],
    [
      404,
      { detail: "there is no queue 'q'" },
      '/v1/x',
      'NOT_FOUND',
      /^there is no queue 'q'; leveret queues lists/,
    ],
    [
      404,
      { error: 'Object Not Found', reason: 'Not Found' },
      '/v1/x',
      'NOT_SUPPORTED',
      /needs the API of Leveret/,
    ],
    [
      404,
      { detail: 'there is no GET /v1/x: see /docs' },
      '/v1/x',
      'NOT_SUPPORTED',
      /needs the API of Leveret/,
    ],
    [405, '', '/api/x', 'NOT_SUPPORTED', /cannot do that$/],
    [404, '<html>', '/api/x', 'NOT_AN_API', /answered 404, not as RabbitMQ's management API does/],
    [200, '<html>', '/api/x', 'NOT_AN_API', /answers without JSON/],
    [
      401,
      { error: 'not_authorised', reason: 'Login failed' },
      '/api/x',
      'LOGIN_FAILED',
      /password of user 'ann'/,
    ],
    [
      401,
      { error: 'not_authorised', reason: 'Not administrator user' },
      '/api/x',
      'NOT_PERMITTED',
      /^user 'ann': Not admin/,
    ],
    [403, { detail: "user 'ann' may not" }, '/v1/x', 'NOT_PERMITTED', /^user 'ann' may not$/],
    [400, { error: 'bad_request', reason: 'inequivalent arg' }, '/api/x', 'REFUSED', /^inequivalent arg$/],
    [429, { detail: 'too many log-ins' }, '/v1/x', 'THROTTLED', /; try again later$/],
    [429, { detail: 'too many: try again in 1 s' }, '/v1/x', 'THROTTLED', /^too many: try again in 1 s$/],
    [429, { type: '/docs#problem-queue-full', detail: 'full' }, '/v1/x', 'REFUSED', /^full$/],
    [500, { reason: 'a defect' }, '/api/x', 'BROKER_FAILED', /answered 500: a defect$/],
    [503, { detail: 'low on disk' }, '/v1/x', 'UNAVAILABLE', /^low on disk; see leveret status$/],
    [
      404,
      { detail: "NOT_FOUND - no exchange 'x' in vhost '/'" },
      '/v1/x',
      'NOT_FOUND',
      /^no exchange 'x' in vhost '\/'; leveret exchanges lists/,
    ],
  ])('%i %j to %s is %s', async (status, body, path, code, message) => {
    const api = await client(answering(status, body));
    const found = await failure(api.ask({ path, about }));
    expect(found.code).toBe(code);
    expect(found.message).toMatch(message);
    expect(found.message).not.toContain('pä:ss');
  });
});
