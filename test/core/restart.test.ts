import { afterEach, expect, test } from 'vitest';
import type { DirectChannel } from '../../src/client/direct-channel.ts';
import type { VirtualHost } from '../../src/core/vhost/virtual-host.ts';
import { SurvivingBroker } from './surviving-broker.ts';

let run: SurvivingBroker;

afterEach(async () => {
  await run.stop();
});

/** Publishes persistent messages '0' to 'count - 1' to the durable queue `q`. */
async function fill(channel: DirectChannel, count: number): Promise<void> {
  await channel.queueDeclare('q', { durable: true });
  await channel.confirmSelect();
  const published = Array.from({ length: count }, (_, index) =>
    channel.publish({
      routingKey: 'q',
      body: new TextEncoder().encode(String(index)),
      properties: { deliveryMode: 2 },
    }),
  );
  await Promise.all(published);
}

/** The text of the next message, and whether it is marked as redelivered. */
async function next(channel: DirectChannel): Promise<string> {
  const message = await channel.get('q');
  if (message === undefined) return 'empty';
  return `${new TextDecoder().decode(message.body)}${message.redelivered ? ' again' : ''}`;
}

test('after a stop exactly what was delivered and not acknowledged is marked as redelivered', async () => {
  run = await SurvivingBroker.start();
  const channel = await run.channel();
  await fill(channel, 5);
  await channel.get('q', { noAck: true });
  await channel.get('q');
  run = await run.stop();
  const after = await run.channel();
  expect([await next(after), await next(after), await next(after)]).toEqual(['1 again', '2', '3']);
  run = await run.stop();
  const last = await run.channel();
  const left = [await next(last), await next(last), await next(last), await next(last), await next(last)];
  expect(left).toEqual(['1 again', '2 again', '3 again', '4', 'empty']);
});

test('after a crash everything that may have been delivered is marked so, and comes in its order', async () => {
  run = await SurvivingBroker.start();
  await fill(await run.channel(), 3);
  run = await run.crash();
  const channel = await run.channel();
  expect([await next(channel), await next(channel)]).toEqual(['0 again', '1 again']);
  await fill(channel, 1);
  expect([await next(channel), await next(channel), await next(channel)]).toEqual(['2 again', '0', 'empty']);
});

test('a queue that was deleted is gone with its messages, and one that was purged is empty', async () => {
  run = await SurvivingBroker.start();
  const channel = await run.channel();
  await fill(channel, 3);
  await channel.queuePurge('q');
  await fill(channel, 1);
  await channel.queueDeclare('gone', { durable: true });
  await channel.publish({ routingKey: 'gone', body: Uint8Array.of(1), properties: { deliveryMode: 2 } });
  await channel.queueDelete('gone');
  run = await run.stop();
  const after = await run.channel();
  expect([await next(after), await next(after)]).toEqual(['0', 'empty']);
  expect([...(run.broker.vhosts.get('/')?.queues.keys() ?? [])]).toEqual(['q']);
});

test('transient messages and queues that are not durable do not come back', async () => {
  run = await SurvivingBroker.start();
  const channel = await run.channel();
  await fill(channel, 1);
  await channel.queueDeclare('passing');
  await channel.publish({ routingKey: 'passing', body: Uint8Array.of(1), properties: { deliveryMode: 2 } });
  await channel.publish({ routingKey: 'q', body: Uint8Array.of(1) });
  await fill(channel, 1);
  run = await run.stop();
  const after = await run.channel();
  expect([await next(after), await next(after), await next(after)]).toEqual(['0', '0', 'empty']);
  expect(run.broker.vhosts.get('/')?.queues.has('passing')).toBe(false);
});

test('a paused queue is still paused after a restart, and goes on for good once it is resumed', async () => {
  run = await SurvivingBroker.start();
  await fill(await run.channel(), 2);
  const vhost = (): VirtualHost => run.broker.vhosts.get('/') as VirtualHost;
  vhost().setPaused(vhost().queue('q', undefined), true);
  run = await run.stop();
  expect(vhost().queue('q', undefined).isPaused).toBe(true);
  expect(await (await run.channel()).get('q')).toBeUndefined();
  vhost().setPaused(vhost().queue('q', undefined), false);
  run = await run.stop();
  expect(vhost().queue('q', undefined).isPaused).toBe(false);
  expect(await (await run.channel()).get('q')).toBeDefined();
});
