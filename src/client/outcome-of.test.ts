import { beforeEach, expect, onTestFinished, test } from 'vitest';
import { startTestBroker, type TestBroker } from '../testing/test-broker.ts';
import type { GottenMessage } from './delivery.ts';
import type { DirectChannel } from './direct-channel.ts';
import { outcomeOf } from './outcome-of.ts';

let broker: TestBroker;
let channel: DirectChannel;

beforeEach(async () => {
  broker = await startTestBroker();
  onTestFinished(() => broker.close());
  channel = await (await broker.connect()).createChannel();
  await channel.queueDeclare('jobs');
});

async function ask(messageId: string): Promise<void> {
  const headers = { 'x-outcome-ttl': 60_000 };
  await channel.publish({ routingKey: 'jobs', body: 'work', properties: { messageId, headers } });
}

async function next(): Promise<GottenMessage> {
  return (await channel.get('jobs')) as GottenMessage;
}

function text(bytes: Uint8Array | undefined): string | undefined {
  return bytes === undefined ? undefined : new TextDecoder().decode(bytes);
}

test('a result that is given with an ack is found', async () => {
  await ask('m');
  channel.ack(await next(), {
    result: { body: '{}', contentType: 'application/json', headers: { pages: 3 } },
  });
  await broker.settled();
  const outcome = await outcomeOf(broker.broker, 'm');
  expect(outcome).toMatchObject({ status: 'completed', contentType: 'application/json' });
  expect(text(outcome?.result)).toBe('{}');
  expect(outcome?.headers?.get('pages')?.value).toBe(3);
});

test('a result may be a text or bytes, also where publishing is confirmed', async () => {
  await channel.confirmSelect();
  for (const [id, result] of [
    ['text', 'done'],
    ['bytes', Uint8Array.of(1, 2)],
  ] as const) {
    await ask(id);
    channel.ack(await next(), { result });
  }
  await broker.settled();
  expect(text((await outcomeOf(broker.broker, 'text'))?.result)).toBe('done');
  expect((await outcomeOf(broker.broker, 'bytes'))?.result).toEqual(Uint8Array.of(1, 2));
  await ask('still confirmed');
});

test('an error makes it failed, and is not requeued', async () => {
  await ask('m');
  channel.reject(await next(), { error: 'no such page' });
  await broker.settled();
  expect(await outcomeOf(broker.broker, 'm')).toMatchObject({ status: 'failed', error: 'no such page' });
  expect(await channel.get('jobs')).toBeUndefined();
  await ask('n');
  const message = await next();
  expect(() => channel.reject(message, { error: 'x', requeue: true })).toThrow(TypeError);
});

test('who waits gets it when it comes', async () => {
  const waiting = outcomeOf(broker.broker, 'm', { queue: 'jobs', waitMs: Number.POSITIVE_INFINITY });
  await ask('m');
  channel.ack(await next(), { result: 'done' });
  expect(text((await waiting)?.result)).toBe('done');
});

test('who waits gets nothing when the time is over', async () => {
  expect(await outcomeOf(broker.broker, 'm')).toBeUndefined();
  const waiting = outcomeOf(broker.broker, 'm', { waitMs: 1000 });
  await broker.clock.advance(1000);
  expect(await waiting).toBeUndefined();
});

test('a signal stops the waiting', async () => {
  const stop = new AbortController();
  const waiting = outcomeOf(broker.broker, 'm', { waitMs: 1000, signal: stop.signal });
  await broker.settled();
  stop.abort(new Error('enough'));
  await expect(waiting).rejects.toThrow('enough');
  await expect(outcomeOf(broker.broker, 'm', { signal: stop.signal })).rejects.toThrow('enough');
});

test('a vhost that is not there is refused', async () => {
  await expect(outcomeOf(broker.broker, 'm', { vhost: 'missing' })).rejects.toThrow("no vhost 'missing'");
});
