import { describe, expect, test } from 'vitest';
import { type FieldTable, field, plainTable, tableOf } from '../../../src/codec/field-table.ts';
import type { BasicProperties } from '../../../src/codec/properties.ts';
import { frameOf, methodFrame, payloadOf } from '../../servers/frame-bytes.ts';
import type { RawChannel } from '../../servers/raw-client.ts';
import { ProtocolBroker } from './protocol-broker.ts';

/** Publishes and gets back. */
async function roundTrip(
  channel: RawChannel,
  body: Uint8Array,
  sent: BasicProperties = {},
): Promise<{ body: Uint8Array; properties: BasicProperties }> {
  await channel.call('queue.declare', { queue: 'q' });
  channel.publish({ routingKey: 'q' }, sent, body);
  const got = await channel.call('basic.get', { queue: 'q', noAck: true });
  if (got.body === undefined || got.properties === undefined) throw new Error('the queue is empty');
  return { body: got.body, properties: got.properties };
}

function patterned(bytes: number): Uint8Array {
  return Uint8Array.from({ length: bytes }, (_, index) => (index * 7 + (index >> 8)) & 255);
}

describe('a body', () => {
  const frameMax = 4096;
  test.each([
    ['empty', 0],
    ['of one byte', 1],
    ['one byte below what fits into a frame', frameMax - 9],
    ['that just fits into a frame', frameMax - 8],
    ['one byte above what fits into a frame', frameMax - 7],
    ['of two full frames', 2 * (frameMax - 8)],
    ['of 5 MB in frames of 4096', 5_000_000],
  ])('%s comes back as it was', async (_what, bytes) => {
    const channel = await (await ProtocolBroker.start()).openChannel({ frameMax });
    const body = patterned(bytes);
    const got = await roundTrip(channel, body);
    expect(Buffer.compare(got.body, body)).toBe(0);
  });

  test('that was published in large frames is delivered in frames of the consumer', async () => {
    const broker = await ProtocolBroker.start();
    const source = await broker.openChannel();
    await source.call('queue.declare', { queue: 'q' });
    const body = patterned(131_064);
    source.publish({ routingKey: 'q' }, {}, body);
    await source.settle();
    const target = await broker.openChannel({ frameMax: 4096 });
    const got = await target.call('basic.get', { queue: 'q', noAck: true });
    expect(Buffer.compare(got.body ?? new Uint8Array(0), body)).toBe(0);
  });

  test('in frames of one byte each comes back as it was', async () => {
    const channel = await (await ProtocolBroker.start()).openChannel();
    await channel.call('queue.declare', { queue: 'q' });
    channel.client.frameMax = 9;
    const got = await roundTrip(channel, patterned(500));
    expect(Buffer.compare(got.body, patterned(500))).toBe(0);
  });
});

describe('properties', () => {
  test('come back as they were, all of them', async () => {
    const headers: FieldTable = new Map([
      ['t', field.bool(true)],
      ['b', { tag: 'b', value: -5 }],
      ['B', { tag: 'B', value: 250 }],
      ['s', { tag: 's', value: -30_000 }],
      ['u', { tag: 'u', value: 60_000 }],
      ['I', field.int(-2_000_000_000)],
      ['i', { tag: 'i', value: 4_000_000_000 }],
      ['l', field.long(-(2 ** 50))],
      ['L', { tag: 'L', value: 2 ** 50 }],
      ['f', { tag: 'f', value: 0.25 }],
      ['d', field.double(0.1)],
      ['D', { tag: 'D', value: { scale: 2, value: 314 } }],
      ['S', field.string('tëxt')],
      ['A', field.array([field.int(1), field.string('two')])],
      ['T', field.timestamp(1_700_000_000)],
      ['F', field.table(tableOf({ inner: 1 }))],
      ['V', { tag: 'V', value: undefined }],
      ['x', { tag: 'x', value: Uint8Array.of(0, 255) }],
    ]);
    const properties: BasicProperties = {
      contentType: 'application/json',
      contentEncoding: 'gzip',
      headers,
      deliveryMode: 2,
      priority: 9,
      correlationId: 'c',
      replyTo: 'r',
      expiration: '60000',
      messageId: 'm',
      timestamp: 1_700_000_000,
      type: 't',
      userId: 'guest',
      appId: 'a',
      clusterId: 'x',
    };
    const channel = await (await ProtocolBroker.start()).openChannel();
    expect((await roundTrip(channel, new Uint8Array(1), properties)).properties).toEqual(properties);
  });

  test('may be absent', async () => {
    const channel = await (await ProtocolBroker.start()).openChannel();
    expect((await roundTrip(channel, new Uint8Array(1))).properties).toEqual({});
  });

  test('of 255 bytes come back as they were', async () => {
    const long = 'x'.repeat(255);
    const channel = await (await ProtocolBroker.start()).openChannel();
    const properties = { messageId: long, correlationId: long, headers: tableOf({ [long]: long }) };
    expect((await roundTrip(channel, new Uint8Array(1), properties)).properties).toEqual(properties);
  });

  test('with headers that are no UTF-8 come back byte by byte', async () => {
    const bytes = Uint8Array.of(0xff, 0xfe, 0x80);
    const channel = await (await ProtocolBroker.start()).openChannel();
    const headers: FieldTable = new Map([['k', { tag: 'S', value: bytes }]]);
    const got = await roundTrip(channel, new Uint8Array(1), { headers });
    expect(got.properties.headers?.get('k')?.value).toEqual(bytes);
  });

  test('of one message do not stay for the next', async () => {
    const channel = await (await ProtocolBroker.start()).openChannel();
    await roundTrip(channel, new Uint8Array(1), { messageId: 'one', headers: tableOf({ a: 1 }) });
    expect((await roundTrip(channel, new Uint8Array(1), { appId: 'two' })).properties).toEqual({
      appId: 'two',
    });
    expect((await roundTrip(channel, new Uint8Array(1))).properties).toEqual({});
  });

  test('with a header called __proto__ do no harm', async () => {
    const channel = await (await ProtocolBroker.start()).openChannel();
    const headers: FieldTable = new Map([['__proto__', field.string('x')]]);
    const got = await roundTrip(channel, new Uint8Array(1), { headers });
    expect(got.properties.headers?.get('__proto__')?.value).toBe('x');
    expect(Object.keys(plainTable(got.properties.headers ?? new Map()))).toEqual(['__proto__']);
  });
});

describe('names', () => {
  test('of 255 bytes are taken for queues, exchanges, routing keys and consumer tags', async () => {
    const long = 'n'.repeat(255);
    const channel = await (await ProtocolBroker.start()).openChannel();
    await channel.call('exchange.declare', { exchange: long, type: 'topic' });
    await channel.call('queue.declare', { queue: long });
    await channel.call('queue.bind', { queue: long, exchange: long, routingKey: long });
    await channel.call('basic.consume', { queue: long, consumerTag: long });
    channel.publish({ exchange: long, routingKey: long, mandatory: true }, {}, 'x');
    const { method } = await channel.expect('basic.deliver');
    expect(method).toMatchObject({ consumerTag: long, exchange: long, routingKey: long });
  });

  test('in any script are taken', async () => {
    const name = 'очередь-キュー-🐇';
    const channel = await (await ProtocolBroker.start()).openChannel();
    await expect(channel.call('queue.declare', { queue: name })).resolves.toMatchObject({ queue: name });
    channel.publish({ routingKey: name }, {}, 'x');
    const { method } = await channel.call('basic.get', { queue: name });
    expect(method).toMatchObject({ name: 'basic.get-ok', routingKey: name });
  });

  test('that are no UTF-8 do no harm', async () => {
    const broker = await ProtocolBroker.start();
    const channel = await broker.openChannel();
    const declare = payloadOf(methodFrame(1, 'queue.declare', { queue: 'xxx', durable: true }));
    declare.set([0xff, 0xc0, 0x80], 7);
    channel.client.sendBytes(frameOf(1, 1, declare));
    const publish = payloadOf(methodFrame(1, 'basic.publish', { routingKey: 'xxx', mandatory: true }));
    publish.set([0xff, 0xc0, 0x80], 8);
    channel.client.sendBytes(frameOf(1, 1, publish));
    channel.client.sendBytes(frameOf(2, 1, Uint8Array.of(0, 60, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0)));
    await broker.checkUsable();
  });

  test('like __proto__ and constructor are names like any other', async () => {
    const channel = await (await ProtocolBroker.start()).openChannel();
    for (const queue of ['__proto__', 'constructor', 'toString']) {
      const first = await channel.client.openChannel(2);
      await expect(first.call('queue.declare', { queue, passive: true })).rejects.toMatchObject({
        code: 404,
      });
      const again = await channel.client.openChannel(2);
      await again.call('queue.declare', { queue });
      again.publish({ routingKey: queue }, {}, 'x');
      const { method } = await again.call('basic.get', { queue });
      expect(method.name).toBe('basic.get-ok');
      await again.call('channel.close');
    }
  });
});
