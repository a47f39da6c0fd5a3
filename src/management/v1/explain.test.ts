import { beforeEach, describe, expect, test } from 'vitest';
import { ApiUnderTest } from '../../../test/management/api-under-test.ts';
import type { DirectChannel } from '../../client/direct-channel.ts';

let api: ApiUnderTest;
let channel: DirectChannel;

beforeEach(async () => {
  api = await ApiUnderTest.start();
  channel = await (await api.running.connect()).createChannel();
});

describe('where a message would go', () => {
  beforeEach(async () => {
    await channel.exchangeDeclare('events', 'topic', { arguments: { 'alternate-exchange': 'rest' } });
    await channel.exchangeDeclare('rest', 'fanout');
    await channel.queueDeclare('orders');
    await channel.queueDeclare('all', { arguments: { 'x-max-length': 0, 'x-overflow': 'reject-publish' } });
    await channel.queueBind('orders', 'events', { routingKey: 'order.*' });
    await channel.queueBind('all', 'rest');
  });

  test('is said with each binding and why', async () => {
    const { status, json } = await api.get('/v1/explain/route?exchange=events&routing_key=order.new');
    expect(status).toBe(200);
    expect(json).toMatchObject({
      result: 'routed to 1 queue',
      permission: { user: 'guest', allowed: true },
      exchanges: [
        {
          exchange: 'events',
          type: 'topic',
          bindings: [{ destination: 'orders', matched: true, why: "the routing key matches 'order.*'" }],
          alternate_exchange: { name: 'rest', used: false },
        },
      ],
      queues: [{ queue: 'orders', takes: true, notes: [{ code: 'no_consumer' }] }],
    });
  });

  test('goes on to the alternate exchange, and to a queue that is full', async () => {
    const { json } = await api.get('/v1/explain/route?exchange=events&routing_key=invoice.new');
    expect(json.exchanges[0].bindings[0]).toMatchObject({
      matched: false,
      why: "word 1 of the routing key is 'invoice', and 'order.*' wants 'order'",
    });
    expect(json.exchanges[1]).toMatchObject({
      exchange: 'rest',
      reached_by: 'alternate-exchange',
      from: 'events',
    });
    expect(json.result).toBe('routed to 1 queue; 1 of them would refuse it');
    expect(json.queues[0]).toMatchObject({ queue: 'all', takes: false });
  });

  test('counts CC, which leads to more queues', async () => {
    const headers = encodeURIComponent(JSON.stringify({ CC: ['all'] }));
    const { json } = await api.get(`/v1/explain/route?routing_key=orders&headers=${headers}`);
    expect(json.routing_keys).toEqual(['orders', 'all']);
    expect(json.queues.map(({ queue }: { queue: string }) => queue)).toEqual(['orders', 'all']);
  });

  test('names the policy of an exchange and of a queue', async () => {
    const definition = new Map([['max-length', { tag: 'l' as const, value: 7 }]]);
    const policy = {
      vhost: '/',
      name: 'short',
      pattern: '^orders$',
      applyTo: 'queues' as const,
      priority: 0,
      definition,
    };
    api.broker.vhosts.get('/')?.setPolicy(policy);
    const { json } = await api.get('/v1/explain/route?routing_key=orders');
    expect(json.queues[0].policy).toEqual({ name: 'short', operator_policy: null });
    expect(json.exchanges[0].policy).toBeNull();
  });

  test('says when the user may not publish there, for oneself and, to an administrator, for others', async () => {
    api.addUser('ann', ['management'], ['^$', '^orders$', '.*']);
    const url = '/v1/explain/route?exchange=events&routing_key=order.new';
    const own = await api.get(url, 'ann:ann');
    expect(own.json.permission).toMatchObject({ user: 'ann', allowed: false });
    expect(own.json.permission.why).toContain("write access to exchange 'events'");
    expect(own.json.result).toContain('refused');
    expect((await api.get(`${url}&user=ann`)).json.permission).toEqual(own.json.permission);
    expect((await api.get(`${url}&user=guest`, 'ann:ann')).status).toBe(403);
    expect((await api.get(`${url}&user=nobody`)).status).toBe(404);
  });

  test('says nothing of vhosts to who may not use the API', async () => {
    api.addUser('nobody', []);
    for (const vhost of ['%2F', 'nowhere']) {
      expect((await api.get(`/v1/explain/route?vhost=${vhost}`, 'nobody:nobody')).status).toBe(403);
      expect((await api.get(`/v1/explain/queue/${vhost}/x`, 'nobody:nobody')).status).toBe(403);
    }
    const { status, json } = await api.get('/v1/explain/route?vhost=nowhere');
    expect([status, json.detail]).toEqual([404, "there is no vhost 'nowhere'"]);
  });

  test('is refused for what cannot be', async () => {
    expect((await api.get('/v1/explain/route?exchange=nothing')).status).toBe(404);
    expect((await api.get('/v1/explain/route?vhost=nowhere')).status).toBe(404);
    expect((await api.get('/v1/explain/route?headers=%7B')).status).toBe(400);
    expect((await api.get('/v1/explain/route?expiration=soon')).status).toBe(400);
    expect((await api.get('/v1/explain/route?unknown=1')).status).toBe(400);
    expect((await api.get('/v1/explain/route', '')).status).toBe(401);
  });
});

describe('why a queue does not drain', () => {
  test('is said with the consumer, its connection and its channel', async () => {
    await channel.queueDeclare('orders');
    await channel.qos({ prefetchCount: 1 });
    await channel.consume('orders', () => {}, { consumerTag: 'worker' });
    for (let count = 0; count < 3; count++) {
      await channel.publish({ routingKey: 'orders', body: new Uint8Array(1) });
    }
    await api.running.settled();
    await api.running.clock.advance('5m');
    const { status, json } = await api.get('/v1/explain/queue/%2F/orders');
    expect(status).toBe(200);
    expect(json).toMatchObject({
      state: 'stuck',
      messages_ready: 2,
      messages_unacknowledged: 1,
      consumers: 1,
    });
    expect(json.reasons[0]).toMatchObject({
      reason: 'prefetch_full',
      consumers: [
        { consumer_tag: 'worker', channel: 1, user: 'guest', prefetch_count: 1, unacknowledged: 1 },
      ],
    });
    expect(json.reasons[0].consumers[0].connection).toContain('->');
    expect(json.reasons[0].consumers[0].blocked_ms).toBeGreaterThanOrEqual(300_000);
  });

  test('is 404 for a queue that is not there, and 403 in a vhost that is not open to the caller', async () => {
    expect((await api.get('/v1/explain/queue/%2F/nothing')).status).toBe(404);
    api.addUser('ann', ['management']);
    expect((await api.get('/v1/explain/queue/%2F/nothing', 'ann:ann')).status).toBe(403);
  });
});
