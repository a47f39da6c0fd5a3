import { expect, test } from 'vitest';
import { ApiUnderTest } from '../../../test/management/api-under-test.ts';

test('a queue shows its messages, the bytes of them, and the timestamp of the next one', async () => {
  const api = await ApiUnderTest.start();
  const channel = await (await api.running.connect()).createChannel();
  await channel.queueDeclare('q');
  const headers = { properties: { timestamp: 1_700_000_000 } };
  for (let count = 0; count < 3; count++) {
    await channel.publish({ routingKey: 'q', body: new Uint8Array(10), ...headers });
  }
  await channel.get('q');
  const { json } = await api.get('/api/queues/%2F/q');
  expect(json).toMatchObject({
    messages: 3,
    messages_ready: 2,
    messages_unacknowledged: 1,
    message_bytes: 30,
    message_bytes_ready: 20,
    message_bytes_unacknowledged: 10,
    head_message_timestamp: 1_700_000_000,
    message_stats: { publish: 3, get: 1, deliver_get: 1 },
    consumers: 0,
    consumer_capacity: 0,
    consumer_details: [],
  });
});

test('a queue shows the policies that hold for it, and what they say together', async () => {
  const api = await ApiUnderTest.start();
  const channel = await (await api.running.connect()).createChannel();
  await channel.queueDeclare('q');
  const vhost = api.broker.vhosts.get('/');
  const policy = { vhost: '/', pattern: '.*', applyTo: 'queues', priority: 1 } as const;
  const limit = (value: number) => new Map([['max-length', { tag: 'I', value } as const]]);
  vhost?.setPolicy({ ...policy, name: 'users', definition: limit(10) });
  vhost?.setOperatorPolicy({ ...policy, name: 'operators', definition: limit(5) });
  expect((await api.get('/api/queues/%2F/q')).json).toMatchObject({
    policy: 'users',
    operator_policy: 'operators',
    effective_policy_definition: { 'max-length': 5 },
  });
  vhost?.deletePolicy('users');
  vhost?.deleteOperatorPolicy('operators');
  expect((await api.get('/api/queues/%2F/q')).json).toMatchObject({
    policy: null,
    operator_policy: null,
    effective_policy_definition: {},
  });
});

test('the consumers of a queue are shown, and which of them is active', async () => {
  const api = await ApiUnderTest.start();
  const channel = await (await api.running.connect()).createChannel();
  await channel.queueDeclare('q', { arguments: { 'x-single-active-consumer': true } });
  await channel.qos({ prefetchCount: 3 });
  await channel.consume('q', () => {}, { consumerTag: 'one', arguments: { 'x-priority': 1 } });
  await channel.consume('q', () => {}, { consumerTag: 'two', noAck: true });
  const { json } = await api.get('/api/queues/%2F/q');
  expect(json).toMatchObject({
    consumers: 2,
    single_active_consumer_tag: 'one',
    exclusive_consumer_tag: null,
  });
  expect(json.consumer_details).toMatchObject([
    {
      consumer_tag: 'one',
      active: true,
      activity_status: 'single_active',
      ack_required: true,
      prefetch_count: 3,
      arguments: { 'x-priority': 1 },
      channel_details: { number: 1, user: 'guest' },
    },
    { consumer_tag: 'two', active: false, activity_status: 'waiting', ack_required: false },
  ]);
});

test('the share of consumers that can take a message shows that they are too few', async () => {
  const api = await ApiUnderTest.start();
  const channel = await (await api.running.connect()).createChannel();
  await channel.queueDeclare('q');
  await channel.qos({ prefetchCount: 1 });
  await channel.consume('q', () => {});
  const capacity = async (): Promise<number> => (await api.get('/api/queues/%2F/q')).json.consumer_capacity;
  expect(await capacity()).toBe(1);
  for (let count = 0; count < 3; count++) await channel.publish({ routingKey: 'q', body: new Uint8Array(1) });
  await api.running.settled();
  expect(await capacity()).toBe(0);
});

test('an exclusive queue shows whose it is', async () => {
  const api = await ApiUnderTest.start();
  const channel = await (await api.running.connect()).createChannel();
  await channel.queueDeclare('mine', { exclusive: true });
  const [connection] = (await api.get('/api/connections')).json;
  expect((await api.get('/api/queues/%2F/mine')).json).toMatchObject({
    exclusive: true,
    owner_pid_details: {
      name: connection.name,
      peer_host: connection.peer_host,
      peer_port: connection.peer_port,
    },
  });
});

test('a queue to which nothing happens shows since when', async () => {
  const api = await ApiUnderTest.start({ startTime: new Date('2026-01-01T00:00:00Z') });
  const channel = await (await api.running.connect()).createChannel();
  await channel.queueDeclare('q');
  await channel.publish({ routingKey: 'q', body: new Uint8Array(1) });
  await api.running.settled();
  expect((await api.get('/api/queues/%2F/q')).json).not.toHaveProperty('idle_since');
  await api.running.clock.advance('1m');
  expect((await api.get('/api/queues/%2F/q')).json.idle_since).toMatch(/^2026-01-01T00:00:\d\d\.000\+00:00$/);
});
