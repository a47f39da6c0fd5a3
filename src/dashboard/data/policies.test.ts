import { expect, test } from 'vitest';
import { candidatesPath, matchesOf, targetsOf } from './policies.ts';

const items = [
  { name: 'orders', type: 'classic' },
  { name: 'Orders', type: 'quorum' },
];

test('a pattern matches in its case of letters, unless it says otherwise', () => {
  const answer = { items, filtered_count: 2 };
  expect(matchesOf(answer, '^o', 'all')).toEqual({ names: ['orders'], isPart: false });
  expect(matchesOf(answer, '(?i)^o', 'queues').names).toEqual(['orders', 'Orders']);
});

test('a policy for a type of queues matches that type only', () => {
  expect(matchesOf({ items, filtered_count: 2 }, '', 'quorum_queues').names).toEqual(['Orders']);
});

test('what only the broker can read is left to it, and more than a page is a part', () => {
  expect(matchesOf({ items, filtered_count: 700 }, '(?x', 'all')).toEqual({
    names: ['orders', 'Orders'],
    isPart: true,
  });
  expect(matchesOf({ items, filtered_count: 2 }, '^[[:upper:]]', 'all').names).toHaveLength(2);
});

test('a policy looks where it applies', () => {
  expect(targetsOf('all')).toEqual(['queues', 'exchanges']);
  expect(targetsOf('streams')).toEqual(['queues']);
  expect(targetsOf('exchanges')).toEqual(['exchanges']);
});

test('a pattern without a character that a path may have is encoded', () => {
  expect(candidatesPath('queues', '/', 'a&b')).toContain('/api/queues/%2F?page=1&page_size=500&name=a%26b');
});
