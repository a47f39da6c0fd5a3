import { expect, test } from 'vitest';
import { messageTo } from '../../../test/core/runtime-under-test.ts';
import { Transaction } from './transaction.ts';

test('publications are kept in order, with what they were published for', () => {
  const transaction = new Transaction();
  const [first, second] = [messageTo('a'), messageTo('b')];
  transaction.addPublication(first, true);
  transaction.addPublication(second, false);
  expect(transaction.publications).toEqual([
    { publication: first, mandatory: true },
    { publication: second, mandatory: false },
  ]);
});

test('clear forgets everything, and leaves what was taken out before', () => {
  const transaction = new Transaction();
  transaction.addPublication(messageTo('a'), false);
  transaction.settlements.set(1, 'ack');
  const { publications } = transaction;
  transaction.clear();
  expect(transaction.publications).toEqual([]);
  expect(transaction.settlements.size).toBe(0);
  expect(publications).toHaveLength(1);
});
