import { expect, test } from 'vitest';
import { type PlainValue, tableOf } from '../../../src/codec/field-table.ts';
import type { Policy } from '../../../src/core/access/policies.ts';
import { drain, policy, publish, publishAll, type Scene, startScene, take } from './scene.ts';

function apply(
  scene: Scene,
  name: string,
  pattern: string,
  definition: Record<string, PlainValue>,
  others: Partial<Policy> = {},
): void {
  scene.vhost.setPolicy(policy(name, pattern, tableOf(definition), others));
}

test('a policy holds for queues whose name matches, those that are there and those that come', async () => {
  const scene = await startScene();
  const { channel } = scene;
  await channel.queueDeclare('orders.1');
  apply(scene, 'short', '^orders', { 'max-length': 1 });
  await channel.queueDeclare('orders.2');
  await channel.queueDeclare('other');
  for (const name of ['orders.1', 'orders.2', 'other']) await publishAll(channel, name, ['a', 'b']);
  expect(await drain(channel, 'orders.1')).toEqual(['b']);
  expect(await drain(channel, 'orders.2')).toEqual(['b']);
  expect(await drain(channel, 'other')).toEqual(['a', 'b']);
});

test('a policy takes effect on messages that are there, and deleting it ends it', async () => {
  const scene = await startScene();
  const { channel } = scene;
  await channel.queueDeclare('q');
  await publishAll(channel, 'q', ['a', 'b', 'c']);
  apply(scene, 'short', '.*', { 'max-length': 2 });
  expect(scene.queue('q').readyCount).toBe(2);
  scene.vhost.deletePolicy('short');
  await publishAll(channel, 'q', ['d', 'e']);
  expect(await drain(channel, 'q')).toEqual(['b', 'c', 'd', 'e']);
});

test('a policy with reject-publish refuses new messages and drops none that are there', async () => {
  const scene = await startScene();
  const { channel } = scene;
  await channel.queueDeclare('q');
  await publishAll(channel, 'q', ['a', 'b', 'c']);
  await scene.settled();
  apply(scene, 'full', '.*', { 'max-length': 1, overflow: 'reject-publish' });
  await publish(channel, 'q', 'd');
  expect(await drain(channel, 'q')).toEqual(['a', 'b', 'c']);
});

test('a message TTL by policy counts for messages that are there', async () => {
  const scene = await startScene();
  await scene.channel.queueDeclare('q');
  await publish(scene.channel, 'q', 'm');
  await scene.advance(500);
  apply(scene, 'ttl', '.*', { 'message-ttl': 1000 });
  await scene.advance(499);
  expect(scene.queue('q').readyCount).toBe(1);
  await scene.advance(1);
  expect(scene.queue('q').readyCount).toBe(0);
});

test('a policy can make queues expire', async () => {
  const scene = await startScene();
  await scene.channel.queueDeclare('q');
  apply(scene, 'expires', '.*', { expires: 1000 });
  await scene.advance(999);
  expect(scene.vhost.queues.has('q')).toBe(true);
  await scene.advance(1);
  expect(scene.vhost.queues.has('q')).toBe(false);
});

test('a policy can give a dead-letter exchange and key, and the arguments of a queue win over it', async () => {
  const scene = await startScene();
  const { channel, settled } = scene;
  for (const name of ['by-policy', 'by-argument']) await channel.queueDeclare(name);
  await channel.queueDeclare('a');
  await channel.queueDeclare('b', {
    arguments: { 'x-dead-letter-exchange': '', 'x-dead-letter-routing-key': 'by-argument' },
  });
  apply(scene, 'dlx', '^[ab]$', { 'dead-letter-exchange': '', 'dead-letter-routing-key': 'by-policy' });
  for (const name of ['a', 'b']) {
    await publish(channel, name, name);
    channel.reject(await take(channel, name), { requeue: false });
  }
  await settled();
  expect([await drain(channel, 'by-policy'), await drain(channel, 'by-argument')]).toEqual([['a'], ['b']]);
});

test('of two numbers, one by argument and one by policy, the lower one counts', async () => {
  const scene = await startScene();
  const { channel } = scene;
  await channel.queueDeclare('low', { arguments: { 'x-max-length': 1 } });
  await channel.queueDeclare('high', { arguments: { 'x-max-length': 5 } });
  apply(scene, 'length', '.*', { 'max-length': 3 });
  for (const name of ['low', 'high']) await publishAll(channel, name, ['a', 'b', 'c', 'd', 'e']);
  expect([scene.queue('low').readyCount, scene.queue('high').readyCount]).toEqual([1, 3]);
});

test('of the policies that match the one with the highest priority counts, alone', async () => {
  const scene = await startScene();
  const { channel } = scene;
  await channel.queueDeclare('q');
  apply(scene, 'low', '.*', { 'max-length': 1 }, { priority: 1 });
  apply(scene, 'high', '.*', { 'max-length-bytes': 100 }, { priority: 2 });
  await publishAll(channel, 'q', ['a', 'b']);
  expect(scene.queue('q').readyCount).toBe(2);
  scene.vhost.deletePolicy('high');
  expect(scene.queue('q').readyCount).toBe(1);
});

test('an operator policy caps what policy and arguments ask for', async () => {
  const scene = await startScene();
  const { channel, vhost } = scene;
  await channel.queueDeclare('q', { arguments: { 'x-max-length': 10 } });
  apply(scene, 'user', '.*', { 'max-length': 5 });
  vhost.setOperatorPolicy(policy('cap', '.*', tableOf({ 'max-length': 2 }), { applyTo: 'queues' }));
  await publishAll(channel, 'q', ['a', 'b', 'c']);
  expect(scene.queue('q').readyCount).toBe(2);
  vhost.deleteOperatorPolicy('cap');
  await publishAll(channel, 'q', ['d', 'e', 'f', 'g']);
  expect(scene.queue('q').readyCount).toBe(5);
});

test('a policy applies to what it is for: classic queues, quorum queues or exchanges', async () => {
  const scene = await startScene();
  const { channel } = scene;
  await channel.queueDeclare('classic', { durable: true });
  await channel.queueDeclare('quorum', { durable: true, arguments: { 'x-queue-type': 'quorum' } });
  apply(scene, 'only', '.*', { 'max-length': 1 }, { applyTo: 'quorum_queues' });
  for (const name of ['classic', 'quorum']) await publishAll(channel, name, ['a', 'b']);
  expect([scene.queue('classic').readyCount, scene.queue('quorum').readyCount]).toEqual([2, 1]);
});

test('a vhost lists its policies, and says whether there was one to delete', async () => {
  const { vhost } = await startScene();
  vhost.setPolicy(policy('low', '.*', tableOf({ 'max-length': 1 }), { priority: 1 }));
  vhost.setPolicy(policy('high', '.*', tableOf({ 'max-length': 2 }), { priority: 2 }));
  vhost.setOperatorPolicy(policy('cap', '.*', tableOf({ 'max-length': 3 }), { applyTo: 'queues' }));
  expect(vhost.policies.map(({ name }) => name)).toEqual(['high', 'low']);
  expect(vhost.operatorPolicies.map(({ name }) => name)).toEqual(['cap']);
  expect([vhost.deletePolicy('high'), vhost.deletePolicy('high')]).toEqual([true, false]);
  expect([vhost.deleteOperatorPolicy('cap'), vhost.deleteOperatorPolicy('cap')]).toEqual([true, false]);
  expect(vhost.policies.map(({ name }) => name)).toEqual(['low']);
});
