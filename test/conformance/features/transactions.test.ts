import { expect, test } from 'vitest';
import type { DirectChannel } from '../../../src/client/direct-channel.ts';
import {
  closeReason,
  collect,
  drain,
  expectNothingHeld,
  publish,
  publishAll,
  refusal,
  type Scene,
  startScene,
  take,
  texts,
} from './scene.ts';

async function transactional(scene: Scene): Promise<DirectChannel> {
  const channel = await scene.connection.createChannel();
  await channel.txSelect();
  return channel;
}

test('what is published in a transaction is there after the commit, in order, and not before', async () => {
  const scene = await startScene();
  await scene.channel.queueDeclare('q');
  const tx = await transactional(scene);
  await publishAll(tx, 'q', ['a', 'b']);
  await scene.settled();
  expect(scene.queue('q').messageCount).toBe(0);
  await tx.txCommit();
  expect(await drain(scene.channel, 'q')).toEqual(['a', 'b']);
});

test('what is acknowledged in a transaction stays unacked until the commit', async () => {
  const scene = await startScene();
  await scene.channel.queueDeclare('q');
  await publishAll(scene.channel, 'q', ['a', 'b', 'c']);
  const tx = await transactional(scene);
  tx.ack(await take(tx, 'q'));
  tx.nack(await take(tx, 'q'), { requeue: false });
  tx.nack(await take(tx, 'q'), { requeue: true });
  await scene.settled();
  expect([scene.queue('q').readyCount, scene.queue('q').unackedCount]).toEqual([0, 3]);
  await tx.txCommit();
  expect(scene.queue('q').unackedCount).toBe(0);
  expect(await drain(scene.channel, 'q')).toEqual(['c']);
});

test('publishes and acknowledgements of one commit become visible together', async () => {
  const scene = await startScene();
  const { channel, settled } = scene;
  for (const name of ['in', 'out']) await channel.queueDeclare(name);
  await publishAll(channel, 'in', ['1', '2', '3']);
  const states: string[] = [];
  const seen = await collect(channel, 'out', { noAck: true });
  const tx = await transactional(scene);
  for (let count = 0; count < 3; count++) {
    const message = await take(tx, 'in');
    await publish(tx, 'out', new TextDecoder().decode(message.body));
    tx.ack(message);
    await settled();
    states.push(`${scene.queue('in').unackedCount} ${seen.length}`);
  }
  await tx.txCommit();
  await settled();
  states.push(`${scene.queue('in').unackedCount} ${seen.length}`);
  expect(states).toEqual(['1 0', '2 0', '3 0', '0 3']);
});

test('a queue that refuses one message has the whole transaction refused', async () => {
  const scene = await startScene();
  const { channel } = scene;
  await channel.queueDeclare('open');
  await channel.queueDeclare('short', { arguments: { 'x-max-length': 2, 'x-overflow': 'reject-publish' } });
  await publish(channel, 'short', 'there before');
  const tx = await transactional(scene);
  await publishAll(tx, 'open', ['1']);
  await publishAll(tx, 'short', ['2', '3']);
  expect(await refusal(tx.txCommit())).toMatchObject({ level: 'channel', code: 406 });
  expect(await drain(channel, 'open')).toEqual([]);
  expect(await drain(channel, 'short')).toEqual(['there before']);
});

test('a rollback forgets publishes and acknowledgements, which can be made again', async () => {
  const scene = await startScene();
  await scene.channel.queueDeclare('q');
  await publish(scene.channel, 'q', 'old');
  const tx = await transactional(scene);
  const message = await take(tx, 'q');
  tx.ack(message);
  await publish(tx, 'q', 'new');
  await tx.txRollback();
  await tx.txCommit();
  expect([scene.queue('q').readyCount, scene.queue('q').unackedCount]).toEqual([0, 1]);
  tx.ack(message);
  await tx.txCommit();
  expect(scene.queue('q').messageCount).toBe(0);
});

test('a channel that closes without a commit rolls back', async () => {
  const scene = await startScene();
  await scene.channel.queueDeclare('q');
  await publish(scene.channel, 'q', 'old');
  const tx = await transactional(scene);
  tx.ack(await take(tx, 'q'));
  await publish(tx, 'q', 'new');
  await tx.close();
  expect(await drain(scene.channel, 'q')).toEqual(['old']);
  expectNothingHeld(scene);
});

test('a connection that closes without a commit rolls back', async () => {
  const scene = await startScene();
  await scene.channel.queueDeclare('q');
  await publish(scene.channel, 'q', 'old');
  const other = await scene.connect();
  const tx = await other.createChannel();
  await tx.txSelect();
  tx.ack(await take(tx, 'q'));
  await publish(tx, 'q', 'new');
  await other.close();
  await scene.settled();
  expect(await drain(scene.channel, 'q')).toEqual(['old']);
});

test('an error rolls back what was not committed', async () => {
  const scene = await startScene();
  await scene.channel.queueDeclare('q');
  const tx = await transactional(scene);
  await publish(tx, 'q', 'lost');
  expect(await refusal(tx.queueDeclare('none', { passive: true }))).toMatchObject({ code: 404 });
  expect(scene.queue('q').messageCount).toBe(0);
});

test('a message with headers that make no sense is refused when it is published, not in the middle of the commit', async () => {
  const scene = await startScene();
  await scene.channel.queueDeclare('q');
  for (const headers of [{ CC: 'no array' }, { 'x-deliver-at': 'soon' }]) {
    const tx = await transactional(scene);
    const closed = closeReason(tx);
    await publish(tx, 'q', 'first');
    await publish(tx, 'q', 'second', { properties: { headers } });
    expect(await closed).toMatchObject({ level: 'channel', code: 406 });
    expect(scene.queue('q').messageCount).toBe(0);
  }
});

test('a mandatory message comes back at the commit', async () => {
  const scene = await startScene();
  const tx = await transactional(scene);
  const returned: string[] = [];
  tx.on('return', ({ routingKey }) => returned.push(routingKey));
  await publish(tx, 'nowhere', 'm', { mandatory: true });
  await scene.settled();
  expect(returned).toEqual([]);
  await tx.txCommit();
  expect(returned).toEqual(['nowhere']);
});

test('a delivery that was acknowledged in the transaction is not acknowledged twice', async () => {
  const scene = await startScene();
  await scene.channel.queueDeclare('q');
  await publish(scene.channel, 'q', 'm');
  const tx = await transactional(scene);
  const message = await take(tx, 'q');
  tx.ack(message);
  const closed = closeReason(tx);
  tx.ack(message);
  expect(await closed).toMatchObject({ level: 'channel', code: 406 });
  await scene.settled();
  expect(await drain(scene.channel, 'q')).toEqual(['m']);
});

test('basic.recover leaves what the transaction has acknowledged', async () => {
  const scene = await startScene();
  await scene.channel.queueDeclare('q');
  await publishAll(scene.channel, 'q', ['a', 'b']);
  const tx = await transactional(scene);
  tx.ack(await take(tx, 'q'));
  await take(tx, 'q');
  await tx.recover();
  expect([scene.queue('q').readyCount, scene.queue('q').unackedCount]).toEqual([1, 1]);
  await tx.txCommit();
  expect(await drain(scene.channel, 'q')).toEqual(['b']);
  expectNothingHeld(scene);
});

test('multiple acknowledges in a transaction what was not acknowledged before', async () => {
  const scene = await startScene();
  await scene.channel.queueDeclare('q');
  await publishAll(scene.channel, 'q', ['a', 'b', 'c']);
  const tx = await transactional(scene);
  const messages = [await take(tx, 'q'), await take(tx, 'q'), await take(tx, 'q')];
  tx.nack(messages[0]!);
  tx.ack(messages[2]!, { multiple: true });
  await tx.txCommit();
  expect(await drain(scene.channel, 'q')).toEqual(['a']);
});

test('commit and rollback need tx.select, which does not go with confirm.select', async () => {
  const { connection } = await startScene();
  const attempts: ((channel: DirectChannel) => Promise<void>)[] = [
    (channel) => channel.txCommit(),
    (channel) => channel.txRollback(),
    async (channel) => {
      await channel.confirmSelect();
      await channel.txSelect();
    },
    async (channel) => {
      await channel.txSelect();
      await channel.confirmSelect();
    },
  ];
  for (const attempt of attempts) {
    expect(await refusal(attempt(await connection.createChannel()))).toMatchObject({
      level: 'channel',
      code: 406,
    });
  }
});

test('a consumer gets what a transaction publishes, and other channels need no transaction', async () => {
  const scene = await startScene();
  await scene.channel.queueDeclare('q');
  const seen = await collect(scene.channel, 'q', { ack: true });
  const tx = await transactional(scene);
  await publish(tx, 'q', 'in');
  await publish(scene.channel, 'q', 'out');
  await tx.txCommit();
  await scene.settled();
  expect(texts(seen)).toEqual(['out', 'in']);
});

test('a commit publishes to the exchange that has the name then', async () => {
  const scene = await startScene();
  const { channel } = scene;
  await channel.exchangeDeclare('x', 'fanout');
  await channel.queueDeclare('q');
  const tx = await transactional(scene);
  await publish(tx, '', 'm', { exchange: 'x' });
  await scene.settled();
  await channel.exchangeDelete('x');
  await channel.exchangeDeclare('x', 'fanout');
  await channel.queueBind('q', 'x');
  await tx.txCommit();
  expect(await drain(channel, 'q')).toEqual(['m']);
});

test('a commit does nothing when an exchange of it is gone, and says so with 404', async () => {
  const scene = await startScene();
  const { channel } = scene;
  await channel.exchangeDeclare('x', 'fanout');
  await channel.queueDeclare('q');
  await publish(channel, 'q', 'to be acknowledged');
  const tx = await transactional(scene);
  tx.ack(await take(tx, 'q'));
  await publish(tx, 'q', 'm');
  await publish(tx, '', 'lost', { exchange: 'x' });
  await scene.settled();
  await channel.exchangeDelete('x');
  expect(await refusal(tx.txCommit())).toMatchObject({ level: 'channel', code: 404 });
  expect(await drain(channel, 'q')).toEqual(['to be acknowledged']);
});

test('a commit does nothing when an exchange of it does not take one of its messages any more', async () => {
  const scene = await startScene();
  const { channel } = scene;
  await channel.exchangeDeclare('x', 'fanout');
  await channel.queueDeclare('q');
  const tx = await transactional(scene);
  await publish(tx, 'q', 'm');
  await publish(tx, '', 'late', { exchange: 'x', properties: { headers: { 'x-delay': 2 ** 40 } } });
  await scene.settled();
  await channel.exchangeDelete('x');
  const args = { 'x-delayed-type': 'fanout' };
  await channel.exchangeDeclare('x', 'x-delayed-message', { arguments: args });
  expect(await refusal(tx.txCommit())).toMatchObject({ level: 'channel', code: 406 });
  expect(await drain(channel, 'q')).toEqual([]);
});
