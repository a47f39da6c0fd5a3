/** npm run bench:micro -- codec: what a frame, a publish and a delivery cost without a broker around them. */
import { bench, do_not_optimize, group, run } from 'mitata';
import { ByteWriter } from '../../src/codec/byte-writer.ts';
import { readU64 } from '../../src/codec/bytes.ts';
import { tableOf } from '../../src/codec/field-table.ts';
import { FrameParser } from '../../src/codec/frame.ts';
import { decodeMethod, writeMethodFrame } from '../../src/codec/method-codec.ts';
import {
  checkProperties,
  decodeProperties,
  encodeProperties,
  PROPERTY_FLAG,
  propertyOffset,
  writeContentFrames,
  writeContentHeaderFrame,
} from '../../src/codec/properties.ts';

/** What a socket hands over at a time. */
const CHUNK_BYTES = 65_536;
const FRAME_MAX = 131_072;
const CHANNEL = 1;
/** Where a method's payload stands in its frame. */
const PAYLOAD_AT = 7;

const body = new Uint8Array(16);
const publishArguments = { exchange: '', routingKey: 'bench', mandatory: false, immediate: false };
const deliverArguments = {
  consumerTag: 'amq.ctag-0123456789abcdefghijkl',
  deliveryTag: 123_456,
  redelivered: false,
  exchange: '',
  routingKey: 'bench',
};

function writePublish(writer: ByteWriter): void {
  writeMethodFrame(writer, CHANNEL, 'basic.publish', publishArguments);
  writeContentHeaderFrame(writer, CHANNEL, body.length, { deliveryMode: 1 });
  writeContentFrames(writer, CHANNEL, FRAME_MAX, body);
}

/** A chunk of whole publishes. */
function publishChunk(): Uint8Array {
  const writer = new ByteWriter();
  while (writer.position < CHUNK_BYTES) {
    writePublish(writer);
  }
  return writer.toBytes();
}

const chunk = publishChunk();
const publishFrame = methodFrame('basic.publish');
const headers = tableOf({ attempt: 1, source: 'bench', ok: true });
const properties = encodeProperties({
  contentType: 'application/json',
  headers,
  deliveryMode: 2,
  priority: 3,
});

function methodFrame(name: 'basic.publish'): Uint8Array {
  const writer = new ByteWriter();
  writeMethodFrame(writer, CHANNEL, name, publishArguments);
  return writer.toBytes();
}

group('frames', () => {
  let payloadBytes = 0;
  const parser = new FrameParser(
    {
      onFrame: (_type, _channel, _bytes, start, end) => {
        payloadBytes += end - start;
      },
    },
    FRAME_MAX,
  );
  bench('parse a 64 KiB chunk of publishes', () => parser.push(chunk, 0, chunk.length)).gc('inner');
  bench('parse it one cut frame at a time', () => {
    parser.push(publishFrame, 0, 10);
    parser.push(publishFrame, 10, publishFrame.length);
  });
  do_not_optimize(payloadBytes);
});

group('publish', () => {
  const end = publishFrame.length - 1;
  bench('decode basic.publish into an object', () =>
    do_not_optimize(decodeMethod(publishFrame, PAYLOAD_AT, end)),
  );
  bench('check the lengths of all properties', () => checkProperties(properties, 0, properties.length));
  bench('find one property without decoding', () =>
    do_not_optimize(propertyOffset(properties, 0, properties.length, PROPERTY_FLAG.PRIORITY)),
  );
  bench('decode all properties', () => do_not_optimize(decodeProperties(properties, 0, properties.length)));
  const writer = new ByteWriter(CHUNK_BYTES);
  bench('encode a publish with 16 bytes', () => {
    writer.reset();
    writePublish(writer);
  });
});

group('deliver', () => {
  const writer = new ByteWriter(CHUNK_BYTES);
  bench('encode a delivery with 16 bytes', () => {
    writer.reset();
    writeMethodFrame(writer, CHANNEL, 'basic.deliver', deliverArguments);
    writeContentHeaderFrame(writer, CHANNEL, body.length, { deliveryMode: 1 });
    writeContentFrames(writer, CHANNEL, FRAME_MAX, body);
  });
  const tag = Uint8Array.of(0, 0, 0, 0, 0, 1, 226, 64);
  bench('read a delivery tag', () => do_not_optimize(readU64(tag, 0)));
});

await run();
