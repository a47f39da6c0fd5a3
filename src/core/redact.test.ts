import { expect, test } from 'vitest';
import { redact } from './redact.ts';

test.each([
  ['amqp://ann:s3cret@host:5672/v', 'amqp://ann:[redacted]@host:5672/v'],
  ['Authorization: Basic YW5uOnMzY3JldA==', 'Authorization: Basic [redacted]'],
  ['with eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiJhIn0.c2ln in it', 'with [redacted] in it'],
  ['hash scrypt$17$8$1$AAAA==$BBBB= of', 'hash [redacted] of'],
  ['{"name":"ann","password":"s3 cret","tags":""}', '{"name":"ann","password":[redacted],"tags":""}'],
  ['password=s3cret, user=ann', 'password=[redacted], user=ann'],
  [
    "login of user 'ann' refused: wrong user name or password",
    "login of user 'ann' refused: wrong user name or password",
  ],
  ['amqp://127.0.0.1:5672', 'amqp://127.0.0.1:5672'],
  ["queue 'a:b@c'", "queue 'a:b@c'"],
])('%s', (text, redacted) => {
  expect(redact(text)).toBe(redacted);
});

test('takes time in proportion to the text, whatever is in it', () => {
  const startMs = performance.now();
  for (const part of ['://', 'password=', 'eyJaaaa.', 'scrypt$1', '"password": "', 'Basic '])
    redact(part.repeat(20_000));
  expect(performance.now() - startMs).toBeLessThan(3000);
});
