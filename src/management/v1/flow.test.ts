import { beforeEach, describe, expect, test } from 'vitest';
import { ApiUnderTest } from '../../../test/management/api-under-test.ts';
import type { Delivery } from '../../client/delivery.ts';
import type { DirectChannel } from '../../client/direct-channel.ts';

let api: ApiUnderTest;
let channel: DirectChannel;

beforeEach(async () => {
  api = await ApiUnderTest.start();
  channel = await (await api.running.connect()).createChannel();
  await channel.queueDeclare('orders');
});

async function publish(count: number): Promise<void> {
  for (let index = 0; index < count; index++)
    await channel.publish({ routingKey: 'orders', body: new Uint8Array(1) });
}

async function take(count: number): Promise<void> {
  for (let index = 0; index < count; index++) {
    const message = await channel.get('orders');
    if (message !== undefined) channel.ack(message);
  }
}

describe('the flow of a queue', () => {
  test('counts what came and went, in four windows', async () => {
    await publish(12);
    await api.running.clock.advance('3s');
    await take(4);
    await api.running.clock.advance('7s');
    const { status, json } = await api.get('/v1/queues/%2F/orders/flow');
    expect(status).toBe(200);
    expect(json).toMatchObject({
      vhost: '/',
      queue: 'orders',
      enqueued_total: 12,
      settled_total: 4,
      messages: 8,
      messages_ready: 8,
      messages_unacknowledged: 0,
      consumers: 0,
      oldest_ready_age_ms: 10_000,
      target_delay_ms: null,
    });
    expect(json.windows.map((window: { window_seconds: number }) => window.window_seconds)).toEqual([
      60, 600, 3600, 86_400,
    ]);
    expect(json.windows[0]).toMatchObject({
      covered_seconds: 10,
      state: 'growing',
      enqueued: 12,
      settled: 4,
      rate_in_per_second: 1.2,
      rate_out_per_second: 0.4,
      delay_ms: null,
      drain_ms: null,
      utilisation: null,
      consumers_needed: null,
      measured: { window_seconds: 60, messages: 4, mean_ms: 3000 },
    });
    expect(json.windows[0].state_reason).toContain('12 messages came and 4 left in 10 s');
  });

  test('of an empty one has no delay, and no number that is none', async () => {
    const { json, text } = await api.get('/v1/queues/%2F/orders/flow');
    expect(json).toMatchObject({ messages: 0, oldest_ready_age_ms: null });
    expect(json.windows[0]).toMatchObject({ state: 'idle', delay_ms: null, drain_ms: 0, measured: null });
    expect(text).not.toMatch(/NaN|Infinity/);
  });

  test('is stalled when nothing leaves', async () => {
    await publish(3);
    await api.running.clock.advance('2m');
    const { json } = await api.get('/v1/queues/%2F/orders/flow');
    expect(json.windows[0]).toMatchObject({ state: 'stalled', rate_in_per_second: 0, delay_ms: null });
    expect(json.windows[0].state_reason).toContain('3 messages are there, and none left');
  });

  test('says how many consumers a target takes', async () => {
    const deliveries: Delivery[] = [];
    await channel.consume('orders', (delivery) => void deliveries.push(delivery));
    for (let index = 0; index < 20; index++) {
      await publish(1);
      await api.running.clock.advance('100ms');
      for (const delivery of deliveries.splice(0)) channel.ack(delivery);
      await api.running.clock.advance('400ms');
    }
    const { json } = await api.get('/v1/queues/%2F/orders/flow?target_delay_ms=500');
    expect(json.target_delay_ms).toBe(500);
    expect(json.windows[0]).toMatchObject({
      state: 'steady',
      rate_in_per_second: 2,
      utilisation: 0.2,
      service_rate_per_second: 10,
      consumers_needed: 1,
    });
    const shorter = await api.get('/v1/queues/%2F/orders/flow?target_delay_ms=102');
    expect(shorter.json.windows[0].consumers_needed).toBe(2);
    const impossible = await api.get('/v1/queues/%2F/orders/flow?target_delay_ms=99');
    expect(impossible.json.windows[0].consumers_needed).toBeNull();
  });

  test('refuses a target that is none', async () => {
    for (const target of ['0', '-1', 'soon', '1e12', '']) {
      const { status, json } = await api.get(`/v1/queues/%2F/orders/flow?target_delay_ms=${target}`);
      expect([target, status]).toEqual([target, 400]);
      expect(JSON.stringify(json)).toContain('target_delay_ms');
    }
  });

  test('of a queue that is not there is not found', async () => {
    const { status, json } = await api.get('/v1/queues/%2F/none/flow');
    expect([status, json.detail]).toEqual([404, "there is no queue 'none' in vhost '/'"]);
    expect((await api.get('/v1/vhosts/none/flow')).json.detail).toBe("there is no vhost 'none'");
  });

  test('refuses what it does not know', async () => {
    for (const path of ['/v1/flow', '/v1/vhosts/%2F/flow', '/v1/queues/%2F/orders/flow'])
      expect((await api.get(`${path}?target=1`)).status).toBe(400);
  });
});

test('a vhost and the broker add up what their queues do', async () => {
  await channel.queueDeclare('other');
  await publish(5);
  await channel.publish({ routingKey: 'other', body: new Uint8Array(1) });
  await take(2);
  await channel.queueDelete('other');
  await api.running.clock.advance('10s');
  for (const path of ['/v1/vhosts/%2F/flow', '/v1/flow']) {
    const { json } = await api.get(path);
    expect(json).toMatchObject({ enqueued_total: 6, settled_total: 3, messages: 3 });
    expect(json.windows[0]).toMatchObject({ enqueued: 6, settled: 3, rate_in_per_second: 0.6 });
  }
});

test('who may see what', async () => {
  api.addUser('nobody', []);
  api.addUser('manager', ['management'], ['.*', '.*', '.*']);
  api.addUser('stranger', ['management']);
  api.addUser('watcher', ['monitoring']);
  const statuses = async (user: string): Promise<number[]> => {
    const paths = ['/v1/queues/%2F/orders/flow', '/v1/vhosts/%2F/flow', '/v1/flow'];
    return Promise.all(paths.map(async (path) => (await api.get(path, `${user}:${user}`)).status));
  };
  expect(await statuses('nobody')).toEqual([403, 403, 403]);
  expect(await statuses('manager')).toEqual([200, 200, 403]);
  expect(await statuses('stranger')).toEqual([403, 403, 403]);
  expect(await statuses('watcher')).toEqual([200, 200, 200]);
});
