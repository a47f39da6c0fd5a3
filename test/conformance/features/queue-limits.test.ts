import { expect, test } from 'vitest';
import { PublishRefusedError } from '../../../src/client/client-errors.ts';
import { collect, drain, expectNothingHeld, publish, publishAll, startScene, take, texts } from './scene.ts';

test('a queue with max-length drops its oldest message for a new one', async () => {
  const scene = await startScene();
  const { channel } = scene;
  await channel.queueDeclare('q', { arguments: { 'x-max-length': 3 } });
  await publishAll(channel, 'q', ['a', 'b', 'c', 'd', 'e']);
  expect(await drain(channel, 'q')).toEqual(['c', 'd', 'e']);
  expectNothingHeld(scene);
});

test('only ready messages count for max-length', async () => {
  const { channel } = await startScene();
  await channel.queueDeclare('q', { arguments: { 'x-max-length': 1 } });
  await publish(channel, 'q', 'a');
  await take(channel, 'q');
  await publish(channel, 'q', 'b');
  expect(await drain(channel, 'q')).toEqual(['b']);
});

test('a message that comes back to a full queue is dropped when it is the oldest', async () => {
  const { channel, settled } = await startScene();
  await channel.queueDeclare('dead');
  const deadLetters = { 'x-dead-letter-exchange': '', 'x-dead-letter-routing-key': 'dead' };
  await channel.queueDeclare('q', { arguments: { 'x-max-length': 1, ...deadLetters } });
  await publish(channel, 'q', 'a');
  const message = await take(channel, 'q');
  await publish(channel, 'q', 'b');
  channel.nack(message);
  await settled();
  expect([await drain(channel, 'q'), await drain(channel, 'dead')]).toEqual([['b'], ['a']]);
});

test('max-length-bytes counts the bodies', async () => {
  const { channel } = await startScene();
  await channel.queueDeclare('q', { arguments: { 'x-max-length-bytes': 10 } });
  await publishAll(channel, 'q', ['aaaa', 'bbbb', 'cc']);
  expect((await channel.queueDeclare('q', { passive: true })).messageCount).toBe(3);
  await publish(channel, 'q', 'd');
  expect(await drain(channel, 'q')).toEqual(['bbbb', 'cc', 'd']);
});

test('of max-length and max-length-bytes the one that is reached first counts', async () => {
  const { channel } = await startScene();
  await channel.queueDeclare('q', { arguments: { 'x-max-length': 2, 'x-max-length-bytes': 10 } });
  await publishAll(channel, 'q', ['a', 'b', 'c']);
  expect(await drain(channel, 'q')).toEqual(['b', 'c']);
  await publishAll(channel, 'q', ['aaaaaa', 'bbbbbb']);
  expect(await drain(channel, 'q')).toEqual(['bbbbbb']);
});

test('with overflow reject-publish a full queue refuses new messages with basic.nack', async () => {
  const { channel } = await startScene();
  await channel.queueDeclare('q', { arguments: { 'x-max-length': 2, 'x-overflow': 'reject-publish' } });
  await channel.confirmSelect();
  await publishAll(channel, 'q', ['a', 'b']);
  await expect(publish(channel, 'q', 'c')).rejects.toBeInstanceOf(PublishRefusedError);
  expect(await drain(channel, 'q')).toEqual(['a', 'b']);
  await publish(channel, 'q', 'd');
  expect(await drain(channel, 'q')).toEqual(['d']);
});

test('with reject-publish the queues that have room get the message, and it is refused all the same', async () => {
  const { channel } = await startScene();
  await channel.queueDeclare('full', { arguments: { 'x-max-length': 0, 'x-overflow': 'reject-publish' } });
  await channel.queueDeclare('free');
  for (const name of ['full', 'free']) await channel.queueBind(name, 'amq.fanout');
  await channel.confirmSelect();
  await expect(publish(channel, '', 'm', { exchange: 'amq.fanout' })).rejects.toBeInstanceOf(
    PublishRefusedError,
  );
  expect([await drain(channel, 'full'), await drain(channel, 'free')]).toEqual([[], ['m']]);
});

test('reject-publish looks at max-length-bytes as well', async () => {
  const { channel } = await startScene();
  await channel.queueDeclare('q', { arguments: { 'x-max-length-bytes': 5, 'x-overflow': 'reject-publish' } });
  await channel.confirmSelect();
  await publish(channel, 'q', 'aaa');
  await expect(publish(channel, 'q', 'bbb')).rejects.toBeInstanceOf(PublishRefusedError);
  await publish(channel, 'q', 'cc');
});

test('with overflow reject-publish-dlx a refused message goes to the dead-letter exchange', async () => {
  const { channel } = await startScene();
  await channel.queueDeclare('dead');
  await channel.queueDeclare('q', {
    arguments: {
      'x-max-length': 1,
      'x-overflow': 'reject-publish-dlx',
      'x-dead-letter-exchange': '',
      'x-dead-letter-routing-key': 'dead',
    },
  });
  await channel.confirmSelect();
  await publish(channel, 'q', 'a');
  await expect(publish(channel, 'q', 'b')).rejects.toBeInstanceOf(PublishRefusedError);
  expect([await drain(channel, 'q'), await drain(channel, 'dead')]).toEqual([['a'], ['b']]);
});

test('a consumer that can take messages gets them before a short queue drops any', async () => {
  const { channel, settled } = await startScene();
  await channel.queueDeclare('q', { arguments: { 'x-max-length': 2 } });
  const seen = await collect(channel, 'q', { noAck: true });
  const sent = Array.from({ length: 20 }, (_, index) => `${index}`);
  await publishAll(channel, 'q', sent);
  await settled();
  expect(texts(seen)).toEqual(sent);
});

test('a consumer that can take messages gets them before a short queue refuses any', async () => {
  const { channel, settled } = await startScene();
  await channel.queueDeclare('q', { arguments: { 'x-max-length': 2, 'x-overflow': 'reject-publish' } });
  await channel.confirmSelect();
  const seen = await collect(channel, 'q', { noAck: true });
  const sent = Array.from({ length: 20 }, (_, index) => `${index}`);
  await Promise.all(sent.map((text) => publish(channel, 'q', text)));
  await settled();
  expect(texts(seen)).toEqual(sent);
});

test('of a full priority queue the oldest message of the lowest priority goes', async () => {
  const { channel } = await startScene();
  await channel.queueDeclare('q', { arguments: { 'x-max-length': 2, 'x-max-priority': 3 } });
  await publish(channel, 'q', 'low', { properties: { priority: 1 } });
  await publish(channel, 'q', 'high', { properties: { priority: 3 } });
  await publish(channel, 'q', 'middle', { properties: { priority: 2 } });
  expect(await drain(channel, 'q')).toEqual(['high', 'middle']);
});

test('messages leave a priority queue by priority, and by age within one', async () => {
  const { channel } = await startScene();
  await channel.queueDeclare('q', { arguments: { 'x-max-priority': 5 } });
  for (const [text, priority] of [
    ['a', 1],
    ['b', 5],
    ['c', 1],
    ['d', 5],
    ['e', undefined],
    ['f', 200],
  ] as const) {
    await publish(channel, 'q', text, { properties: { priority } });
  }
  expect(await drain(channel, 'q')).toEqual(['b', 'd', 'f', 'a', 'c', 'e']);
});

test('a message that is requeued in a priority queue comes again before the others of its priority', async () => {
  const { channel, connection } = await startScene();
  await channel.queueDeclare('q', { arguments: { 'x-max-priority': 5 } });
  for (const [text, priority] of [
    ['low', 1],
    ['high1', 5],
    ['high2', 5],
  ] as const) {
    await publish(channel, 'q', text, { properties: { priority } });
  }
  const other = await connection.createChannel();
  other.nack(await take(other, 'q'));
  await other.close();
  expect(await drain(channel, 'q')).toEqual(['high1', 'high2', 'low']);
});

test('each of several queues that refuse a message dead-letters it, and the others take it', async () => {
  const { channel } = await startScene();
  const refusing = { 'x-max-length': 0, 'x-overflow': 'reject-publish-dlx', 'x-dead-letter-exchange': 'dlx' };
  await channel.exchangeDeclare('dlx', 'fanout');
  await channel.queueDeclare('dead');
  await channel.queueBind('dead', 'dlx');
  for (const name of ['a', 'b', 'c', 'd']) {
    await channel.queueDeclare(name, { arguments: name < 'c' ? {} : refusing });
    await channel.queueBind(name, 'amq.fanout');
  }
  await publish(channel, '', 'm', { exchange: 'amq.fanout' });
  const held = [];
  for (const name of ['a', 'b', 'c', 'd', 'dead']) held.push((await drain(channel, name)).length);
  expect(held).toEqual([1, 1, 0, 0, 2]);
});
