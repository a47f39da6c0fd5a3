import { describe, expect, test } from 'vitest';
import type { RawChannel } from '../../servers/raw-client.ts';
import { ProtocolBroker } from './protocol-broker.ts';

const BASIC_ACK = { classId: 60, methodId: 80 };

/** A channel that holds the first `unacked` of `messages` messages of queue q, by basic.get. */
async function holding(unacked: number, messages = unacked): Promise<RawChannel> {
  const channel = await (await ProtocolBroker.start()).openChannel();
  await channel.call('queue.declare', { queue: 'q' });
  for (let count = 1; count <= messages; count++) channel.publish({ routingKey: 'q' }, {}, String(count));
  for (let count = 0; count < unacked; count++) await channel.call('basic.get', { queue: 'q' });
  return channel;
}

async function readyCount(channel: RawChannel): Promise<number> {
  return (await channel.call('queue.declare', { queue: 'q', passive: true })).messageCount;
}

/** What is in the queue, in its order, with the redelivered flag. */
async function drain(channel: RawChannel): Promise<[string, boolean][]> {
  const found: [string, boolean][] = [];
  for (;;) {
    const got = await channel.call('basic.get', { queue: 'q', noAck: true });
    if (got.method.name === 'basic.get-empty') return found;
    found.push([Buffer.from(got.body ?? []).toString(), got.method.redelivered]);
  }
}

describe('delivery tags', () => {
  test('begin with 1 on each channel and count deliveries and gets together', async () => {
    const channel = await holding(1, 4);
    await channel.call('basic.qos', { prefetchCount: 1 });
    await channel.call('basic.consume', { queue: 'q' });
    expect((await channel.expect('basic.deliver')).method.deliveryTag).toBe(2);
    expect((await channel.call('basic.get', { queue: 'q' })).method).toMatchObject({ deliveryTag: 3 });
    const other = await channel.client.openChannel(2);
    expect((await other.call('basic.get', { queue: 'q' })).method).toMatchObject({ deliveryTag: 1 });
  });

  test('are given to deliveries without ack, too', async () => {
    const channel = await holding(0, 2);
    await channel.call('basic.get', { queue: 'q', noAck: true });
    expect((await channel.call('basic.get', { queue: 'q' })).method).toMatchObject({ deliveryTag: 2 });
  });
});

describe('basic.ack', () => {
  test('of one message leaves the others', async () => {
    const channel = await holding(3);
    channel.send('basic.ack', { deliveryTag: 2 });
    await channel.call('basic.recover', { requeue: true });
    expect(await drain(channel)).toEqual([
      ['1', true],
      ['3', true],
    ]);
  });

  test('with multiple ends all up to its tag', async () => {
    const channel = await holding(3);
    channel.send('basic.ack', { deliveryTag: 2, multiple: true });
    await channel.call('basic.recover', { requeue: true });
    expect(await drain(channel)).toEqual([['3', true]]);
  });

  test('with multiple and tag 0 ends all that is outstanding', async () => {
    const channel = await holding(3);
    channel.send('basic.ack', { deliveryTag: 0, multiple: true });
    await channel.call('basic.recover', { requeue: true });
    expect(await drain(channel)).toEqual([]);
  });

  test('with multiple and tag 0 is no fault when nothing is outstanding', async () => {
    const channel = await holding(0);
    channel.send('basic.ack', { deliveryTag: 0, multiple: true });
    await channel.settle();
  });

  test.each([
    ['that was never given', { deliveryTag: 4 }],
    ['that was never given, with multiple', { deliveryTag: 4, multiple: true }],
    ['0 without multiple', { deliveryTag: 0 }],
    ['2^53 - 1', { deliveryTag: Number.MAX_SAFE_INTEGER }],
  ])('of a tag %s closes the channel with 406', async (_what, args) => {
    const channel = await holding(3);
    channel.send('basic.ack', args);
    await expect(channel.whenClosed()).resolves.toMatchObject({
      level: 'channel',
      code: 406,
      text: `PRECONDITION_FAILED - unknown delivery tag ${args.deliveryTag}`,
      ...BASIC_ACK,
    });
  });

  test.each([false, true])(
    'that comes twice (multiple: %s) closes the channel with 406',
    async (multiple) => {
      const channel = await holding(2);
      channel.send('basic.ack', { deliveryTag: 1, multiple });
      channel.send('basic.ack', { deliveryTag: 1, multiple });
      await expect(channel.whenClosed()).resolves.toMatchObject({
        level: 'channel',
        code: 406,
        ...BASIC_ACK,
      });
    },
  );

  test('of a message that was taken without ack closes the channel with 406', async () => {
    const channel = await holding(0, 1);
    await channel.call('basic.get', { queue: 'q', noAck: true });
    channel.send('basic.ack', { deliveryTag: 1 });
    await expect(channel.whenClosed()).resolves.toMatchObject({ code: 406 });
  });

  test('of a message of another channel closes the channel with 406', async () => {
    const channel = await holding(1);
    const other = await channel.client.openChannel(2);
    other.send('basic.ack', { deliveryTag: 1 });
    await expect(other.whenClosed()).resolves.toMatchObject({ code: 406 });
    channel.send('basic.ack', { deliveryTag: 1 });
    await channel.settle();
  });

  test('of a message whose queue is gone is no fault', async () => {
    const channel = await holding(2);
    await channel.call('queue.delete', { queue: 'q' });
    channel.send('basic.ack', { deliveryTag: 1 });
    channel.send('basic.nack', { deliveryTag: 2, requeue: true });
    await channel.settle();
  });

  test('that is refused gives the messages of the channel back', async () => {
    const channel = await holding(2);
    channel.send('basic.ack', { deliveryTag: 99 });
    await channel.whenClosed();
    const again = await channel.client.openChannel(1);
    expect(await drain(again)).toEqual([
      ['1', true],
      ['2', true],
    ]);
  });
});

describe.each(['basic.nack', 'basic.reject'] as const)('%s', (name) => {
  test('with requeue puts the message back to its place, redelivered', async () => {
    const channel = await holding(2, 3);
    channel.send(name, { deliveryTag: 1, requeue: true });
    expect(await drain(channel)).toEqual([
      ['1', true],
      ['3', false],
    ]);
  });

  test('without requeue drops the message', async () => {
    const channel = await holding(1, 2);
    channel.send(name, { deliveryTag: 1, requeue: false });
    expect(await drain(channel)).toEqual([['2', false]]);
  });

  test('of an unknown tag closes the channel with 406', async () => {
    const channel = await holding(1);
    channel.send(name, { deliveryTag: 2 });
    await expect(channel.whenClosed()).resolves.toMatchObject({
      level: 'channel',
      code: 406,
      text: 'PRECONDITION_FAILED - unknown delivery tag 2',
    });
  });

  test('of tag 0 closes the channel with 406', async () => {
    const channel = await holding(1);
    channel.send(name, { deliveryTag: 0 });
    await expect(channel.whenClosed()).resolves.toMatchObject({ level: 'channel', code: 406 });
  });
});

describe('basic.nack with multiple', () => {
  test('and tag 0 ends only what was outstanding when it came', async () => {
    const channel = await holding(0);
    await channel.call('queue.declare', {
      queue: 'from',
      arguments: { 'x-dead-letter-exchange': '', 'x-dead-letter-routing-key': 'to' },
    });
    await channel.call('queue.declare', { queue: 'to', arguments: { 'x-max-length': 1 } });
    for (const text of ['1', '2']) {
      channel.publish({ routingKey: 'from' }, {}, text);
      await channel.call('basic.get', { queue: 'from' });
    }
    await channel.call('basic.consume', { queue: 'to' });
    channel.send('basic.nack', { deliveryTag: 0, multiple: true, requeue: false });
    const dead = await channel.expectMany('basic.deliver', 2);
    for (const { method } of dead) channel.send('basic.ack', { deliveryTag: method.deliveryTag });
    await channel.settle();
  });

  test('puts all up to its tag back, in their order', async () => {
    const channel = await holding(3, 4);
    channel.send('basic.nack', { deliveryTag: 2, multiple: true, requeue: true });
    expect(await drain(channel)).toEqual([
      ['1', true],
      ['2', true],
      ['4', false],
    ]);
  });

  test('and tag 0 puts everything back', async () => {
    const channel = await holding(3);
    channel.send('basic.nack', { deliveryTag: 0, multiple: true, requeue: true });
    expect((await drain(channel)).map(([body]) => body)).toEqual(['1', '2', '3']);
  });
});

describe('basic.recover', () => {
  test('with requeue puts everything unacked back to its place', async () => {
    const channel = await holding(2, 3);
    await channel.call('basic.recover', { requeue: true });
    expect(await drain(channel)).toEqual([
      ['1', true],
      ['2', true],
      ['3', false],
    ]);
  });

  test('with requeue leaves what other channels hold', async () => {
    const channel = await holding(1, 2);
    const other = await channel.client.openChannel(2);
    await other.call('basic.get', { queue: 'q' });
    await channel.call('basic.recover', { requeue: true });
    expect(await drain(channel)).toEqual([['1', true]]);
  });

  test('with requeue has the messages delivered again with new tags', async () => {
    const channel = await holding(0, 1);
    await channel.call('basic.consume', { queue: 'q' });
    await channel.expect('basic.deliver');
    await channel.call('basic.recover', { requeue: true });
    const { method } = await channel.expect('basic.deliver');
    expect(method).toMatchObject({ deliveryTag: 2, redelivered: true });
    channel.send('basic.ack', { deliveryTag: 1 });
    await expect(channel.whenClosed()).resolves.toMatchObject({ code: 406 });
  });

  test.each(['basic.recover', 'basic.recover-async'] as const)(
    '(%s) without requeue closes the connection with 540',
    async (name) => {
      const channel = await holding(1);
      channel.send(name, { requeue: false });
      await expect(channel.client.whenClosed()).resolves.toMatchObject({
        level: 'connection',
        code: 540,
        text: 'NOT_IMPLEMENTED - requeue=false',
        classId: 60,
        methodId: name === 'basic.recover' ? 110 : 100,
      });
    },
  );
});

describe('basic.recover-async', () => {
  test('does what basic.recover does, without an answer', async () => {
    const channel = await holding(2);
    channel.send('basic.recover-async', { requeue: true });
    expect(await readyCount(channel)).toBe(2);
    expect(channel.inbox).toEqual([]);
  });
});

describe('a transaction', () => {
  test('keeps its acks until tx.commit', async () => {
    const channel = await holding(2);
    await channel.call('tx.select');
    channel.send('basic.ack', { deliveryTag: 1 });
    await channel.call('tx.rollback');
    channel.send('basic.ack', { deliveryTag: 1 });
    await channel.call('tx.commit');
    await channel.call('basic.recover', { requeue: true });
    expect((await drain(channel)).map(([body]) => body)).toEqual(['2']);
  });

  test('refuses a tag that it has settled already with 406', async () => {
    const channel = await holding(1);
    await channel.call('tx.select');
    channel.send('basic.ack', { deliveryTag: 1 });
    channel.send('basic.ack', { deliveryTag: 1 });
    await expect(channel.whenClosed()).resolves.toMatchObject({ code: 406, ...BASIC_ACK });
  });

  test('keeps what it has settled when basic.recover gives the others back', async () => {
    const channel = await holding(2);
    await channel.call('tx.select');
    channel.send('basic.ack', { deliveryTag: 1 });
    await channel.call('basic.recover', { requeue: true });
    await channel.call('tx.commit');
    expect(await drain(channel)).toEqual([['2', true]]);
  });

  test('that ends with its channel gives everything back', async () => {
    const channel = await holding(2);
    await channel.call('tx.select');
    channel.send('basic.ack', { deliveryTag: 0, multiple: true });
    await channel.call('channel.close');
    const again = await channel.client.openChannel(1);
    expect((await drain(again)).map(([body]) => body)).toEqual(['1', '2']);
  });

  test.each(['tx.commit', 'tx.rollback'] as const)(
    'without tx.select: %s closes the channel with 406',
    async (name) => {
      const channel = await holding(0);
      channel.send(name);
      await expect(channel.whenClosed()).resolves.toMatchObject({
        level: 'channel',
        code: 406,
        text: 'PRECONDITION_FAILED - channel is not transactional',
      });
    },
  );
});
