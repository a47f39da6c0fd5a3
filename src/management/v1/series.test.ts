import { beforeEach, expect, test } from 'vitest';
import { ApiUnderTest } from '../../../test/management/api-under-test.ts';
import type { DirectChannel } from '../../client/direct-channel.ts';

let api: ApiUnderTest;
let channel: DirectChannel;

beforeEach(async () => {
  api = await ApiUnderTest.start();
  channel = await (await api.running.connect()).createChannel();
  await channel.queueDeclare('orders');
});

/** Ten messages come each second, and four of them leave two seconds later. */
async function traffic(seconds: number): Promise<void> {
  for (let second = 0; second < seconds; second++) {
    for (let count = 0; count < 10; count++)
      await channel.publish({ routingKey: 'orders', body: new Uint8Array(1) });
    if (second >= 2) for (let count = 0; count < 4; count++) await channel.get('orders', { noAck: true });
    await api.running.clock.advance('1s');
  }
}

const NAMES = ['at', 'rate_in', 'rate_out', 'messages', 'ready', 'unacknowledged', 'delay_ms'];

test('a queue, its vhost and the broker tell the same of known traffic, in columns', async () => {
  await traffic(20);
  for (const path of ['/v1/queues/%2F/orders/series', '/v1/vhosts/%2F/series', '/v1/series']) {
    const { status, json } = await api.get(`${path}?window=60s`);
    expect(status).toBe(200);
    expect(json).toMatchObject({ window_seconds: 60, step_seconds: 5 });
    expect(NAMES.map((name) => json[name].length)).toEqual(NAMES.map(() => 12));
    expect(json.at.at(-1)).toBe(api.running.clock.now.getTime());
    expect(json.rate_in).toEqual([...Array(8).fill(null), 10, 10, 10, 10]);
    expect(json.rate_out.slice(8)).toEqual([2.4, 4, 4, 4]);
    expect(json.messages.slice(8)).toEqual([38, 68, 98, 128]);
    expect(json.ready).toEqual(json.messages);
    expect(json.unacknowledged.slice(8)).toEqual([0, 0, 0, 0]);
    expect(json.delay_ms.at(-1)).toBe(32_000);
    const { p50_ms, p99_ms } = json.measured;
    expect(p50_ms.slice(0, 8)).toEqual(Array(8).fill(null));
    expect(p50_ms.at(8)).toBeGreaterThanOrEqual(2000 * 0.96);
    expect(p99_ms.at(11)).toBeGreaterThan(p50_ms.at(8));
  }
});

test('says which queue, and looks back an hour unless told otherwise', async () => {
  const { json } = await api.get('/v1/queues/%2F/orders/series');
  expect(json).toMatchObject({ vhost: '/', queue: 'orders', window_seconds: 3600, step_seconds: 60 });
  expect((await api.get('/v1/series?window=24h')).json).toMatchObject({ step_seconds: 600 });
});

test('refuses what it does not know', async () => {
  for (const query of ['window=5m', 'window=', 'other=1']) {
    const { status, json } = await api.get(`/v1/series?${query}`);
    expect([query, status]).toEqual([query, 400]);
    expect(json.detail).toContain('query/');
  }
  expect((await api.get('/v1/queues/%2F/none/series')).status).toBe(404);
  expect((await api.get('/v1/vhosts/none/series')).status).toBe(404);
});
