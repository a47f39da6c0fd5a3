import { describe, expect, test } from 'vitest';
import { ByteWriter } from '../../../src/codec/byte-writer.ts';
import { type FieldTable, field, tableOf } from '../../../src/codec/field-table.ts';
import {
  bodyFrame,
  frameOf,
  headerFrame,
  joinBytes,
  methodFrame,
  payloadOf,
  publishFrames,
} from '../../servers/frame-bytes.ts';
import type { Closed, RawChannel } from '../../servers/raw-client.ts';
import { ProtocolBroker } from './protocol-broker.ts';

const METHOD = 1;
const HEADER = 2;
const BODY = 3;
const HEARTBEAT = 8;

/** Sends `bytes` on a connection with an open channel 1 and says how the broker closed it. */
async function closedBy(...frames: readonly Uint8Array[]): Promise<Closed> {
  const broker = await ProtocolBroker.start();
  const channel = await broker.openChannel();
  for (const frame of frames) channel.client.sendBytes(frame);
  const closed = await channel.client.whenClosed();
  await channel.client.whenEnded;
  await broker.checkUsable();
  return closed;
}

function withOctets(frame: Uint8Array, at: number, octets: readonly number[]): Uint8Array {
  const changed = frame.slice();
  changed.set(octets, at);
  return changed;
}

function nestedTable(depth: number): FieldTable {
  return depth === 1 ? new Map() : new Map([['t', field.table(nestedTable(depth - 1))]]);
}

/** A table as bytes that the writer, which has the same limits, would not write. */
function deepTableBytes(depth: number): Uint8Array {
  let table: Uint8Array = Uint8Array.of(0, 0, 0, 0);
  for (let level = 1; level < depth; level++) {
    const entry = joinBytes([Uint8Array.of(1, 0x74, 0x46), table]);
    const writer = new ByteWriter();
    writer.longstr(entry);
    table = writer.toBytes();
  }
  return table;
}

/** queue.declare whose arguments are these bytes. */
function declareWith(table: Uint8Array): Uint8Array {
  const payload = payloadOf(methodFrame(1, 'queue.declare', { queue: 'q' }));
  return frameOf(METHOD, 1, Buffer.concat([payload.subarray(0, payload.length - 4), table]));
}

describe('a frame', () => {
  test('that does not end with 0xCE closes with 501', async () => {
    const frame = methodFrame(1, 'queue.declare', { queue: 'q' });
    const closed = await closedBy(withOctets(frame, frame.length - 1, [0xcd]));
    expect(closed).toMatchObject({ level: 'connection', code: 501 });
    expect(closed.text).toMatch(/^FRAME_ERROR - .*0xcd, not with 0xce/);
  });

  test.each([0, 4, 5, 6, 7, 9, 65, 255])('of type %i closes with 501', async (type) => {
    expect(await closedBy(frameOf(type, 1, new Uint8Array(4)))).toMatchObject({ code: 501 });
  });

  test('larger than frame_max closes with 501 as soon as its size has come', async () => {
    const broker = await ProtocolBroker.start();
    const channel = await broker.openChannel({ frameMax: 4096 });
    channel.client.sendBytes(frameOf(BODY, 1, new Uint8Array(4089)).subarray(0, 7));
    await expect(channel.client.whenClosed()).resolves.toMatchObject({
      code: 501,
      text: expect.stringContaining('4097 bytes, frame-max allows 4096'),
      classId: 0,
      methodId: 0,
    });
  });

  test('of exactly frame_max is taken', async () => {
    const channel = await (await ProtocolBroker.start()).openChannel({ frameMax: 4096 });
    await channel.call('confirm.select');
    channel.publish({ exchange: 'amq.fanout' }, {}, new Uint8Array(4088));
    await channel.expect('basic.ack');
  });

  test('of 4 GiB closes with 501 and takes no memory', async () => {
    const frame = withOctets(frameOf(BODY, 1, new Uint8Array(16)), 3, [0xff, 0xff, 0xff, 0xff]);
    expect(await closedBy(frame)).toMatchObject({ code: 501 });
  });

  test('larger than 128 KiB before connection.tune-ok closes with 501', async () => {
    const client = await (await ProtocolBroker.start()).dial();
    client.sendBytes(Uint8Array.of(0x41, 0x4d, 0x51, 0x50, 0, 0, 9, 1));
    await client.channel(0).expect('connection.start');
    client.sendBytes(Uint8Array.of(METHOD, 0, 0, 0x7f, 0xff, 0xff, 0xff));
    await expect(client.whenClosed()).resolves.toMatchObject({ code: 501 });
  });
});

describe('a heartbeat', () => {
  test('on a channel other than 0 closes with 505', async () => {
    expect(await closedBy(frameOf(HEARTBEAT, 1, new Uint8Array(0)))).toMatchObject({ code: 505 });
  });

  test('in the middle of content is no fault', async () => {
    const channel = await (await ProtocolBroker.start()).openChannel();
    await channel.call('confirm.select');
    const [publish, header, body] = publishFrames(1, { exchange: 'amq.fanout' }, {}, new Uint8Array(3));
    for (const frame of [publish, header, body]) {
      channel.client.sendHeartbeat();
      channel.client.sendBytes(frame as Uint8Array);
    }
    await channel.expect('basic.ack');
  });
});

describe('a method frame', () => {
  test.each([
    ['class 0', 0, 10],
    ['class 110', 110, 10],
    ['method 99 of class queue', 50, 99],
    ['class 65535', 65_535, 65_535],
  ])('with the unknown %s closes with 503', async (_what, classId, methodId) => {
    const payload = Uint8Array.of(classId >> 8, classId & 255, methodId >> 8, methodId & 255);
    expect(await closedBy(frameOf(METHOD, 1, payload))).toMatchObject({ code: 503, classId, methodId });
  });

  test.each(['queue.declare', 'basic.publish', 'basic.ack', 'basic.consume', 'exchange.bind'] as const)(
    'of %s closes with 502 wherever its arguments are cut short',
    async (name) => {
      const whole = payloadOf(methodFrame(1, name, { queue: 'q', exchange: 'x' } as object));
      for (let end = 4; end < whole.length; end++) {
        expect(await closedBy(frameOf(METHOD, 1, whole.slice(0, end)))).toMatchObject({ code: 502 });
      }
    },
  );

  test.each([0, 1, 2, 3])('of %i bytes closes with 502', async (bytes) => {
    expect(await closedBy(frameOf(METHOD, 1, new Uint8Array(bytes)))).toMatchObject({ code: 502 });
  });

  test('with bytes behind its last argument closes with 502', async () => {
    const payload = payloadOf(methodFrame(1, 'basic.ack', { deliveryTag: 1 }));
    expect(await closedBy(frameOf(METHOD, 1, Uint8Array.of(...payload, 0)))).toMatchObject({ code: 502 });
  });

  test('of basic.publish whose strings do not fill it closes with 502', async () => {
    const payload = payloadOf(methodFrame(1, 'basic.publish', { exchange: 'x', routingKey: 'k' }));
    for (const length of [0, 2, 200]) {
      const changed = withOctets(payload, 6, [length]);
      expect(await closedBy(frameOf(METHOD, 1, changed))).toMatchObject({ code: 502 });
    }
  });
});

describe('a field table', () => {
  test('nested 16 levels deep is taken', async () => {
    const channel = await (await ProtocolBroker.start()).openChannel();
    await channel.call('queue.declare', { queue: 'q', arguments: nestedTable(16) });
  });

  test.each([17, 100, 5000])('nested %i levels deep closes with 502', async (depth) => {
    expect(await closedBy(declareWith(deepTableBytes(depth)))).toMatchObject({ code: 502 });
  });

  test('nested too deep in the headers of a message closes with 502', async () => {
    const table = deepTableBytes(40);
    const header = Buffer.concat([
      payloadOf(headerFrame(1, 0)).subarray(0, 12),
      Uint8Array.of(0x20, 0),
      table,
    ]);
    const publish = methodFrame(1, 'basic.publish', { exchange: 'amq.fanout' });
    expect(await closedBy(publish, frameOf(HEADER, 1, header))).toMatchObject({ code: 502 });
  });

  test.each([
    ['longer than the frame', [0, 0, 0, 200]],
    ['of 4 GiB', [0xff, 0xff, 0xff, 0xff]],
    ['shorter than its entries', [0, 0, 0, 3]],
  ])('whose length is %s closes with 502', async (_what, length) => {
    const writer = new ByteWriter();
    writer.table(tableOf({ 'x-a': 'text', 'x-b': 5 }));
    expect(await closedBy(declareWith(withOctets(writer.toBytes(), 0, length)))).toMatchObject({ code: 502 });
  });

  test('with a string in it that is longer than the table closes with 502', async () => {
    const writer = new ByteWriter();
    writer.table(tableOf({ k: 'text' }));
    const lying = withOctets(writer.toBytes(), 7, [0, 0, 1, 0]);
    expect(await closedBy(declareWith(lying))).toMatchObject({ code: 502 });
  });

  test('with an array in it that is longer than the table closes with 502', async () => {
    const writer = new ByteWriter();
    writer.table(tableOf({ k: [1, 2] }));
    const lying = withOctets(writer.toBytes(), 7, [0x7f, 0xff, 0xff, 0xff]);
    expect(await closedBy(declareWith(lying))).toMatchObject({ code: 502 });
  });

  test('with an unknown type tag closes with 502', async () => {
    const writer = new ByteWriter();
    writer.table(tableOf({ k: true }));
    expect(await closedBy(declareWith(withOctets(writer.toBytes(), 6, [0x7a])))).toMatchObject({ code: 502 });
  });

  test('with thousands of entries closes with 502', async () => {
    const entries = Buffer.concat(Array.from({ length: 5000 }, () => Buffer.from([1, 0x6b, 0x74, 1])));
    const writer = new ByteWriter();
    writer.longstr(entries);
    expect(await closedBy(declareWith(writer.toBytes()))).toMatchObject({ code: 502 });
  });

  test('that lies in the headers of a message for a direct reply closes with 502', async () => {
    const broker = await ProtocolBroker.start();
    const asking = await broker.openChannel();
    await asking.call('queue.declare', { queue: 'requests' });
    await asking.call('basic.consume', { queue: 'amq.rabbitmq.reply-to', noAck: true });
    asking.publish({ routingKey: 'requests' }, { replyTo: 'amq.rabbitmq.reply-to' }, 'ask');
    const answering = await broker.openChannel();
    const request = await answering.call('basic.get', { queue: 'requests', noAck: true });
    const { replyTo } = 'properties' in request ? request.properties : {};
    const header = payloadOf(headerFrame(1, 0, { headers: tableOf({ k: 'text' }) }));
    answering.client.sendBytes(methodFrame(1, 'basic.publish', { routingKey: replyTo ?? '' }));
    answering.client.sendBytes(frameOf(HEADER, 1, withOctets(header, 21, [0x7f])));
    await expect(answering.client.whenClosed()).resolves.toMatchObject({ code: 502 });
    await asking.settle();
    expect(asking.take('basic.deliver')).toEqual([]);
  });
});

describe('content', () => {
  const publish = methodFrame(1, 'basic.publish', { exchange: 'amq.fanout' });

  test('longer than its header said closes with 501', async () => {
    const closed = await closedBy(publish, headerFrame(1, 3), bodyFrame(1, new Uint8Array(4)));
    expect(closed).toMatchObject({ code: 501, classId: 60, methodId: 40 });
  });

  test('longer than its header said in several frames closes with 501', async () => {
    const piece = bodyFrame(1, new Uint8Array(2));
    expect(await closedBy(publish, headerFrame(1, 3), piece, piece)).toMatchObject({ code: 501 });
  });

  test('that goes on behind an empty body closes with 505', async () => {
    expect(await closedBy(publish, headerFrame(1, 0), bodyFrame(1, new Uint8Array(1)))).toMatchObject({
      code: 505,
    });
  });

  test('header of another class closes with 505', async () => {
    const header = withOctets(payloadOf(headerFrame(1, 0)), 0, [0, 50]);
    expect(await closedBy(publish, frameOf(HEADER, 1, header))).toMatchObject({ code: 505 });
  });

  test('header without basic.publish closes with 505', async () => {
    expect(await closedBy(headerFrame(1, 0))).toMatchObject({ code: 505 });
  });

  test('body without basic.publish closes with 505', async () => {
    expect(await closedBy(bodyFrame(1, new Uint8Array(1)))).toMatchObject({ code: 505 });
  });

  test('body where the header was expected closes with 505', async () => {
    expect(await closedBy(publish, bodyFrame(1, new Uint8Array(1)))).toMatchObject({ code: 505 });
  });

  test('header where the body was expected closes with 505', async () => {
    expect(await closedBy(publish, headerFrame(1, 3), headerFrame(1, 3))).toMatchObject({ code: 505 });
  });

  test.each(['queue.declare', 'basic.publish', 'basic.ack', 'channel.close'] as const)(
    'interrupted by %s before its header closes with 505',
    async (name) => {
      expect(await closedBy(publish, methodFrame(1, name))).toMatchObject({ code: 505 });
    },
  );

  test.each(['queue.declare', 'basic.publish', 'basic.ack', 'channel.close'] as const)(
    'interrupted by %s before its end closes with 505',
    async (name) => {
      const frames = [publish, headerFrame(1, 3), bodyFrame(1, new Uint8Array(1)), methodFrame(1, name)];
      expect(await closedBy(...frames)).toMatchObject({ code: 505 });
    },
  );

  test('of one channel may be interrupted by another channel', async () => {
    const client = await (await ProtocolBroker.start()).connect();
    const first = await client.openChannel(1);
    const second = await client.openChannel(2);
    await first.call('confirm.select');
    await second.call('confirm.select');
    const [one, two] = [1, 2].map((number) =>
      publishFrames(number, { exchange: 'amq.fanout' }, {}, new Uint8Array(10)),
    );
    for (const index of [0, 1, 2]) {
      client.sendBytes(one?.[index] as Uint8Array);
      client.sendBytes(two?.[index] as Uint8Array);
    }
    await first.expect('basic.ack');
    await second.expect('basic.ack');
  });

  test.each([HEADER, BODY])('(frame type %i) on channel 0 closes with 505', async (type) => {
    expect(await closedBy(frameOf(type, 0, new Uint8Array(14)))).toMatchObject({ code: 505 });
  });

  test.each([HEADER, BODY])('(frame type %i) on a channel that is not open closes with 504', async (type) => {
    expect(await closedBy(frameOf(type, 9, new Uint8Array(14)))).toMatchObject({ code: 504 });
  });

  test('header that is cut anywhere closes with 502', async () => {
    const whole = payloadOf(
      headerFrame(1, 0, {
        contentType: 'a',
        headers: tableOf({ k: 1 }),
        deliveryMode: 2,
        timestamp: 1,
        appId: 'b',
      }),
    );
    for (let end = 0; end < whole.length; end++) {
      expect(await closedBy(publish, frameOf(HEADER, 1, whole.slice(0, end)))).toMatchObject({ code: 502 });
    }
  });

  test.each([1, 2, 3])('header with the reserved flag bits %i closes with 502', async (bits) => {
    const header = withOctets(payloadOf(headerFrame(1, 0)), 13, [bits]);
    expect(await closedBy(publish, frameOf(HEADER, 1, header))).toMatchObject({ code: 502 });
  });

  test('that announces 128 MiB and does not come takes no memory', async () => {
    const broker = await ProtocolBroker.start();
    const channels: RawChannel[] = [];
    for (let count = 0; count < 20; count++) channels.push(await broker.openChannel());
    const before = process.memoryUsage().arrayBuffers;
    for (const channel of channels) {
      channel.client.sendBytes(publish);
      channel.client.sendBytes(headerFrame(1, 128 * 1024 * 1024));
      channel.client.sendBytes(bodyFrame(1, new Uint8Array(10)));
      await channel.client.channel(0).call('connection.update-secret', { newSecret: '', reason: '' });
    }
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(16 * 1024 * 1024);
  });

  test('that announces 2^63 bytes closes the channel with 406', async () => {
    const channel = await (await ProtocolBroker.start()).openChannel();
    channel.client.sendBytes(publish);
    const header = withOctets(payloadOf(headerFrame(1, 0)), 4, [0x80, 0, 0, 0, 0, 0, 0, 0]);
    channel.client.sendBytes(frameOf(HEADER, 1, header));
    await expect(channel.whenClosed()).resolves.toMatchObject({ level: 'channel', code: 406 });
  });
});

describe('a stream that ends', () => {
  test('in the middle of content publishes nothing, and gives back what the channel held', async () => {
    const broker = await ProtocolBroker.start();
    const channel = await broker.openChannel();
    await channel.call('queue.declare', { queue: 'q' });
    channel.publish({ routingKey: 'q' }, {}, 'whole');
    await channel.call('basic.get', { queue: 'q' });
    channel.client.sendBytes(methodFrame(1, 'basic.publish', { routingKey: 'q' }));
    channel.client.sendBytes(headerFrame(1, 10));
    channel.client.sendBytes(bodyFrame(1, new Uint8Array(5)));
    channel.client.socket.end();
    await channel.client.whenEnded;
    await broker.whenConnectionCount(0);
    const other = await broker.openChannel();
    await expect(other.call('queue.declare', { queue: 'q', passive: true })).resolves.toMatchObject({
      messageCount: 1,
    });
  });
});
