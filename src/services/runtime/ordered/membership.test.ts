import { expect, test } from 'vitest';
import { Membership } from './membership.ts';

test('this instance is always there', () => {
  const membership = new Membership('self', 6_000);
  expect(membership.expire(1e9)).toBe(false);
  expect(membership.members).toEqual(['self']);
});

test('whoever is heard of is there until it is silent for too long', () => {
  const membership = new Membership('self', 6_000);
  expect(membership.heard('a', 0)).toBe(true);
  expect(membership.heard('b', 1_000)).toBe(true);
  expect(membership.heard('a', 2_000)).toBe(false);
  expect(membership.expire(6_999)).toBe(false);
  expect(membership.expire(7_000)).toBe(true);
  expect(membership.members).toEqual(['self', 'a']);
  expect(membership.heard('b', 7_001)).toBe(true);
});

test('whoever leaves is gone at once, and once', () => {
  const membership = new Membership('self', 6_000);
  membership.heard('a', 0);
  expect(membership.left('a')).toBe(true);
  expect(membership.left('a')).toBe(false);
  expect(membership.members).toEqual(['self']);
});
