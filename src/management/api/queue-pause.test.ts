import { beforeEach, expect, test } from 'vitest';
import { ApiUnderTest } from '../../../test/management/api-under-test.ts';
import type { DirectChannel } from '../../client/direct-channel.ts';
import type { Queue } from '../../core/queue/queue.ts';

let api: ApiUnderTest;
let channel: DirectChannel;

beforeEach(async () => {
  api = await ApiUnderTest.start();
  channel = await (await api.running.connect()).createChannel();
  await channel.queueDeclare('orders', { durable: true });
});

function queue(): Queue {
  return api.broker.vhosts.get('/')?.queue('orders', undefined) as Queue;
}

test('a paused queue gives nothing out until it is resumed', async () => {
  expect((await api.ask('PUT', '/api/queues/%2F/orders/pause')).status).toBe(204);
  await channel.publish({ routingKey: 'orders', body: new Uint8Array(1) });
  await api.running.settled();
  expect(await channel.get('orders')).toBeUndefined();
  expect(queue().readyCount).toBe(1);
  expect((await api.get('/api/queues/%2F/orders')).json.state).toBe('paused');
  expect((await api.ask('PUT', '/api/queues/%2F/orders/resume')).status).toBe(204);
  expect(await channel.get('orders')).toBeDefined();
});

test('to pause it twice is to pause it once', async () => {
  for (let count = 0; count < 2; count++) {
    expect((await api.ask('PUT', '/api/queues/%2F/orders/pause')).status).toBe(204);
  }
  expect(queue().isPaused).toBe(true);
});

test('needs the permission to configure the queue', async () => {
  api.addUser('reader', ['management'], ['^$', '.*', '.*']);
  expect((await api.ask('PUT', '/api/queues/%2F/orders/pause', undefined, 'reader:reader')).status).toBe(401);
  api.addUser('owner', ['management'], ['^orders$', '^$', '^$']);
  expect((await api.ask('PUT', '/api/queues/%2F/orders/pause', undefined, 'owner:owner')).status).toBe(204);
  api.addUser('untagged', [], ['.*', '.*', '.*']);
  expect((await api.ask('PUT', '/api/queues/%2F/orders/resume', undefined, 'untagged:untagged')).status).toBe(
    401,
  );
  expect(queue().isPaused).toBe(true);
});

test('is 404 for a queue or a vhost that is not there', async () => {
  expect((await api.ask('PUT', '/api/queues/%2F/nothing/pause')).status).toBe(404);
  expect((await api.ask('PUT', '/api/queues/nowhere/orders/pause')).status).toBe(404);
});
