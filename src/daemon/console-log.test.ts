import { expect, test } from 'vitest';
import { ConsoleLog, printable } from './console-log.ts';
import type { LogLevel } from './options.ts';

function linesAt(level: LogLevel): string[] {
  const lines: string[] = [];
  const log = new ConsoleLog(level, (line) => lines.push(line));
  for (const each of ['info', 'warn', 'error'] as const) log.onEvent({ level: each, text: `a ${each}` });
  return lines.map((line) => line.replace(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z /, ''));
}

test('writes what is at least as grave as the level', () => {
  expect(linesAt('info')).toEqual(['info  a info\n', 'warn  a warn\n', 'error a error\n']);
  expect(linesAt('warn')).toEqual(['warn  a warn\n', 'error a error\n']);
  expect(linesAt('error')).toEqual(['error a error\n']);
  expect(linesAt('none')).toEqual([]);
});

test('names of strangers can neither control the terminal nor forge a line', () => {
  expect(printable('\u001b[2Jqueue\r\u202e')).toBe('\\u001b[2Jqueue\\u000d\\u202e');
  expect(printable('one\ntwo')).toBe('one\n    | two');
  expect(printable('Grüße, 世界')).toBe('Grüße, 世界');
});
