import { afterEach, beforeEach, expect, test } from 'vitest';
import { type DirectConnection, openDirectConnection } from '../../src/client/direct-connection.ts';
import { Broker } from '../../src/core/broker.ts';
import { MessageLog } from '../../src/storage/message-log.ts';
import { SeededRandom } from '../../src/testing/seeded-random.ts';
import { VirtualClock } from '../../src/testing/virtual-clock.ts';
import { VirtualScheduler } from '../../src/testing/virtual-scheduler.ts';
import { SurvivingEngine } from './surviving-engine.ts';

/** Fast while a test prepares itself, and slow from its first publish on. */
let engine: SurvivingEngine;
let scheduler: VirtualScheduler;
let connection: DirectConnection;
/** Names of the publishes that were answered, in the order of the answers. */
let answered: string[];

beforeEach(async () => {
  engine = new SurvivingEngine();
  answered = [];
  scheduler = new VirtualScheduler(() => broker.turn());
  const broker: Broker = new Broker({
    clock: new VirtualClock(0),
    random: new SeededRandom(1),
    scheduler,
    store: new MessageLog(engine, { cold: new SurvivingEngine() }),
    credentials: {
      hash: (password) => password,
      verify: (password, hash, done) => done(password === hash),
    },
    onEvent: () => {},
  });
  connection = await openDirectConnection(broker);
});

afterEach(async () => {
  engine.complete();
  await connection.close();
  scheduler.stop();
});

type Channel = Awaited<ReturnType<DirectConnection['createChannel']>>;

async function confirmChannel(): Promise<Channel> {
  const channel = await connection.createChannel();
  await channel.confirmSelect();
  return channel;
}

function publish(channel: Channel, routingKey: string, name: string, deliveryMode = 2): void {
  engine.isSlow = true;
  const body = new TextEncoder().encode(name);
  void channel.publish({ routingKey, body, properties: { deliveryMode } }).then(
    () => answered.push(name),
    () => answered.push(`${name} refused`),
  );
}

/** Two rounds of the event loop without a turn: nothing more happens until the engine reports. */
async function quiet(): Promise<void> {
  for (let rounds = 0; rounds < 2; ) {
    const before = scheduler.turnCount;
    await new Promise((resolve) => setImmediate(resolve));
    rounds = scheduler.turnIsDue || scheduler.turnCount !== before ? 0 : rounds + 1;
    if (scheduler.turnCount > 10_000) throw new Error('the broker runs turn after turn while it only waits');
  }
}

test('a confirm waits until the block of its message is durable', async () => {
  const channel = await confirmChannel();
  await channel.queueDeclare('q', { durable: true });
  const before = engine.lastBlock;
  publish(channel, 'q', 'a');
  await quiet();
  expect(engine.lastBlock).toBe(before + 1);
  expect(answered).toEqual([]);
  engine.complete(before);
  await quiet();
  expect(answered).toEqual([]);
  engine.complete(before + 1);
  await quiet();
  expect(answered).toEqual(['a']);
});

test('confirms come in the order of the blocks, however late each block is', async () => {
  const channel = await confirmChannel();
  await channel.queueDeclare('q', { durable: true });
  const before = engine.lastBlock;
  for (const name of ['a', 'b', 'c', 'd']) {
    publish(channel, 'q', name);
    await quiet();
  }
  expect(engine.lastBlock).toBe(before + 4);
  engine.complete(before + 2);
  await quiet();
  expect(answered).toEqual(['a', 'b']);
  engine.complete();
  await quiet();
  expect(answered).toEqual(['a', 'b', 'c', 'd']);
});

test('one block answers all messages of its turn, on every channel', async () => {
  const channels = [await confirmChannel(), await confirmChannel()];
  await channels[0]?.queueDeclare('q', { durable: true });
  for (const [index, channel] of channels.entries()) {
    for (const name of ['a', 'b']) publish(channel, 'q', `${name}${index}`);
  }
  await quiet();
  expect(answered).toEqual([]);
  engine.complete();
  await quiet();
  expect(answered.toSorted()).toEqual(['a0', 'a1', 'b0', 'b1']);
});

test('a message that nothing took waits behind those that were stored before it', async () => {
  const channel = await confirmChannel();
  await channel.queueDeclare('q', { durable: true });
  publish(channel, 'q', 'stored');
  publish(channel, 'nobody', 'unroutable');
  await quiet();
  expect(answered).toEqual([]);
  engine.complete();
  await quiet();
  expect(answered).toEqual(['stored', 'unroutable']);
});

test('a transient message waits for no block, beside others that wait', async () => {
  const [durable, transient] = [await confirmChannel(), await confirmChannel()];
  await durable.queueDeclare('q', { durable: true });
  publish(durable, 'q', 'persistent');
  publish(transient, 'q', 'transient', 1);
  publish(transient, 'nobody', 'unroutable');
  await quiet();
  expect(answered).toEqual(['transient', 'unroutable']);
  publish(transient, 'q', 'transient again', 1);
  await quiet();
  expect(answered).toEqual(['transient', 'unroutable', 'transient again']);
  engine.complete();
  await quiet();
  expect(answered.at(-1)).toBe('persistent');
});

test('a transient message waits for the persistent one before it on its channel, and for no later block', async () => {
  const [channel, other] = [await confirmChannel(), await confirmChannel()];
  await channel.queueDeclare('q', { durable: true });
  publish(channel, 'q', 'persistent');
  await quiet();
  const block = engine.lastBlock;
  publish(channel, 'q', 'transient', 1);
  publish(other, 'q', 'of another channel');
  await quiet();
  expect(engine.lastBlock).toBe(block + 1);
  expect(answered).toEqual([]);
  engine.complete(block);
  await quiet();
  expect(answered).toEqual(['persistent', 'transient']);
});

test('a channel that is closed gets the confirms of what is durable, and those only', async () => {
  const [channel, slow] = [await confirmChannel(), await confirmChannel()];
  await channel.queueDeclare('q', { durable: true });
  publish(channel, 'q', 'transient', 1);
  publish(slow, 'q', 'persistent');
  await Promise.all([channel.close(), slow.close()]);
  engine.complete();
  await quiet();
  expect(answered).toEqual(['transient', 'persistent refused']);
});

test('with nothing under way an unroutable message is answered at once', async () => {
  const channel = await confirmChannel();
  publish(channel, 'nobody', 'unroutable');
  await quiet();
  expect(answered).toEqual(['unroutable']);
});

test('a refusal by a full queue keeps its place among the confirms', async () => {
  const channel = await confirmChannel();
  const args = { 'x-max-length': 1, 'x-overflow': 'reject-publish' };
  await channel.queueDeclare('full', { durable: true, arguments: args });
  await channel.queueDeclare('q', { durable: true });
  publish(channel, 'full', 'a');
  publish(channel, 'full', 'b');
  publish(channel, 'q', 'c');
  await quiet();
  expect(answered).toEqual([]);
  engine.complete();
  await quiet();
  expect(answered).toEqual(['a', 'b refused', 'c']);
});

test('while it waits for the engine the broker does not run', async () => {
  const channel = await confirmChannel();
  await channel.queueDeclare('q', { durable: true });
  publish(channel, 'q', 'a');
  await quiet();
  engine.complete();
  await quiet();
  publish(channel, 'q', 'b');
  await quiet();
  const before = scheduler.turnCount;
  await quiet();
  expect(scheduler.turnCount).toBe(before);
  expect(answered).toEqual(['a']);
});

test('tx.commit-ok waits until what was committed is durable', async () => {
  const channel = await connection.createChannel();
  await channel.queueDeclare('q', { durable: true });
  await channel.txSelect();
  await channel.publish({ routingKey: 'q', body: new Uint8Array(1), properties: { deliveryMode: 2 } });
  engine.isSlow = true;
  let committed = false;
  void channel.txCommit().then(() => {
    committed = true;
  });
  await quiet();
  expect(committed).toBe(false);
  engine.complete();
  await quiet();
  expect(committed).toBe(true);
});
