import { expect, test } from 'vitest';
import { ApiUnderTest } from '../../../test/management/api-under-test.ts';

test('whoami says who asks, and its tags', async () => {
  const api = await ApiUnderTest.start();
  expect((await api.get('/api/whoami')).json).toMatchObject({ name: 'guest', tags: ['administrator'] });
});

test('nobody is let in without a password, or with a wrong one', async () => {
  const api = await ApiUnderTest.start();
  for (const user of ['', 'guest:wrong', 'nobody:guest']) {
    const answer = await api.get('/api/whoami', user);
    expect(answer.status).toBe(401);
    expect(answer.headers['www-authenticate']).toMatch(/^Basic/);
    expect(answer.json.error).toBe('not_authorised');
  }
});

test('the browser is not made to ask for a password on behalf of a script, also when that opens a stream of events', async () => {
  const { app } = await ApiUnderTest.start();
  for (const headers of [{ 'x-requested-with': 'page' }, { accept: 'text/event-stream' }]) {
    const answer = await app.inject({ url: '/v1/watch?path=/api/whoami', headers });
    expect([answer.statusCode, answer.headers['www-authenticate']]).toEqual([401, undefined]);
  }
});
