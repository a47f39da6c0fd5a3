import { describe, expect, test } from 'vitest';
import type { RawChannel } from '../../servers/raw-client.ts';
import { ProtocolBroker } from './protocol-broker.ts';

/** A channel beside a queue q with this many messages. */
async function beside(messages: number): Promise<RawChannel> {
  const channel = await (await ProtocolBroker.start()).openChannel();
  await channel.call('queue.declare', { queue: 'q' });
  for (let count = 0; count < messages; count++) channel.publish({ routingKey: 'q' }, {}, `${count}`);
  return channel;
}

/** How many deliveries have come after a round trip. */
async function deliveredCount(channel: RawChannel): Promise<number> {
  await channel.settle();
  await channel.settle();
  return channel.take('basic.deliver').length;
}

describe('basic.qos', () => {
  test('with a prefetch_size closes the connection with 540', async () => {
    const channel = await beside(0);
    channel.send('basic.qos', { prefetchSize: 1 });
    await expect(channel.client.whenClosed()).resolves.toMatchObject({
      level: 'connection',
      code: 540,
      text: 'NOT_IMPLEMENTED - prefetch_size!=0 (1)',
      classId: 60,
      methodId: 10,
    });
  });

  test('with global=false limits each consumer that comes after it', async () => {
    const channel = await beside(10);
    await channel.call('basic.qos', { prefetchCount: 2 });
    await channel.call('basic.consume', { queue: 'q' });
    await channel.call('basic.consume', { queue: 'q' });
    expect(await deliveredCount(channel)).toBe(4);
  });

  test('with global=false does not change the consumers that are there', async () => {
    const channel = await beside(10);
    await channel.call('basic.qos', { prefetchCount: 2 });
    await channel.call('basic.consume', { queue: 'q' });
    await channel.call('basic.qos', { prefetchCount: 8 });
    expect(await deliveredCount(channel)).toBe(2);
  });

  test('with global=true limits all consumers of the channel together', async () => {
    const channel = await beside(10);
    await channel.call('basic.qos', { prefetchCount: 3, global: true });
    await channel.call('basic.consume', { queue: 'q' });
    await channel.call('basic.consume', { queue: 'q' });
    expect(await deliveredCount(channel)).toBe(3);
  });

  test('with global=true changes the consumers that are there', async () => {
    const channel = await beside(10);
    await channel.call('basic.qos', { prefetchCount: 3, global: true });
    await channel.call('basic.consume', { queue: 'q' });
    expect(await deliveredCount(channel)).toBe(3);
    await channel.call('basic.qos', { prefetchCount: 5, global: true });
    expect(await deliveredCount(channel)).toBe(2);
  });

  test('with 0 sets no limit', async () => {
    const channel = await beside(10);
    await channel.call('basic.qos', { prefetchCount: 1 });
    await channel.call('basic.qos', { prefetchCount: 0 });
    await channel.call('basic.consume', { queue: 'q' });
    expect(await deliveredCount(channel)).toBe(10);
  });

  test('does not limit consumers without ack', async () => {
    const channel = await beside(10);
    await channel.call('basic.qos', { prefetchCount: 1 });
    await channel.call('basic.consume', { queue: 'q', noAck: true });
    expect(await deliveredCount(channel)).toBe(10);
  });

  test('does not count messages of basic.get', async () => {
    const channel = await beside(4);
    await channel.call('basic.qos', { prefetchCount: 1, global: true });
    await channel.call('basic.get', { queue: 'q' });
    await channel.call('basic.consume', { queue: 'q' });
    expect(await deliveredCount(channel)).toBe(1);
  });

  test('gives the next message when one is acked, rejected or given back', async () => {
    const channel = await beside(3);
    await channel.call('basic.qos', { prefetchCount: 1 });
    await channel.call('basic.consume', { queue: 'q' });
    const first = await channel.expect('basic.deliver');
    channel.send('basic.ack', { deliveryTag: first.method.deliveryTag });
    const second = await channel.expect('basic.deliver');
    channel.send('basic.reject', { deliveryTag: second.method.deliveryTag });
    const third = await channel.expect('basic.deliver');
    channel.send('basic.nack', { deliveryTag: third.method.deliveryTag, requeue: true });
    expect((await channel.expect('basic.deliver')).method.redelivered).toBe(true);
  });
});

describe('basic.consume', () => {
  test('makes a tag when none is given', async () => {
    const channel = await beside(0);
    const { consumerTag } = await channel.call('basic.consume', { queue: 'q' });
    expect(consumerTag).toMatch(/^amq\.ctag-[A-Za-z0-9_-]{22}$/);
  });

  test('answers before it delivers', async () => {
    const channel = await beside(1);
    channel.send('basic.consume', { queue: 'q', consumerTag: 'c' });
    await channel.expect('basic.deliver');
    expect(channel.inbox.map(({ method }) => method.name)).toEqual(['basic.consume-ok']);
  });

  test('with no-wait delivers without an answer', async () => {
    const channel = await beside(1);
    channel.send('basic.consume', { queue: 'q', consumerTag: 'c', noWait: true });
    const { method } = await channel.expect('basic.deliver');
    expect(method.consumerTag).toBe('c');
    expect(channel.inbox).toEqual([]);
  });

  test('with a tag that is in use on the channel closes the connection with 530', async () => {
    const channel = await beside(0);
    await channel.call('basic.consume', { queue: 'q', consumerTag: 'c' });
    channel.send('basic.consume', { queue: 'q', consumerTag: 'c' });
    await expect(channel.client.whenClosed()).resolves.toMatchObject({
      level: 'connection',
      code: 530,
      text: "NOT_ALLOWED - attempt to reuse consumer tag 'c'",
    });
  });

  test('may use the tag of a consumer of another channel', async () => {
    const channel = await beside(0);
    await channel.call('basic.consume', { queue: 'q', consumerTag: 'c' });
    const other = await channel.client.openChannel(2);
    await other.call('basic.consume', { queue: 'q', consumerTag: 'c' });
  });

  test('of an unknown queue closes the channel with 404', async () => {
    const channel = await beside(0);
    await expect(channel.call('basic.consume', { queue: 'missing' })).rejects.toMatchObject({ code: 404 });
  });

  test('of an empty name means the queue that was declared last', async () => {
    const channel = await beside(1);
    await channel.call('basic.consume', { queue: '' });
    await channel.expect('basic.deliver');
  });

  test('of an empty name closes the channel with 404 when none was declared', async () => {
    const channel = await (await ProtocolBroker.start()).openChannel();
    await expect(channel.call('basic.consume', { queue: '' })).rejects.toMatchObject({ code: 404 });
  });

  test('with exclusive refuses every other consumer with 403', async () => {
    const channel = await beside(0);
    await channel.call('basic.consume', { queue: 'q', exclusive: true });
    const other = await channel.client.openChannel(2);
    await expect(other.call('basic.consume', { queue: 'q' })).rejects.toMatchObject({
      level: 'channel',
      code: 403,
      text: "ACCESS_REFUSED - queue 'q' in vhost '/' in exclusive use",
    });
  });

  test('with exclusive is refused with 403 when there is a consumer', async () => {
    const channel = await beside(0);
    await channel.call('basic.consume', { queue: 'q' });
    const other = await channel.client.openChannel(2);
    await expect(other.call('basic.consume', { queue: 'q', exclusive: true })).rejects.toMatchObject({
      code: 403,
    });
  });
});

describe('basic.cancel', () => {
  test('ends the deliveries, and leaves what is unacked with the channel', async () => {
    const channel = await beside(1);
    const { consumerTag } = await channel.call('basic.consume', { queue: 'q' });
    await channel.expect('basic.deliver');
    await channel.call('basic.cancel', { consumerTag });
    channel.publish({ routingKey: 'q' }, {}, 'more');
    expect(await deliveredCount(channel)).toBe(0);
    channel.send('basic.ack', { deliveryTag: 1 });
    await channel.settle();
  });

  test('of an unknown tag is answered like any other', async () => {
    const channel = await beside(0);
    await expect(channel.call('basic.cancel', { consumerTag: 'x' })).resolves.toMatchObject({
      consumerTag: 'x',
    });
  });

  test('with no-wait is not answered', async () => {
    const channel = await beside(0);
    await channel.call('basic.consume', { queue: 'q', consumerTag: 'c' });
    channel.send('basic.cancel', { consumerTag: 'c', noWait: true });
    await channel.settle();
    expect(channel.inbox).toEqual([]);
  });

  test('frees the tag', async () => {
    const channel = await beside(0);
    await channel.call('basic.consume', { queue: 'q', consumerTag: 'c' });
    await channel.call('basic.cancel', { consumerTag: 'c' });
    await channel.call('basic.consume', { queue: 'q', consumerTag: 'c' });
  });

  test('is sent by the broker when the queue goes away, to clients that announced it', async () => {
    const channel = await beside(0);
    await channel.call('basic.consume', { queue: 'q', consumerTag: 'c' });
    const other = await channel.client.openChannel(2);
    await other.call('queue.delete', { queue: 'q' });
    expect((await channel.expect('basic.cancel')).method).toMatchObject({ consumerTag: 'c' });
  });

  test('is not sent by the broker to clients that did not announce it', async () => {
    const broker = await ProtocolBroker.start();
    const channel = await broker.openChannel({ clientProperties: { capabilities: {} } });
    await channel.call('queue.declare', { queue: 'q' });
    await channel.call('basic.consume', { queue: 'q' });
    await channel.call('queue.delete', { queue: 'q' });
    await channel.settle();
    expect(channel.take('basic.cancel')).toEqual([]);
  });
});

describe('basic.get', () => {
  test('of an empty queue is answered with get-empty', async () => {
    const channel = await beside(0);
    expect((await channel.call('basic.get', { queue: 'q' })).method.name).toBe('basic.get-empty');
  });

  test('says how many messages are left', async () => {
    const channel = await beside(3);
    expect((await channel.call('basic.get', { queue: 'q' })).method).toMatchObject({
      name: 'basic.get-ok',
      messageCount: 2,
      redelivered: false,
      exchange: '',
      routingKey: 'q',
    });
  });

  test('of an unknown queue closes the channel with 404', async () => {
    const channel = await beside(0);
    await expect(channel.call('basic.get', { queue: 'missing' })).rejects.toMatchObject({ code: 404 });
  });
});
