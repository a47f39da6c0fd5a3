import { describe, expect, test } from 'vitest';
import type { RawChannel } from '../../servers/raw-client.ts';
import { ProtocolBroker } from './protocol-broker.ts';

async function publisher(broker: ProtocolBroker, announcesBlocked = true): Promise<RawChannel> {
  const channel = await broker.openChannel(
    announcesBlocked ? {} : { clientProperties: { capabilities: { publisher_confirms: true } } },
  );
  await channel.call('confirm.select');
  channel.publish({ exchange: 'amq.fanout' });
  await channel.expect('basic.ack');
  return channel;
}

describe('a memory alarm', () => {
  test('is told to publishers with connection.blocked, and its end with connection.unblocked', async () => {
    const broker = await ProtocolBroker.start();
    const channel = await publisher(broker);
    broker.broker.setAlarm('memory', true);
    const { method } = await channel.client.channel(0).expect('connection.blocked');
    expect(method.reason).toBe('low on memory');
    broker.broker.setAlarm('memory', false);
    await channel.client.channel(0).expect('connection.unblocked');
  });

  test('stops reading from publishers until it ends', async () => {
    const broker = await ProtocolBroker.start();
    const channel = await publisher(broker);
    broker.broker.setAlarm('memory', true);
    await channel.client.channel(0).expect('connection.blocked');
    channel.publish({ exchange: 'amq.fanout' });
    const other = await broker.openChannel();
    await other.settle();
    expect(channel.take('basic.ack')).toEqual([]);
    broker.broker.setAlarm('memory', false);
    await channel.expect('basic.ack');
  });

  test('stops publishers that did not announce the capability, without a word', async () => {
    const broker = await ProtocolBroker.start();
    const channel = await publisher(broker, false);
    broker.broker.setAlarm('memory', true);
    channel.publish({ exchange: 'amq.fanout' });
    const other = await broker.openChannel();
    await other.settle();
    expect(channel.take('basic.ack')).toEqual([]);
    broker.broker.setAlarm('memory', false);
    await channel.expect('basic.ack');
    expect(channel.client.channel(0).inbox.map(({ method }) => method.name)).toEqual([]);
  });

  test('leaves consumers alone', async () => {
    const broker = await ProtocolBroker.start();
    const source = await publisher(broker);
    await source.call('queue.declare', { queue: 'q' });
    const consumer = await broker.openChannel();
    await consumer.call('basic.qos', { prefetchCount: 1 });
    await consumer.call('basic.consume', { queue: 'q' });
    source.publish({ routingKey: 'q' }, {}, 'one');
    source.publish({ routingKey: 'q' }, {}, 'two');
    const { method } = await consumer.expect('basic.deliver');
    broker.broker.setAlarm('memory', true);
    consumer.send('basic.ack', { deliveryTag: method.deliveryTag });
    await consumer.expect('basic.deliver');
    expect(consumer.client.channel(0).inbox).toEqual([]);
  });

  test('stops a client at its first publish', async () => {
    const broker = await ProtocolBroker.start();
    const channel = await broker.openChannel();
    broker.broker.setAlarm('memory', true);
    await channel.settle();
    expect(channel.client.channel(0).inbox).toEqual([]);
    channel.publish({ exchange: 'amq.fanout' });
    await channel.client.channel(0).expect('connection.blocked');
  });

  test('and a disk alarm together end only when both have ended', async () => {
    const broker = await ProtocolBroker.start();
    const channel = await publisher(broker);
    broker.broker.setAlarm('memory', true);
    broker.broker.setAlarm('disk', true);
    await channel.client.channel(0).expect('connection.blocked');
    broker.broker.setAlarm('memory', false);
    const other = await broker.openChannel();
    await other.settle();
    expect(channel.client.channel(0).inbox).toEqual([]);
    broker.broker.setAlarm('disk', false);
    await channel.client.channel(0).expect('connection.unblocked');
  });

  test('names all that is short to who publishes after it was set', async () => {
    const broker = await ProtocolBroker.start();
    broker.broker.setAlarm('memory', true);
    broker.broker.setAlarm('disk', true);
    const channel = await broker.openChannel();
    channel.publish({ exchange: 'amq.fanout' });
    const { method } = await channel.client.channel(0).expect('connection.blocked');
    expect(method.reason).toBe('low on memory & disk');
  });

  test('lets a stopped publisher go away', async () => {
    const broker = await ProtocolBroker.start();
    const channel = await publisher(broker);
    broker.broker.setAlarm('memory', true);
    await channel.client.channel(0).expect('connection.blocked');
    channel.client.socket.resetAndDestroy();
    await broker.running.clock.advance('10m');
    broker.broker.setAlarm('memory', false);
    await broker.whenConnectionCount(0);
  });
});
