import { describe, expect, test } from 'vitest';
import { methodFrame, publishFrames } from '../../servers/frame-bytes.ts';
import { ProtocolBroker } from './protocol-broker.ts';

const QUEUE_DECLARE = { classId: 50, methodId: 10 };

describe('channel.open', () => {
  test('opens any number up to channel_max, in any order', async () => {
    const client = await (await ProtocolBroker.start()).connect();
    for (const number of [2047, 1, 500]) await (await client.openChannel(number)).settle();
  });

  test('on a channel that is open closes the connection with 504', async () => {
    const channel = await (await ProtocolBroker.start()).openChannel();
    channel.send('channel.open');
    await expect(channel.client.whenClosed()).resolves.toMatchObject({
      level: 'connection',
      code: 504,
      classId: 20,
      methodId: 10,
    });
  });

  test('opens a number again that was closed, as a new channel', async () => {
    const channel = await (await ProtocolBroker.start()).openChannel();
    await channel.call('confirm.select');
    await channel.call('channel.close');
    const again = await channel.client.openChannel(1);
    await again.call('tx.select');
  });

  test('opens a number again that the broker closed', async () => {
    const channel = await (await ProtocolBroker.start()).openChannel();
    channel.send('basic.consume', { queue: 'missing' });
    await channel.whenClosed();
    await (await channel.client.openChannel(1)).settle();
  });
});

describe('a method on a channel that is not open', () => {
  test.each(['queue.declare', 'basic.publish', 'channel.close', 'channel.flow'] as const)(
    '(%s) closes the connection with 504',
    async (name) => {
      const client = await (await ProtocolBroker.start()).connect();
      client.sendBytes(methodFrame(7, name));
      await expect(client.whenClosed()).resolves.toMatchObject({ level: 'connection', code: 504 });
    },
  );

  test('closes the connection with 504 when the channel was closed before', async () => {
    const channel = await (await ProtocolBroker.start()).openChannel();
    await channel.call('channel.close');
    channel.send('queue.declare', { queue: 'q' });
    await expect(channel.client.whenClosed()).resolves.toMatchObject({ code: 504, ...QUEUE_DECLARE });
  });
});

describe('channel.close', () => {
  test('is answered after what was asked before it', async () => {
    const broker = await ProtocolBroker.start();
    const channel = await broker.openChannel();
    await channel.call('confirm.select');
    channel.publish({ exchange: 'amq.fanout' });
    await channel.call('channel.close');
    expect(channel.take('basic.ack')).toHaveLength(1);
  });

  test('gives unacked messages back, and ends consumers', async () => {
    const client = await (await ProtocolBroker.start()).connect();
    const channel = await client.openChannel(1);
    const other = await client.openChannel(2);
    await channel.call('queue.declare', { queue: 'q' });
    await channel.call('basic.consume', { queue: 'q' });
    channel.publish({ routingKey: 'q' }, {}, 'x');
    await channel.expect('basic.deliver');
    await channel.call('channel.close');
    const declared = await other.call('queue.declare', { queue: 'q', passive: true });
    expect(declared).toMatchObject({ messageCount: 1, consumerCount: 0 });
  });

  test('crossing one of the broker is answered with close-ok', async () => {
    const channel = await (await ProtocolBroker.start()).openChannel();
    channel.send('basic.consume', { queue: 'missing' });
    channel.send('channel.close');
    await channel.whenClosed();
    const again = await channel.client.openChannel(1);
    await again.settle();
    // It comes before or after the mailbox of the closed channel was put away.
    expect([...channel.inbox, ...again.inbox].map(({ method }) => method.name)).toEqual(['channel.close-ok']);
  });
});

describe('a channel error', () => {
  test('names class and method that failed', async () => {
    const channel = await (await ProtocolBroker.start()).openChannel();
    await expect(channel.call('queue.declare', { queue: 'missing', passive: true })).rejects.toMatchObject({
      level: 'channel',
      code: 404,
      text: "NOT_FOUND - no queue 'missing' in vhost '/'",
      ...QUEUE_DECLARE,
    });
  });

  test('of a publish names basic.publish, also when another channel spoke in between', async () => {
    const client = await (await ProtocolBroker.start({ maxMessageSize: 10 })).connect();
    const channel = await client.openChannel(1);
    const other = await client.openChannel(2);
    const [publish, ...content] = publishOf(1, 11);
    client.sendBytes(publish as Uint8Array);
    other.send('queue.declare', { queue: 'q' });
    for (const frame of content) client.sendBytes(frame);
    await expect(channel.whenClosed()).resolves.toMatchObject({ code: 406, classId: 60, methodId: 40 });
  });

  test('leaves the other channels of the connection alone', async () => {
    const client = await (await ProtocolBroker.start()).connect();
    const failing = await client.openChannel(1);
    const other = await client.openChannel(2);
    failing.send('basic.consume', { queue: 'missing' });
    await failing.whenClosed();
    await other.settle();
    expect(client.closed).toBeUndefined();
  });

  test('drops what was already on its way, until close-ok', async () => {
    const broker = await ProtocolBroker.start();
    const channel = await broker.openChannel();
    channel.send('basic.consume', { queue: 'missing' });
    channel.send('queue.declare', { queue: 'too-late' });
    channel.publish({ exchange: 'amq.fanout' }, {}, 'too late');
    channel.send('basic.ack', { deliveryTag: 99 });
    await channel.whenClosed();
    await (await channel.client.openChannel(1)).settle();
    expect(broker.broker.vhosts.get('/')?.queues.has('too-late')).toBe(false);
  });

  test('in the middle of content drops the rest of the content', async () => {
    const channel = await (await ProtocolBroker.start()).openChannel();
    channel.publish({ exchange: 'missing' }, {}, 'x'.repeat(300_000));
    await expect(channel.whenClosed()).resolves.toMatchObject({ code: 404, classId: 60, methodId: 40 });
    await (await channel.client.openChannel(1)).settle();
  });

  test('confirms before it what was published before it', async () => {
    const channel = await (await ProtocolBroker.start()).openChannel();
    await channel.call('confirm.select');
    channel.publish({ exchange: 'amq.fanout' });
    channel.publish({ exchange: 'missing' });
    await channel.whenClosed();
    expect(channel.take('basic.ack').map(({ method }) => method.deliveryTag)).toEqual([1]);
  });

  test('has a text of at most 255 bytes, whole characters only', async () => {
    const channel = await (await ProtocolBroker.start()).openChannel();
    const queue = 'ü'.repeat(127);
    const closed = await channel
      .call('queue.declare', { queue, passive: true })
      .catch((error: { text: string }) => error);
    const { text } = closed as { text: string };
    expect(Buffer.byteLength(text)).toBeLessThanOrEqual(255);
    expect(Buffer.byteLength(text)).toBeGreaterThan(250);
    expect(text).not.toContain('\ufffd');
  });
});

describe('channel.flow', () => {
  test('with active=true is answered', async () => {
    const channel = await (await ProtocolBroker.start()).openChannel();
    await expect(channel.call('channel.flow', { active: true })).resolves.toMatchObject({ active: true });
  });

  test('with active=false closes the connection with 540', async () => {
    const channel = await (await ProtocolBroker.start()).openChannel();
    channel.send('channel.flow', { active: false });
    await expect(channel.client.whenClosed()).resolves.toMatchObject({
      level: 'connection',
      code: 540,
      classId: 20,
      methodId: 20,
    });
  });
});

describe('a method that clients do not send', () => {
  test.each([
    'channel.open-ok',
    'basic.deliver',
    'basic.return',
    'queue.declare-ok',
    'confirm.select-ok',
    'basic.get-empty',
    'connection.close',
    'connection.start',
  ] as const)('(%s) on a channel closes the connection with 503', async (name) => {
    const channel = await (await ProtocolBroker.start()).openChannel();
    channel.client.sendBytes(methodFrame(1, name));
    await expect(channel.client.whenClosed()).resolves.toMatchObject({ level: 'connection', code: 503 });
  });
});

/** A message of `bodyBytes` bytes to the default exchange, frame by frame. */
function publishOf(channel: number, bodyBytes: number): Uint8Array[] {
  return publishFrames(channel, { routingKey: 'q' }, {}, new Uint8Array(bodyBytes));
}
