import { describe, expect, test } from 'vitest';
import { draftOf, type MessageSeed, messageOf, payloadProblem, targetOf } from './message-draft.ts';

const PLACE = { queue: 'orders', mayUseQueue: true, username: 'ada' };
const SEEN: MessageSeed = {
  exchange: '',
  routing_key: 'orders',
  payload: '{"id":12345678901234567890}',
  encoding: 'text',
  persistent: false,
  ttl_ms: 60_000,
  properties: {
    content_type: 'application/json',
    message_id: '17',
    cluster_id: 'c',
    priority: 0,
    timestamp: 5,
  },
  headers: { attempt: 2, tags: ['a', 'b c'], since: 1767225600, nested: { a: [1, true] }, __proto__x: 'x' },
  typed_headers: { since: { tag: 'T', value: 1767225600 } },
};

describe('the draft of a message', () => {
  test('publishes what another message had, as it was', () => {
    const { headers, typed_headers, properties, payload } = messageOf(draftOf(SEEN, PLACE)) ?? {};
    expect(payload).toBe(SEEN.payload);
    expect(properties).toEqual(SEEN.properties);
    expect(headers).toEqual({ attempt: 2, tags: ['a', 'b c'], nested: { a: [1, true] }, __proto__x: 'x' });
    expect(typed_headers).toEqual(SEEN.typed_headers);
  });

  test('keeps a message transient, and its time to live', () => {
    expect(messageOf(draftOf(SEEN, PLACE))).toMatchObject({ persistent: false, ttl_ms: 60_000 });
  });

  test('leaves out a user id that is of somebody else', () => {
    const of = (user_id: string): unknown =>
      messageOf(draftOf({ ...SEEN, properties: { user_id } }, PLACE))?.properties['user_id'];
    expect(of('ada')).toBe('ada');
    expect(of('eve')).toBeUndefined();
  });

  test('goes to the queue without a routing key, and to an exchange with one', () => {
    const draft = draftOf(SEEN, PLACE);
    expect(targetOf(draft)).toEqual({ queue: 'orders' });
    expect(messageOf(draft)).not.toHaveProperty('routing_key');
    const other = { ...draft, to: 'exchange' as const };
    expect(targetOf(other)).toEqual({ exchange: 'amq.default' });
    expect(messageOf(other)).toMatchObject({ routing_key: 'orders' });
  });

  test('goes to an exchange where the queue is not allowed', () => {
    expect(draftOf({}, { ...PLACE, mayUseQueue: false }).to).toBe('exchange');
  });

  test('is no message while its JSON, its base64, its headers or its exchange are wrong', () => {
    const draft = draftOf({}, PLACE);
    expect(messageOf({ ...draft, form: 'json', payload: '{' })).toBeUndefined();
    expect(messageOf({ ...draft, form: 'base64', payload: 'a' })).toBeUndefined();
    expect(messageOf({ ...draft, headers: [{ name: '', type: 'string', text: 'x' }] })).toBeUndefined();
    expect(messageOf({ ...draft, to: 'exchange', exchange: '' })).toBeUndefined();
    expect(messageOf(draft)).toMatchObject({ payload: '', encoding: 'text', persistent: true });
  });

  test('says that it is JSON where nothing else is said', () => {
    const draft = { ...draftOf({}, PLACE), form: 'json' as const, payload: '1' };
    expect(messageOf(draft)?.properties).toEqual({ content_type: 'application/json' });
  });

  test('takes base64 with spaces and lines', () => {
    const draft = { ...draftOf({}, PLACE), form: 'base64' as const, payload: 'aGVs\nbG8= ' };
    expect(payloadProblem(draft)).toBeUndefined();
    expect(messageOf(draft)).toMatchObject({ payload: 'aGVsbG8=', encoding: 'base64' });
  });
});
