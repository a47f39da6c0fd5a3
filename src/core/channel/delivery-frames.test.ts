import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type WrittenFrame, writtenFrames } from '../../../test/core/written-frames.ts';
import { ByteWriter } from '../../codec/byte-writer.ts';
import { type MessageParts, partsOf } from '../message/message-parts.ts';
import { Publication } from '../message/publication.ts';
import { writeDeliver, writeGetOk, writeReturn } from './delivery-frames.ts';

const FRAME_MAX = 4096;

function shortstr(text: string): Uint8Array {
  const writer = new ByteWriter();
  writer.shortstr(text);
  return writer.toBytes();
}

/** Parts that do not begin at the start of their bytes, and whose neighbours must not be taken along. */
function partsWithin(publication: Publication): MessageParts {
  const parts = partsOf(publication);
  const bytes = new Uint8Array(parts.bytes.length + 20).fill(0xff);
  bytes.set(parts.bytes, 10);
  return {
    bytes,
    addressStart: parts.addressStart + 10,
    addressEnd: parts.addressEnd + 10,
    bodyStart: parts.bodyStart + 10,
    bodyEnd: parts.bodyEnd + 10,
  };
}

function bodiesOf(frames: readonly WrittenFrame[]): (readonly number[])[] {
  return frames.flatMap((frame) => ('body' in frame ? [frame.body] : []));
}

function deliver(bodyBytes: number): WrittenFrame[] {
  const publication = Publication.of('ex', 'key', {}, new Uint8Array(bodyBytes).fill(7));
  const writer = new ByteWriter(0);
  writeDeliver(writer, 3, shortstr('tag'), 5, false, partsOf(publication), FRAME_MAX);
  return writtenFrames(writer.bytes, writer.position, FRAME_MAX);
}

test('a delivery is basic.deliver, content header and body', () => {
  const publication = Publication.of('ex', 'key', { deliveryMode: 2 }, Uint8Array.of(1, 2, 3));
  const writer = new ByteWriter(0);
  writeDeliver(writer, 65_535, shortstr('tag'), 2 ** 40, true, partsWithin(publication), FRAME_MAX);
  const channel = 65_535;
  expect(writtenFrames(writer.bytes, writer.position)).toEqual([
    {
      channel,
      method: {
        name: 'basic.deliver',
        consumerTag: 'tag',
        deliveryTag: 2 ** 40,
        redelivered: true,
        exchange: 'ex',
        routingKey: 'key',
      },
    },
    { channel, classId: 60, bodyBytes: 3, properties: [0x10, 0, 2] },
    { channel, body: [1, 2, 3] },
  ]);
});

test('the answer to basic.get tells how many messages are left', () => {
  const writer = new ByteWriter(0);
  const parts = partsWithin(Publication.of('', 'q', {}, Uint8Array.of(1)));
  writeGetOk(writer, 1, 9, false, 4_000_000_000, parts, FRAME_MAX);
  expect(writtenFrames(writer.bytes, writer.position)).toEqual([
    {
      channel: 1,
      method: {
        name: 'basic.get-ok',
        deliveryTag: 9,
        redelivered: false,
        exchange: '',
        routingKey: 'q',
        messageCount: 4_000_000_000,
      },
    },
    { channel: 1, classId: 60, bodyBytes: 1, properties: [0, 0] },
    { channel: 1, body: [1] },
  ]);
});

test('a message that is returned says why', () => {
  const writer = new ByteWriter(0);
  const parts = partsWithin(Publication.of('ex', 'k', {}, Uint8Array.of(1)));
  writeReturn(writer, 1, 312, shortstr('NO_ROUTE'), parts, FRAME_MAX);
  expect(writtenFrames(writer.bytes, writer.position)[0]).toEqual({
    channel: 1,
    method: { name: 'basic.return', replyCode: 312, replyText: 'NO_ROUTE', exchange: 'ex', routingKey: 'k' },
  });
});

test('an empty body has no body frame', () => {
  expect(deliver(0)).toHaveLength(2);
});

test('a body is split where frame-max says, and not before', () => {
  expect(bodiesOf(deliver(FRAME_MAX - 8)).map((body) => body.length)).toEqual([4088]);
  expect(bodiesOf(deliver(FRAME_MAX - 7)).map((body) => body.length)).toEqual([4088, 1]);
  expect(bodiesOf(deliver(3 * (FRAME_MAX - 8))).map((body) => body.length)).toEqual([4088, 4088, 4088]);
});

test('frames follow what was written before, whatever room there was', () => {
  const input = fc.record({
    bodyBytes: fc.nat(20_000),
    capacity: fc.nat(9000),
    frameMax: fc.integer({ min: 4096, max: 9000 }),
    key: fc.string({ maxLength: 60 }),
    messageId: fc.string({ maxLength: 60 }),
    before: fc.nat(2),
  });
  fc.assert(
    fc.property(input, ({ bodyBytes, capacity, frameMax, key, messageId, before }) => {
      const body = Uint8Array.from({ length: bodyBytes }, (_, index) => index * 7);
      const parts = partsWithin(Publication.of('ex', key, { messageId }, body));
      const writer = new ByteWriter(capacity);
      for (let count = 0; count < before; count++)
        writeReturn(writer, 1, 312, shortstr('x'), parts, frameMax);
      writeGetOk(writer, 2, 1, false, 0, parts, frameMax);
      writeDeliver(writer, 3, shortstr('tag'), 2, false, parts, frameMax);
      const frames = writtenFrames(writer.bytes, writer.position, frameMax);
      for (const channel of before > 0 ? [2, 3] : [2]) {
        const content = frames.filter((frame) => frame.channel === channel);
        expect(content[1]).toMatchObject({ bodyBytes });
        expect(Buffer.from(bodiesOf(content).flat()).equals(body)).toBe(true);
      }
      expect(frames.filter((frame) => 'method' in frame)).toHaveLength(before + 2);
    }),
    { numRuns: 50 },
  );
});
