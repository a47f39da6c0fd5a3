import type { AddressInfo } from 'node:net';
import { beforeEach, describe, expect, onTestFinished, test, vi } from 'vitest';
import { type Answer, ApiUnderTest } from '../../../test/management/api-under-test.ts';
import { EventClient } from '../../../test/management/event-client.ts';
import type { DirectChannel } from '../../client/direct-channel.ts';

interface Watched {
  readonly path: string;
  readonly status: number;
  readonly body: ReturnType<typeof JSON.parse>;
  readonly reason?: string;
}

let api: ApiUnderTest;
let channel: DirectChannel;
let base: string;

beforeEach(async () => {
  api = await ApiUnderTest.start();
  channel = await (await api.running.connect()).createChannel();
  await channel.queueDeclare('orders');
  await api.app.listen({ host: '127.0.0.1', port: 0 });
  base = `http://127.0.0.1:${(api.app.server.address() as AddressInfo).port}`;
});

const QUEUE = '/api/queues/%2F/orders?columns=name,messages';
const NAMES = '/api/queues?columns=name';

function urlOf(paths: readonly string[], interval?: string): string {
  const query = new URLSearchParams();
  for (const path of paths) query.append('path', path);
  if (interval !== undefined) query.set('interval', interval);
  return `/v1/watch?${query}`;
}

function basic(user = 'guest'): Record<string, string> {
  return { authorization: `Basic ${Buffer.from(`${user}:${user}`).toString('base64')}` };
}

function watch(
  paths: readonly string[],
  headers: Record<string, string> = basic(),
): Promise<EventClient<Watched>> {
  return EventClient.open<Watched>(base + urlOf(paths), headers);
}

function ask(paths: readonly string[], interval?: string, user?: string): Promise<Answer> {
  return api.get(urlOf(paths, interval), user);
}

/** Lets a second pass, and everything that comes of it. */
async function tick(): Promise<void> {
  await api.running.clock.advance('1s');
  await turnOfEventLoop();
}

async function turnOfEventLoop(rounds = 20): Promise<void> {
  for (let round = 0; round < rounds; round++) await new Promise((resolve) => setImmediate(resolve));
}

/** The answer that comes next, however much time that takes on the clock of the broker. */
async function nextOf(events: EventClient<Watched>): Promise<Watched & { readonly event: string }> {
  let isThere = false;
  const next = events.next().finally(() => {
    isThere = true;
  });
  while (!isThere) await tick();
  const { event, data } = await next;
  return { event, ...data };
}

function noTime(): void {
  vi.spyOn(performance, 'now').mockReturnValue(0);
  onTestFinished(() => void vi.restoreAllMocks());
}

describe('a watch', () => {
  test('tells each answer at first, and then those that have changed', async () => {
    const events = await watch([QUEUE, NAMES]);
    expect(events.response.headers.get('content-type')).toMatch(/^text\/event-stream/);
    expect(events.response.headers.get('content-security-policy')).toContain("default-src 'none'");
    const empty = { path: QUEUE, status: 200, body: { name: 'orders', messages: 0 } };
    expect(await events.next()).toMatchObject({ event: 'answer', data: empty });
    expect((await events.next()).data).toEqual({ path: NAMES, status: 200, body: [{ name: 'orders' }] });
    for (let second = 0; second < 5; second++) await tick();
    await channel.publish({ routingKey: 'orders', body: 'a' });
    expect(await nextOf(events)).toEqual({
      ...empty,
      event: 'answer',
      body: { name: 'orders', messages: 1 },
    });
    await channel.queueDeclare('second');
    expect((await nextOf(events)).body).toEqual([{ name: 'orders' }, { name: 'second' }]);
  });

  test('asks as often as it was told to', async () => {
    noTime();
    const events = await EventClient.open<Watched>(`${base}${urlOf([QUEUE], '10s')}`, basic());
    await events.next();
    const before = requestsCounted(await metrics());
    await api.running.clock.advance('9s');
    await turnOfEventLoop();
    expect(requestsCounted(await metrics())).toBe(before);
    await api.running.clock.advance('1s');
    await turnOfEventLoop();
    expect(requestsCounted(await metrics())).toBe(before + 1);
  });

  test('tells what is refused or not there like anything else, and goes on', async () => {
    api.addUser('manager', ['management'], ['.*', '.*', '.*']);
    const paths = ['/v1/queues/%2F/none/flow', '/v1/flow', '/api/users', QUEUE, '/v1/nothing'];
    const events = await watch(paths, basic('manager'));
    const statuses: Record<string, number> = {};
    for (const path of paths) {
      const { data } = await events.next();
      expect(data.path).toBe(path);
      statuses[path] = data.status;
    }
    // the management API says 401 to somebody who is known, too
    expect(Object.values(statuses)).toEqual([404, 403, 401, 200, 404]);
    await channel.publish({ routingKey: 'orders', body: 'a' });
    expect((await nextOf(events)).body.messages).toBe(1);
  });

  test('of what is taken away says so', async () => {
    api.addUser('manager', ['management'], ['.*', '.*', '.*']);
    const events = await watch([QUEUE], basic('manager'));
    expect((await events.next()).data.status).toBe(200);
    api.broker.access.clearPermission('manager', '/');
    expect(await nextOf(events)).toMatchObject({ event: 'answer', status: 401 });
  });

  test('ends with the log-out, and with whatever else ends a session', async () => {
    for (const end of [
      (cookie: string) =>
        fetch(`${base}/v1/session`, {
          method: 'DELETE',
          headers: { cookie, 'sec-fetch-site': 'same-origin', 'x-requested-with': 'page' },
        }),
      () => api.broker.putUser('ann', 'other', ['management']),
      () => api.broker.deleteUser('ann'),
    ]) {
      api.addUser('ann', ['management'], ['.*', '.*', '.*']);
      const login = await fetch(`${base}/v1/session`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ username: 'ann', password: 'ann' }),
      });
      const cookie = String(login.headers.get('set-cookie')).split(';')[0] as string;
      const events = await watch([QUEUE], { cookie });
      expect((await events.next()).data.status).toBe(200);
      await end(cookie);
      expect(await nextOf(events)).toEqual({ event: 'end', reason: 'unauthorised' });
      await expect(events.next()).rejects.toThrow('ended');
    }
  });

  test('ends with a password that is no longer right', async () => {
    const events = await watch([QUEUE]);
    await events.next();
    api.broker.putUser('guest', 'other', ['administrator']);
    expect(await nextOf(events)).toEqual({ event: 'end', reason: 'unauthorised' });
  });

  test('ends when the API stops', async () => {
    const events = await watch([QUEUE]);
    await events.next();
    const closed = api.app.close();
    expect(await events.next()).toMatchObject({ event: 'end', data: { reason: 'stopped' } });
    await closed;
  });

  test('asks no more once its client is gone', async () => {
    noTime();
    const events = await watch([QUEUE]);
    await events.next();
    events.close();
    await turnOfEventLoop(100);
    const before = requestsCounted(await metrics());
    for (let second = 0; second < 5; second++) await tick();
    expect(requestsCounted(await metrics())).toBe(before);
  });

  test('of a reader who is slow waits for it, and tells it what is the case then', async () => {
    noTime();
    const payload = 'x'.repeat(50_000);
    for (let count = 0; count < 50; count++) await channel.publish({ routingKey: 'orders', body: payload });
    const messages = '/v1/queues/%2F/orders/messages?limit=50';
    const events = await watch([messages]);
    let before = -1;
    // each second another answer of 2.5 MB, until the buffers of both sockets are full
    for (let now = 0; now !== before; ) {
      before = now;
      await channel.get('orders', { noAck: true });
      await tick();
      await turnOfEventLoop(200);
      now = requestsCounted(await metrics());
    }
    const left = 3;
    await channel.queuePurge('orders');
    for (let count = 0; count < left; count++) await channel.publish({ routingKey: 'orders', body: 'y' });
    let answers = 0;
    for (let found = -1; found !== left; answers++) {
      const { body } = await nextOf(events);
      found = body.messages.length;
    }
    expect(answers).toBeLessThan(20);
  });

  test('asks less often for what takes long', async () => {
    const events = await watch([QUEUE, NAMES]);
    await events.next();
    await events.next();
    const slow = vi.spyOn(performance, 'now');
    onTestFinished(() => void slow.mockRestore());
    let nowMs = 0;
    // the answers that come now take 100 ms each, for all that is measured
    slow.mockImplementation(() => {
      nowMs += 100;
      return nowMs;
    });
    // once is no more than chance
    for (let times = 0; times < 2; times++) await nextChange(events);
    const before = requestsCounted(await metrics());
    await api.running.clock.advance('4s');
    await turnOfEventLoop();
    expect(requestsCounted(await metrics())).toBe(before);
    await nextChange(events);
  });

  async function nextChange(events: EventClient<Watched>): Promise<void> {
    await channel.publish({ routingKey: 'orders', body: 'a' });
    await nextOf(events);
  }

  test('of an answer that is too large says how to ask for less', async () => {
    for (let count = 0; count < 5; count++)
      await api.ask('PUT', `/api/global-parameters/p${count}`, { value: 'x'.repeat(1_000_000) });
    const events = await watch(['/api/global-parameters']);
    const { data } = await events.next();
    expect(data).toMatchObject({ status: 413, body: { detail: expect.stringContaining('page_size') } });
  });

  test('takes only so many of one user', async () => {
    api.addUser('ann', ['management'], ['.*', '.*', '.*']);
    const open = await Promise.all(Array.from({ length: 32 }, () => watch([NAMES])));
    const { status, json, headers } = await ask([NAMES]);
    expect([status, headers['retry-after']]).toEqual([429, '10']);
    expect(json.detail).toBe("user 'guest' has 32 watches open, as many as one may have: close a page");
    const other = await watch([NAMES], basic('ann'));
    expect((await other.next()).data.status).toBe(200);
    open[0]?.close();
    await turnOfEventLoop(100);
    await (await watch([NAMES])).next();
  });
});

describe('what cannot be watched', () => {
  test.each([
    ['nothing', []],
    ['another part of the broker', ['/metrics']],
    ['the page', ['/']],
    ['another host', ['http://other.example/api/overview']],
    ['more than sixteen paths', Array.from({ length: 17 }, (_, index) => `/api/queues?page=${index + 1}`)],
    ['a path that is too long', [`/api/${'x'.repeat(2048)}`]],
  ])('%s: 400', async (_, paths) => {
    const { status, headers } = await ask(paths);
    expect([status, headers['content-type']]).toEqual([400, 'application/problem+json']);
  });

  test.each(['499ms', '61s', 'often', '1'])('as often as %s: 400', async (interval) => {
    const { status, text } = await ask([NAMES], interval);
    expect(status).toBe(400);
    expect(text).toContain('query/interval');
  });

  test.each([
    '/v1/watch?path=/api/overview',
    '/v1/w%61tch?path=/api/overview',
    '/v1/queues/%2F/orders/stream',
    '/v1/queues/%2F/orders/stre%61m',
    '/api/aliveness-test/%2F',
    '/v1/outcomes/%2F/m?wait=1h',
  ])('%s is refused as its answer', async (path) => {
    const events = await watch([path]);
    const { data } = await events.next();
    expect(data).toMatchObject({ path, status: 400 });
    expect(JSON.stringify(data.body)).toContain('cannot be watched');
    expect(api.broker.vhosts.get('/')?.queues.has('aliveness-test')).toBe(false);
  });

  test('anything, without a log-in', async () => {
    expect((await ask([NAMES], undefined, '')).status).toBe(401);
    expect((await ask([NAMES], undefined, 'guest:wrong')).status).toBe(401);
  });
});

test('those who watch do not wait for each other', async () => {
  const watches = await Promise.all(Array.from({ length: 8 }, () => watch([QUEUE])));
  for (const events of watches) await events.next();
  await channel.publish({ routingKey: 'orders', body: 'a' });
  const found = await Promise.all(watches.map(async (events) => (await nextOf(events)).body.messages));
  expect(found).toEqual(watches.map(() => 1));
});

async function metrics(): Promise<string> {
  return (await api.get('/metrics')).text;
}

/** What was asked for under /api and /v1. */
function requestsCounted(text: string): number {
  const counts = text.matchAll(/^leveret_http_requests_total\{[^}]*scope="(?:api|v1)"[^}]*\} (\d+)$/gm);
  return [...counts].reduce((sum, [, count]) => sum + Number(count), 0);
}
