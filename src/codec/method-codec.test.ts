import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ByteWriter } from './byte-writer.ts';
import { utf8Length } from './bytes.ts';
import { CodecError } from './errors.ts';
import { tableOf } from './field-table.ts';
import { decodeMethod, writeMethodFrame } from './method-codec.ts';
import {
  type Domain,
  METHODS,
  type Method,
  type MethodArguments,
  type MethodName,
  methodKey,
} from './methods.ts';

const names = Object.keys(METHODS) as MethodName[];

const shortstr = fc.string({ unit: 'binary', maxLength: 100 }).filter((text) => utf8Length(text) <= 255);

const values: Record<Domain, fc.Arbitrary<unknown>> = {
  octet: fc.nat(255),
  short: fc.nat(65535),
  long: fc.nat(0xffffffff),
  longlong: fc.maxSafeNat(),
  bit: fc.boolean(),
  shortstr,
  longstr: fc.uint8Array({ maxLength: 300 }),
  table: fc.dictionary(shortstr, fc.oneof(fc.string(), fc.integer(), fc.boolean())).map(tableOf),
};

/** Arguments of a method, the reserved ones left out. */
function argumentsOf(name: MethodName): fc.Arbitrary<Record<string, unknown>> {
  const used = Object.entries(METHODS[name].arguments).filter(([, domain]) => domain in values);
  return fc.record(
    Object.fromEntries(used.map(([argument, domain]) => [argument, values[domain as Domain]])),
  );
}

const methods = fc
  .constantFrom(...names)
  .chain((name) => argumentsOf(name).map((args) => ({ name, ...args }) as unknown as Method));

function encode<N extends MethodName>(channel: number, name: N, args: MethodArguments<N>): Uint8Array {
  const writer = new ByteWriter();
  writeMethodFrame(writer, channel, name, args);
  return writer.toBytes();
}

/** The payload of the frame of a method. */
function payload(method: Method): Uint8Array {
  return encode(1, method.name, method as never).slice(7, -1);
}

function errorOf(bytes: Uint8Array): unknown {
  try {
    decodeMethod(bytes, 0, bytes.length);
  } catch (error) {
    return error;
  }
  return undefined;
}

describe('METHODS', () => {
  it('gives every method ids of its own', () => {
    expect(new Set(names.map(methodKey)).size).toBe(names.length);
  });

  it('has every method of AMQP 0-9-1 and of RabbitMQ', () => {
    const counts = new Map<string, number>();
    for (const name of names) {
      const className = name.slice(0, name.indexOf('.'));
      counts.set(className, (counts.get(className) ?? 0) + 1);
    }
    expect(Object.fromEntries(counts)).toEqual({
      connection: 14,
      channel: 6,
      access: 2,
      exchange: 8,
      queue: 10,
      basic: 18,
      confirm: 2,
      tx: 6,
    });
  });
});

describe('a method', () => {
  it('comes back the same when encoded and decoded', () => {
    fc.assert(
      fc.property(methods, fc.nat(9), (method, before) => {
        const bytes = payload(method);
        const buffer = Uint8Array.of(...Array(before).fill(0xee), ...bytes, 0xee);
        expect(decodeMethod(buffer, before, before + bytes.length)).toEqual(method);
      }),
      { numRuns: 1000 },
    );
  });

  it.each(names)('%s is refused with 502 wherever it is cut', (name) => {
    fc.assert(
      fc.property(argumentsOf(name), (args) => {
        const bytes = payload({ name, ...args } as unknown as Method);
        for (let end = 0; end < bytes.length; end++) {
          expect(errorOf(bytes.slice(0, end))).toMatchObject({ name: 'CodecError', replyCode: 502 });
        }
      }),
      { numRuns: 3 },
    );
  });

  it.each(names)('%s is refused with 502 when bytes follow', (name) => {
    fc.assert(
      fc.property(argumentsOf(name), (args) => {
        const bytes = payload({ name, ...args } as unknown as Method);
        expect(errorOf(Uint8Array.of(...bytes, 0))).toMatchObject({
          replyCode: 502,
          message: `1 bytes follow the last argument of ${name}: none may`,
        });
      }),
      { numRuns: 1 },
    );
  });

  it('with any bytes changed is either read or refused with a CodecError, and nothing else', () => {
    const changes = fc.array(fc.tuple(fc.nat(), fc.nat(255)), { minLength: 1, maxLength: 4 });
    fc.assert(
      fc.property(methods, changes, (method, all) => {
        const bytes = payload(method);
        for (const [at, value] of all) bytes[at % bytes.length] = value;
        const error = errorOf(bytes);
        if (error !== undefined) expect(error).toBeInstanceOf(CodecError);
      }),
      { numRuns: 2000 },
    );
  });

  it('that does not exist is refused with 503 and its ids', () => {
    expect(errorOf(Uint8Array.of(0, 60, 0, 41))).toMatchObject({
      replyCode: 503,
      message: 'there is no method 41 in class 60',
    });
    expect(errorOf(Uint8Array.of(0xff, 0xff, 0xff, 0xff))).toMatchObject({ replyCode: 503 });
  });
});

describe('writeMethodFrame', () => {
  it('writes the frame that the protocol describes', () => {
    const publish = encode(258, 'basic.publish', {
      exchange: 'x',
      routingKey: 'key',
      mandatory: true,
      immediate: false,
    });
    expect([...publish]).toEqual([
      ...[1, 1, 2, 0, 0, 0, 13],
      ...[0, 60, 0, 40],
      ...[0, 0],
      ...[1, 0x78],
      ...[3, 0x6b, 0x65, 0x79],
      ...[1],
      ...[0xce],
    ]);
  });

  it('packs consecutive bits into one octet, the first into its lowest bit', () => {
    const declare = encode(1, 'queue.declare', {
      queue: 'q',
      passive: false,
      durable: true,
      exclusive: false,
      autoDelete: true,
      noWait: true,
      arguments: new Map(),
    });
    expect([...declare.slice(11)]).toEqual([0, 0, 1, 0x71, 0b11010, 0, 0, 0, 0, 0xce]);
  });

  it('writes the bits of another octet when something stands between them', () => {
    const deliver = encode(1, 'basic.deliver', {
      consumerTag: 't',
      deliveryTag: 2 ** 40 + 1,
      redelivered: true,
      exchange: '',
      routingKey: '',
    });
    expect([...deliver.slice(11)]).toEqual([1, 0x74, 0, 0, 1, 0, 0, 0, 0, 1, 1, 0, 0, 0xce]);
  });

  it('writes a whole frame or nothing', () => {
    const writer = new ByteWriter();
    writer.u8(1);
    const args = { queue: 'q'.repeat(256), noAck: false };
    expect(() => writeMethodFrame(writer, 1, 'basic.get', args)).toThrow(CodecError);
    expect([...writer.toBytes()]).toEqual([1]);
  });

  it('ignores the flags that reserved bits carry when reading', () => {
    const open = payload({ name: 'connection.open', virtualHost: '/' });
    open[open.length - 1] = 1;
    expect(decodeMethod(open, 0, open.length)).toEqual({ name: 'connection.open', virtualHost: '/' });
  });
});
