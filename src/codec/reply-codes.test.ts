import { expect, it } from 'vitest';
import { NOT_FOUND, replyClass, replyName, SYNTAX_ERROR } from './reply-codes.ts';

it('names a reply code as the protocol does', () => {
  expect(replyName(NOT_FOUND)).toBe('NOT_FOUND');
  expect(replyName(599)).toBe('UNKNOWN_599');
});

it('tells errors of a channel from errors of a connection', () => {
  expect([311, 312, 313, 403, 404, 405, 406].map(replyClass)).toEqual(Array(7).fill('soft'));
  expect([320, 402, 501, SYNTAX_ERROR, 503, 504, 505, 506, 530, 540, 541].map(replyClass)).toEqual(
    Array(11).fill('hard'),
  );
  expect(replyClass(200)).toBe('success');
  expect(replyClass(599)).toBe('hard');
});
