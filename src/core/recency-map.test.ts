import { expect, test } from 'vitest';
import { RecencyMap } from './recency-map.ts';

test('the entry that nobody asked for the longest gives way', () => {
  const map = new RecencyMap<string, number>(2);
  map.set('a', 1);
  map.set('b', 2);
  expect(map.get('a')).toBe(1);
  map.set('c', 3);
  expect([map.get('a'), map.get('b'), map.get('c'), map.size]).toEqual([1, undefined, 3, 2]);
});

test('setting an entry again does not make it two', () => {
  const map = new RecencyMap<string, number>(2);
  map.set('a', 1);
  map.set('a', 2);
  map.set('b', 3);
  expect([...map.values()]).toEqual([2, 3]);
});
