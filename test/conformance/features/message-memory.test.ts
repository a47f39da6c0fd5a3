import { expect, test } from 'vitest';
import {
  drain,
  expectNothingHeld,
  liveBytes,
  publish,
  publishAll,
  type Scene,
  startScene,
  storeOf,
  take,
  textOf,
} from './scene.ts';

const MEBIBYTE = 1024 * 1024;

async function declareBound(scene: Scene, names: readonly string[]): Promise<void> {
  for (const name of names) {
    await scene.channel.queueDeclare(name);
    await scene.channel.queueBind(name, 'amq.fanout');
  }
}

test('a message in several queues is stored once', async () => {
  const scene = await startScene();
  await declareBound(scene, ['a', 'b', 'c', 'd']);
  const text = 'x'.repeat(10_000);
  await publish(scene.channel, '', text, { exchange: 'amq.fanout' });
  await scene.settled();
  expect(liveBytes(scene)).toBeGreaterThan(10_000);
  expect(liveBytes(scene)).toBeLessThan(11_000);
  for (const name of ['a', 'b', 'c', 'd']) expect(await drain(scene.channel, name)).toEqual([text]);
});

test('a message in several queues is freed when the last of them has settled it', async () => {
  const scene = await startScene();
  const { channel, settled } = scene;
  await declareBound(scene, ['acked', 'purged', 'deleted', 'expired']);
  await publish(channel, '', 'm', { exchange: 'amq.fanout', properties: { expiration: '1000' } });
  channel.ack(await take(channel, 'acked'));
  await channel.queuePurge('purged');
  await channel.queueDelete('deleted');
  await settled();
  expect(liveBytes(scene)).toBeGreaterThan(0);
  await scene.advance(1000);
  expectNothingHeld(scene);
});

test('queues settle their copies in any order', async () => {
  const scene = await startScene();
  const { channel, settled } = scene;
  const names = ['a', 'b', 'c'];
  await declareBound(scene, names);
  await publishAll(channel, 'a', ['only a']);
  for (let index = 0; index < 20; index++) await publish(channel, '', `${index}`, { exchange: 'amq.fanout' });
  for (const name of ['c', 'a', 'b']) {
    const messages = [];
    for (let count = scene.queue(name).readyCount; count > 0; count--)
      messages.push(await take(channel, name));
    for (const message of messages.reverse()) channel.ack(message);
    await settled();
    expect(scene.queue(name).messageCount).toBe(0);
  }
  expectNothingHeld(scene);
});

test('a message that stays in each page does not keep the memory of the others, and stays intact', async () => {
  const scene = await startScene();
  const { channel } = scene;
  await declareBound(scene, ['busy', 'parked', 'both']);
  const padding = 'x'.repeat(64 * 1024);
  const parked: string[] = [];
  const storeMemory: number[] = [];
  for (let index = 0; index < 1500; index++) {
    if (index % 60 === 0) {
      parked.push(`parked ${index} ${padding}`);
      await publish(channel, '', parked.at(-1) as string, { exchange: 'amq.fanout' });
      await channel.queuePurge('busy');
    } else {
      await publish(channel, 'busy', padding);
    }
    if (index % 20 === 0) await channel.queuePurge('busy');
    storeMemory.push(storeOf(scene).memoryBytes);
  }
  await channel.queuePurge('busy');
  await scene.settled();
  expect(Math.max(...storeMemory)).toBeLessThan(48 * MEBIBYTE);
  expect(storeOf(scene).memoryBytes).toBeLessThan(40 * MEBIBYTE);
  expect(await drain(channel, 'both')).toEqual(parked);
  expect(await drain(channel, 'parked')).toEqual(parked);
  expectNothingHeld(scene);
});

test('cleaning moves unacked, delayed and scheduled messages as well', async () => {
  const scene = await startScene();
  const { channel } = scene;
  for (const name of ['busy', 'parked', 'unacked']) await channel.queueDeclare(name);
  await channel.queueDeclare('retried', {
    arguments: { 'x-delayed-retry-type': 'all', 'x-delayed-retry-min': 60_000 },
  });
  await channel.queueDeclare('scheduled');
  for (const name of ['unacked', 'retried']) await publish(channel, name, `in ${name}`);
  const headers = { 'x-deliver-at': scene.broker.clock.now.getTime() + 60_000 };
  await publish(channel, 'scheduled', 'in scheduled', { properties: { headers, expiration: '600000' } });
  const unacked = await take(channel, 'unacked');
  channel.nack(await take(channel, 'retried'));
  await scene.settled();
  const padding = 'x'.repeat(256 * 1024);
  for (let index = 0; index < 250; index++) {
    await publish(channel, 'busy', padding);
    if (index % 12 === 0) await publish(channel, 'parked', 'keeps its page');
    if (index % 4 === 0) await channel.queuePurge('busy');
  }
  await channel.queuePurge('busy');
  await channel.queuePurge('parked');
  await scene.settled();
  expect(() => storeOf(scene).pageOf(0)).toThrow('no page holds position 0');
  await scene.advance(60_000);
  channel.nack(unacked);
  await scene.settled();
  for (const name of ['unacked', 'retried', 'scheduled']) {
    const message = await take(channel, name);
    expect(textOf(message)).toBe(`in ${name}`);
    channel.ack(message);
  }
  await scene.settled();
  expectNothingHeld(scene);
});
