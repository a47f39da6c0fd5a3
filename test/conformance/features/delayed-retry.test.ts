import { expect, test } from 'vitest';
import type { PlainValue } from '../../../src/codec/field-table.ts';
import { tableOf } from '../../../src/codec/field-table.ts';
import {
  drain,
  expectNothingHeld,
  policy,
  publish,
  publishAll,
  refusal,
  type Scene,
  startScene,
  take,
} from './scene.ts';

async function declare(scene: Scene, args: Record<string, PlainValue>): Promise<void> {
  await scene.channel.queueDeclare('q', { durable: true, arguments: args });
}

/** Returns the message `times` times, and measures how long it is away each time. */
async function delays(scene: Scene, times: number, stepMs: number): Promise<number[]> {
  const measured: number[] = [];
  for (let time = 0; time < times; time++) {
    scene.channel.nack(await take(scene.channel, 'q'));
    await scene.settled();
    let waitedMs = 0;
    while (scene.queue('q').readyCount === 0) {
      await scene.advance(stepMs);
      waitedMs += stepMs;
    }
    measured.push(waitedMs);
  }
  return measured;
}

test.for(['classic', 'quorum'])(
  'a returned message waits longer each time, up to the maximum: %s',
  async (type) => {
    const scene = await startScene();
    await declare(scene, {
      'x-queue-type': type,
      'x-delayed-retry-type': 'all',
      'x-delayed-retry-min': 1000,
      'x-delayed-retry-max': 3000,
    });
    await publish(scene.channel, 'q', 'm');
    expect(await delays(scene, 5, 100)).toEqual([1000, 2000, 3000, 3000, 3000]);
  },
);

test.for(['classic', 'quorum'])('an exponential delay grows by its factor: %s', async (type) => {
  const scene = await startScene();
  await declare(scene, {
    'x-queue-type': type,
    'x-delayed-retry-type': 'all',
    'x-delayed-retry-min': 1000,
    'x-delayed-retry-max': 9000,
    'x-delayed-retry-exponential': true,
  });
  await publish(scene.channel, 'q', 'm');
  expect(await delays(scene, 5, 500)).toEqual([1000, 2000, 4000, 8000, 9000]);
});

test('with the type "returned" a message waits when it was nacked, not when its channel closed', async () => {
  const scene = await startScene();
  await declare(scene, { 'x-delayed-retry-type': 'returned', 'x-delayed-retry-min': 1000 });
  await publish(scene.channel, 'q', 'm');
  const other = await scene.connection.createChannel();
  await take(other, 'q');
  await other.close();
  await scene.settled();
  expect(scene.queue('q').readyCount).toBe(1);
  scene.channel.nack(await take(scene.channel, 'q'));
  await scene.settled();
  expect([scene.queue('q').readyCount, scene.queue('q').heldCount]).toEqual([0, 1]);
});

test('with the type "failed" a message waits when its channel closed, not when it was nacked', async () => {
  const scene = await startScene();
  await declare(scene, { 'x-delayed-retry-type': 'failed', 'x-delayed-retry-min': 1000 });
  await publish(scene.channel, 'q', 'm');
  scene.channel.nack(await take(scene.channel, 'q'));
  await scene.settled();
  expect(scene.queue('q').readyCount).toBe(1);
  const other = await scene.connection.createChannel();
  await take(other, 'q');
  await other.close();
  await scene.settled();
  expect([scene.queue('q').readyCount, scene.queue('q').heldCount]).toEqual([0, 1]);
  await scene.advance(1000);
  expect(scene.queue('q').readyCount).toBe(1);
});

test('others are delivered while a message waits, and it comes back to its place', async () => {
  const scene = await startScene();
  const { channel } = scene;
  await declare(scene, { 'x-delayed-retry-type': 'all', 'x-delayed-retry-min': 1000 });
  await publishAll(channel, 'q', ['a', 'b', 'c']);
  channel.nack(await take(channel, 'q'));
  await scene.settled();
  expect(new TextDecoder().decode((await take(channel, 'q')).body)).toBe('b');
  await scene.advance(1000);
  expect(await drain(channel, 'q')).toEqual(['a', 'c']);
});

test('a message that waits for its retry counts as a message of the queue, and goes with it', async () => {
  const scene = await startScene();
  const { channel } = scene;
  await declare(scene, { 'x-delayed-retry-type': 'all', 'x-delayed-retry-min': 1000 });
  await publish(channel, 'q', 'm');
  channel.nack(await take(channel, 'q'));
  await scene.settled();
  expect(scene.queue('q').messageCount).toBe(1);
  await channel.queueDelete('q');
  await scene.advance('1h');
  expectNothingHeld(scene);
});

test('a delayed retry is delivered to a consumer that waits', async () => {
  const scene = await startScene();
  const { channel } = scene;
  await declare(scene, {
    'x-delayed-retry-type': 'all',
    'x-delayed-retry-min': 1000,
    'x-delayed-retry-max': 60_000,
  });
  const timesMs: number[] = [];
  const startMs = scene.broker.clock.now.getTime();
  await channel.consume('q', (delivery) => {
    timesMs.push(scene.broker.clock.now.getTime() - startMs);
    if (timesMs.length < 4) channel.nack(delivery);
    else channel.ack(delivery);
  });
  await publish(channel, 'q', 'm');
  await scene.advance('1m');
  expect(timesMs).toEqual([0, 1000, 3000, 6000]);
  expectNothingHeld(scene);
});

test('the clock runs for a retry even when nothing else happens after the nack', async () => {
  const scene = await startScene();
  const { channel } = scene;
  await declare(scene, { 'x-delayed-retry-type': 'all', 'x-delayed-retry-min': 1000 });
  await publish(channel, 'q', 'm');
  const message = await take(channel, 'q');
  const startMs = scene.broker.clock.now.getTime();
  let waitedMs = 0;
  await (await scene.otherChannel()).consume('q', () => {
    waitedMs = scene.broker.clock.now.getTime() - startMs;
  });
  await scene.settled();
  channel.nack(message);
  await scene.advance('10s');
  expect(waitedMs).toBe(1000);
});

test('the delivery limit ends the retries', async () => {
  const scene = await startScene();
  const { channel } = scene;
  await channel.queueDeclare('dead');
  await declare(scene, {
    'x-delayed-retry-type': 'all',
    'x-delayed-retry-min': 1000,
    'x-delivery-limit': 2,
    'x-dead-letter-exchange': '',
    'x-dead-letter-routing-key': 'dead',
  });
  let deliveries = 0;
  await channel.consume('q', (delivery) => {
    deliveries++;
    channel.nack(delivery);
  });
  await publish(channel, 'q', 'm');
  await scene.advance('1h');
  expect(deliveries).toBe(3);
  expect(await drain(channel, 'dead')).toEqual(['m']);
});

test('a policy sets up delayed retry for queues that are there', async () => {
  const scene = await startScene();
  await declare(scene, {});
  await publish(scene.channel, 'q', 'm');
  const definition = tableOf({ 'delayed-retry-type': 'all', 'delayed-retry-min': 700 });
  scene.vhost.setPolicy(policy('retry', '^q$', definition, { applyTo: 'queues' }));
  expect(await delays(scene, 2, 100)).toEqual([700, 700]);
});

test('a queue with a message that waits for its retry is not deleted if-empty', async () => {
  const scene = await startScene();
  await declare(scene, { 'x-delayed-retry-type': 'all', 'x-delayed-retry-min': 1000 });
  await publish(scene.channel, 'q', 'm');
  scene.channel.nack(await take(scene.channel, 'q'));
  await scene.settled();
  const other = await scene.connection.createChannel();
  expect(await refusal(other.queueDelete('q', { ifEmpty: true }))).toMatchObject({ code: 406 });
  await scene.advance(1000);
  expect(await drain(scene.channel, 'q')).toEqual(['m']);
});
