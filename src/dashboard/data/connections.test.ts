import { expect, test } from 'vitest';
import { clientEnd, isReason } from './connections.ts';

test('Of the name of a connection the end of the client is left', () => {
  expect(clientEnd('10.0.0.7:50464 -> 10.0.0.1:5672')).toBe('10.0.0.7:50464');
  expect(clientEnd('[::1]:50464 -> [::1]:5672')).toBe('[::1]:50464');
});

test('The name of a channel keeps its number, on the same line', () => {
  expect(clientEnd('10.0.0.7:50464 -> 10.0.0.1:5672 (12)')).toBe('10.0.0.7:50464\u00a0(12)');
});

test('A name of another form stays as it is', () => {
  expect(clientEnd('in-process')).toBe('in-process');
  expect(clientEnd('')).toBe('');
});

test('A reason is what a header may hold', () => {
  expect(isReason('deploy at 10:00, back soon!')).toBe(true);
  expect(isReason('')).toBe(true);
  expect(isReason('维护')).toBe(false);
  expect(isReason('a\r\nx-other: b')).toBe(false);
});
