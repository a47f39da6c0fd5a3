import { beforeEach, describe, expect, test, vi } from 'vitest';
import { ApiUnderTest } from '../../../test/management/api-under-test.ts';
import type { DirectChannel } from '../../client/direct-channel.ts';
import type { Queue } from '../../core/queue/queue.ts';

let api: ApiUnderTest;
let channel: DirectChannel;

beforeEach(async () => {
  api = await ApiUnderTest.start();
  channel = await (await api.running.connect()).createChannel();
  await channel.queueDeclare('jobs');
});

const JOBS = '/v1/queues/%2F/jobs';

async function put(...bodies: string[]): Promise<void> {
  for (const body of bodies) await channel.publish({ routingKey: 'jobs', body });
  await api.running.settled();
}

function post(path: string, body: unknown, user?: string) {
  return api.ask('POST', `${JOBS}/${path}`, body, user);
}

async function receive(body: object = {}, user?: string) {
  const answer = await post('receive', body, user);
  expect(answer.status).toBe(200);
  return answer.json.messages;
}

function jobs(name = 'jobs'): Queue {
  return api.broker.vhosts.get('/')?.queues.get(name) as Queue;
}

describe('receiving', () => {
  test('takes as many as asked for, each under a lease of its own', async () => {
    await put('a', 'b', 'c');
    const messages = await receive({ max: 2, lease: '1m' });
    expect(messages.map((each: { payload: string }) => each.payload)).toEqual(['a', 'b']);
    expect(messages[0]).toMatchObject({
      exchange: '',
      routing_key: 'jobs',
      encoding: 'text',
      payload_bytes: 1,
      redelivered: false,
      lease_expires_at: '2026-01-01T00:01:00.000Z',
    });
    expect(messages[0].lease_id).not.toBe(messages[1].lease_id);
    expect(jobs()).toMatchObject({ readyCount: 1, unackedCount: 2, consumerCount: 0 });
    expect(jobs().counters.deliver).toBe(2);
  });

  test('shows bytes that are no text as base64', async () => {
    await channel.publish({ routingKey: 'jobs', body: new Uint8Array([0xff]) });
    expect((await receive())[0]).toMatchObject({ payload: '/w==', encoding: 'base64' });
    await put('text');
    expect((await receive({ encoding: 'base64' }))[0]).toMatchObject({ payload: 'dGV4dA==' });
  });

  test('answers with nothing when nothing is there, at once or when the wait is over', async () => {
    const now = post('receive', {});
    await api.running.clock.advance('1ms');
    expect((await now).json).toEqual({ messages: [] });
    const waiting = post('receive', { wait: '10s' });
    await api.running.clock.advance('9999ms');
    expect(jobs().consumerCount).toBe(1);
    await api.running.clock.advance('1ms');
    expect((await waiting).json).toEqual({ messages: [] });
    expect(jobs().consumerCount).toBe(0);
  });

  test('waits for the first message, and takes those that come with it', async () => {
    const waiting = post('receive', { wait: '10s', max: 10 });
    await api.running.settled();
    await Promise.all([
      channel.publish({ routingKey: 'jobs', body: 'a' }),
      channel.publish({ routingKey: 'jobs', body: 'b' }),
    ]);
    expect((await waiting).json.messages).toHaveLength(2);
  });

  test('takes its turn with consumers, and gives way to those of a higher priority', async () => {
    let consumed = 0;
    await channel.consume('jobs', () => void consumed++, { noAck: true, arguments: { 'x-priority': 1 } });
    const waiting = post('receive', { wait: '1s' });
    await api.running.settled();
    await put('a', 'b');
    expect(consumed).toBe(2);
    await api.running.clock.advance('1s');
    expect((await waiting).json).toEqual({ messages: [] });
  });

  test('leaves an auto-delete queue where it is', async () => {
    await channel.queueDeclare('passing', { autoDelete: true });
    const waiting = api.ask('POST', '/v1/queues/%2F/passing/receive', { wait: '1s' });
    await api.running.clock.advance('1s');
    await waiting;
    expect(jobs('passing').deleted).toBe(false);
  });

  test('ends with 410 when the queue is deleted', async () => {
    const waiting = post('receive', { wait: '1h' });
    await api.running.settled();
    await channel.queueDelete('jobs');
    expect((await waiting).status).toBe(410);
  });

  test('ends with what there is when the user is deleted', async () => {
    api.addUser('worker', [], ['', '', '.*']);
    const waiting = post('receive', { wait: '1h' }, 'worker:worker');
    await vi.waitUntil(() => api.broker.leases.receiverCount === 1);
    api.broker.deleteUser('worker');
    await put('a');
    expect((await waiting).json).toEqual({ messages: [] });
    expect(jobs()).toMatchObject({ readyCount: 1, consumerCount: 0 });
  });

  test('ends with 410 when the vhost is deleted', async () => {
    api.broker.addVhost('other');
    api.broker.access.setPermission({
      user: 'guest',
      vhost: 'other',
      configure: '.*',
      write: '',
      read: '.*',
    });
    await api.ask('PUT', '/api/queues/other/jobs', {});
    const waiting = api.ask('POST', '/v1/queues/other/jobs/receive', { wait: '1h' });
    await vi.waitUntil(() => api.broker.leases.receiverCount === 1);
    api.broker.deleteVhost('other');
    expect((await waiting).status).toBe(410);
  });

  test('takes no more at once than an answer may hold', async () => {
    const body = new Uint8Array(6 * 2 ** 20);
    for (let count = 0; count < 4; count++) await channel.publish({ routingKey: 'jobs', body });
    expect(await receive({ max: 10, encoding: 'base64' })).toHaveLength(3);
    expect(jobs()).toMatchObject({ readyCount: 1, unackedCount: 3 });
    const last = await post('receive', { max: 10 });
    expect(last.json.messages).toHaveLength(1);
    // It was not put together: it came as it was made.
    expect(last.headers['content-length']).toBeUndefined();
  });

  test('is refused without permission, and where a consumer is alone', async () => {
    api.addUser('writer', [], ['', '.*', '']);
    expect((await post('receive', {}, 'writer:writer')).status).toBe(403);
    await channel.consume('jobs', () => {}, { exclusive: true });
    expect((await post('receive', {})).status).toBe(403);
    expect((await api.ask('POST', '/v1/queues/%2F/nothing/receive', {})).status).toBe(404);
    for (const body of [
      { max: 0 },
      { max: 1001 },
      { wait: '2h' },
      { wait: 5 },
      { lease: '0s' },
      { more: 1 },
    ]) {
      expect((await post('receive', body)).status).toBe(400);
    }
  });
});

test('the firehose shows what is published and received over HTTP', async () => {
  await channel.queueDeclare('traces');
  await channel.queueBind('traces', 'amq.rabbitmq.trace', { routingKey: '#' });
  api.broker.vhosts.get('/')?.setMetadata({ tracing: true });
  await post('messages', { payload: 'a' });
  await receive();
  await api.running.settled();
  const keys = [await channel.get('traces'), await channel.get('traces')].map((trace) => trace?.routingKey);
  expect(keys).toEqual(['publish.', 'deliver.jobs']);
});

describe('a lease', () => {
  test('that runs out gives the message back, as redelivered and counted', async () => {
    await channel.queueDeclare('counted', { durable: true, arguments: { 'x-queue-type': 'quorum' } });
    await channel.publish({ routingKey: 'counted', body: 'a' });
    const url = '/v1/queues/%2F/counted/receive';
    await api.ask('POST', url, { lease: '10s' });
    await api.running.clock.advance('9999ms');
    expect(jobs('counted').unackedCount).toBe(1);
    await api.running.clock.advance('1ms');
    expect(jobs('counted')).toMatchObject({ unackedCount: 0, readyCount: 1 });
    const again = await api.ask('POST', url, {});
    expect(again.json.messages[0]).toMatchObject({ redelivered: true, return_count: 1 });
  });

  test('is extended, and then settled', async () => {
    await put('a');
    const [{ lease_id: id }] = await receive({ lease: '10s' });
    await api.running.clock.advance('9s');
    const extended = await post(`leases/${id}/extend`, { lease: '10s' });
    expect(extended.json).toEqual({ lease_expires_at: '2026-01-01T00:00:19.000Z' });
    await api.running.clock.advance('9s');
    expect((await post(`leases/${id}/settle`, { action: 'ack' })).json).toEqual({ settled: 'ack' });
    expect(jobs().messageCount).toBe(0);
    expect(jobs().counters.ack).toBe(1);
    const gone = await post(`leases/${id}/settle`, { action: 'ack' });
    expect(gone.status).toBe(410);
    expect(gone.json.type).toBe('/docs#problem-gone');
    expect(api.broker.leases.count).toBe(0);
  });

  test('belongs to who took the message', async () => {
    await put('a');
    const [{ lease_id: id }] = await receive();
    api.addUser('other', [], ['.*', '.*', '.*']);
    expect((await post(`leases/${id}/settle`, { action: 'ack' }, 'other:other')).status).toBe(410);
    await channel.queueDeclare('another');
    const elsewhere = await api.ask('POST', `/v1/queues/%2F/another/leases/${id}/settle`, { action: 'ack' });
    expect(elsewhere.status).toBe(410);
    expect((await post(`leases/${id}/settle`, { action: 'ack' })).status).toBe(200);
  });

  test('ends with its user', async () => {
    api.addUser('worker', [], ['', '', '.*']);
    await put('a');
    await receive({}, 'worker:worker');
    expect(jobs().unackedCount).toBe(1);
    api.broker.deleteUser('worker');
    await api.running.settled();
    expect(jobs()).toMatchObject({ unackedCount: 0, readyCount: 1 });
  });

  test('is over when its queue is deleted, and nothing is left of it', async () => {
    await put('a');
    const [{ lease_id: id }] = await receive({ lease: '5s' });
    await channel.queueDelete('jobs');
    expect((await post(`leases/${id}/settle`, { action: 'ack' })).status).toBe(404);
    await channel.queueDeclare('jobs');
    expect((await post(`leases/${id}/settle`, { action: 'ack' })).status).toBe(410);
    await api.running.clock.advance('5s');
    expect(api.broker.leases.count).toBe(0);
  });
});

describe('settling', () => {
  test('retries after a delay', async () => {
    await put('a');
    const [{ lease_id: id }] = await receive();
    expect((await post(`leases/${id}/settle`, { action: 'retry', delay: '1m' })).status).toBe(200);
    expect(jobs()).toMatchObject({ readyCount: 0, heldCount: 1 });
    await api.running.clock.advance('59999ms');
    expect(jobs().readyCount).toBe(0);
    await api.running.clock.advance('1ms');
    expect((await receive())[0]).toMatchObject({ payload: 'a', redelivered: true });
  });

  test('rejects to the dead-letter exchange', async () => {
    await channel.queueDeclare('dead');
    await channel.queueDeclare('mortal', {
      arguments: { 'x-dead-letter-exchange': '', 'x-dead-letter-routing-key': 'dead' },
    });
    await channel.publish({ routingKey: 'mortal', body: 'a' });
    const { json } = await api.ask('POST', '/v1/queues/%2F/mortal/receive', {});
    const url = `/v1/queues/%2F/mortal/leases/${json.messages[0].lease_id}/settle`;
    expect((await api.ask('POST', url, { action: 'reject', error: 'no such customer' })).status).toBe(200);
    expect(jobs('dead').readyCount).toBe(1);
  });

  test('settles many, and says of each what became of it', async () => {
    await put('a', 'b');
    const messages = await receive({ max: 2 });
    const settlements = [
      { lease_id: messages[0].lease_id, action: 'ack', result: 'done', content_type: 'text/plain' },
      { lease_id: 'unknown', action: 'ack' },
      { lease_id: messages[1].lease_id, action: 'forget' },
      { lease_id: messages[1].lease_id, action: 'retry' },
    ];
    const answer = await post('settle', { settlements });
    expect(answer.status).toBe(207);
    expect(answer.json).toMatchObject({ settled: 2, failed: 2 });
    expect(answer.json.results).toMatchObject([
      { settled: 'ack' },
      { status: 410 },
      { status: 400 },
      { settled: 'retry' },
    ]);
    expect(jobs()).toMatchObject({ readyCount: 1, unackedCount: 0 });
  });

  test('is refused when it makes no sense', async () => {
    await put('a');
    const [{ lease_id: id }] = await receive();
    for (const body of [
      {},
      { action: 'ack', delay: '1s' },
      { action: 'retry', result: 'x' },
      { action: 'ack', result: 5 },
      { action: 'ack', content_type: 'x'.repeat(256) },
      [],
    ]) {
      expect((await post(`leases/${id}/settle`, body)).status).toBe(400);
    }
    expect((await post('settle', {})).status).toBe(400);
    expect(jobs().unackedCount).toBe(1);
  });
});
