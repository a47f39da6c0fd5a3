import { expect, test } from 'vitest';
import { eventLine } from './event-text.ts';

const error = new Error('no luck');
error.stack = `Error: no luck
    at internal (node:internal/process:1:1)
    at library (/shop/node_modules/leveret/dist/x.js:1:1)
    at handle (/shop/src/orders.ts:3:9)`;

test('a failure says where in the program it was, and when the message is tried again', () => {
  const failed = {
    type: 'failed',
    service: 'orders',
    part: 'orders.place',
    messageId: 'a-1',
    attempt: 3,
    retryMs: 60_000,
    error,
  } as const;
  expect(eventLine(failed)).toEqual({
    level: 'warn',
    text: 'orders: orders.place failed at message a-1, attempt 3; again in 1m: no luck (handle (/shop/src/orders.ts:3:9))',
  });
});

test('a handler that V8 named after its options is told by its place alone', () => {
  const error = new Error('no luck');
  error.stack = 'Error: no luck\n    at async Object.orders.on.retry.now (/shop/src/orders.ts:3:9)';
  const failed = { type: 'trouble', service: 'orders', text: 'a handler', error } as const;
  expect(eventLine(failed).text).toBe('orders: a handler: no luck (/shop/src/orders.ts:3:9)');
});

test('a message that was given up is an error, with the command that shows it', () => {
  const dead = {
    type: 'dead-letter',
    service: 'orders',
    part: 'orders.place',
    messageId: 'a-1',
    attempts: 1,
    error: new Error('no luck'),
  } as const;
  const { level, text } = eventLine(dead);
  expect(level).toBe('error');
  expect(text).toMatch(/^orders: orders.place gave up message a-1 after 1 attempt: no luck/);
  expect(text).toMatch(/; see leveret dead show orders\.dead$/);
});
