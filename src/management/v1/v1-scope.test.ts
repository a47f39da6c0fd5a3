import { expect, test } from 'vitest';
import { ApiUnderTest } from '../../../test/management/api-under-test.ts';

test('who is not known gets a problem document', async () => {
  const api = await ApiUnderTest.start();
  const answer = await api.get('/v1/nothing', '');
  expect(answer.status).toBe(404);
  expect(answer.headers['content-type']).toMatch(/^application\/problem\+json/);
  expect(answer.json).toMatchObject({
    type: '/docs#problem-not-found',
    status: 404,
    instance: '/v1/nothing',
  });
});

test('the OpenAPI document is there for everybody', async () => {
  const api = await ApiUnderTest.start();
  const { status, json } = await api.get('/v1/openapi.json', '');
  expect(status).toBe(200);
  expect(json.openapi).toBe('3.1.0');
});
