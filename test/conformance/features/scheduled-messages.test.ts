import { expect, test } from 'vitest';
import { field, tableOf } from '../../../src/codec/field-table.ts';
import { closeReason, drain, expectNothingHeld, liveBytes, publish, refusal, startScene } from './scene.ts';

const startTime = new Date('2026-01-01T12:00:00Z');

test('a message with x-deliver-at waits for its time, through any exchange', async () => {
  const scene = await startScene({ startTime });
  const { channel, advance } = scene;
  await channel.queueDeclare('q');
  const atMs = startTime.getTime() + 60_000;
  await publish(channel, 'q', 'milliseconds', { properties: { headers: tableOf({ 'x-deliver-at': atMs }) } });
  const atSeconds = new Map([['x-deliver-at', field.timestamp(atMs / 1000)]]);
  await publish(channel, 'q', 'timestamp', { properties: { headers: atSeconds } });
  await advance(59_999);
  expect(scene.queue('q').readyCount).toBe(0);
  await advance(1);
  expect(await drain(channel, 'q')).toEqual(['milliseconds', 'timestamp']);
  expectNothingHeld(scene);
});

test('a time that has passed means now', async () => {
  const { channel } = await startScene({ startTime });
  await channel.queueDeclare('q');
  await publish(channel, 'q', 'm', { properties: { headers: { 'x-deliver-at': startTime.getTime() - 1 } } });
  expect(await drain(channel, 'q')).toEqual(['m']);
});

test('an x-deliver-at that is no time is refused with 406', async () => {
  const { channel } = await startScene();
  const closed = closeReason(channel);
  await publish(channel, 'q', 'm', { properties: { headers: { 'x-deliver-at': 'tomorrow' } } });
  expect(await closed).toMatchObject({ level: 'channel', code: 406 });
});

test('a scheduled message is confirmed when it is taken, and its expiration counts from when it is routed', async () => {
  const scene = await startScene({ startTime });
  const { channel, advance } = scene;
  await channel.queueDeclare('q');
  await channel.confirmSelect();
  const headers = { 'x-deliver-at': startTime.getTime() + 10_000 };
  await publish(channel, 'q', 'm', { properties: { headers, expiration: '1000' } });
  expect(scene.vhost.scheduledCount).toBe(1);
  await advance(10_999);
  expect(scene.queue('q').readyCount).toBe(1);
  await advance(1);
  expect(scene.queue('q').readyCount).toBe(0);
});

test('a scheduled message whose exchange is gone when its time comes is dropped', async () => {
  const scene = await startScene({ startTime });
  const { channel, advance } = scene;
  await channel.exchangeDeclare('x', 'fanout');
  const headers = { 'x-deliver-at': startTime.getTime() + 10_000 };
  await publish(channel, 'k', 'm', { exchange: 'x', properties: { headers } });
  await channel.exchangeDelete('x');
  await advance('1m');
  expect(scene.vhost.scheduledCount).toBe(0);
  expectNothingHeld(scene);
});

test('a scheduled message goes with its vhost', async () => {
  const scene = await startScene({ startTime });
  const { broker } = scene.broker;
  broker.addVhost('other');
  broker.access.setPermission({ user: 'guest', vhost: 'other', configure: '.*', write: '.*', read: '.*' });
  const channel = await scene.otherChannel({ vhost: 'other' });
  await channel.queueDeclare('q');
  await publish(channel, 'q', 'm', {
    properties: { headers: { 'x-deliver-at': startTime.getTime() + 10_000 } },
  });
  await scene.settled();
  expect(liveBytes(scene)).toBeGreaterThan(0);
  broker.deleteVhost('other');
  await scene.advance('1m');
  expectNothingHeld(scene);
});

test('a thousand scheduled messages arrive in the order of their times', async () => {
  const scene = await startScene({ startTime });
  const { channel, advance } = scene;
  await channel.queueDeclare('q');
  const times = Array.from({ length: 1000 }, (_, index) => (index * 7919) % 10_007);
  for (const delayMs of times) {
    await publish(channel, 'q', `${delayMs}`, {
      properties: { headers: { 'x-deliver-at': startTime.getTime() + delayMs } },
    });
  }
  await advance('1m');
  expect(await drain(channel, 'q')).toEqual([...times].sort((a, b) => a - b).map(String));
});

test('an x-deliver-at more than 2^32 - 1 milliseconds ahead is refused with 406', async () => {
  const scene = await startScene({ startTime });
  const send = async (atMs: number): Promise<unknown> => {
    const channel = await scene.connection.createChannel();
    await channel.confirmSelect();
    return publish(channel, 'q', 'm', { properties: { headers: { 'x-deliver-at': atMs } } });
  };
  const latestMs = startTime.getTime() + 2 ** 32 - 1;
  const answer = await refusal(send(latestMs + 1));
  expect(answer).toMatchObject({ level: 'channel', code: 406 });
  expect(answer.text).toContain("'x-deliver-at'");
  await send(latestMs);
  expect(scene.vhost.scheduledCount).toBe(1);
});
