import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { RuntimeUnderTest } from '../../../test/core/runtime-under-test.ts';
import { CodecError } from '../../codec/errors.ts';
import { tableOf } from '../../codec/field-table.ts';
import { type BasicProperties, encodeProperties, PROPERTY_FLAG } from '../../codec/properties.ts';
import { ChannelError } from '../errors.ts';
import { appendMessageRecord, NO_EXPIRATION } from './message-record.ts';
import { Publication } from './publication.ts';

const BODY = Uint8Array.of(1, 2, 3);

function withProperties(properties: BasicProperties): Publication {
  return Publication.of('ex', 'key', properties, BODY);
}

function set(publication: Publication, properties: BasicProperties): void {
  const bytes = encodeProperties(properties);
  publication.setProperties(bytes, 0, bytes.length);
}

test('exchange and routing key are read from the bytes of basic.publish', () => {
  const publication = new Publication();
  const bytes = Uint8Array.of(99, 2, 0x65, 0x78, 3, 0xc3, 0xa9, 0x6b, 99);
  publication.setAddress(bytes, 1, 8);
  expect(publication).toMatchObject({ exchange: 'ex', routingKey: 'ék', addressEnd: 7 });
  expect([...publication.address.subarray(0, 7)]).toEqual([...bytes.subarray(1, 8)]);
});

test('the longest address there can be is taken', () => {
  const name = 'x'.repeat(255);
  const publication = Publication.of(name, name, {}, BODY);
  expect([publication.exchange, publication.routingKey, publication.addressEnd]).toEqual([name, name, 512]);
});

test('a message without properties is transient, of priority 0 and does not expire', () => {
  expect(withProperties({})).toMatchObject({
    persistent: false,
    priority: 0,
    expirationMs: NO_EXPIRATION,
    mayBeRedirected: false,
    propertiesEnd: 2,
  });
});

test('what the broker acts on is read from the properties', () => {
  const properties = { contentType: 'text/plain', deliveryMode: 2, priority: 200, expiration: '60000' };
  const publication = withProperties(properties);
  expect(publication).toMatchObject({ persistent: true, priority: 200, expirationMs: 60_000 });
  expect(publication.has(PROPERTY_FLAG.CONTENT_TYPE)).toBe(true);
  expect(publication.has(PROPERTY_FLAG.HEADERS)).toBe(false);
  expect(publication.properties()).toMatchObject(properties);
  expect(publication.headers()).toBeUndefined();
});

test('delivery mode 1, and any other than 2, is transient', () => {
  expect([1, 0, 3].map((deliveryMode) => withProperties({ deliveryMode }).persistent)).toEqual([
    false,
    false,
    false,
  ]);
});

test('what an earlier message had is forgotten when the next one comes', () => {
  const publication = withProperties({ deliveryMode: 2, priority: 5, expiration: '1', messageId: 'a' });
  expect(publication.properties().messageId).toBe('a');
  set(publication, { messageId: 'b' });
  expect(publication).toMatchObject({ persistent: false, priority: 0, expirationMs: NO_EXPIRATION });
  expect(publication.properties().messageId).toBe('b');
  set(publication, {});
  expect(publication.properties().messageId).toBeUndefined();
});

describe('an expiration', () => {
  test.each(['0', '1', '4294967295'])('of %j is taken', (expiration) => {
    expect(withProperties({ expiration }).expirationMs).toBe(Number(expiration));
  });

  test.each(['', '-1', '1.5', 'soon', ' 1', '4294967296', '99999999999'])(
    'of %j is refused',
    (expiration) => {
      expect(() => withProperties({ expiration })).toThrow(ChannelError);
      expect(() => withProperties({ expiration })).toThrow(
        `PRECONDITION_FAILED - invalid expiration '${expiration}'`,
      );
    },
  );

  test('that was refused is refused again when the same bytes come again', () => {
    const publication = withProperties({ expiration: '1000' });
    expect(() => set(publication, { expiration: 'soon' })).toThrow(ChannelError);
    expect(() => set(publication, { expiration: 'soon' })).toThrow(ChannelError);
    expect(publication.expirationMs).toBe(1000);
    expect(publication.properties().expiration).toBe('1000');
  });
});

test('bytes that are no properties are refused and change nothing', () => {
  const publication = withProperties({ messageId: 'a' });
  expect(() => publication.setProperties(Uint8Array.of(0x80, 0, 9, 1), 0, 4)).toThrow(CodecError);
  expect(publication.properties().messageId).toBe('a');
});

describe('a message may be redirected', () => {
  test.each(['CC', 'BCC', 'x-deliver-at'])('by the header %s', (header) => {
    expect(withProperties({ headers: tableOf({ a: 1, [header]: ['x'] }) }).mayBeRedirected).toBe(true);
  });

  test('and not by others', () => {
    expect(withProperties({ headers: tableOf({ 'x-retries': 1, tenant: 'acme' }) }).mayBeRedirected).toBe(
      false,
    );
    expect(withProperties({ messageId: 'CC' }).mayBeRedirected).toBe(false);
  });
});

test('a copy has bytes of its own', () => {
  const body = Uint8Array.of(9, 1, 2, 3, 9);
  const publication = withProperties({ messageId: 'a', deliveryMode: 2 });
  publication.setBody(body, 1, 4);
  const copy = publication.copy();
  body.fill(0);
  set(publication, {});
  publication.setAddress(Uint8Array.of(0, 0), 0, 2);
  expect(copy).toMatchObject({ exchange: 'ex', routingKey: 'key', persistent: true });
  expect(copy.properties().messageId).toBe('a');
  expect([...copy.body.subarray(copy.bodyStart, copy.bodyEnd)]).toEqual([1, 2, 3]);
});

test('replaced properties take the place of those that came', () => {
  const publication = withProperties({ replyTo: 'a', deliveryMode: 2 });
  publication.replaceProperties({ ...publication.properties(), replyTo: 'b'.repeat(200) });
  expect(publication.properties()).toMatchObject({ replyTo: 'b'.repeat(200), deliveryMode: 2 });
  expect(publication.persistent).toBe(true);
});

test('a message comes back from its record as it was', () => {
  const shortstr = fc.string({ maxLength: 60 });
  const properties = fc.record(
    {
      contentType: shortstr,
      deliveryMode: fc.constantFrom(1, 2),
      priority: fc.integer({ min: 0, max: 255 }),
      expiration: fc.integer({ min: 0, max: 2 ** 32 - 1 }).map(String),
      messageId: shortstr,
      timestamp: fc.integer({ min: 0, max: 2 ** 40 }),
      headers: fc.dictionary(fc.string({ minLength: 1, maxLength: 9 }), fc.integer()).map(tableOf),
    },
    { requiredKeys: [] },
  );
  const { log, runtime } = new RuntimeUnderTest();
  const lane = runtime.makeLane(undefined);
  fc.assert(
    fc.property(shortstr, shortstr, properties, fc.uint8Array(), (exchange, key, each, body) => {
      const publication = Publication.of(exchange, key, each, body);
      const position = appendMessageRecord(log, publication, [lane], 0, 1, false, 0);
      runtime.record.read(log.pageOf(position), position);
      const back = Publication.fromRecord(runtime.record);
      expect(back).toMatchObject({
        exchange,
        routingKey: key,
        persistent: publication.persistent,
        priority: publication.priority,
        expirationMs: publication.expirationMs,
        mayBeRedirected: publication.mayBeRedirected,
      });
      expect(back.properties()).toEqual(publication.properties());
      expect([...back.body]).toEqual([...body]);
    }),
  );
});
