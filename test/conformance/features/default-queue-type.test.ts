import { beforeEach, expect, test } from 'vitest';
import { refusal, type Scene, startScene } from './scene.ts';

let scene: Scene;

beforeEach(async () => {
  scene = await startScene();
  scene.vhost.setMetadata({ defaultQueueType: 'quorum' });
});

test('a queue that is declared without a type is of the type that the vhost gives', async () => {
  await scene.channel.queueDeclare('orders', { durable: true });
  expect(scene.queue('orders').declared.type).toBe('quorum');
  expect(scene.queue('orders').arguments.get('x-queue-type')?.value).toBe('quorum');
});

test('what the declaration says counts', async () => {
  await scene.channel.queueDeclare('orders', { arguments: { 'x-queue-type': 'classic' } });
  expect(scene.queue('orders').declared.type).toBe('classic');
});

test('a queue that cannot be of that type is a classic one', async () => {
  const { channel } = scene;
  await channel.queueDeclare('transient');
  await channel.queueDeclare('auto-delete', { durable: true, autoDelete: true });
  await channel.queueDeclare('exclusive', { exclusive: true });
  for (const name of ['transient', 'auto-delete', 'exclusive'])
    expect(scene.queue(name).declared.type).toBe('classic');
});

test('a queue can be declared again without a type, whatever the vhost has said since', async () => {
  const { channel, vhost } = scene;
  await channel.queueDeclare('orders', { durable: true });
  vhost.setMetadata({ defaultQueueType: undefined });
  const other = await scene.otherChannel();
  expect((await refusal(other.queueDeclare('orders', { durable: true }))).text).toContain(
    "inequivalent arg 'x-queue-type'",
  );
  await channel.queueDeclare('invoices', { durable: true });
  vhost.setMetadata({ defaultQueueType: 'quorum' });
  await channel.queueDeclare('orders', { durable: true });
  await channel.queueDeclare('invoices', { durable: true });
  expect(scene.queue('invoices').declared.type).toBe('classic');
});
