import { expect, test } from 'vitest';
import {
  closeReason,
  collect,
  drain,
  publish,
  publishAll,
  refusal,
  startScene,
  take,
  texts,
} from './scene.ts';

const letters = (count: number): string[] => Array.from({ length: count }, (_, index) => `${index}`);

test('consumers of a queue are served in turn', async () => {
  const { channel, settled } = await startScene();
  await channel.queueDeclare('q');
  const all = [await collect(channel, 'q'), await collect(channel, 'q'), await collect(channel, 'q')];
  await publishAll(channel, 'q', letters(9));
  await settled();
  expect(all.map(texts)).toEqual([
    ['0', '3', '6'],
    ['1', '4', '7'],
    ['2', '5', '8'],
  ]);
});

test('a consumer gets at most its prefetch count of unacked messages', async () => {
  const { channel, settled } = await startScene();
  await channel.queueDeclare('q');
  await publishAll(channel, 'q', letters(5));
  await channel.qos({ prefetchCount: 2 });
  const seen = await collect(channel, 'q');
  await settled();
  expect(texts(seen)).toEqual(['0', '1']);
  channel.ack(seen[0]!);
  await settled();
  expect(texts(seen)).toEqual(['0', '1', '2']);
  channel.ack(seen[2]!, { multiple: true });
  await settled();
  expect(texts(seen)).toEqual(['0', '1', '2', '3', '4']);
});

test('a prefetch count with global=false is for each consumer that comes after it', async () => {
  const { channel, settled } = await startScene();
  await channel.queueDeclare('q');
  await channel.qos({ prefetchCount: 1 });
  const first = await collect(channel, 'q');
  await channel.qos({ prefetchCount: 3 });
  const second = await collect(channel, 'q');
  await publishAll(channel, 'q', letters(10));
  await settled();
  expect([first.length, second.length]).toEqual([1, 3]);
});

test('a prefetch count with global=true is shared by the channel, and holds for consumers that are there', async () => {
  const { channel, settled, queue } = await startScene();
  await channel.queueDeclare('a');
  await channel.queueDeclare('b');
  const first = await collect(channel, 'a');
  const second = await collect(channel, 'b');
  await channel.qos({ prefetchCount: 3, global: true });
  for (const name of ['a', 'b']) await publishAll(channel, name, letters(5));
  await settled();
  expect(first.length + second.length).toBe(3);
  expect(queue('a').unackedCount + queue('b').unackedCount).toBe(3);
  channel.ack([...first, ...second][0]!);
  await settled();
  expect(first.length + second.length).toBe(4);
});

test('both prefetch counts hold at the same time', async () => {
  const { channel, settled } = await startScene();
  await channel.queueDeclare('q');
  await channel.qos({ prefetchCount: 2 });
  await channel.qos({ prefetchCount: 3, global: true });
  const first = await collect(channel, 'q');
  const second = await collect(channel, 'q');
  await publishAll(channel, 'q', letters(10));
  await settled();
  expect([first.length, second.length].sort()).toEqual([1, 2]);
});

test('raising or lifting the global prefetch count lets waiting messages go at once', async () => {
  const { channel, settled } = await startScene();
  await channel.queueDeclare('q');
  await channel.qos({ prefetchCount: 1, global: true });
  const seen = await collect(channel, 'q');
  await publishAll(channel, 'q', letters(6));
  await settled();
  expect(seen).toHaveLength(1);
  await channel.qos({ prefetchCount: 3, global: true });
  await settled();
  expect(seen).toHaveLength(3);
  await channel.qos({ prefetchCount: 0, global: true });
  await settled();
  expect(seen).toHaveLength(6);
});

test('basic.get is not bound by a prefetch count', async () => {
  const { channel } = await startScene();
  await channel.queueDeclare('q');
  await publishAll(channel, 'q', letters(3));
  await channel.qos({ prefetchCount: 1, global: true });
  expect([(await take(channel, 'q')).deliveryTag, (await take(channel, 'q')).deliveryTag]).toEqual([1, 2]);
});

test('a no-ack consumer is not bound by a prefetch count, and its messages are gone when sent', async () => {
  const { channel, settled, queue } = await startScene();
  await channel.queueDeclare('q');
  await channel.qos({ prefetchCount: 1 });
  const seen = await collect(channel, 'q', { noAck: true });
  await publishAll(channel, 'q', letters(5));
  await settled();
  expect([seen.length, queue('q').messageCount]).toEqual([5, 0]);
});

test('messages go to a consumer of lower priority only when no higher one can take them', async () => {
  const { channel, settled } = await startScene();
  await channel.queueDeclare('q');
  await channel.qos({ prefetchCount: 2 });
  const low = await collect(channel, 'q', { arguments: { 'x-priority': -1 } });
  const middle = await collect(channel, 'q');
  const high = await collect(channel, 'q', { arguments: { 'x-priority': 10 } });
  await publishAll(channel, 'q', letters(3));
  await settled();
  expect([low, middle, high].map(texts)).toEqual([[], ['2'], ['0', '1']]);
  await publishAll(channel, 'q', ['3', '4']);
  await settled();
  expect([low, middle, high].map(texts)).toEqual([['4'], ['2', '3'], ['0', '1']]);
  channel.ack(high[0]!);
  await publish(channel, 'q', '5');
  await settled();
  expect(texts(high)).toEqual(['0', '1', '5']);
});

test('a consumer priority that is no integer is refused with 406', async () => {
  const { channel } = await startScene();
  await channel.queueDeclare('q');
  const attempt = channel.consume('q', () => {}, { arguments: { 'x-priority': 'high' } });
  expect(await refusal(attempt)).toMatchObject({ level: 'channel', code: 406 });
});

test('beside an exclusive consumer there is no other, and no consumer becomes exclusive beside another', async () => {
  const { channel, connection } = await startScene();
  await channel.queueDeclare('q');
  const exclusive = await channel.consume('q', () => {}, { exclusive: true });
  const inUse = {
    level: 'channel',
    code: 403,
    text: "ACCESS_REFUSED - queue 'q' in vhost '/' in exclusive use",
  };
  expect(await refusal((await connection.createChannel()).consume('q', () => {}))).toEqual(inUse);
  await exclusive.cancel();
  await channel.consume('q', () => {});
  const late = (await connection.createChannel()).consume('q', () => {}, { exclusive: true });
  expect(await refusal(late)).toEqual(inUse);
});

test('basic.get works beside an exclusive consumer', async () => {
  const { channel, connection } = await startScene();
  await channel.queueDeclare('q');
  await channel.consume('q', () => {}, { exclusive: true });
  expect(await (await connection.createChannel()).get('q')).toBeUndefined();
});

test('with single-active-consumer one consumer gets all messages, and the next takes over when it goes', async () => {
  const { channel, settled } = await startScene();
  await channel.queueDeclare('q', { arguments: { 'x-single-active-consumer': true } });
  const first = await collect(channel, 'q', { consumerTag: 'first', ack: true });
  const second = await collect(channel, 'q', { consumerTag: 'second', ack: true });
  await publishAll(channel, 'q', letters(3));
  await settled();
  expect([texts(first), texts(second)]).toEqual([['0', '1', '2'], []]);
});

test('a single active consumer without credit keeps its place', async () => {
  const { channel, settled } = await startScene();
  await channel.queueDeclare('q', { arguments: { 'x-single-active-consumer': true } });
  await channel.qos({ prefetchCount: 1 });
  const first = await collect(channel, 'q');
  const second = await collect(channel, 'q');
  await publishAll(channel, 'q', letters(3));
  await settled();
  expect([texts(first), texts(second)]).toEqual([['0'], []]);
});

test('the takeover of a single active consumer brings what the first one had not acknowledged, in order', async () => {
  const { channel, connection, settled, queue } = await startScene();
  await channel.queueDeclare('q', { arguments: { 'x-single-active-consumer': true } });
  const other = await connection.createChannel();
  await other.qos({ prefetchCount: 2 });
  await collect(other, 'q', { consumerTag: 'first' });
  const second = await collect(channel, 'q', { consumerTag: 'second' });
  await publishAll(channel, 'q', letters(4));
  await settled();
  await other.close();
  await settled();
  expect(second.map(({ text, redelivered }) => [text, redelivered])).toEqual([
    ['0', true],
    ['1', true],
    ['2', false],
    ['3', false],
  ]);
  expect(queue('q').activeConsumer?.consumerTag).toBe('second');
});

test('an exclusive consumer on a queue with single-active-consumer is refused', async () => {
  const { channel } = await startScene();
  await channel.queueDeclare('q', { arguments: { 'x-single-active-consumer': true } });
  const attempt = channel.consume('q', () => {}, { exclusive: true });
  expect(await refusal(attempt)).toMatchObject({ level: 'channel', code: 403 });
});

test('a consumer tag can be used once on a channel', async () => {
  const { channel, connection } = await startScene();
  await channel.queueDeclare('q');
  await channel.consume('q', () => {}, { consumerTag: 'mine' });
  await (await connection.createChannel()).consume('q', () => {}, { consumerTag: 'mine' });
  const attempt = channel.consume('q', () => {}, { consumerTag: 'mine' });
  expect(await refusal(attempt)).toEqual({
    level: 'connection',
    code: 530,
    text: "NOT_ALLOWED - attempt to reuse consumer tag 'mine'",
  });
});

test('consuming from a queue that is not there is refused with 404', async () => {
  const { channel } = await startScene();
  expect(await refusal(channel.consume('none', () => {}))).toMatchObject({ level: 'channel', code: 404 });
});

test('what a cancelled consumer has not acknowledged stays unacked, and may still be acknowledged', async () => {
  const { channel, settled, queue } = await startScene();
  await channel.queueDeclare('q');
  const seen = await collect(channel, 'q', { consumerTag: 'mine' });
  await publishAll(channel, 'q', letters(2));
  await settled();
  const again = await channel.consume('q', () => {}, { consumerTag: 'other' });
  await again.cancel();
  expect(queue('q').unackedCount).toBe(2);
  channel.ack(seen[1]!, { multiple: true });
  await settled();
  expect(queue('q').messageCount).toBe(0);
});

test('a consumer is told when its queue is deleted', async () => {
  const { channel, connection, settled } = await startScene();
  await channel.queueDeclare('q');
  await channel.consume('q', () => {}, { consumerTag: 'mine' });
  const cancelled: string[] = [];
  channel.on('cancel', (consumerTag) => cancelled.push(consumerTag));
  await (await connection.createChannel()).queueDelete('q');
  await settled();
  expect(cancelled).toEqual(['mine']);
  await channel.queueDeclare('q');
  await channel.consume('q', () => {}, { consumerTag: 'mine' });
});

test('messages of a deleted queue may still be acknowledged', async () => {
  const { channel, settled } = await startScene();
  await channel.queueDeclare('q');
  await publishAll(channel, 'q', letters(2));
  const [first, second] = [await take(channel, 'q'), await take(channel, 'q')];
  await channel.queueDelete('q');
  channel.ack(first);
  channel.nack(second);
  await settled();
  expect(channel.isOpen).toBe(true);
});

test('requeued messages return to their places, and are marked as redelivered', async () => {
  const { channel, settled } = await startScene();
  await channel.queueDeclare('q');
  await publishAll(channel, 'q', letters(5));
  const taken = [await take(channel, 'q'), await take(channel, 'q'), await take(channel, 'q')];
  channel.nack(taken[2]!);
  channel.nack(taken[0]!);
  await settled();
  const after = [await take(channel, 'q'), await take(channel, 'q'), await take(channel, 'q')];
  expect(after.map((message) => [new TextDecoder().decode(message.body), message.redelivered])).toEqual([
    ['0', true],
    ['2', true],
    ['3', false],
  ]);
});

test('a channel that closes gives back its unacked messages in order', async () => {
  const { channel, connection, settled, queue } = await startScene();
  await channel.queueDeclare('q');
  await publishAll(channel, 'q', letters(5));
  const other = await connection.createChannel();
  await collect(other, 'q');
  await settled();
  expect(queue('q').unackedCount).toBe(5);
  await other.close();
  await settled();
  expect(await drain(channel, 'q')).toEqual(letters(5));
});

test('a connection that is cut gives back its unacked messages', async () => {
  const { channel, connect, settled } = await startScene();
  await channel.queueDeclare('q');
  await publishAll(channel, 'q', letters(3));
  const other = await connect();
  await collect(await other.createChannel(), 'q');
  await settled();
  await other.close();
  await settled();
  expect(await drain(channel, 'q')).toEqual(letters(3));
});

test('basic.recover puts all unacked messages of the channel back', async () => {
  const { channel, settled } = await startScene();
  await channel.queueDeclare('q');
  await publishAll(channel, 'q', letters(3));
  for (let count = 0; count < 3; count++) await take(channel, 'q');
  await channel.recover();
  await settled();
  const again = await take(channel, 'q');
  expect([new TextDecoder().decode(again.body), again.redelivered, again.deliveryTag]).toEqual([
    '0',
    true,
    4,
  ]);
});

test('basic.get says how many messages are left, and that a queue is empty', async () => {
  const { channel } = await startScene();
  await channel.queueDeclare('q');
  await publishAll(channel, 'q', letters(3));
  expect((await take(channel, 'q')).messageCount).toBe(2);
  expect((await channel.get('q', { noAck: true }))?.messageCount).toBe(1);
  await drain(channel, 'q');
  expect(await channel.get('q')).toBeUndefined();
});

test('a message that is not acknowledged within the consumer timeout closes the channel and goes back', async () => {
  const { channel, connection, advance } = await startScene();
  await channel.queueDeclare('q', { arguments: { 'x-consumer-timeout': 60_000 } });
  await publishAll(channel, 'q', letters(2));
  const slow = await connection.createChannel();
  await collect(slow, 'q');
  const closed = closeReason(slow);
  await advance(59_999);
  expect(slow.isOpen).toBe(true);
  await advance(1);
  const reason = await closed;
  expect(reason).toMatchObject({ level: 'channel', code: 406 });
  expect(reason.text).toContain('timed out');
  expect(await drain(channel, 'q')).toEqual(['0', '1']);
});

test('a message behind one that was acknowledged in time is given up when its own time is up', async () => {
  const { channel, connection, advance } = await startScene();
  await channel.queueDeclare('q', { arguments: { 'x-consumer-timeout': 60_000 } });
  await publishAll(channel, 'q', letters(2));
  const slow = await connection.createChannel();
  const seen = await collect(slow, 'q');
  await advance(30_000);
  slow.ack(seen[0]!);
  await advance(30_000);
  expect(slow.isOpen).toBe(false);
  expect(await drain(channel, 'q')).toEqual(['1']);
});

test('without a consumer timeout a message may take for ever', async () => {
  const { channel, settled, advance } = await startScene();
  await channel.queueDeclare('q');
  const seen = await collect(channel, 'q');
  await publish(channel, 'q', 'm');
  await advance('30d');
  channel.ack(seen[0]!);
  await settled();
  expect(channel.isOpen).toBe(true);
});

test('an acknowledgement in time keeps the channel open, message after message', async () => {
  const { channel, advance, settled } = await startScene();
  await channel.queueDeclare('q', { arguments: { 'x-consumer-timeout': 1000 } });
  const seen = await collect(channel, 'q');
  for (let round = 0; round < 5; round++) {
    await publish(channel, 'q', `${round}`);
    await advance(900);
    channel.ack(seen[round]!);
  }
  await settled();
  await advance('1h');
  expect(channel.isOpen).toBe(true);
});
