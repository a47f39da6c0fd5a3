import { expect, test } from 'vitest';
import { BenchOptionError } from '../options.ts';
import { readLimitsOptions } from './options.ts';

test('without arguments all parts are measured, and only promises must hold', () => {
  expect(readLimitsOptions([])).toEqual({
    parts: ['backlog', 'file-backlog', 'latency', 'scale', 'statistics', 'management', 'metrics', 'http'],
    strict: false,
    jsonPath: undefined,
  });
});

test('parts, strictness and a file for the result can be asked for', () => {
  expect(readLimitsOptions(['scale', 'latency', '--strict', '--json', 'limits.json'])).toEqual({
    parts: ['scale', 'latency'],
    strict: true,
    jsonPath: 'limits.json',
  });
});

test.each([
  [['memory'], 'backlog, file-backlog, latency, scale, statistics, management, metrics, http'],
  [['--bogus'], '--bogus'],
])('%j is refused with what is allowed', (args, allowed) => {
  expect(() => readLimitsOptions(args)).toThrow(BenchOptionError);
  expect(() => readLimitsOptions(args)).toThrow(allowed);
});
