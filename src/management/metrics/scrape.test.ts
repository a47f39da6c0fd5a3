import { beforeEach, describe, expect, test } from 'vitest';
import { ApiUnderTest } from '../../../test/management/api-under-test.ts';
import { type ParsedMetrics, parseMetrics } from '../../../test/management/parse-metrics.ts';
import type { DirectChannel } from '../../client/direct-channel.ts';

let api: ApiUnderTest;
let channel: DirectChannel;

beforeEach(async () => {
  api = await ApiUnderTest.start();
  channel = await (await api.running.connect()).createChannel();
});

async function scrape(path = ''): Promise<ParsedMetrics> {
  await api.running.settled();
  const answer = await api.get(`/metrics${path}`);
  expect(answer.status).toBe(200);
  expect(answer.headers['content-type']).toBe('text/plain; version=0.0.4; charset=utf-8');
  return parseMetrics(answer.text);
}

/** Ten messages in, three of them out in three ways, one that leads nowhere. */
async function exchangeMessages(): Promise<void> {
  await channel.queueDeclare('orders', { durable: true });
  await channel.confirmSelect();
  for (let count = 0; count < 10; count++) {
    await channel.publish({ routingKey: 'orders', body: new Uint8Array(500) });
  }
  await channel.publish({ routingKey: 'nowhere', body: new Uint8Array(2) });
  const gotten = await channel.get('orders');
  if (gotten !== undefined) channel.ack(gotten);
  await channel.get('orders', { noAck: true });
  await channel.qos({ prefetchCount: 1 });
  await channel.consume('orders', () => {}, { consumerTag: 'worker' });
}

test('the sums are over all queues, channels and connections', async () => {
  await exchangeMessages();
  const metrics = await scrape();
  expect(metrics.value('rabbitmq_queues')).toBe(1);
  expect(metrics.value('rabbitmq_connections')).toBe(1);
  expect(metrics.value('rabbitmq_channels')).toBe(1);
  expect(metrics.value('rabbitmq_consumers')).toBe(1);
  expect(metrics.value('rabbitmq_queue_messages_ready')).toBe(7);
  expect(metrics.value('rabbitmq_queue_messages_unacked')).toBe(1);
  expect(metrics.value('rabbitmq_queue_messages')).toBe(8);
  expect(metrics.value('rabbitmq_queue_messages_ready_bytes')).toBe(3500);
  expect(metrics.value('rabbitmq_channel_messages_unacked')).toBe(1);
  expect(metrics.value('rabbitmq_channel_messages_published_total')).toBe(11);
  const amqp = { protocol: 'amqp091' };
  expect(metrics.value('rabbitmq_global_publishers', amqp)).toBe(1);
  expect(metrics.value('rabbitmq_global_consumers', amqp)).toBe(1);
  expect(metrics.value('rabbitmq_global_messages_received_total', amqp)).toBe(11);
  expect(metrics.value('rabbitmq_global_messages_received_confirm_total', amqp)).toBe(11);
  expect(metrics.value('rabbitmq_global_messages_confirmed_total', amqp)).toBe(11);
  expect(metrics.value('rabbitmq_global_messages_routed_total', amqp)).toBe(10);
  expect(metrics.value('rabbitmq_global_messages_unroutable_dropped_total', amqp)).toBe(1);
  const classic = { ...amqp, queue_type: 'rabbit_classic_queue' };
  expect(metrics.value('rabbitmq_global_messages_delivered_total', classic)).toBe(3);
  expect(metrics.value('rabbitmq_global_messages_delivered_consume_manual_ack_total', classic)).toBe(1);
  expect(metrics.value('rabbitmq_global_messages_delivered_get_manual_ack_total', classic)).toBe(1);
  expect(metrics.value('rabbitmq_global_messages_delivered_get_auto_ack_total', classic)).toBe(1);
  expect(metrics.value('rabbitmq_global_messages_acknowledged_total', classic)).toBe(1);
  expect(metrics.value('leveret_messages_settled_total')).toBe(2);
});

test('the sizes of messages are a histogram with the bounds that the dashboard asks for', async () => {
  await exchangeMessages();
  const metrics = await scrape();
  const bucket = (le: string): number | undefined =>
    metrics.value('rabbitmq_message_size_bytes_bucket', { protocol: 'amqp091', le });
  const bounds = ['100.0', '1000.0', '10000.0', '100000.0', '1e+06', '1e+07', '5e+07', '1e+08', '+Inf'];
  expect(bounds.map(bucket)).toEqual([1, 11, 11, 11, 11, 11, 11, 11, 11]);
  expect(metrics.value('rabbitmq_message_size_bytes_sum', { protocol: 'amqp091' })).toBe(5002);
  expect(metrics.value('rabbitmq_message_size_bytes_count', { protocol: 'amqp091' })).toBe(11);
});

test('counters do not go back when what they count is gone', async () => {
  await exchangeMessages();
  const before = await scrape();
  await channel.queueDelete('orders');
  await channel.close();
  const after = await scrape();
  for (const { name, labels, value } of before.samples) {
    // What RabbitMQ sums over the connections that are there.
    if (before.typeOf(name) !== 'counter' || name.startsWith('rabbitmq_connection_')) continue;
    expect(after.value(name, labels), name).toBeGreaterThanOrEqual(value);
  }
});

test('what the sums are made of is there per object', async () => {
  await exchangeMessages();
  await channel.queueDeclare('idle');
  const metrics = await scrape('/per-object');
  expect(metrics.value('rabbitmq_queue_messages_ready', { vhost: '/', queue: 'orders' })).toBe(7);
  expect(metrics.value('rabbitmq_queue_messages_ready', { vhost: '/', queue: 'idle' })).toBe(0);
  expect(metrics.value('rabbitmq_queues')).toBe(2);
  const [ofChannel] = metrics.samples.filter(({ name }) => name === 'rabbitmq_channel_messages_unacked');
  expect(ofChannel).toMatchObject({ value: 1, labels: { vhost: '/' } });
  expect(ofChannel?.labels['channel']).toMatch(/ -> .* \(1\)$/);
  expect(metrics.value('rabbitmq_exchange_messages_published_total', { vhost: '/', exchange: '' })).toBe(11);
  for (const total of (await scrape()).samples) {
    const each = metrics.samples.filter(({ name }) => name === total.name);
    if (!/^rabbitmq_(queue|channel)_messages_(ready|unacked|unconfirmed)/.test(total.name)) continue;
    expect(
      each.reduce((sum, { value }) => sum + value, 0),
      total.name,
    ).toBe(total.value);
  }
});

test('the maths of queues is there per queue', async () => {
  await exchangeMessages();
  await api.running.clock.advance('10s');
  const metrics = await scrape('/per-object');
  const orders = { vhost: '/', queue: 'orders' };
  expect(metrics.value('leveret_queue_enqueued_total', orders)).toBe(10);
  expect(metrics.value('leveret_queue_settled_total', orders)).toBe(2);
  expect(metrics.value('leveret_queue_arrival_rate', orders)).toBeCloseTo(1, 5);
  expect(metrics.value('leveret_queue_state', { ...orders, state: 'growing' })).toBe(1);
  expect(metrics.value('leveret_queue_delay_seconds', orders)).toBeUndefined();
  expect(metrics.value('leveret_queue_oldest_ready_seconds', orders)).toBe(10);
  expect(metrics.value('leveret_queue_paused', orders)).toBe(0);
  expect(metrics.value('leveret_queue_sojourn_seconds', { ...orders, quantile: '0.5' })).toBe(0);
});

test('the time from enqueue to settlement is a histogram of the broker', async () => {
  await exchangeMessages();
  const metrics = await scrape();
  expect(metrics.value('leveret_message_sojourn_seconds_count')).toBe(2);
  expect(metrics.value('leveret_message_sojourn_seconds_bucket', { le: '0.001' })).toBe(2);
  expect(metrics.value('leveret_message_sojourn_seconds_bucket', { le: '+Inf' })).toBe(2);
});

test('alarms are told, and the connections that wait', async () => {
  await exchangeMessages();
  api.broker.setAlarm('memory', true);
  const metrics = await scrape();
  expect(metrics.value('rabbitmq_alarms_memory_used_watermark')).toBe(1);
  expect(metrics.value('rabbitmq_alarms_free_disk_space_watermark')).toBe(0);
  expect(metrics.value('leveret_alarm', { alarm: 'memory' })).toBe(1);
  expect(metrics.value('leveret_connections_blocked')).toBe(1);
});

test('requests are counted by API, method and status, and not by path', async () => {
  await api.get('/api/whoami');
  await api.get('/api/whoami', 'guest:wrong');
  await api.get('/v1/nothing');
  await api.get('/secret-name');
  const metrics = await scrape();
  const count = (scope: string, code: string): number | undefined =>
    metrics.value('leveret_http_requests_total', { scope, method: 'GET', code });
  expect(count('api', '200')).toBe(1);
  expect(count('api', '401')).toBe(1);
  expect(count('other', '404')).toBe(1);
  expect(metrics.text).not.toContain('secret-name');
  expect(metrics.value('leveret_http_request_duration_seconds_count', { scope: 'api' })).toBe(2);
});

test('log-ins are counted by protocol', async () => {
  await api.get('/api/whoami', 'guest:wrong');
  const metrics = await scrape();
  expect(metrics.value('rabbitmq_auth_attempts_succeeded_total', { protocol: 'amqp091' })).toBe(1);
  expect(metrics.value('rabbitmq_auth_attempts_failed_total', { protocol: 'http' })).toBe(1);
});

test('names of strangers forge no metric', async () => {
  const name = 'a"} 1\nforged{x="\\';
  await channel.queueDeclare(name);
  const metrics = await scrape('/per-object');
  expect(metrics.value('rabbitmq_queue_messages_ready', { vhost: '/', queue: name })).toBe(0);
  expect(metrics.samples.some(({ name: metric }) => metric === 'forged')).toBe(false);
});

describe('in detail', () => {
  beforeEach(async () => {
    await exchangeMessages();
    api.broker.addVhost('other').declareQueue({
      name: 'elsewhere',
      durable: false,
      autoDelete: false,
      exclusiveOwner: undefined,
      arguments: new Map(),
    });
  });

  test('there is nothing but who answers unless a family is asked for', async () => {
    const metrics = await scrape('/detailed');
    expect([...new Set(metrics.samples.map(({ name }) => name))]).toEqual([
      'rabbitmq_build_info',
      'rabbitmq_identity_info',
    ]);
    expect((await scrape('/detailed?family=nothing')).samples).toHaveLength(2);
  });

  test('there are the families that are asked for, under names of their own', async () => {
    const metrics = await scrape(
      '/detailed?family=queue_coarse_metrics&family=channel_metrics&family=connection_churn_metrics',
    );
    const orders = { vhost: '/', queue: 'orders' };
    expect(metrics.value('rabbitmq_detailed_queue_messages_ready', orders)).toBe(7);
    expect(metrics.value('rabbitmq_detailed_queues_created_total')).toBe(2);
    expect(metrics.samples.some(({ name }) => name === 'rabbitmq_detailed_channel_consumers')).toBe(true);
    expect(metrics.samples.some(({ name }) => name.includes('messages_bytes'))).toBe(false);
  });

  test('the number of consumers belongs to two families, and is there once', async () => {
    const metrics = await scrape('/detailed?family=queue_consumer_count&family=queue_metrics');
    const consumers = metrics.samples.filter(({ name }) => name === 'rabbitmq_detailed_queue_consumers');
    expect(consumers).toHaveLength(2);
  });

  test('what belongs to the cluster has a prefix of its own', async () => {
    const metrics = await scrape(
      '/detailed?family=vhost_status&family=exchange_bindings&family=exchange_names',
    );
    expect(metrics.value('rabbitmq_cluster_vhost_status', { vhost: 'other' })).toBe(1);
    const direct = { vhost: '/', exchange: 'amq.direct', type: 'direct' };
    expect(metrics.value('rabbitmq_cluster_exchange_bindings', direct)).toBe(0);
    expect(metrics.value('rabbitmq_cluster_exchange_name', direct)).toBe(1);
  });

  test('only the vhosts and queues that are asked for are told of', async () => {
    const queuesOf = async (query: string): Promise<unknown[]> => {
      const { samples } = await scrape(`/detailed?family=queue_consumer_count${query}`);
      return samples.filter(({ labels }) => 'queue' in labels).map(({ labels }) => labels['queue']);
    };
    expect(await queuesOf('')).toEqual(['orders', 'elsewhere']);
    expect(await queuesOf('&vhost=other')).toEqual(['elsewhere']);
    expect(await queuesOf('&vhost=other&vhost=/')).toEqual(['orders', 'elsewhere']);
    expect(await queuesOf('&vhost=nowhere')).toEqual([]);
    expect(await queuesOf('&queue=^ord')).toEqual(['orders']);
    expect((await api.get('/metrics/detailed?queue=(')).status).toBe(400);
  });

  test('the event loop runs while queues are looked for, also when none matches', async () => {
    const vhost = api.broker.vhosts.get('/');
    const declaration = {
      durable: false,
      autoDelete: false,
      exclusiveOwner: undefined,
      arguments: new Map(),
    };
    for (let index = 0; index < 2000; index++)
      vhost?.declareQueue({ ...declaration, name: `${'a'.repeat(200)}${index}` });
    let rounds = 0;
    const round = setInterval(() => rounds++, 0);
    // It takes a slice for every few dozen names.
    const pattern = encodeURIComponent(`${'(a|aa|aaa)*'.repeat(50)}b$`);
    expect((await api.get(`/metrics/detailed?family=queue_metrics&queue=${pattern}`)).status).toBe(200);
    clearInterval(round);
    expect(rounds).toBeGreaterThan(5);
  });
});

describe('who may ask', () => {
  test('is whoever has the tag monitoring or administrator', async () => {
    api.addUser('watcher', ['monitoring']);
    api.addUser('user', ['management'], ['.*', '.*', '.*']);
    for (const path of ['', '/per-object', '/detailed']) {
      expect((await api.get(`/metrics${path}`, 'watcher:watcher')).status).toBe(200);
      expect((await api.get(`/metrics${path}`, 'user:user')).status).toBe(401);
      expect((await api.get(`/metrics${path}`, '')).status).toBe(401);
    }
  });

  test('is everybody when the host says so', async () => {
    const open = await ApiUnderTest.start({}, { metricsAreAnonymous: true });
    expect((await open.get('/metrics', '')).status).toBe(200);
    expect((await open.get('/api/whoami', '')).status).toBe(401);
  });
});
