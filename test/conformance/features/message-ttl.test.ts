import { expect, test } from 'vitest';
import { collect, drain, expectNothingHeld, publish, refusal, startScene, take, texts } from './scene.ts';

test('a message expires when the TTL of its queue is over, not before', async () => {
  const { channel, advance, queue } = await startScene();
  await channel.queueDeclare('q', { arguments: { 'x-message-ttl': 1000 } });
  await publish(channel, 'q', 'm');
  await advance(999);
  expect(queue('q').readyCount).toBe(1);
  await advance(1);
  expect(queue('q').readyCount).toBe(0);
});

test('a message expires by its own expiration', async () => {
  const scene = await startScene();
  const { channel, advance } = scene;
  await channel.queueDeclare('q');
  await publish(channel, 'q', 'short', { properties: { expiration: '100' } });
  await advance(100);
  expect(await drain(channel, 'q')).toEqual([]);
  expectNothingHeld(scene);
});

test('of two TTLs the lower one counts', async () => {
  const { channel, advance, queue } = await startScene();
  await channel.queueDeclare('short', { arguments: { 'x-message-ttl': 100 } });
  await channel.queueDeclare('long', { arguments: { 'x-message-ttl': 10_000 } });
  for (const name of ['short', 'long'])
    await publish(channel, name, 'm', { properties: { expiration: '1000' } });
  await advance(100);
  expect([queue('short').readyCount, queue('long').readyCount]).toEqual([0, 1]);
  await advance(900);
  expect(queue('long').readyCount).toBe(0);
});

test('with an expiration of 0 a message expires unless it can be delivered at once', async () => {
  const { channel, advance, settled, queue } = await startScene();
  await channel.queueDeclare('q');
  await publish(channel, 'q', 'nobody is here', { properties: { expiration: '0' } });
  await settled();
  expect(queue('q').readyCount).toBe(0);
  const seen = await collect(channel, 'q');
  await advance('1m');
  await publish(channel, 'q', 'caught', { properties: { expiration: '0' } });
  await settled();
  expect(texts(seen)).toEqual(['caught']);
});

test('with a queue TTL of 0 a message expires unless it can be delivered at once', async () => {
  const { channel, settled, queue } = await startScene();
  await channel.queueDeclare('q', { arguments: { 'x-message-ttl': 0 } });
  await publish(channel, 'q', 'nobody is here');
  await settled();
  expect(queue('q').readyCount).toBe(0);
  await channel.qos({ prefetchCount: 1 });
  const seen = await collect(channel, 'q');
  await publish(channel, 'q', 'caught');
  await publish(channel, 'q', 'no credit left');
  await settled();
  expect([texts(seen), queue('q').readyCount]).toEqual([['caught'], 0]);
});

test('an expiration that is no whole number of milliseconds is refused with 406', async () => {
  for (const expiration of ['soon', '-1', '1.5', '', ' 5', '99999999999']) {
    const { channel } = await startScene();
    await channel.queueDeclare('q');
    await channel.confirmSelect();
    const answer = await refusal(publish(channel, 'q', 'm', { properties: { expiration } }));
    expect(answer).toMatchObject({ level: 'channel', code: 406 });
    expect(answer.text).toContain(`'${expiration}'`);
  }
});

test('an unacked message does not expire, but one that comes back too late does', async () => {
  const { channel, advance, settled, queue } = await startScene();
  await channel.queueDeclare('q', { arguments: { 'x-message-ttl': 1000 } });
  await publish(channel, 'q', 'm');
  const message = await take(channel, 'q');
  await advance(5000);
  expect(queue('q').unackedCount).toBe(1);
  channel.nack(message);
  await settled();
  expect([queue('q').readyCount, queue('q').unackedCount]).toEqual([0, 0]);
});

test('messages expire at the head of the queue: one that stays longer keeps those behind it', async () => {
  const { channel, advance, queue } = await startScene();
  await channel.queueDeclare('q');
  await publish(channel, 'q', 'stays', { properties: { expiration: '1000' } });
  await publish(channel, 'q', 'goes', { properties: { expiration: '100' } });
  await advance(500);
  expect(queue('q').readyCount).toBe(2);
  await advance(500);
  expect(queue('q').readyCount).toBe(0);
});

test('an expired message behind the head is not delivered when its turn comes', async () => {
  const { channel, advance } = await startScene();
  await channel.queueDeclare('q');
  await publish(channel, 'q', 'stays');
  await publish(channel, 'q', 'goes', { properties: { expiration: '100' } });
  await advance(500);
  expect(await drain(channel, 'q')).toEqual(['stays']);
});

test('a message expires in time when the one before it was taken by basic.get', async () => {
  const { channel, advance, queue, settled } = await startScene();
  await channel.queueDeclare('q');
  await publish(channel, 'q', 'stays');
  await publish(channel, 'q', 'goes', { properties: { expiration: '1000' } });
  await settled();
  await take(channel, 'q');
  await advance(1000);
  expect(queue('q').readyCount).toBe(0);
});

test('in a priority queue each priority expires on its own', async () => {
  const { channel, advance } = await startScene();
  await channel.queueDeclare('q', { arguments: { 'x-max-priority': 5 } });
  await publish(channel, 'q', 'high', { properties: { priority: 5 } });
  await publish(channel, 'q', 'low', { properties: { priority: 1, expiration: '100' } });
  await advance(100);
  expect(await drain(channel, 'q')).toEqual(['high']);
});

test('a queue with x-expires goes when nobody has used it for so long', async () => {
  const scene = await startScene();
  const { channel, advance, vhost } = scene;
  await channel.queueDeclare('q', { arguments: { 'x-expires': 1000 } });
  await publish(channel, 'q', 'm');
  await advance(999);
  expect(vhost.queues.has('q')).toBe(true);
  await advance(1);
  expect(vhost.queues.has('q')).toBe(false);
  expectNothingHeld(scene);
});

test('declaring a queue again and basic.get count as use, publishing does not', async () => {
  const { channel, advance, vhost } = await startScene();
  await channel.queueDeclare('q', { arguments: { 'x-expires': 1000 } });
  await advance(900);
  await channel.queueDeclare('q', { passive: true });
  await advance(900);
  await channel.get('q');
  await advance(900);
  await publish(channel, 'q', 'm');
  await advance(99);
  expect(vhost.queues.has('q')).toBe(true);
  await advance(1);
  expect(vhost.queues.has('q')).toBe(false);
});

test('a queue with a consumer does not expire', async () => {
  const { channel, advance, vhost } = await startScene();
  await channel.queueDeclare('q', { arguments: { 'x-expires': 1000 } });
  const consumer = await channel.consume('q', () => {});
  await advance('1h');
  await consumer.cancel();
  await advance(999);
  expect(vhost.queues.has('q')).toBe(true);
  await advance(1);
  expect(vhost.queues.has('q')).toBe(false);
});
