import { describe, expect, test } from 'vitest';
import { causeOf, isOfCause } from './dead-letters.ts';

const death = (queue: string): object => ({ reason: 'rejected', queue, exchange: 'x', count: 1 });
const CAUSE = { reason: 'rejected', queue: 'orders', exchange: 'x', error: null };

describe('the cause of a dead letter', () => {
  test('is its newest death in another queue', () => {
    const headers = { 'x-death': [death('orders.dead'), death('orders'), death('payments')] };
    expect(causeOf(headers, 'orders.dead')).toEqual(CAUSE);
  });

  test('is its death in the queue itself where there is no other', () => {
    expect(causeOf({ 'x-death': [death('orders')] }, 'orders')).toEqual(CAUSE);
  });

  test('is its first death where nothing else is known', () => {
    const headers = {
      'x-first-death-reason': 'rejected',
      'x-first-death-queue': 'orders',
      'x-first-death-exchange': 'x',
    };
    expect(causeOf(headers, 'q')).toEqual(CAUSE);
    expect(causeOf({}, 'q')).toEqual({ reason: null, queue: null, exchange: null, error: null });
  });

  test('has the first line of the first error that it has', () => {
    const { error } = causeOf({ error: 'late', 'x-exception': '  no customer \n at x' }, 'q');
    expect(error).toBe('no customer');
    expect(causeOf({ 'x-error': { code: 7 } }, 'q').error).toBe('{"code":7}');
    expect(causeOf({ 'x-error': 'x'.repeat(300) }, 'q').error).toHaveLength(200);
  });

  test('is that of a group when all of it is', () => {
    expect(isOfCause(CAUSE, { ...CAUSE })).toBe(true);
    for (const other of [{ reason: 'expired' }, { queue: null }, { exchange: '' }, { error: 'x' }])
      expect(isOfCause(CAUSE, { ...CAUSE, ...other })).toBe(false);
  });
});
