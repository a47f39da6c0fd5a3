import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import {
  Agent,
  type ClientRequest,
  request as httpRequest,
  type IncomingMessage,
  type RequestOptions,
  type ServerResponse,
} from 'node:http';
import { request as httpsRequest } from 'node:https';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { CertificateAuthority } from '../../test/servers/certificates.ts';
import { PassTargetSource } from '../../test/servers/pass-target.ts';
import type { BrokerEvent, Peer } from '../core/environment.ts';
import { HttpListener } from '../server/http-listener.ts';
import type { TlsMaterial } from '../server/tls-material.ts';
import { HttpPassThrough } from './http-pass-through.ts';
import { PeerListener } from './peer-listener.ts';
import { makeStandbyHttp, type StandbyHttpOptions } from './standby-http.ts';
import { SwitchedHttp } from './switched-http.ts';

const MEGABYTE = 2 ** 20;
const events: BrokerEvent[] = [];
const agent = new Agent({ keepAlive: true });
let cleanups: (() => unknown)[] = [];
let target: PassTargetSource;
/** What the owner does with a request. */
let onRequest: (request: IncomingMessage, response: ServerResponse) => void;
/** Clients whose connections came to the owner. */
let peers: Peer[];
let ownerHttp: HttpListener;
let passThrough: HttpPassThrough;
let port: number;

beforeEach(async () => {
  target = new PassTargetSource();
  peers = [];
  onRequest = (_request, response) => void response.end('of the owner');
  await openOwner();
  await openStandby();
});

afterEach(async () => {
  agent.destroy();
  for (const cleanup of cleanups.reverse()) await cleanup();
  cleanups = [];
  events.length = 0;
});

async function openOwner(tls?: TlsMaterial): Promise<void> {
  const onEvent = (event: BrokerEvent): unknown => events.push(event);
  const shared = { port: 0, onEvent };
  const http = await HttpListener.open({
    ...shared,
    hosts: [],
    connectionsMax: 10,
    onRequest: (q, s) => onRequest(q, s),
  });
  const listener = await PeerListener.open({
    ...shared,
    hosts: ['127.0.0.1'],
    tls,
    token: () => 'secret',
    onAmqp: (socket) => socket.destroy(),
    onHttp: (socket, peer) => {
      peers.push(peer);
      http.adopt(socket);
    },
  });
  ownerHttp = http;
  cleanups.push(
    () => listener.close(),
    () => http.destroy(),
  );
  target.set({ host: '127.0.0.1', port: listener.addresses[0]?.port ?? 0, token: 'secret' });
}

async function openStandby(options: Partial<StandbyHttpOptions> = {}, tls?: TlsMaterial): Promise<void> {
  const onEvent = (event: BrokerEvent): unknown => events.push(event);
  const { target: where, onTarget } = target;
  passThrough = new HttpPassThrough({ target: where, onTarget, tls, onEvent });
  const routes = new Map([['/v1/health', () => ({ status: 503, body: { status: 'starting' } })]]);
  const handler = makeStandbyHttp({ routes, passThrough, owner: () => 'node-b', ...options });
  const door = { hosts: ['127.0.0.1'], port: 0, connectionsMax: 100, onEvent, ...(tls && { tls }) };
  const listener = await HttpListener.open({ ...door, onRequest: new SwitchedHttp(handler).onRequest });
  const opened = passThrough;
  cleanups.push(
    () => listener.destroy(),
    () => opened.close(),
  );
  port = listener.addresses[0]?.port ?? 0;
}

test('a client that asks more and more without waiting for answers is cut off', async () => {
  onRequest = () => {};
  const socket = connect(port, '127.0.0.1');
  const closed = once(socket, 'close');
  socket.write('GET /api/overview HTTP/1.1\r\nHost: a\r\n\r\n'.repeat(300));
  socket.on('error', () => {});
  await closed;
});

interface Answer {
  readonly status: number;
  readonly headers: IncomingMessage['headers'];
  readonly rawHeaders: readonly string[];
  readonly text: string;
}

function send(path: string, options: RequestOptions = {}): ClientRequest {
  return httpRequest({ host: '127.0.0.1', port, path, agent, ...options });
}

async function answerTo(request: ClientRequest): Promise<Answer> {
  const [response] = (await once(request, 'response')) as [IncomingMessage];
  let text = '';
  for await (const chunk of response) text += String(chunk);
  const { statusCode: status = 0, headers, rawHeaders } = response;
  return { status, headers, rawHeaders, text };
}

function get(path: string, options: RequestOptions = {}): Promise<Answer> {
  const request = send(path, options);
  request.end();
  return answerTo(request);
}

/** What the owner sees of the next request, which is answered with 204. */
function nextRequest(): Promise<{ request: IncomingMessage; text: string }> {
  return new Promise((resolve) => {
    onRequest = async (request, response) => {
      let text = '';
      for await (const chunk of request) text += String(chunk);
      response.writeHead(204).end();
      resolve({ request, text });
    };
  });
}

describe('a request to a node that stands by', () => {
  test('is answered by the owner, who sees the client', async () => {
    const answer = await get('/api/overview?a=b');
    expect(answer).toMatchObject({ status: 200, text: 'of the owner' });
    expect(peers).toMatchObject([{ remoteAddress: '127.0.0.1', localPort: port, loopback: true }]);
  });

  test('comes to the owner as it was, but for what is about the connection', async () => {
    const seen = nextRequest();
    const headers = {
      Host: 'broker.example:15672',
      Authorization: 'Basic eA==',
      'X-Mixed-CASE': ['one', 'two'],
      Connection: 'keep-alive, x-private',
      'X-Private': 'between the two of us',
      TE: 'trailers',
      'Keep-Alive': 'timeout=5',
    };
    const answer = await get('/api/queues/%2F/a%2Fb?x=%20y&x=1', { method: 'DELETE', headers });
    const { request } = await seen;
    expect(answer.status).toBe(204);
    expect([request.method, request.url]).toEqual(['DELETE', '/api/queues/%2F/a%2Fb?x=%20y&x=1']);
    const names = ['Host', 'broker.example:15672', 'Authorization', 'Basic eA=='];
    expect(request.rawHeaders).toEqual([
      ...names,
      'X-Mixed-CASE',
      'one',
      'X-Mixed-CASE',
      'two',
      'Connection',
      'keep-alive',
    ]);
  });

  test('is answered as the owner answered: status, text of it, and headers in their order', async () => {
    onRequest = (_request, response) => {
      response.writeHead(418, 'Short and stout', [
        'Set-Cookie',
        'a=1',
        'X-Two',
        '2',
        'Set-Cookie',
        'b=2',
        'Date',
        'now',
      ]);
      response.end('tea');
    };
    const request = send('/');
    request.end();
    const [response] = (await once(request, 'response')) as [IncomingMessage];
    expect([response.statusCode, response.statusMessage]).toEqual([418, 'Short and stout']);
    expect(response.rawHeaders.slice(0, 8)).toEqual([
      'Set-Cookie',
      'a=1',
      'X-Two',
      '2',
      'Set-Cookie',
      'b=2',
      'Date',
      'now',
    ]);
    response.resume();
    await once(response, 'end');
  });

  test.each<[string, Readonly<Record<string, string>>]>([
    ['with a length', { 'content-length': '11' }],
    ['in chunks', {}],
  ])('has its body passed %s', async (_what, headers) => {
    const seen = nextRequest();
    const request = send('/v1/x', { method: 'POST', headers });
    request.write('hello ');
    request.end('world');
    expect((await answerTo(request)).status).toBe(204);
    const { request: passed, text } = await seen;
    expect(text).toBe('hello world');
    expect(passed.headers['content-length']).toBe(headers['content-length']);
  });

  test('may have a body whatever its method', async () => {
    const seen = nextRequest();
    const request = send('/x', { method: 'GET', headers: { 'transfer-encoding': 'chunked' } });
    request.end('a body');
    expect((await answerTo(request)).status).toBe(204);
    expect((await seen).text).toBe('a body');
    expect((await get('/again')).status).toBe(204);
  });

  test('HEAD has the headers and no body', async () => {
    onRequest = (_request, response) => void response.writeHead(200, { 'content-length': 5 }).end();
    const answer = await get('/', { method: 'HEAD' });
    expect(answer).toMatchObject({ status: 200, text: '', headers: { 'content-length': '5' } });
    onRequest = (_request, response) => void response.end('again');
    expect((await get('/')).text).toBe('again');
  });

  test('that expects to be told to go on is told so', async () => {
    const seen = nextRequest();
    const request = send('/x', { method: 'PUT', headers: { Expect: '100-continue', 'Content-Length': '4' } });
    request.flushHeaders();
    await once(request, 'continue');
    request.end('body');
    expect((await answerTo(request)).status).toBe(204);
    const passed = await seen;
    expect(passed.text).toBe('body');
    expect(passed.request.headers.expect).toBeUndefined();
  });

  test('of HTTP/1.0 is answered, too', async () => {
    const socket = connect({ host: '127.0.0.1', port });
    cleanups.push(() => socket.destroy());
    socket.write('GET / HTTP/1.0\r\n\r\n');
    let text = '';
    for await (const chunk of socket) text += String(chunk);
    expect(text).toMatch(/^HTTP\/1.1 200 OK\r\n/);
    expect(text).toMatch(/of the owner$/);
  });

  test('shares its connection with the next of the same client, and with nobody else', async () => {
    for (let i = 0; i < 3; i++) await get('/');
    expect(peers.length).toBe(1);
    const other = new Agent();
    await get('/', { agent: other });
    expect(peers.length).toBe(2);
    expect(new Set(peers.map(({ remotePort }) => remotePort)).size).toBe(2);
    await vi.waitFor(() => expect(passThrough.connectionCount).toBe(1));
  });

  test('requests that were sent at once are answered in their order, over one connection', async () => {
    onRequest = (request, response) => void setImmediate(() => response.end(`[${request.url}]`));
    const socket = connect({ host: '127.0.0.1', port });
    cleanups.push(() => socket.destroy());
    socket.write([1, 2, 3].map((i) => `GET /${i} HTTP/1.1\r\nHost: x\r\n\r\n`).join(''));
    let text = '';
    while (!text.includes('[/3]')) text += String((await once(socket, 'data'))[0]);
    expect(text.match(/\[\/\d\]/g)).toEqual(['[/1]', '[/2]', '[/3]']);
    expect(peers.length).toBe(1);
  });
});

describe('an answer without an end', () => {
  test('begins at once, and comes event by event', async () => {
    let stream: ServerResponse | undefined;
    onRequest = (_request, response) => {
      stream = response.writeHead(200, { 'content-type': 'text/event-stream' });
      response.flushHeaders();
    };
    const request = send('/v1/watch');
    request.end();
    const [response] = (await once(request, 'response')) as [IncomingMessage];
    for (const event of ['one', 'two']) {
      stream?.write(event);
      expect(String((await once(response, 'data'))[0])).toBe(event);
    }
    request.destroy();
    await once(stream as ServerResponse, 'close');
    await vi.waitFor(() => expect(passThrough.connectionCount).toBe(0));
  });

  test('is cut when the owner goes, so that nobody takes it for whole', async () => {
    onRequest = (_request, response) => void response.writeHead(200).write('half');
    const request = send('/x');
    request.end();
    const [response] = (await once(request, 'response')) as [IncomingMessage];
    const aborted = once(response, 'error');
    response.resume();
    target.set(undefined);
    expect((await aborted)[0]).toMatchObject({ code: 'ECONNRESET' });
    expect(response.complete).toBe(false);
  });

  test('is written no faster than it is read', async () => {
    const part = Buffer.alloc(MEGABYTE, 1);
    let response: ServerResponse | undefined;
    onRequest = (_request, answer) => {
      response = answer;
      for (let i = 0; i < 64; i++) answer.write(part);
      answer.end();
    };
    const request = send('/x');
    request.end();
    const [incoming] = (await once(request, 'response')) as [IncomingMessage];
    await vi.waitFor(() => expect(response).toBeDefined());
    expect(response?.writableFinished).toBe(false);
    await stalled(response as ServerResponse);
    let byteCount = 0;
    for await (const chunk of incoming) byteCount += chunk.length;
    expect(byteCount).toBe(64 * MEGABYTE);
  });
});

describe('a large body of a request', () => {
  test('is read no faster than the owner reads it', async () => {
    let passed: IncomingMessage | undefined;
    onRequest = (request) => {
      passed = request;
    };
    const request = send('/x', { method: 'PUT' });
    request.on('error', () => {});
    const part = Buffer.alloc(MEGABYTE, 1);
    for (let i = 0; i < 64; i++) request.write(part);
    await stalled(request);
    expect(passed).toBeDefined();
    request.destroy();
    passed?.resume().on('error', () => {});
    await vi.waitFor(() => expect(passed?.destroyed).toBe(true));
    expect(passed?.complete).toBe(false);
  });

  test('that is refused in the middle is answered', async () => {
    onRequest = (_request, response) => {
      response.writeHead(413).end('too large');
    };
    const request = send('/x', { method: 'PUT' });
    request.on('error', () => {});
    request.write(Buffer.alloc(MEGABYTE));
    expect(await answerTo(request)).toMatchObject({ status: 413, text: 'too large' });
    request.destroy();
  });
});

describe('without an owner that answers', () => {
  test('a request is refused with a problem document that says so', async () => {
    target.set(undefined);
    const { status, headers, text } = await get('/v1/queues?secret=1');
    expect([status, headers['content-type'], headers['retry-after']]).toEqual([
      503,
      'application/problem+json; charset=utf-8',
      '1',
    ]);
    expect(JSON.parse(text)).toEqual({
      type: '/docs#problem-unavailable',
      title: 'Not at the moment',
      status: 503,
      detail: expect.stringMatching(/^no node owns the log at the moment: .* NATS servers may be away$/),
      instance: '/v1/queues',
    });
  });

  test('a request to the management API is refused in its words', async () => {
    target.set(undefined);
    const { status, text } = await get('/api/queues');
    expect(status).toBe(503);
    expect(JSON.parse(text)).toEqual({
      error: 'unavailable',
      reason: expect.stringMatching(/^no node owns the log at the moment: .* NATS servers may be away$/),
    });
  });

  test('one that cannot be reached: nothing was done', async () => {
    target.set({ host: '127.0.0.1', port: await freePort(), token: 'secret' });
    const { status, text } = await get('/v1/x', { method: 'POST' });
    expect(status).toBe(503);
    expect(JSON.parse(text).detail).toContain('nothing was done');
    expect(events[0]?.text).toMatch(
      /^HTTP requests cannot be passed through to the owner \(1 failed\): 127.*ECONNREFUSED/,
    );
  });

  test('one that goes before it answers: what was done is not known', async () => {
    onRequest = (request) => void request.socket.destroy();
    const { status, text } = await get('/v1/x', { method: 'POST' });
    expect(status).toBe(502);
    expect(JSON.parse(text)).toMatchObject({ status: 502, title: 'The owner has gone' });
    onRequest = (_request, response) => void response.end('back');
    expect(await get('/')).toMatchObject({ status: 200, text: 'back' });
  });

  test('one that says nothing is given up when there is another, or the client goes', async () => {
    const silent = createServer((socket) => void sockets.push(socket.on('error', () => {})));
    const sockets: Socket[] = [];
    silent.listen(0, '127.0.0.1');
    await once(silent, 'listening');
    cleanups.push(() => silent.close());
    const mute = { host: '127.0.0.1', port: (silent.address() as AddressInfo).port, token: 'secret' };
    target.set(mute);
    const answer = get('/v1/x', { method: 'POST' });
    await vi.waitFor(() => expect(sockets.length).toBe(1));
    target.set(undefined);
    expect(JSON.parse((await answer).text)).toMatchObject({
      status: 503,
      detail: expect.stringContaining('nothing was done'),
    });
    target.set(mute);
    const request = send('/v1/x', { method: 'POST' });
    request.on('error', () => {});
    request.end();
    await vi.waitFor(() => expect(sockets.length).toBe(2));
    const ended = once(sockets[1] as Socket, 'close');
    sockets[1]?.resume();
    request.destroy();
    await ended;
    expect(passThrough.connectionCount).toBe(0);
  });

  test('requests behind one that the owner does not answer any more are refused', async () => {
    onRequest = () => {};
    const socket = connect({ host: '127.0.0.1', port });
    cleanups.push(() => socket.destroy());
    socket.write(
      'POST /1 HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\nGET /2 HTTP/1.1\r\nHost: x\r\n\r\n',
    );
    await vi.waitFor(() => expect(peers.length).toBe(1));
    await vi.waitFor(() => expect(passThrough.connectionCount).toBe(1));
    target.set(undefined);
    let text = '';
    while ((text.match(/unavailable/g) ?? []).length < 2) text += String((await once(socket, 'data'))[0]);
    expect(text.match(/HTTP\/1.1 \d+/g)).toEqual(['HTTP/1.1 502', 'HTTP/1.1 503']);
  });

  test('a large upload is not waited for', async () => {
    target.set(undefined);
    const request = send('/v1/x', { method: 'PUT' });
    request.on('error', () => {});
    request.write(Buffer.alloc(MEGABYTE));
    expect(await answerTo(request)).toMatchObject({ status: 503, headers: { connection: 'close' } });
    request.destroy();
  });

  test('another owner gets the next request of the same connection', async () => {
    await get('/');
    await openOwner();
    onRequest = (_request, response) => void response.end('of the other');
    expect((await get('/')).text).toBe('of the other');
    expect(peers.length).toBe(2);
  });
});

test('a request that another node has passed here is not passed on', async () => {
  const former = new HttpPassThrough({
    target: target.target,
    onTarget: target.onTarget,
    onEvent: (event) => events.push(event),
  });
  cleanups.push(() => former.close());
  expect(await get('/')).toMatchObject({ status: 200 });
  // the owner has become a node that stands by
  onRequest = (request, response) => former.handle(request, response);
  const { status, text } = await get('/v1/queues');
  expect([status, JSON.parse(text).detail]).toEqual([
    503,
    'the node that it was passed to does not own the log any more: try again in a second',
  ]);
  expect(peers.length).toBe(1);
});

describe('what a node says itself', () => {
  test('is said without the owner', async () => {
    target.set(undefined);
    for (const path of ['/v1/health', '/v1/health/', '/v1/health?x']) {
      const { status, text } = await get(path);
      expect([status, JSON.parse(text)]).toEqual([503, { status: 'starting' }]);
    }
    expect(await get('/v1/health', { method: 'HEAD' })).toMatchObject({ status: 503, text: '' });
    expect(peers).toEqual([]);
  });

  test('cannot be changed', async () => {
    const { status, headers } = await get('/v1/health', { method: 'POST' });
    expect([status, headers.allow]).toEqual([405, 'GET, HEAD']);
  });

  test('is all that it says when it takes no clients, but for who does', async () => {
    await openStandby({ passThrough: undefined });
    const { status, text } = await get('/v1/queues');
    expect(status).toBe(503);
    expect(JSON.parse(text).detail).toBe(
      "this node stands by and takes no clients (--standby refuse): ask node 'node-b', which owns the log",
    );
    expect((await get('/v1/health')).status).toBe(503);
    await openStandby({ passThrough: undefined, owner: () => undefined });
    expect(JSON.parse((await get('/v1/queues')).text).detail).toContain('no node owns the log');
  });
});

test('a client that goes leaves nothing', async () => {
  onRequest = () => {};
  const clients = Array.from({ length: 5 }, () => {
    const request = send('/x', { agent: new Agent() });
    request.on('error', () => {});
    request.end();
    return request;
  });
  await vi.waitFor(() => expect(peers.length).toBe(5));
  for (const client of clients) client.destroy();
  await vi.waitFor(() => expect(passThrough.connectionCount).toBe(0));
  await ownerHttp.close(5_000);
});

test('the owner takes only so many connections', async () => {
  const agents = Array.from({ length: 11 }, () => new Agent({ keepAlive: true }));
  cleanups.push(() => {
    for (const each of agents) each.destroy();
  });
  const answers: number[] = [];
  for (const each of agents) answers.push((await get('/', { agent: each })).status);
  expect(answers).toEqual([...Array(10).fill(200), 502]);
});

test('closing the owner\u2019s listener answers what runs and ends what is idle', async () => {
  await get('/idle');
  let running: ServerResponse | undefined;
  onRequest = (_request, response) => {
    running = response;
  };
  const answer = get('/running', { agent: new Agent() });
  await vi.waitFor(() => expect(running).toBeDefined());
  const closed = ownerHttp.close(5_000);
  running?.end('done');
  expect((await answer).text).toBe('done');
  await closed;
});

test('over TLS, between nodes, too, the owner sees what TLS has shown', async () => {
  const authority = new CertificateAuthority();
  const { cert, key } = authority.issueForServer();
  const ca = readFileSync(authority.cert);
  const tls: TlsMaterial = {
    context: { cert: readFileSync(cert), key: readFileSync(key), ca },
    verifyPeer: 'none',
    nameOf: () => undefined,
    onChange: () => {},
  };
  await openOwner(tls);
  await openStandby({}, tls);
  const request = httpsRequest({ host: '127.0.0.1', port, path: '/', ca, agent: false });
  request.end();
  expect((await answerTo(request)).text).toBe('of the owner');
  expect(peers).toMatchObject([{ loopback: true, tls: { protocol: 'TLSv1.3' } }]);
});

/** Resolves when nothing more leaves it, and something is left. */
async function stalled(stream: {
  readonly writableLength: number;
  readonly socket: Socket | null;
}): Promise<void> {
  let [last, sameCount] = [-1, 0];
  while (sameCount < 20) {
    const length = stream.writableLength + (stream.socket?.writableLength ?? 0);
    sameCount = length === last && length > 0 ? sameCount + 1 : 0;
    last = length;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

async function freePort(): Promise<number> {
  const listener = await HttpListener.open({
    hosts: ['127.0.0.1'],
    port: 0,
    connectionsMax: 1,
    onRequest: () => {},
    onEvent: () => {},
  });
  const { port: free = 0 } = listener.addresses[0] ?? {};
  await listener.close(0);
  return free;
}
