import fc from 'fast-check';
import { expect, test } from 'vitest';
import { ByteWriter } from '../../codec/byte-writer.ts';
import { encodeShortstr } from '../../codec/bytes.ts';
import type { Transport } from '../environment.ts';
import { partsOf } from '../message/message-parts.ts';
import { Publication } from '../message/publication.ts';
import { Output } from '../output.ts';
import { DeliverWriter } from './deliver-writer.ts';
import { writeDeliver } from './delivery-frames.ts';

const FRAME_MAX = 4096;
const CONSUMER_TAGS = ['a', 'amq.ctag-of-another-length'].map(encodeShortstr);

/** Keeps what was sent; takes everything at once, so that the output uses its buffer again. */
class KeepingTransport implements Transport {
  readonly progressMark = 0;
  readonly #sent = new ByteWriter();

  get sent(): Uint8Array {
    return this.#sent.toBytes();
  }

  write(bytes: Uint8Array, end: number): boolean {
    this.#sent.raw(bytes, 0, end);
    return true;
  }

  pause(): void {}
  resume(): void {}
  close(): void {}
}

/** Where two runs of bytes differ first. A loop: to compare megabytes with `toEqual` takes seconds. */
function differenceOf(a: Uint8Array, b: Uint8Array): number | undefined {
  for (let at = 0; at < Math.max(a.length, b.length); at++) if (a[at] !== b[at]) return at;
  return undefined;
}

const delivery = fc.record({
  consumer: fc.nat({ max: 1 }),
  tagStep: fc.constantFrom(1, 1, 1, 2, 255, 256, 70_000),
  redelivered: fc.boolean(),
  routingKey: fc.constantFrom('key', 'kez', 'longer.key'),
  priority: fc.constantFrom(undefined, 1, 2),
  bodyBytes: fc.constantFrom(0, 0, 1, 16, 16, 16, FRAME_MAX - 8, FRAME_MAX - 7, 10_000),
  flush: fc.boolean(),
});

test('whatever is delivered one after the other, the bytes are those of each delivery written alone', () => {
  fc.assert(
    fc.property(fc.array(delivery, { maxLength: 40 }), (deliveries) => {
      const transport = new KeepingTransport();
      const output = new Output(transport, () => {});
      const writer = new DeliverWriter();
      const expected = new ByteWriter();
      let tag = 0;
      for (const [index, each] of deliveries.entries()) {
        tag += each.tagStep;
        const body = new Uint8Array(each.bodyBytes).fill(index + 1);
        const parts = partsOf(Publication.of('', each.routingKey, { priority: each.priority }, body));
        const consumerTag = CONSUMER_TAGS[each.consumer] as Uint8Array;
        writer.write(output, 7, consumerTag, tag, each.redelivered, parts, FRAME_MAX);
        writeDeliver(expected, 7, consumerTag, tag, each.redelivered, parts, FRAME_MAX);
        if (each.flush) output.flush();
      }
      output.flush();
      expect(differenceOf(transport.sent, expected.toBytes())).toBeUndefined();
    }),
    { numRuns: 500 },
  );
});

test('delivery tags are right where their last octets run over', () => {
  const transport = new KeepingTransport();
  const output = new Output(transport, () => {});
  const writer = new DeliverWriter();
  const expected = new ByteWriter();
  const parts = partsOf(Publication.of('', 'key', {}, new Uint8Array(3)));
  const consumerTag = CONSUMER_TAGS[0] as Uint8Array;
  for (const start of [1, 65_000, 2 ** 24 - 10, 2 ** 32 - 10]) {
    for (let tag = start; tag < start + 600; tag++) {
      writer.write(output, 1, consumerTag, tag, false, parts, FRAME_MAX);
      writeDeliver(expected, 1, consumerTag, tag, false, parts, FRAME_MAX);
    }
  }
  output.flush();
  expect(differenceOf(transport.sent, expected.toBytes())).toBeUndefined();
});
