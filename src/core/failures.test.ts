import { expect, test } from 'vitest';
import { ChannelError, ConnectionError } from './errors.ts';
import { loginRefused, notFound, notImplemented, preconditionFailed } from './failures.ts';

test('a channel failure carries its reply code and the prefix that clients know', () => {
  const failure = notFound("no queue 'orders' in vhost '/'");
  expect(failure).toBeInstanceOf(ChannelError);
  expect(failure.replyCode).toBe(404);
  expect(failure.message).toBe("NOT_FOUND - no queue 'orders' in vhost '/'");
  expect(preconditionFailed('x').message).toBe('PRECONDITION_FAILED - x');
});

test('a hard failure is a connection error, also when its code is soft elsewhere', () => {
  expect(notImplemented('immediate=true')).toMatchObject({
    replyCode: 540,
    message: 'NOT_IMPLEMENTED - immediate=true',
  });
  expect(loginRefused('no')).toBeInstanceOf(ConnectionError);
  expect(loginRefused('no').replyCode).toBe(403);
});
