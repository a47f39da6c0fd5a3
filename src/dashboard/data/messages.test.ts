import { describe, expect, test } from 'vitest';
import { conditionsOf, deathsOf, fieldOf, messagesPath } from './messages.ts';

describe('the conditions of a search', () => {
  test('are read from an address as they are written to it', () => {
    const query = new URLSearchParams(
      'search=a&header.x.y=1&json.items.0.sku=b&routing_key=c&message_id=d&from=0-1',
    );
    const conditions = conditionsOf(query);
    expect(conditions).toEqual([
      { kind: 'search', name: '', value: 'a' },
      { kind: 'header', name: 'x.y', value: '1' },
      { kind: 'json', name: 'items.0.sku', value: 'b' },
      { kind: 'routing_key', name: '', value: 'c' },
      { kind: 'message_id', name: '', value: 'd' },
    ]);
    query.delete('from');
    expect(conditions.map(fieldOf)).toEqual([...query.keys()]);
  });

  test('go to the broker, whatever names they have', () => {
    const conditions = [{ kind: 'header', name: '__proto__', value: 'a&b' }] as const;
    expect(messagesPath('/', 'a/b', { conditions, limit: 5, truncate: 0 })).toBe(
      '/v1/queues/%2F/a%2Fb/messages?header.__proto__=a%26b&limit=5&truncate=0',
    );
  });
});

describe('the deaths of a message', () => {
  test('are those of x-death', () => {
    const entry = { count: 2, reason: 'rejected', queue: 'q', time: 5, exchange: 'x', 'routing-keys': ['k'] };
    expect(deathsOf({ 'x-death': [entry] })).toEqual([
      { count: 2, reason: 'rejected', queue: 'q', time: 5, exchange: 'x', routingKeys: ['k'] },
    ]);
  });

  test('are none where the header is something else', () => {
    for (const value of [undefined, 'x', 7, {}, [], ['x', null]])
      expect(deathsOf({ 'x-death': value })).toEqual([]);
  });
});
