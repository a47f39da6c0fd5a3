import type { AddressInfo } from 'node:net';
import { beforeEach, describe, expect, test } from 'vitest';
import { ApiUnderTest } from '../../../test/management/api-under-test.ts';
import { EventClient } from '../../../test/management/event-client.ts';
import type { DirectChannel } from '../../client/direct-channel.ts';
import type { TokenVerifier } from '../../core/environment.ts';
import type { Queue } from '../../core/queue/queue.ts';

let api: ApiUnderTest;
let channel: DirectChannel;
let base: string;
const authorization = `Basic ${Buffer.from('guest:guest').toString('base64')}`;

beforeEach(async () => {
  api = await ApiUnderTest.start();
  channel = await (await api.running.connect()).createChannel();
  await channel.queueDeclare('events');
  await api.app.listen({ host: '127.0.0.1', port: 0 });
  base = `http://127.0.0.1:${(api.app.server.address() as AddressInfo).port}/v1/queues/%2F/events`;
});

interface StreamedData {
  readonly lease_id: string;
  readonly payload: string;
  readonly reason?: string;
}

async function openStream(query = '', as = authorization): Promise<EventClient<StreamedData>> {
  const events = await EventClient.open<StreamedData>(`${base}/stream${query}`, { authorization: as });
  expect(events.comment).toMatch(/^: stream /);
  return events;
}

function queue(): Queue {
  return api.broker.vhosts.get('/')?.queues.get('events') as Queue;
}

/** Resolves when `is` holds: what happens on sockets has no other event. */
async function until(is: () => boolean): Promise<void> {
  while (!is()) await new Promise((resolve) => setImmediate(resolve));
}

describe('a stream', () => {
  test('gives as many messages as there is credit for, and more when they are settled', async () => {
    for (const body of ['a', 'b', 'c']) await channel.publish({ routingKey: 'events', body });
    const events = await openStream('?credit=2&lease=1m');
    expect(events.response.headers.get('content-type')).toMatch(/^text\/event-stream/);
    const first = await events.next();
    expect(first).toMatchObject({ event: 'message', id: first.data.lease_id, data: { payload: 'a' } });
    expect((await events.next()).data.payload).toBe('b');
    expect(queue()).toMatchObject({ readyCount: 1, unackedCount: 2, consumerCount: 1 });
    const settled = await api.ask('POST', `/v1/queues/%2F/events/leases/${first.id}/settle`, {
      action: 'ack',
    });
    expect(settled.status).toBe(200);
    expect((await events.next()).data.payload).toBe('c');
  });

  test('ends when its queue is deleted', async () => {
    const events = await openStream();
    await channel.queueDelete('events');
    expect(await events.next()).toMatchObject({ event: 'end', data: { reason: 'queue deleted' } });
    await expect(events.next()).rejects.toThrow('ended');
  });

  test('is a consumer no more when its client is gone; what it has keeps its lease', async () => {
    await channel.publish({ routingKey: 'events', body: 'a' });
    const events = await openStream('?lease=10s');
    await events.next();
    events.close();
    await until(() => queue().consumerCount === 0);
    expect(queue().unackedCount).toBe(1);
    await api.running.clock.advance('10s');
    expect(queue()).toMatchObject({ readyCount: 1, unackedCount: 0 });
    expect(api.broker.leases.receiverCount).toBe(0);
  });

  test('gives nothing more to a client that does not read', async () => {
    const events = await openStream('?credit=10000&lease=1h');
    const body = new Uint8Array(100_000).fill(0x61);
    for (let index = 0; index < 200; index++) await channel.publish({ routingKey: 'events', body });
    await api.running.settled();
    const taken = queue().unackedCount;
    expect(taken).toBeLessThan(200);
    for (let index = 0; index < 200; index++) await events.next();
    expect(queue()).toMatchObject({ readyCount: 0, unackedCount: 200 });
  });

  test('ends when the API stops, and so does a request that waits', async () => {
    const events = await openStream();
    const waiting = api.ask('POST', '/v1/queues/%2F/events/receive', { wait: '1h' });
    await until(() => queue().consumerCount === 2);
    const closed = api.app.close();
    expect(await events.next()).toMatchObject({ event: 'end', data: { reason: 'stopped' } });
    expect((await waiting).json).toEqual({ messages: [] });
    await closed;
  });

  test('ends when its user is deleted, and what it had is ready again', async () => {
    await channel.publish({ routingKey: 'events', body: 'a' });
    const events = await openStream('?lease=1h');
    await events.next();
    api.broker.deleteUser('guest');
    expect(await events.next()).toMatchObject({ event: 'end', data: { reason: 'stopped' } });
    await api.running.settled();
    expect(queue()).toMatchObject({ readyCount: 1, unackedCount: 0, consumerCount: 0 });
  });

  test('ends with the token of its user, and so does a request that waits', async () => {
    const { environment } = api.broker.runtime;
    const expiresAtMs = environment.clock.wallMs() + 60_000;
    const tokens: TokenVerifier = {
      isToken: (text) => text === 'token',
      verify: (_, done) => done({ username: 'svc', scopes: ['read:*/*'], expiresAtMs }),
    };
    Object.assign(environment, { tokens });
    const events = await openStream('', 'Bearer token');
    const waiting = api.ask('POST', '/v1/queues/%2F/events/receive', { wait: '1h' }, 'any:token');
    await until(() => queue().consumerCount === 2);
    await api.running.clock.advance('59s');
    expect(queue().consumerCount).toBe(2);
    await api.running.clock.advance('1s');
    expect(await events.next()).toMatchObject({ event: 'end', data: { reason: 'stopped' } });
    expect((await waiting).json).toEqual({ messages: [] });
    expect(queue().consumerCount).toBe(0);
  });

  test('takes nothing when only its headers are asked for', async () => {
    await channel.publish({ routingKey: 'events', body: 'a' });
    expect((await api.ask('HEAD', '/v1/queues/%2F/events/stream')).status).toBeGreaterThanOrEqual(404);
    expect(queue()).toMatchObject({ readyCount: 1, consumerCount: 0 });
  });

  test('is refused like any other request', async () => {
    expect((await api.get('/v1/queues/%2F/nothing/stream')).status).toBe(404);
    expect((await api.get('/v1/queues/%2F/events/stream?credit=0')).status).toBe(400);
    expect((await api.get('/v1/queues/%2F/events/stream', 'guest:wrong')).status).toBe(401);
    expect(queue().consumerCount).toBe(0);
  });
});
