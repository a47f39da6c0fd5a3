import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ByteWriter } from './byte-writer.ts';
import { readU64, utf8Length } from './bytes.ts';
import { CodecError } from './errors.ts';
import { tableOf } from './field-table.ts';
import { FrameParser } from './frame.ts';
import {
  type BasicProperties,
  CONTENT_HEADER_BODY_SIZE_AT,
  CONTENT_HEADER_PROPERTIES_AT,
  checkProperties,
  decodeProperties,
  encodeProperties,
  PROPERTY_FLAG,
  propertyOffset,
  writeContentFrames,
  writeContentHeaderFrame,
  writeProperties,
} from './properties.ts';

const shortstr = fc.string({ unit: 'binary', maxLength: 60 }).filter((text) => utf8Length(text) <= 255);

const allProperties = fc.record(
  {
    contentType: shortstr,
    contentEncoding: shortstr,
    headers: fc.dictionary(shortstr, fc.oneof(fc.string(), fc.integer(), fc.boolean())).map(tableOf),
    deliveryMode: fc.nat(255),
    priority: fc.nat(255),
    correlationId: shortstr,
    replyTo: shortstr,
    expiration: shortstr,
    messageId: shortstr,
    timestamp: fc.maxSafeNat(),
    type: shortstr,
    userId: shortstr,
    appId: shortstr,
    clusterId: shortstr,
  },
  { requiredKeys: [] },
);

const flagNames = Object.keys(PROPERTY_FLAG) as (keyof typeof PROPERTY_FLAG)[];

/** `CONTENT_TYPE` to `contentType`. */
function propertyName(flagName: keyof typeof PROPERTY_FLAG): keyof BasicProperties {
  return flagName
    .toLowerCase()
    .replace(/_(.)/g, (_, letter) => letter.toUpperCase()) as keyof BasicProperties;
}

function errorsOf(bytes: Uint8Array): unknown[] {
  return [decodeProperties, checkProperties].map((read) => {
    try {
      read(bytes, 0, bytes.length);
      return undefined;
    } catch (error) {
      return error;
    }
  });
}

describe('basic properties', () => {
  it('come back the same when encoded and decoded', () => {
    fc.assert(
      fc.property(allProperties, fc.nat(5), (properties, before) => {
        const encoded = encodeProperties(properties);
        const bytes = Uint8Array.of(...Array(before).fill(0xee), ...encoded, 0xee);
        checkProperties(bytes, before, bytes.length - 1);
        expect(decodeProperties(bytes, before, bytes.length - 1)).toStrictEqual({ ...properties });
      }),
    );
  });

  it('have no key for what is not there', () => {
    expect(Object.keys(decodeProperties(Uint8Array.of(0x10, 0, 2), 0, 3))).toEqual(['deliveryMode']);
  });

  it('leave out what is undefined', () => {
    expect([...encodeProperties({ contentType: undefined, deliveryMode: 2 })]).toEqual([0x10, 0, 2]);
  });

  it('stand in the order of their flags', () => {
    expect([...encodeProperties({ clusterId: 'c', timestamp: 5, contentType: 'a', priority: 3 })]).toEqual([
      ...[0x88, 0x44],
      ...[1, 0x61],
      ...[3],
      ...[0, 0, 0, 0, 0, 0, 0, 5],
      ...[1, 0x63],
    ]);
  });

  it('are refused with 502 wherever they are cut', () => {
    fc.assert(
      fc.property(allProperties, (properties) => {
        const bytes = encodeProperties(properties);
        for (let end = 0; end < bytes.length; end++) {
          for (const error of [...errorsOf(bytes.slice(0, end))]) {
            expect(error).toMatchObject({ name: 'CodecError', replyCode: 502 });
          }
          expect(() => checkProperties(bytes, 0, end)).toThrow(CodecError);
        }
      }),
      { numRuns: 30 },
    );
  });

  it('are refused with 502 when bytes follow', () => {
    for (const error of errorsOf(Uint8Array.of(0x10, 0, 2, 0))) {
      expect(error).toMatchObject({ replyCode: 502, message: expect.stringContaining('1 bytes follow') });
    }
  });

  it.each([1, 2, 3])('are refused with 502 when the low bits of the flags are %i', (bits) => {
    for (const error of errorsOf(Uint8Array.of(0, bits))) {
      expect(error).toMatchObject({ replyCode: 502, message: expect.stringContaining(`0x000${bits}`) });
    }
  });

  it('with any bytes changed are either read or refused with 502, and nothing else', () => {
    const changes = fc.array(fc.tuple(fc.nat(), fc.nat(255)), { minLength: 1, maxLength: 4 });
    fc.assert(
      fc.property(allProperties, changes, (properties, all) => {
        const bytes = encodeProperties(properties);
        for (const [at, value] of all) bytes[at % bytes.length] = value;
        const [decoded, checked] = errorsOf(bytes);
        for (const error of [decoded, checked]) {
          if (error !== undefined) expect(error).toMatchObject({ name: 'CodecError', replyCode: 502 });
        }
        // Only what is inside the headers may pass the check and still be refused.
        if (checked !== undefined) expect(decoded).toBeInstanceOf(CodecError);
      }),
      { numRuns: 2000 },
    );
  });
});

describe('propertyOffset', () => {
  it('finds each property that is there and no other', () => {
    fc.assert(
      fc.property(allProperties, (properties) => {
        const bytes = encodeProperties(properties);
        for (const flagName of flagNames) {
          const name = propertyName(flagName);
          const at = propertyOffset(bytes, 0, bytes.length, PROPERTY_FLAG[flagName]);
          const value = properties[name];
          if (value === undefined) {
            expect(at).toBe(-1);
            continue;
          }
          const alone = encodeProperties({ [name]: value }).slice(2);
          expect(bytes.slice(at, at + alone.length)).toEqual(alone);
        }
      }),
    );
  });

  it('refuses properties that are cut short up to the end of the one asked for', () => {
    const bytes = encodeProperties({ contentType: 'text/plain', priority: 1 });
    for (let end = 0; end < bytes.length; end++) {
      expect(() => propertyOffset(bytes, 0, end, PROPERTY_FLAG.PRIORITY)).toThrow(CodecError);
      expect(() => propertyOffset(bytes.slice(0, end), 0, end, PROPERTY_FLAG.PRIORITY)).toThrow(CodecError);
    }
    expect(() => propertyOffset(bytes, 0, bytes.length - 2, PROPERTY_FLAG.PRIORITY)).toThrow(
      /contentType .* cut short/,
    );
    expect(() => propertyOffset(bytes, 0, bytes.length - 1, PROPERTY_FLAG.PRIORITY)).toThrow(
      /priority .* cut short/,
    );
  });
});

describe('content frames', () => {
  it('begin with a header that tells class, body size and properties', () => {
    const writer = new ByteWriter();
    writeContentHeaderFrame(writer, 3, 2 ** 33 + 1, { deliveryMode: 2 });
    const frame = writer.toBytes();
    expect([...frame]).toEqual([
      ...[2, 0, 3, 0, 0, 0, 15],
      ...[0, 60, 0, 0],
      ...[0, 0, 0, 2, 0, 0, 0, 1],
      ...[0x10, 0, 2],
      ...[0xce],
    ]);
    expect(readU64(frame, 7 + CONTENT_HEADER_BODY_SIZE_AT)).toBe(2 ** 33 + 1);
    const properties = decodeProperties(frame, 7 + CONTENT_HEADER_PROPERTIES_AT, frame.length - 1);
    expect(properties).toEqual({ deliveryMode: 2 });
  });

  it('are written whole or not at all', () => {
    const writer = new ByteWriter();
    expect(() => writeContentHeaderFrame(writer, 1, 0, { type: 'x'.repeat(256) })).toThrow(CodecError);
    expect(writer.position).toBe(0);
  });

  it('carry the body in pieces that fit into frame-max', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), fc.integer({ min: 9, max: 60 }), (body, frameMax) => {
        const writer = new ByteWriter();
        writeContentFrames(writer, 5, frameMax, body);
        const pieces: number[][] = [];
        const parser = new FrameParser(
          {
            onFrame(type, channel, bytes, start, end) {
              expect([type, channel]).toEqual([3, 5]);
              pieces.push([...bytes.subarray(start, end)]);
            },
          },
          frameMax,
        );
        parser.push(writer.bytes, 0, writer.position);
        expect(pieces.flat()).toEqual([...body]);
        expect(pieces.length).toBe(Math.ceil(body.length / (frameMax - 8)));
      }),
    );
  });

  it('carry the whole body in one frame when there is no limit', () => {
    const writer = new ByteWriter();
    writeContentFrames(writer, 1, 0, new Uint8Array(5000));
    expect(writer.position).toBe(5008);
  });

  it('need a frame-max that leaves room for a body', () => {
    expect(() => writeContentFrames(new ByteWriter(), 1, 8, Uint8Array.of(1))).toThrow(/at least 4096/);
  });

  it('can be written behind other properties', () => {
    const writer = new ByteWriter();
    writer.u8(9);
    writeProperties(writer, { messageId: 'm' });
    expect([...writer.toBytes()]).toEqual([9, 0, 0x80, 1, 0x6d]);
  });
});
