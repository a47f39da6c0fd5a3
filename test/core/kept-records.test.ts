import { afterEach, describe, expect, test } from 'vitest';
import type { GottenMessage } from '../../src/client/delivery.ts';
import type { DirectChannel } from '../../src/client/direct-channel.ts';
import { field } from '../../src/codec/field-table.ts';
import type { Outcome } from '../../src/core/outcome/outcome.ts';
import { SurvivingBroker } from './surviving-broker.ts';

/** Pages so small that a few hundred messages make cleaning worth while. */
const SMALL = { pageBytesFirst: 4096, pageBytesMax: 4096, deadBytesAllowed: 8192, residentBytesMax: 16_384 };

let run: SurvivingBroker;

afterEach(async () => {
  await run.stop();
});

async function openQueue(durable = true): Promise<DirectChannel> {
  const channel = await run.channel();
  await channel.queueDeclare('q', { durable });
  await channel.confirmSelect();
  return channel;
}

async function ask(channel: DirectChannel, messageId: string, deliveryMode = 2): Promise<void> {
  const headers = { 'x-outcome-ttl': 3_600_000 };
  await channel.publish({ routingKey: 'q', body: 'work', properties: { messageId, deliveryMode, headers } });
}

async function finish(channel: DirectChannel, result: string): Promise<void> {
  const { deliveryTag } = (await channel.get('q')) as GottenMessage;
  await channel.publish({
    routingKey: 'leveret.result',
    body: result,
    properties: { headers: { 'x-delivery-tag': deliveryTag } },
  });
  channel.ack(deliveryTag);
}

/** Settlements have no answer: a confirm behind them says that they are durable. */
async function flush(channel: DirectChannel): Promise<void> {
  await channel.queueDeclare('flushed', { durable: true });
}

/** Publishes and takes so much that the log is cleaned. */
async function churn(channel: DirectChannel): Promise<void> {
  await channel.queueDeclare('churn', { durable: true });
  const body = new Uint8Array(200);
  for (let round = 0; round < 30; round++) {
    for (let count = 0; count < 20; count++)
      await channel.publish({ routingKey: 'churn', body, properties: { deliveryMode: 2 } });
    for (let count = 0; count < 20; count++) await channel.get('churn', { noAck: true });
  }
}

function read(messageId: string): Promise<Outcome[]> {
  return new Promise((resolve) => run.vhost.outcomes.read(messageId, undefined, resolve));
}

async function resultOf(messageId: string): Promise<string | undefined> {
  const [outcome] = await read(messageId);
  return outcome?.result === undefined ? undefined : new TextDecoder().decode(outcome.result);
}

describe('outcomes', () => {
  test('are there again after a crash with their results, and end at their time', async () => {
    run = await SurvivingBroker.start();
    const channel = await openQueue();
    for (const id of ['a', 'b']) {
      await ask(channel, id);
      await finish(channel, `result of ${id}`);
    }
    await flush(channel);
    const [before] = await read('a');
    run = await run.crash();
    expect(await read('a')).toEqual([before]);
    expect(await resultOf('b')).toBe('result of b');
    expect(run.broker.runtime.deadlines.nextMs).toBeLessThanOrEqual(run.broker.runtime.now() + 3_600_000);
  });

  test('of transient messages, or of queues that go, do not come back', async () => {
    run = await SurvivingBroker.start();
    const channel = await openQueue();
    await ask(channel, 'transient', 1);
    await finish(channel, 'gone');
    await flush(channel);
    expect(await resultOf('transient')).toBe('gone');
    run = await run.crash();
    expect(await read('transient')).toEqual([]);
  });

  test('stay when the log is cleaned again and again, and over restarts', async () => {
    run = await SurvivingBroker.start(SMALL);
    let channel = await openQueue();
    for (let index = 0; index < 50; index++) {
      await ask(channel, `m${index}`);
      await finish(channel, `r${index}`);
    }
    await churn(channel);
    expect(run.log.copiedBytes).toBeGreaterThan(50 * 100);
    for (let round = 0; round < 3; round++) {
      await churn(channel);
      run = await run.crash();
      channel = await openQueue();
      expect(run.vhost.outcomes.count).toBe(50);
      for (const index of [0, 25, 49]) expect(await resultOf(`m${index}`)).toBe(`r${index}`);
    }
  });

  test('that were replaced do not come back', async () => {
    run = await SurvivingBroker.start();
    const channel = await openQueue();
    for (const result of ['first', 'second']) {
      await ask(channel, 'm');
      await finish(channel, result);
    }
    await flush(channel);
    run = await run.crash();
    expect((await read('m')).length).toBe(1);
    expect(await resultOf('m')).toBe('second');
  });

  test('are still wanted of messages that waited over a restart', async () => {
    run = await SurvivingBroker.start();
    await ask(await openQueue(), 'm');
    run = await run.crash();
    const channel = await openQueue();
    await finish(channel, 'late');
    await flush(channel);
    expect(await resultOf('m')).toBe('late');
    const [outcome] = await read('m');
    run = await run.crash();
    expect(await read('m')).toEqual([outcome]);
  });
});

describe('a deduplication window', () => {
  async function send(
    channel: DirectChannel,
    exchange: string,
    key: string,
    deliveryMode = 2,
  ): Promise<void> {
    const headers = { 'x-deduplication-header': key };
    await channel.publish({ exchange, routingKey: 'q', body: key, properties: { deliveryMode, headers } });
  }

  const readyCount = (): number => run.vhost.queue('q', undefined).readyCount;

  async function openExchange(): Promise<DirectChannel> {
    const channel = await openQueue();
    await channel.exchangeDeclare('x', 'fanout', {
      durable: true,
      arguments: { 'x-message-deduplication': true },
    });
    await channel.queueBind('q', 'x');
    return channel;
  }

  test('of an exchange goes on after a crash, for what survived it', async () => {
    run = await SurvivingBroker.start(SMALL);
    let channel = await openExchange();
    await send(channel, 'x', 'kept');
    await send(channel, 'x', 'transient', 1);
    await churn(channel);
    run = await run.crash();
    channel = await openExchange();
    expect(readyCount()).toBe(1);
    for (const key of ['kept', 'transient', 'transient']) await send(channel, 'x', key);
    expect(readyCount()).toBe(2);
  });

  test('of an exchange that is deleted does not count for the next one of its name', async () => {
    run = await SurvivingBroker.start();
    let channel = await openExchange();
    await send(channel, 'x', 'a');
    await channel.exchangeDelete('x');
    run = await run.crash();
    expect(run.vhost.deduplication.count).toBe(0);
    channel = await openExchange();
    await send(channel, 'x', 'a');
    expect(readyCount()).toBe(2);
  });

  test('of a queue knows after a crash what is in it, and what is not', async () => {
    run = await SurvivingBroker.start();
    const declare = (channel: DirectChannel) =>
      channel.queueDeclare('q', { durable: true, arguments: { 'x-message-deduplication': true } });
    let channel = await run.channel();
    await declare(channel);
    await channel.confirmSelect();
    for (const key of ['taken', 'stays']) await send(channel, '', key);
    await channel.get('q', { noAck: true });
    await flush(channel);
    run = await run.crash();
    channel = await run.channel();
    await channel.confirmSelect();
    for (const key of ['taken', 'stays', 'taken']) await send(channel, '', key);
    expect(readyCount()).toBe(2);
    expect(run.vhost.deduplication.count).toBe(2);
  });
});

test('a vhost that is deleted keeps no outcomes of what its queues held', async () => {
  run = await SurvivingBroker.start();
  const channel = await openQueue();
  await ask(channel, 'm1');
  const { outcomes } = run.vhost;
  run.broker.deleteVhost('/');
  await new Promise<void>((resolve) => run.broker.whenDurable(resolve));
  await new Promise<void>((resolve) => run.broker.whenDurable(resolve));
  expect(outcomes.count).toBe(0);
});

test('what was promised for an unacked message holds when the policy for it goes', async () => {
  run = await SurvivingBroker.start();
  const channel = await openQueue();
  const definition = new Map([['outcome-ttl', field.long(60_000)]]);
  run.vhost.setPolicy({ vhost: '/', name: 'p', pattern: 'q', applyTo: 'queues', priority: 0, definition });
  await channel.publish({ routingKey: 'q', body: 'work', properties: { messageId: 'm1' } });
  const { deliveryTag } = (await channel.get('q')) as GottenMessage;
  run.vhost.deletePolicy('p');
  channel.ack(deliveryTag);
  await flush(channel);
  expect(await read('m1')).toMatchObject([{ status: 'completed' }]);
});
