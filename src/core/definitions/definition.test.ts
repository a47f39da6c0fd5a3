import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ByteWriter } from '../../codec/byte-writer.ts';
import { CodecError } from '../../codec/errors.ts';
import { type FieldTable, field, type PlainValue, tableOf } from '../../codec/field-table.ts';
import {
  type Definition,
  DefinitionError,
  decodeDefinition,
  definitionKey,
  definitionText,
  encodeDefinition,
} from './definition.ts';

const text = fc.string({ unit: 'grapheme' });
const limit = fc.option(fc.integer({ min: -1 }), { nil: undefined });
const count = fc.nat();
const flag = fc.boolean();
const fields = fc.oneof(
  text.map(field.string),
  fc.maxSafeInteger().map(field.long),
  flag.map(field.bool),
  fc.uint8Array().map(field.bytes),
  fc.array(text.map(field.string)).map(field.array),
  fc.constant(field.nothing()),
);
const table: fc.Arbitrary<FieldTable> = fc
  .array(fc.tuple(fc.string({ unit: 'grapheme-ascii', maxLength: 20 }), fields))
  .map((entries) => new Map(entries));

/** With the prototype that an object literal has. */
function record<T>(model: { [K in keyof T]: fc.Arbitrary<T[K]> }): fc.Arbitrary<T> {
  return fc.record<T>(model, { noNullPrototype: true });
}

const definitions: fc.Arbitrary<Definition> = fc.oneof(
  record({
    kind: fc.constant('vhost' as const),
    name: text,
    scheduleLaneId: count,
    outcomeLaneId: fc.option(count, { nil: undefined }),
    deduplicationLaneId: fc.option(count, { nil: undefined }),
    maxConnections: limit,
    maxQueues: limit,
    description: fc.option(text, { nil: undefined }),
    tags: fc.option(fc.array(text), { nil: undefined }),
    defaultQueueType: fc.option(text, { nil: undefined }),
    tracing: fc.constantFrom(true as const, undefined),
  }),
  record({
    kind: fc.constant('parameter' as const),
    vhost: text,
    component: text,
    name: text,
    value: text,
  }),
  record({ kind: fc.constant('global-parameter' as const), name: text, value: text }),
  record({
    kind: fc.constant('user' as const),
    name: text,
    passwordHash: fc.option(text, { nil: undefined }),
    tags: fc.array(text),
    maxConnections: limit,
    maxChannels: limit,
  }),
  record({
    kind: fc.constant('permission' as const),
    user: text,
    vhost: text,
    configure: text,
    write: text,
    read: text,
  }),
  record({
    kind: fc.constant('topic-permission' as const),
    user: text,
    vhost: text,
    exchange: text,
    write: text,
    read: text,
  }),
  record({
    kind: fc.constantFrom('policy' as const, 'operator-policy' as const),
    vhost: text,
    name: text,
    pattern: text,
    applyTo: text,
    priority: fc.maxSafeInteger(),
    definition: table,
  }),
  record({
    kind: fc.constant('exchange' as const),
    vhost: text,
    name: text,
    type: text,
    autoDelete: flag,
    internal: flag,
    arguments: table,
  }),
  record({
    kind: fc.constant('queue' as const),
    vhost: text,
    name: text,
    autoDelete: flag,
    laneId: count,
    paused: fc.constantFrom(true as const, undefined),
    arguments: table,
  }),
  record({
    kind: fc.constant('binding' as const),
    vhost: text,
    source: text,
    destinationKind: fc.constantFrom('queue' as const, 'exchange' as const),
    destination: text,
    routingKey: text,
    slot: fc.option(count, { nil: undefined }),
    arguments: table,
  }),
);

const QUEUE: Definition = {
  kind: 'queue',
  vhost: '/',
  name: 'orders',
  autoDelete: false,
  laneId: 7,
  arguments: new Map(),
};

function decoded(writer: ByteWriter): ReturnType<typeof decodeDefinition> {
  return decodeDefinition(writer.bytes, 0, writer.position);
}

function written(entries: { readonly [key: string]: PlainValue }): ByteWriter {
  const writer = new ByteWriter();
  writer.table(tableOf(entries));
  return writer;
}

describe('a definition as bytes', () => {
  test('comes back as it was, held or removed', () => {
    fc.assert(
      fc.property(definitions, flag, (definition, removed) => {
        const writer = new ByteWriter();
        encodeDefinition(writer, definition, removed);
        expect(decoded(writer)).toStrictEqual({ definition, removed });
      }),
    );
  });

  test('may lie anywhere, with other bytes around it', () => {
    const writer = new ByteWriter();
    writer.u32(0xffff_ffff);
    encodeDefinition(writer, QUEUE, false);
    const end = writer.position;
    writer.u32(0xffff_ffff);
    expect(decodeDefinition(writer.bytes, 4, end).definition).toEqual(QUEUE);
  });

  test('keeps arguments that are as deep and as long as a table may be', () => {
    let deep = tableOf({ end: true });
    for (let depth = 2; depth <= 16; depth++) deep = tableOf({ deep });
    const long = new Map(Array.from({ length: 1024 }, (_, index) => [`x-${index}`, field.int(index)]));
    for (const args of [deep, long]) {
      const writer = new ByteWriter();
      encodeDefinition(writer, { ...QUEUE, arguments: args }, false);
      expect(decoded(writer).definition).toEqual({ ...QUEUE, arguments: args });
    }
  });

  test('keeps any number of tags', () => {
    const tags = Array.from({ length: 5000 }, (_, index) => `tag-${index}`);
    const user: Definition = {
      kind: 'user',
      name: 'ann',
      passwordHash: 'hash',
      tags,
      maxConnections: undefined,
      maxChannels: undefined,
    };
    const writer = new ByteWriter();
    encodeDefinition(writer, user, false);
    expect(decoded(writer).definition).toEqual(user);
  });

  test('may have fields of a later version, which are ignored', () => {
    const writer = written({
      kind: 'permission',
      user: 'u',
      vhost: '/',
      configure: '',
      write: '',
      read: '',
      x: 1,
    });
    expect(decoded(writer).definition).toEqual({
      kind: 'permission',
      user: 'u',
      vhost: '/',
      configure: '',
      write: '',
      read: '',
    });
  });

  test.each<[string, { readonly [key: string]: PlainValue }, string]>([
    ['of an unknown kind', { kind: 'shovel' }, "unknown kind 'shovel'"],
    ['without a kind', { name: 'x' }, "field 'kind' of a definition of kind 'undefined' is missing"],
    ['without a field', { kind: 'user', tags: [] }, "field 'name' of a definition of kind 'user' is missing"],
    [
      'with a field of another type',
      { kind: 'user', name: 1, tags: [] },
      'is of type I, but must be a string',
    ],
    ['with arguments in no bytes', { kind: 'queue', vhost: '/', name: 'q', laneId: 1 }, "field 'arguments'"],
    [
      'with a lane that cannot be',
      { kind: 'vhost', name: '/', scheduleLaneId: -1 },
      'must be a whole number from 0 up',
    ],
    [
      'of a binding to nothing known',
      { kind: 'binding', destinationKind: 'topic' },
      "leads to a 'topic', but must lead to a queue or an exchange",
    ],
  ])('%s is refused', (_name, entries, reason) => {
    expect(() => decoded(written(entries))).toThrow(DefinitionError);
    expect(() => decoded(written(entries))).toThrow(reason);
  });

  test('that is cut short is refused', () => {
    const writer = new ByteWriter();
    encodeDefinition(writer, QUEUE, false);
    for (let end = 0; end < writer.position; end++) {
      expect(() => decodeDefinition(writer.bytes, 0, end)).toThrow(CodecError);
    }
  });
});

describe('the key of a definition', () => {
  test('is the same for what replaces each other', () => {
    expect(definitionKey({ ...QUEUE, laneId: 9, autoDelete: true })).toBe(definitionKey(QUEUE));
  });

  test('tells apart what a plain join of the names would not', () => {
    const keys = [
      { ...QUEUE, vhost: 'a', name: 'b:c' },
      { ...QUEUE, vhost: 'a:b', name: 'c' },
      { ...QUEUE, vhost: 'a1', name: '1:b' },
    ].map(definitionKey);
    expect(new Set(keys).size).toBe(3);
  });

  test('of bindings differs by the arguments, whatever their order', () => {
    const binding: Definition = {
      kind: 'binding',
      vhost: '/',
      source: 'e',
      destinationKind: 'queue',
      destination: 'q',
      routingKey: 'k',
      slot: undefined,
      arguments: tableOf({ a: 1, b: 2 }),
    };
    expect(definitionKey({ ...binding, arguments: tableOf({ b: 2, a: 1 }), slot: 3 })).toBe(
      definitionKey(binding),
    );
    expect(definitionKey({ ...binding, arguments: tableOf({ a: 1 }) })).not.toBe(definitionKey(binding));
    expect(definitionKey({ ...binding, destinationKind: 'exchange' })).not.toBe(definitionKey(binding));
  });
});

test('every kind of definition has a text that names it', () => {
  fc.assert(
    fc.property(definitions, (definition) => {
      expect(definitionText(definition)).toMatch(new RegExp(`^${definition.kind} `));
    }),
  );
  expect(definitionText(QUEUE)).toBe("queue 'orders' in vhost '/'");
});
