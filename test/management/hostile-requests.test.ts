import { expect, test } from 'vitest';
import { ApiUnderTest } from './api-under-test.ts';

test.each([
  ['/api/vhosts/%zz?password=canary', 400, 'application/json; charset=utf-8'],
  ['/v1/queues/%zz/q/flow?password=canary', 400, 'application/problem+json'],
  [`/api/vhosts/canary${'x'.repeat(1100)}`, 414, 'application/json; charset=utf-8'],
  ['/v1/nothing?password=canary', 404, 'application/problem+json'],
  ['/nothing?password=canary', 404, 'application/json; charset=utf-8'],
])('an answer about %s is like any other, and does not repeat it', async (url, status, type) => {
  const api = await ApiUnderTest.start();
  const answer = await api.app.inject({ url });
  expect([answer.statusCode, answer.headers['content-type']]).toEqual([status, type]);
  expect(answer.headers).toMatchObject({
    'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
    'x-content-type-options': 'nosniff',
    'cache-control': 'no-store',
  });
  expect(answer.json()).toHaveProperty(type.includes('problem') ? 'detail' : 'reason');
  expect(answer.body).not.toContain('canary');
});

test('a body that is no JSON is not repeated', async () => {
  const api = await ApiUnderTest.start();
  const authorization = `Basic ${Buffer.from('guest:guest').toString('base64')}`;
  const headers = { authorization, 'content-type': 'application/json' };
  for (const [method, url] of [
    ['PUT', '/api/users/ann'],
    ['POST', '/api/definitions'],
    ['POST', '/v1/session'],
    ['POST', '/v1/queues/%2F/q/receive'],
    ['POST', '/v1/exchanges/%2F/amq.topic/messages/batch'],
  ] as const) {
    const answer = await api.app.inject({ method, url, headers, payload: '{"password":canary}' });
    expect([url, answer.statusCode]).toEqual([url, 400]);
    expect(answer.body).not.toContain('canary');
  }
});
