import { describe, expect, test } from 'vitest';
import { type Field, type FieldTable, field, plainTable, tableOf } from '../../codec/field-table.ts';
import type { BasicProperties } from '../../codec/properties.ts';
import { type Death, isDeathCycle, withDeath } from './death-headers.ts';

function death(queue: string, reason: Death['reason'], more: Partial<Death> = {}): Death {
  return { queue, reason, timeSeconds: 1000, exchange: 'x', routingKeys: ['k'], ...more };
}

function headersOf(properties: BasicProperties): Record<string, unknown> {
  return plainTable(properties.headers ?? new Map());
}

describe('the first death', () => {
  test('writes the entry, the first and the last death', () => {
    const dead = withDeath(
      { messageId: 'm', headers: tableOf({ mine: 1 }) },
      death('q', 'rejected', { routingKeys: ['k', 'cc'] }),
    );
    expect(dead.messageId).toBe('m');
    expect(headersOf(dead)).toEqual({
      mine: 1,
      'x-death': [
        { count: 1, reason: 'rejected', queue: 'q', time: 1000, exchange: 'x', 'routing-keys': ['k', 'cc'] },
      ],
      'x-first-death-reason': 'rejected',
      'x-first-death-queue': 'q',
      'x-first-death-exchange': 'x',
      'x-last-death-reason': 'rejected',
      'x-last-death-queue': 'q',
      'x-last-death-exchange': 'x',
    });
  });

  test('uses the field types of RabbitMQ', () => {
    const deaths = withDeath({}, death('q', 'maxlen')).headers?.get('x-death')?.value as readonly Field[];
    const entry = deaths[0]?.value as FieldTable;
    expect([...entry].map(([key, { tag }]) => `${key} ${tag}`)).toEqual([
      'count l',
      'reason S',
      'queue S',
      'time T',
      'exchange S',
      'routing-keys A',
    ]);
  });

  test('moves the expiration into the entry', () => {
    const dead = withDeath({ expiration: '60000' }, death('q', 'expired'));
    expect(dead.expiration).toBeUndefined();
    expect(headersOf(dead)['x-death']).toMatchObject([{ 'original-expiration': '60000' }]);
  });

  test('leaves the given properties alone', () => {
    const properties: BasicProperties = { expiration: '1', headers: tableOf({ a: 1 }) };
    withDeath(properties, death('q', 'expired'));
    expect(properties.expiration).toBe('1');
    expect(properties.headers?.size).toBe(1);
  });
});

describe('later deaths', () => {
  const twice = withDeath(withDeath({}, death('a', 'rejected')), death('b', 'expired', { exchange: 'y' }));

  test('come first in x-death, and change only the last death', () => {
    const headers = headersOf(twice);
    expect(headers['x-death']).toMatchObject([{ queue: 'b' }, { queue: 'a' }]);
    expect(headers).toMatchObject({
      'x-first-death-queue': 'a',
      'x-last-death-queue': 'b',
      'x-last-death-exchange': 'y',
    });
  });

  test('in the same queue for the same reason count up the entry and move it to the front', () => {
    const again = withDeath(twice, death('a', 'rejected', { timeSeconds: 9, routingKeys: ['other'] }));
    expect(headersOf(again)['x-death']).toMatchObject([
      { queue: 'a', count: 2, time: 1000, 'routing-keys': ['k'] },
      { queue: 'b', count: 1 },
    ]);
  });

  test('in the same queue for another reason have an entry of their own', () => {
    const again = withDeath(twice, death('a', 'maxlen'));
    expect(headersOf(again)['x-death']).toMatchObject([{ reason: 'maxlen', count: 1 }, {}, { queue: 'a' }]);
  });
});

describe('x-death that a client made up', () => {
  test('of malformed entries is cleaned, and counts as a history', () => {
    const headers = new Map([['x-death', field.array([field.int(1), field.table(tableOf({ queue: 'q' }))])]]);
    const dead = headersOf(withDeath({ headers }, death('q', 'expired')));
    expect(dead['x-death']).toMatchObject([{ count: 1 }]);
    expect(dead).not.toHaveProperty('x-first-death-queue');
  });

  test('that is no array is replaced', () => {
    const dead = headersOf(withDeath({ headers: tableOf({ 'x-death': 'no' }) }, death('q', 'expired')));
    expect(dead['x-death']).toMatchObject([{ queue: 'q' }]);
    expect(dead).toHaveProperty('x-first-death-queue', 'q');
  });
});

describe('cycles', () => {
  test('a queue that the message has died in, without a rejection since, is a cycle', () => {
    const dead = withDeath(withDeath({}, death('a', 'expired')), death('b', 'maxlen'));
    expect(isDeathCycle(dead, 'a')).toBe(true);
    expect(isDeathCycle(dead, 'b')).toBe(true);
    expect(isDeathCycle(dead, 'c')).toBe(false);
  });

  test('a rejection breaks the cycle for the deaths before it', () => {
    const dead = withDeath(withDeath({}, death('a', 'expired')), death('b', 'rejected'));
    expect(isDeathCycle(dead, 'a')).toBe(false);
    expect(isDeathCycle(dead, 'b')).toBe(false);
    expect(isDeathCycle(withDeath(dead, death('c', 'expired')), 'c')).toBe(true);
  });

  test('a message that never died has none', () => {
    expect(isDeathCycle({}, 'a')).toBe(false);
  });
});
