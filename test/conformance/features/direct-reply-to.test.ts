import { expect, test } from 'vitest';
import { closeReason, collect, drainMessages, publish, refusal, startScene, take, texts } from './scene.ts';

const REPLY_TO = 'amq.rabbitmq.reply-to';

test('a reply goes straight to the channel that asked', async () => {
  const { channel, otherChannel, settled } = await startScene();
  const server = await otherChannel();
  await server.queueDeclare('rpc');
  await server.consume(
    'rpc',
    (request) => {
      const { replyTo = '', correlationId } = request.properties;
      void publish(server, replyTo, `answer to ${new TextDecoder().decode(request.body)}`, {
        properties: { correlationId },
      });
    },
    { noAck: true },
  );
  const replies = await collect(channel, REPLY_TO, { noAck: true });
  for (const text of ['one', 'two']) {
    await publish(channel, 'rpc', text, { properties: { replyTo: REPLY_TO, correlationId: text } });
  }
  await settled();
  expect(texts(replies)).toEqual(['answer to one', 'answer to two']);
  expect(replies.map(({ message }) => message.properties.correlationId)).toEqual(['one', 'two']);
  expect(replies[0]).toMatchObject({ redelivered: false, message: { exchange: '' } });
});

test('the server sees an address of its own for each channel that asks', async () => {
  const { connection, channel } = await startScene();
  await channel.queueDeclare('rpc');
  for (let count = 0; count < 2; count++) {
    const asking = await connection.createChannel();
    await asking.consume(REPLY_TO, () => {}, { noAck: true });
    await asking.confirmSelect();
    await publish(asking, 'rpc', 'm', { properties: { replyTo: REPLY_TO } });
  }
  const addresses = (await drainMessages(channel, 'rpc')).map(({ properties }) => properties.replyTo);
  expect(addresses[0]).toMatch(/^amq\.rabbitmq\.reply-to\../);
  expect(addresses[0]).not.toBe(addresses[1]);
});

test('direct replies cannot be acknowledged, so consuming them needs no-ack', async () => {
  const { channel } = await startScene();
  expect(await refusal(channel.consume(REPLY_TO, () => {}))).toEqual({
    level: 'channel',
    code: 406,
    text: 'PRECONDITION_FAILED - reply consumer cannot acknowledge',
  });
});

test('a channel has one consumer of direct replies', async () => {
  const { channel } = await startScene();
  await channel.consume(REPLY_TO, () => {}, { noAck: true });
  expect(await refusal(channel.consume(REPLY_TO, () => {}, { noAck: true }))).toEqual({
    level: 'channel',
    code: 406,
    text: 'PRECONDITION_FAILED - reply consumer already set',
  });
});

test('asking for a direct reply without a consumer for it is refused', async () => {
  const { channel } = await startScene();
  const closed = closeReason(channel);
  await publish(channel, 'anywhere', 'm', { properties: { replyTo: REPLY_TO } });
  expect(await closed).toEqual({
    level: 'channel',
    code: 406,
    text: 'PRECONDITION_FAILED - fast reply consumer does not exist',
  });
});

test('a reply to a channel that is gone is dropped, or returned when it is mandatory', async () => {
  const { channel, connection } = await startScene();
  await channel.queueDeclare('rpc');
  const asking = await connection.createChannel();
  await asking.consume(REPLY_TO, () => {}, { noAck: true });
  await publish(asking, 'rpc', 'm', { properties: { replyTo: REPLY_TO } });
  await asking.close();
  const { replyTo = '' } = (await take(channel, 'rpc')).properties;
  await channel.confirmSelect();
  const returned: number[] = [];
  channel.on('return', ({ replyCode }) => returned.push(replyCode));
  await publish(channel, replyTo, 'late');
  expect(returned).toEqual([]);
  await publish(channel, replyTo, 'late', { mandatory: true });
  expect(returned).toEqual([312]);
});

test('after cancelling, a channel may consume direct replies again', async () => {
  const { channel } = await startScene();
  const consumer = await channel.consume(REPLY_TO, () => {}, { noAck: true });
  await consumer.cancel();
  await channel.consume(REPLY_TO, () => {}, { noAck: true });
});

test('declaring a reply address passively tells whether somebody still waits there', async () => {
  const { channel, connection } = await startScene();
  await channel.queueDeclare('rpc');
  const asking = await connection.createChannel();
  await asking.consume(REPLY_TO, () => {}, { noAck: true });
  await publish(asking, 'rpc', 'm', { properties: { replyTo: REPLY_TO } });
  const { replyTo = '' } = (await take(channel, 'rpc')).properties;
  expect(await channel.queueDeclare(replyTo, { passive: true })).toMatchObject({
    messageCount: 0,
    consumerCount: 1,
  });
  expect(await channel.queueDeclare(REPLY_TO, { passive: true })).toMatchObject({ consumerCount: 1 });
  await asking.close();
  expect(await refusal(channel.queueDeclare(replyTo, { passive: true }))).toMatchObject({
    level: 'channel',
    code: 404,
  });
});

test('a reply in a transaction is sent with the commit', async () => {
  const { channel, connection, settled } = await startScene();
  await channel.queueDeclare('rpc');
  const replies = await collect(channel, REPLY_TO, { noAck: true });
  await publish(channel, 'rpc', 'm', { properties: { replyTo: REPLY_TO } });
  const server = await connection.createChannel();
  await server.txSelect();
  const { replyTo = '' } = (await take(server, 'rpc')).properties;
  await publish(server, replyTo, 'answer');
  await settled();
  expect(texts(replies)).toEqual([]);
  await server.txCommit();
  await settled();
  expect(texts(replies)).toEqual(['answer']);
});
