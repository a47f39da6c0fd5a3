import { expect, test } from 'vitest';
import { compared } from './backlog.ts';
import { verdict } from './check.ts';

const reference = { perSecond: 1_000_000, cpuMicroseconds: 0.5 };

test('a backlog may cost a fifth of the rate and a fifth more processor time', () => {
  const within = compared('publish', { perSecond: 800_000, cpuMicroseconds: 0.59 }, reference);
  expect(within.map(verdict)).toEqual(['ok', 'ok']);
  const beyond = compared('publish', { perSecond: 799_999, cpuMicroseconds: 0.61 }, reference);
  expect(beyond.map(verdict)).toEqual(['not ok', 'not ok']);
});

test('rates are goals: a machine that does something else cannot break a promise', () => {
  const checks = compared('publish', { perSecond: 1, cpuMicroseconds: 1 }, reference);
  expect(checks.map((check) => check.target?.kind)).toEqual(['goal', 'goal']);
});
