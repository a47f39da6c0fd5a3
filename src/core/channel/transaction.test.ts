import { expect, test } from 'vitest';
import { messageTo } from '../../../test/core/runtime-under-test.ts';
import type { Exchange } from '../vhost/exchange.ts';
import { Transaction } from './transaction.ts';

const exchange = {} as Exchange;

test('publications are kept in order, with what they were published for', () => {
  const transaction = new Transaction();
  const [first, second] = [messageTo('a'), messageTo('b')];
  transaction.addPublication(exchange, first, true);
  transaction.addPublication(exchange, second, false);
  expect(transaction.publications).toEqual([
    { exchange, publication: first, mandatory: true },
    { exchange, publication: second, mandatory: false },
  ]);
});

test('clear forgets everything, and leaves what was taken out before', () => {
  const transaction = new Transaction();
  transaction.addPublication(exchange, messageTo('a'), false);
  transaction.settlements.set(1, 'ack');
  const { publications } = transaction;
  transaction.clear();
  expect(transaction.publications).toEqual([]);
  expect(transaction.settlements.size).toBe(0);
  expect(publications).toHaveLength(1);
});
