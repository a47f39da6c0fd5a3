import { expect, test } from 'vitest';
import type { LedgerLine } from './kill-ledger.ts';
import { type JudgeOptions, judge } from './kill-verdict.ts';

function ledger(text: string): LedgerLine[] {
  return text.split(/\s*,\s*/).map((line) => line.split(' '));
}

function violations(...ledgers: string[]): readonly string[] {
  return judge(ledgers.map(ledger)).violations;
}

const PUBLISHED = 'published p1, confirmed p1';

test('a message that was confirmed, delivered and acked is as it should be', () => {
  const consumer = ledger('connected 5, delivered p1 0, acked p1, settled 1 9');
  expect(judge([ledger(PUBLISHED), consumer])).toMatchObject({
    publishedCount: 1,
    confirmedCount: 1,
    deliveredCount: 1,
    repeatedCount: 0,
    settledCount: 1,
    violations: [],
  });
});

test('a confirmed message that nobody got is lost', () => {
  expect(violations(PUBLISHED)).toEqual(['p1: confirmed and lost: never delivered']);
});

test('a confirmed message that was delivered, not acked, and did not come again is lost', () => {
  expect(violations(PUBLISHED, 'connected 5, delivered p1 0')).toEqual([
    'p1: confirmed and lost: not delivered again after it was not acked',
  ]);
});

test('what was not confirmed, or is transient, may be lost', () => {
  expect(violations('published p1, published t1, confirmed t1')).toEqual([]);
});

test('a message may come again to another connection, marked as redelivered', () => {
  const second = 'connected 7, delivered p1 1, acked p1';
  expect(violations(PUBLISHED, 'connected 5, delivered p1 0', second)).toEqual([]);
  expect(violations(PUBLISHED, 'connected 5, delivered p1 0', second.replace('p1 1', 'p1 0'))).toEqual([
    'p1: delivered 2 times without being marked as redelivered',
  ]);
});

test('an ack whose durability is not known may be forgotten by a crash', () => {
  const before = 'connected 5, delivered p1 0, acked p1';
  expect(violations(PUBLISHED, before, 'connected 7, delivered p1 1, acked p1')).toEqual([]);
});

test('a message whose ack is durable must not come again', () => {
  const before = 'connected 5, delivered p1 0, acked p1, settled 1 6';
  const again = ['p1: delivered again after its ack was durable'];
  expect(violations(PUBLISHED, before, 'connected 7, delivered p1 1, acked p1')).toEqual(again);
  expect(violations(PUBLISHED, `${before}, delivered p1 1, acked p1`)).toEqual(again);
});

test('what came to an older connection may have been written down late', () => {
  const settled = 'connected 7, delivered p1 1, acked p1, settled 1 8';
  expect(violations(PUBLISHED, 'connected 5, delivered p1 0', settled)).toEqual([]);
});

test('only acks of the same connection are settled, oldest first', () => {
  const consumer =
    'connected 5, delivered p1 0, acked p1, connected 7, delivered p2 0, acked p2, settled 1 8';
  const later = 'connected 9, delivered p1 1, acked p1';
  expect(violations(PUBLISHED, 'published p2, confirmed p2', consumer, later)).toEqual([]);
  expect(violations(PUBLISHED, 'published p2, confirmed p2', consumer, later.replaceAll('p1', 'p2'))).toEqual(
    ['p2: delivered again after its ack was durable'],
  );
});

test('a consumer never has the same message twice at once, but again after it gave it back', () => {
  const twice = 'connected 5, delivered p1 0, delivered p1 1, acked p1';
  expect(violations(PUBLISHED, twice)).toEqual(['p1: delivered again to the consumer that holds it']);
  const back = 'connected 5, delivered p1 0, requeued p1, delivered p1 1, acked p1';
  expect(violations(PUBLISHED, back)).toEqual([]);
});

test('a message that nobody published, or with another body, is found', () => {
  expect(violations('connected 5, delivered p9 0, acked p9')).toEqual([
    'p9: delivered, and was never published',
  ]);
  expect(violations('corrupt p1:p')).toEqual(['a body that nobody published: p1:p']);
});

test('a message that is returned means that a binding is lost', () => {
  expect(violations('published p1, returned p1')).toEqual(['p1: returned as unroutable: a binding is lost']);
});

test('a transaction is there as a whole or not at all, and as a whole when it was committed', () => {
  const first = 'connected 5, delivered x.0 0, acked x.0';
  const second = 'connected 5, delivered x.1 0, acked x.1';
  expect(violations('began x 2')).toEqual([]);
  expect(violations('began x 2', first, second)).toEqual([]);
  expect(violations('began x 2', first)).toEqual(['x: 1 of the 2 messages of the transaction are there']);
  expect(violations('began x 2, committed x', first, second)).toEqual([]);
  expect(violations('began x 2, committed x')).toHaveLength(2);
});

test('queues that were declared must be there, unless somebody asked to delete them', () => {
  const verdict = judge([ledger('declared a, declared b, declared c, deleting b, deleting c, deleted c')]);
  expect(verdict).toMatchObject({ declaredQueues: ['a'], deletedQueues: ['c'] });
});

test('the messages of a connection come in their order, but for those that come back', () => {
  const publisher = 'connected 1, published p1 q, published p2 q, published p3 other';
  const behind = (id: string): string[] => [`${id}: delivered behind a message that was published later`];
  const got = (...deliveries: string[]): string => ['connected 5', ...deliveries].join(', delivered ');
  expect(violations(publisher, got('p3 0', 'p1 0', 'p2 0'))).toEqual([]);
  expect(violations(publisher, got('p2 0', 'p1 0'))).toEqual(behind('p1'));
  expect(violations(publisher, got('p2 0', 'p1 1'))).toEqual([]);
  expect(violations(publisher.replace('p1 q', 'p1 q, connected 2'), got('p2 0', 'p1 0'))).toEqual([]);
});

test('the only consumer of a queue gets them in order, also those that come back', () => {
  const publisher = 'connected 1, published p1 q, published p2 q, published p3 q';
  const behind = ['p1: delivered behind a message that was published later'];
  const first = 'connected 5 only, delivered p1 0, delivered p2 0';
  const again = ', connected 6 only, delivered p1 1, delivered p2 1, delivered p3 0';
  expect(violations(publisher, first + again)).toEqual([]);
  const late = ', connected 6 only, delivered p3 0, delivered p1 1, delivered p2 1';
  expect(violations(publisher, first + late)).toEqual(behind);
  const judged = (text: string, options: JudgeOptions): readonly string[] =>
    judge([ledger(publisher), ledger(text)], options).violations;
  expect(judged(first + late, { latecomersAllowed: true })).toEqual([]);
  const firstLate = 'connected 5 only, delivered p2 1, delivered p1 1';
  expect(judged(firstLate, { latecomersAllowed: true })).toEqual(behind);
});
