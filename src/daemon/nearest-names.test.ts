import { expect, test } from 'vitest';
import { didYouMean, nearestNames } from './nearest-names.ts';

const NAMES = ['--host', '--amqp-port', '--http-port', '--heartbeat', '--storage'];

test('a typing error leads to the name that was meant', () => {
  expect(nearestNames('--amqp-prot', NAMES)).toEqual(['--amqp-port']);
  expect(nearestNames('--hosts', NAMES)).toEqual(['--host']);
  expect(nearestNames('--amqpport', NAMES)).toContain('--amqp-port');
});

test('a word of several names leads to all of them', () => {
  expect(nearestNames('--port', NAMES)).toEqual(['--amqp-port', '--http-port']);
});

test('what resembles nothing leads nowhere', () => {
  expect(nearestNames('--colour', NAMES)).toEqual([]);
  expect(nearestNames('-p', NAMES)).toEqual([]);
  expect(didYouMean('--colour', NAMES)).toBe('');
});

test('the suggestion is a question in brackets', () => {
  expect(didYouMean('--port', NAMES)).toBe(' (did you mean --amqp-port or --http-port?)');
});
