import { describe, expect, test } from 'vitest';
import { field, tableOf } from '../../../src/codec/field-table.ts';
import { bodyFrame, headerFrame, methodFrame, publishFrames } from '../../servers/frame-bytes.ts';
import type { RawChannel } from '../../servers/raw-client.ts';
import { ProtocolBroker } from './protocol-broker.ts';

/** The tags that channel's confirms cover, in the order in which they came. */
function confirmedTags(channel: RawChannel): number[] {
  const tags: number[] = [];
  for (const { method } of channel.take('basic.ack')) {
    const first = method.multiple ? (tags.at(-1) ?? 0) + 1 : method.deliveryTag;
    for (let tag = first; tag <= method.deliveryTag; tag++) tags.push(tag);
  }
  return tags;
}

describe('publisher confirms', () => {
  test('number messages from 1, in order and without a gap', async () => {
    const channel = await (await ProtocolBroker.start()).openChannel();
    await channel.call('confirm.select');
    for (let count = 0; count < 500; count++) channel.publish({ exchange: 'amq.fanout' });
    channel.publish({ exchange: 'amq.fanout', routingKey: 'last', mandatory: true });
    await channel.expect('basic.return');
    await channel.settle();
    expect(confirmedTags(channel)).toEqual(Array.from({ length: 501 }, (_, index) => index + 1));
  });

  test('of messages that came together are one basic.ack with multiple', async () => {
    const channel = await (await ProtocolBroker.start()).openChannel();
    await channel.call('confirm.select');
    const frames = [1, 2, 3].flatMap(() => publishFrames(1, { exchange: 'amq.fanout' }));
    channel.client.sendBytes(Buffer.concat(frames));
    const { method } = await channel.expect('basic.ack');
    expect(method).toMatchObject({ deliveryTag: 3, multiple: true });
  });

  test('begin with the first message after confirm.select', async () => {
    const channel = await (await ProtocolBroker.start()).openChannel();
    channel.publish({ exchange: 'amq.fanout' });
    await channel.call('confirm.select');
    channel.publish({ exchange: 'amq.fanout' });
    const { method } = await channel.expect('basic.ack');
    expect(method).toMatchObject({ deliveryTag: 1, multiple: false });
  });

  test('go on with their numbers when confirm.select comes again', async () => {
    const channel = await (await ProtocolBroker.start()).openChannel();
    await channel.call('confirm.select');
    channel.publish({ exchange: 'amq.fanout' });
    await channel.expect('basic.ack');
    await channel.call('confirm.select');
    channel.publish({ exchange: 'amq.fanout' });
    expect((await channel.expect('basic.ack')).method.deliveryTag).toBe(2);
  });

  test('are not answered when confirm.select says no-wait, and work', async () => {
    const channel = await (await ProtocolBroker.start()).openChannel();
    channel.send('confirm.select', { noWait: true });
    channel.publish({ exchange: 'amq.fanout' });
    await channel.expect('basic.ack');
    expect(channel.take('confirm.select-ok')).toEqual([]);
  });

  test('ack a message that no queue wanted', async () => {
    const channel = await (await ProtocolBroker.start()).openChannel();
    await channel.call('confirm.select');
    channel.publish({ routingKey: 'nowhere' });
    await channel.expect('basic.ack');
  });

  test('nack a message that a full queue refused, and ack the others', async () => {
    const channel = await (await ProtocolBroker.start()).openChannel();
    await channel.call('confirm.select');
    const args = { 'x-max-length': 1, 'x-overflow': 'reject-publish' };
    await channel.call('queue.declare', { queue: 'full', arguments: args });
    channel.client.sendBytes(
      Buffer.concat([
        ...publishFrames(1, { routingKey: 'full' }),
        ...publishFrames(1, { routingKey: 'full' }),
        ...publishFrames(1, { exchange: 'amq.fanout' }),
      ]),
    );
    const { method } = await channel.expect('basic.nack');
    expect(method).toMatchObject({ deliveryTag: 2, multiple: false });
    const tags = await channel.expectMany('basic.ack', 2);
    expect(tags.map((ack) => ack.method.deliveryTag)).toEqual([1, 3]);
  });

  test('are refused with 406 on a channel in transaction mode', async () => {
    const channel = await (await ProtocolBroker.start()).openChannel();
    await channel.call('tx.select');
    await expect(channel.call('confirm.select')).rejects.toMatchObject({
      level: 'channel',
      code: 406,
      text: 'PRECONDITION_FAILED - cannot switch from tx to confirm mode',
    });
  });

  test('refuse transaction mode with 406', async () => {
    const channel = await (await ProtocolBroker.start()).openChannel();
    await channel.call('confirm.select');
    await expect(channel.call('tx.select')).rejects.toMatchObject({
      level: 'channel',
      code: 406,
      text: 'PRECONDITION_FAILED - cannot switch from confirm to tx mode',
    });
  });
});

describe('basic.publish', () => {
  test('with mandatory returns what no queue wants: 312 NO_ROUTE, with the whole message', async () => {
    const channel = await (await ProtocolBroker.start()).openChannel();
    const properties = { contentType: 'text/plain', headers: tableOf({ a: 1 }), deliveryMode: 2 };
    channel.publish({ exchange: 'amq.direct', routingKey: 'k', mandatory: true }, properties, 'body');
    const returned = await channel.expect('basic.return');
    expect(returned.method).toMatchObject({
      replyCode: 312,
      replyText: 'NO_ROUTE',
      exchange: 'amq.direct',
      routingKey: 'k',
    });
    expect(returned.properties).toEqual(properties);
    expect(Buffer.from(returned.body).toString()).toBe('body');
  });

  test('with mandatory returns before it confirms', async () => {
    const channel = await (await ProtocolBroker.start()).openChannel();
    await channel.call('confirm.select');
    channel.publish({ routingKey: 'nowhere', mandatory: true });
    await channel.expect('basic.ack');
    expect(channel.inbox.map(({ method }) => method.name)).toEqual(['basic.return']);
  });

  test('with mandatory returns nothing that a queue took', async () => {
    const channel = await (await ProtocolBroker.start()).openChannel();
    await channel.call('queue.declare', { queue: 'q' });
    await channel.call('confirm.select');
    channel.publish({ routingKey: 'q', mandatory: true });
    await channel.expect('basic.ack');
    expect(channel.inbox).toEqual([]);
  });

  test('with immediate closes the connection with 540', async () => {
    const channel = await (await ProtocolBroker.start()).openChannel();
    channel.publish({ exchange: 'amq.fanout', immediate: true });
    await expect(channel.client.whenClosed()).resolves.toMatchObject({
      level: 'connection',
      code: 540,
      text: 'NOT_IMPLEMENTED - immediate=true',
      classId: 60,
      methodId: 40,
    });
  });

  test('to an unknown exchange closes the channel with 404', async () => {
    const channel = await (await ProtocolBroker.start()).openChannel();
    channel.publish({ exchange: 'missing' });
    await expect(channel.whenClosed()).resolves.toMatchObject({
      level: 'channel',
      code: 404,
      text: "NOT_FOUND - no exchange 'missing' in vhost '/'",
    });
  });

  test('to an internal exchange closes the channel with 403', async () => {
    const channel = await (await ProtocolBroker.start()).openChannel();
    await channel.call('exchange.declare', { exchange: 'inner', type: 'fanout', internal: true });
    channel.publish({ exchange: 'inner' });
    await expect(channel.whenClosed()).resolves.toMatchObject({ level: 'channel', code: 403 });
  });

  test('with the user-id of somebody else closes the channel with 406', async () => {
    const channel = await (await ProtocolBroker.start()).openChannel();
    channel.publish({ exchange: 'amq.fanout' }, { userId: 'guest' });
    await channel.settle();
    channel.publish({ exchange: 'amq.fanout' }, { userId: 'root' });
    await expect(channel.whenClosed()).resolves.toMatchObject({ level: 'channel', code: 406 });
  });

  test.each(['', '-1', '1.5', 'soon', '4294967296', ' 5', '99999999999'])(
    "with the expiration '%s' closes the channel with 406",
    async (expiration) => {
      const channel = await (await ProtocolBroker.start()).openChannel();
      channel.publish({ exchange: 'amq.fanout' }, { expiration });
      await expect(channel.whenClosed()).resolves.toMatchObject({ level: 'channel', code: 406 });
    },
  );

  test.each(['CC', 'BCC'])('with a header %s that is no array closes the channel with 406', async (name) => {
    const channel = await (await ProtocolBroker.start()).openChannel();
    channel.publish({ exchange: 'amq.fanout' }, { headers: tableOf({ [name]: 'q' }) });
    await expect(channel.whenClosed()).resolves.toMatchObject({ level: 'channel', code: 406 });
  });

  test.each(['CC', 'BCC'])(
    'for later with a header %s that is no array closes the channel with 406 now',
    async (name) => {
      const broker = await ProtocolBroker.start();
      const channel = await broker.openChannel();
      const headers = tableOf({ [name]: 'q', 'x-deliver-at': broker.running.clock.now.getTime() + 1000 });
      channel.publish({ exchange: 'amq.fanout' }, { headers });
      await expect(channel.whenClosed()).resolves.toMatchObject({ level: 'channel', code: 406 });
      await broker.running.clock.advance('1h');
      await broker.checkUsable();
    },
  );

  test('in a transaction with a header CC that is no array closes the channel with 406 at once', async () => {
    const channel = await (await ProtocolBroker.start()).openChannel();
    await channel.call('tx.select');
    channel.publish({ exchange: 'amq.fanout' }, { headers: tableOf({ CC: 'q' }) });
    await expect(channel.whenClosed()).resolves.toMatchObject({ level: 'channel', code: 406, methodId: 40 });
  });

  test.each([field.string('soon'), field.table(new Map())])(
    'in a transaction with a bad x-deliver-at closes the channel with 406 at once',
    async (at) => {
      const channel = await (await ProtocolBroker.start()).openChannel();
      await channel.call('tx.select');
      channel.publish({ exchange: 'amq.fanout' }, { headers: new Map([['x-deliver-at', at]]) });
      await expect(channel.whenClosed()).resolves.toMatchObject({
        level: 'channel',
        code: 406,
        methodId: 40,
      });
    },
  );

  test('with reply-to amq.rabbitmq.reply-to and no consumer there closes the channel with 406', async () => {
    const channel = await (await ProtocolBroker.start()).openChannel();
    channel.publish({ exchange: 'amq.fanout' }, { replyTo: 'amq.rabbitmq.reply-to' });
    await expect(channel.whenClosed()).resolves.toMatchObject({ level: 'channel', code: 406 });
  });
});

describe('a message whose address changes its meaning while the message is on its way', () => {
  test('goes to nobody when its queue was deleted, and takes no memory', async () => {
    const broker = await ProtocolBroker.start();
    const channel = await broker.openChannel();
    const other = await broker.openChannel();
    await channel.call('queue.declare', { queue: 'q' });
    await channel.call('confirm.select');
    channel.publish({ routingKey: 'q' }, {}, 'first');
    await channel.expect('basic.ack');
    channel.client.sendBytes(methodFrame(1, 'basic.publish', { routingKey: 'q', mandatory: true }));
    channel.client.sendBytes(headerFrame(1, 6));
    channel.client.sendBytes(bodyFrame(1, Buffer.from('abc')));
    await channel.client.channel(0).call('connection.update-secret', { newSecret: '', reason: '' });
    await other.call('queue.delete', { queue: 'q' });
    channel.client.sendBytes(bodyFrame(1, Buffer.from('def')));
    await channel.expect('basic.return');
    await channel.expect('basic.ack');
  });

  test('closes the channel with 404 when its exchange was deleted', async () => {
    const broker = await ProtocolBroker.start();
    const channel = await broker.openChannel();
    const other = await broker.openChannel();
    await channel.call('exchange.declare', { exchange: 'x', type: 'fanout' });
    channel.client.sendBytes(methodFrame(1, 'basic.publish', { exchange: 'x' }));
    await channel.client.channel(0).call('connection.update-secret', { newSecret: '', reason: '' });
    await other.call('exchange.delete', { exchange: 'x' });
    channel.client.sendBytes(headerFrame(1, 0));
    await expect(channel.whenClosed()).resolves.toMatchObject({ code: 404, classId: 60, methodId: 40 });
  });

  test('goes to the queue that was bound in between', async () => {
    const broker = await ProtocolBroker.start();
    const channel = await broker.openChannel();
    const other = await broker.openChannel();
    channel.publish({ exchange: 'amq.direct', routingKey: 'k' });
    channel.client.sendBytes(methodFrame(1, 'basic.publish', { exchange: 'amq.direct', routingKey: 'k' }));
    await channel.client.channel(0).call('connection.update-secret', { newSecret: '', reason: '' });
    await other.call('queue.declare', { queue: 'q' });
    await other.call('queue.bind', { queue: 'q', exchange: 'amq.direct', routingKey: 'k' });
    channel.client.sendBytes(headerFrame(1, 0));
    await channel.settle();
    await expect(other.call('queue.declare', { queue: 'q', passive: true })).resolves.toMatchObject({
      messageCount: 1,
    });
  });
});
