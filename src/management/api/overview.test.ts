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
