import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ApiUnderTest } from '../../../test/management/api-under-test.ts';
import type { Field, FieldTable } from '../../codec/field-table.ts';
import { jsonOfTable, tableOfJson } from '../field-json.ts';
import { typedHeaders, withTypedHeaders } from './typed-headers.ts';

function int(tag: Field['tag'], min: number, max: number): fc.Arbitrary<Field> {
  return fc.integer({ min, max }).map((value) => ({ tag, value }));
}

function long(tag: Field['tag'], min: bigint, max: bigint): fc.Arbitrary<Field> {
  return fc.bigInt({ min, max }).map((value) => {
    const number = Number(value);
    return { tag, value: Number.isSafeInteger(number) ? number : value };
  });
}

const { table } = fc.letrec<{ field: Field; table: FieldTable }>((tie) => ({
  field: fc.oneof(
    { maxDepth: 3 },
    fc.boolean().map((value): Field => ({ tag: 't', value })),
    int('b', -128, 127),
    int('B', 0, 255),
    int('s', -(2 ** 15), 2 ** 15 - 1),
    int('u', 0, 2 ** 16 - 1),
    int('I', -(2 ** 31), 2 ** 31 - 1),
    int('i', 0, 2 ** 32 - 1),
    long('l', -(2n ** 63n), 2n ** 63n - 1n),
    long('L', -(2n ** 63n), 2n ** 63n - 1n),
    long('T', 0n, 2n ** 64n - 1n),
    fc.float().map((value): Field => ({ tag: 'f', value })),
    fc.double().map((value): Field => ({ tag: 'd', value })),
    fc
      .record({ scale: fc.nat(255), value: fc.nat(2 ** 32 - 1) })
      .map((value): Field => ({ tag: 'D', value })),
    fc.string().map((value): Field => ({ tag: 'S', value })),
    fc.uint8Array().map((value): Field => ({ tag: 'x', value })),
    fc.constant<Field>({ tag: 'S', value: Uint8Array.of(0xff, 0xfe) }),
    fc.constant<Field>({ tag: 'V', value: undefined }),
    fc.array(tie('field'), { maxLength: 4 }).map((value): Field => ({ tag: 'A', value })),
    tie('table').map((value): Field => ({ tag: 'F', value })),
  ),
  table: fc
    .array(fc.tuple(fc.oneof(fc.string({ maxLength: 20 }), fc.constant('__proto__')), tie('field')), {
      maxLength: 5,
    })
    .map((entries): FieldTable => new Map(entries)),
}));

/** To compare: bytes are Buffers when they come in, and the names of a JSON object have an order of their own. */
function plainBytes(value: unknown): unknown {
  if (value instanceof Uint8Array) return [...value];
  if (value instanceof Map) {
    const names = [...value.keys()].sort();
    return names.map((name) => [name, plainBytes(value.get(name))]);
  }
  if (Array.isArray(value)) return value.map(plainBytes);
  if (typeof value !== 'object' || value === null) return value;
  return Object.entries(value).map(([name, each]) => [name, plainBytes(each)]);
}

test('headers of every type are the same after they went out as JSON and in again', () => {
  fc.assert(
    fc.property(table, (headers) => {
      const [plain, typed] = [jsonOfTable(headers), typedHeaders(headers)];
      const sent = JSON.parse(JSON.stringify({ plain: { ...plain, ...nulls(typed) }, typed }), dropNulls);
      const back = withTypedHeaders(tableOfJson(sent.plain, 'headers'), sent.typed, 'typed');
      expect(plainBytes(back)).toEqual(plainBytes(headers));
    }),
  );
});

/** What has types is not said twice: null, which plain headers refuse, is left out. */
function nulls(typed: object): Record<string, null> {
  const all: Record<string, null> = Object.create(null);
  for (const name of Object.keys(typed)) all[name] = null;
  return all;
}

function dropNulls(_name: string, value: unknown): unknown {
  return value === null ? undefined : value;
}

test('what plain JSON says as well is not said twice', () => {
  const headers: FieldTable = new Map<string, Field>([
    ['text', { tag: 'S', value: 'x' }],
    ['number', { tag: 'l', value: 7 }],
    ['share', { tag: 'd', value: 0.5 }],
    ['list', { tag: 'A', value: [{ tag: 't', value: true }] }],
    ['byte', { tag: 'b', value: 7 }],
    ['whole', { tag: 'd', value: 7 }],
  ]);
  expect({ ...typedHeaders(headers) }).toEqual({
    byte: { tag: 'b', value: 7 },
    whole: { tag: 'd', value: 7 },
  });
});

test.each([
  7,
  [],
  { h: 7 },
  { h: {} },
  { h: { tag: 'q' } },
  { h: { tag: 'S' } },
  { h: { tag: 'b', value: 128 } },
  { h: { tag: 'B', value: -1 } },
  { h: { tag: 'l', value: 0.5 } },
  { h: { tag: 'l', value: '9223372036854775808' } },
  { h: { tag: 'T', value: -1 } },
  { h: { tag: 'd', value: '7' } },
  { h: { tag: 'x', base64: '!' } },
  { h: { tag: 'x', value: 'aGk=' } },
  { h: { tag: 'D', value: { scale: 256, value: 1 } } },
  { h: { tag: 'D', value: { scale: 2 } } },
  { h: { tag: 'A', value: {} } },
  { h: { tag: 'F', value: [] } },
  { h: { tag: 'A', value: Array.from({ length: 1024 }, () => ({ tag: 'V' })) } },
  { h: { tag: 't', value: true, colour: 'red' } },
])('%j are no typed headers', (json) => {
  expect(() => withTypedHeaders(undefined, json, 'body/typed_headers')).toThrow('body/typed_headers');
});

test('nesting that goes too deep is refused, however deep it is', () => {
  let json: object = { tag: 'V' };
  for (let level = 0; level < 5000; level++) json = { tag: 'A', value: [json] };
  expect(() => withTypedHeaders(undefined, { h: json }, 'typed_headers')).toThrow('at most 16 levels');
});

describe('a message that was looked at', () => {
  test('can be published again as it is, with properties and headers of every type', async () => {
    const api = await ApiUnderTest.start();
    const channel = await (await api.running.connect()).createChannel();
    await channel.queueDeclare('q');
    const headers: FieldTable = new Map<string, Field>([
      ['text', { tag: 'S', value: 'x' }],
      ['at', { tag: 'T', value: 1_767_225_600 }],
      ['bytes', { tag: 'x', value: Uint8Array.of(0, 255) }],
      ['nothing', { tag: 'V', value: undefined }],
      ['nested', { tag: 'F', value: new Map([['small', { tag: 'b', value: -7 }]]) }],
    ]);
    const properties = {
      contentType: 'application/x',
      contentEncoding: 'gzip',
      deliveryMode: 2,
      priority: 3,
      correlationId: 'c',
      replyTo: 'r',
      expiration: '60000',
      messageId: 'm',
      timestamp: 1_767_225_600,
      type: 't',
      userId: 'guest',
      appId: 'a',
      clusterId: 'k',
      headers,
    };
    await channel.publish({ routingKey: 'q', body: Uint8Array.of(1, 255), properties });
    const url = '/v1/queues/%2F/q/messages';
    const [seen] = (await api.get(`${url}?typed_headers=true`)).json.messages;
    const plain = { ...seen.headers };
    for (const name of Object.keys(seen.typed_headers)) delete plain[name];
    const { routing_key, payload, encoding, persistent, ttl_ms, properties: shown, typed_headers } = seen;
    const copy = {
      routing_key,
      payload,
      encoding,
      persistent,
      ttl_ms,
      properties: shown,
      headers: plain,
      typed_headers,
    };
    expect((await api.ask('POST', url, copy)).status).toBe(200);
    const [first, second] = [await channel.get('q'), await channel.get('q')];
    expect([...(second?.body ?? [])]).toEqual([...(first?.body ?? [])]);
    expect(plainBytes({ ...second?.properties, headers: undefined })).toEqual(
      plainBytes({ ...first?.properties, headers: undefined }),
    );
    expect(plainBytes(second?.properties.headers)).toEqual(plainBytes(first?.properties.headers));
  });

  test('shows its types only when it is asked to', async () => {
    const api = await ApiUnderTest.start();
    const channel = await (await api.running.connect()).createChannel();
    await channel.queueDeclare('q');
    await channel.publish({ routingKey: 'q', body: 'x', properties: { headers: { byte: 7 } } });
    const url = '/v1/queues/%2F/q/messages';
    expect((await api.get(url)).json.messages[0]).not.toHaveProperty('typed_headers');
    const [shown] = (await api.get(`${url}?typed_headers=true`)).json.messages;
    expect(shown).toMatchObject({ headers: { byte: 7 }, typed_headers: { byte: { tag: 'I', value: 7 } } });
    expect((await api.get(`${url}?typed_headers=maybe`)).status).toBe(400);
  });
});
