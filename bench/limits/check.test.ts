import { expect, test } from 'vitest';
import { atLeast, below, type Check, limitsTable, missed, verdict } from './check.ts';

const memory: Check = {
  part: 'backlog',
  what: 'resident memory',
  value: 400,
  unit: 'MB',
  target: below('promise', 400),
};
const pause: Check = { part: 'backlog', what: 'pause', value: 0.8, unit: 's', target: atLeast('goal', 0.8) };
const reported: Check = { part: 'scale', what: 'declare', value: 1.5, unit: 's' };

test('below excludes the bound, at least includes it, and without a target there is no verdict', () => {
  expect(verdict(memory)).toBe('not ok');
  expect(verdict({ ...memory, value: 399.9 })).toBe('ok');
  expect(verdict(pause)).toBe('ok');
  expect(verdict({ ...pause, value: 0.79 })).toBe('not ok');
  expect(verdict(reported)).toBe('');
});

test('what was not measured meets no target', () => {
  expect(verdict({ ...memory, value: Number.NaN })).toBe('not ok');
  expect(verdict({ ...pause, value: Number.NaN })).toBe('not ok');
});

test('a missed promise always counts, a missed goal only when strict', () => {
  const slow = { ...pause, value: 0.5 };
  expect(missed([slow, reported, pause], false)).toEqual([]);
  expect(missed([slow, reported, pause], true)).toEqual([slow]);
  expect(missed([memory, slow], false)).toEqual([memory]);
});

test('the table shows value, target and verdict, and every line is as wide', () => {
  const lines = limitsTable([{ ...memory, value: 1234.4 }, pause, reported]).split('\n');
  const cells = (line: string | undefined): string[] | undefined =>
    line
      ?.split('|')
      .slice(1, -1)
      .map((cell) => cell.trim());
  expect(cells(lines[2])).toEqual(['backlog', 'resident memory', '1,234 MB', 'below 400 MB', 'not ok']);
  expect(cells(lines[3])).toEqual(['backlog', 'pause', '0.80 s', 'at least 0.8 s', 'ok']);
  expect(cells(lines[4])).toEqual(['scale', 'declare', '1.50 s', '', '']);
  expect(new Set(lines.map((line) => line.length)).size).toBe(1);
});
