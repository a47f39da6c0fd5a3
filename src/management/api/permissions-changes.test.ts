import { beforeEach, expect, test } from 'vitest';
import { ApiUnderTest } from '../../../test/management/api-under-test.ts';

const ALL = { configure: '.*', write: '.*', read: '.*' };
const TOPIC = { exchange: 'amq.topic', write: '^a', read: '.*' };

let api: ApiUnderTest;

beforeEach(async () => {
  api = await ApiUnderTest.start();
  api.addUser('ann', ['policymaker', 'monitoring']);
});

test('a permission is made, changed and taken away', async () => {
  expect((await api.ask('PUT', '/api/permissions/%2F/ann', ALL)).status).toBe(201);
  expect((await api.ask('PUT', '/api/permissions/%2F/ann', { ...ALL, write: '^x' })).status).toBe(204);
  expect(api.broker.access.permission('ann', '/')).toMatchObject({ ...ALL, write: '^x' });
  expect((await api.ask('DELETE', '/api/permissions/%2F/ann')).status).toBe(204);
  expect((await api.ask('DELETE', '/api/permissions/%2F/ann')).status).toBe(404);
});

test('a topic permission is made, changed and taken away with all of the vhost', async () => {
  expect((await api.ask('PUT', '/api/topic-permissions/%2F/ann', TOPIC)).status).toBe(201);
  expect((await api.ask('PUT', '/api/topic-permissions/%2F/ann', { ...TOPIC, exchange: 'x' })).status).toBe(
    204,
  );
  expect(api.broker.access.topicPermissionsOf('ann')).toHaveLength(2);
  expect((await api.ask('DELETE', '/api/topic-permissions/%2F/ann')).status).toBe(204);
  expect(api.broker.access.topicPermissionsOf('ann')).toEqual([]);
  expect((await api.ask('DELETE', '/api/topic-permissions/%2F/ann')).status).toBe(404);
});

test.each([
  ['/api/permissions/%2F/nobody', ALL, "vhost_or_user_not_found: user 'nobody', vhost '/'"],
  ['/api/permissions/none/ann', ALL, "vhost_or_user_not_found: user 'ann', vhost 'none'"],
  ['/api/permissions/%2F/ann', { configure: '.*' }, '[{key_missing,write},{key_missing,read}]'],
  ['/api/permissions/%2F/ann', { ...ALL, configure: '*' }, '*'],
  ['/api/permissions/%2F/ann', { ...ALL, read: 5 }, 'read is the number 5, but must be a string'],
  ['/api/topic-permissions/%2F/nobody', TOPIC, 'vhost_or_user_not_found'],
  ['/api/topic-permissions/%2F/ann', { write: '', read: '' }, '[{key_missing,exchange}]'],
  ['/api/topic-permissions/%2F/ann', { ...TOPIC, write: '(' }, '('],
])('PUT %s of %j is refused with 400', async (url, body, reason) => {
  const answer = await api.ask('PUT', url, body);
  expect(answer).toMatchObject({ status: 400, json: { error: 'bad_request' } });
  expect(answer.json.reason).toContain(reason);
  expect(api.broker.access.permission('ann', '/')).toBeUndefined();
  expect(api.broker.access.topicPermissionsOf('ann')).toEqual([]);
});

test.each([
  ['PUT', '/api/permissions/%2F/ann', ALL],
  ['DELETE', '/api/permissions/%2F/guest', undefined],
  ['PUT', '/api/topic-permissions/%2F/ann', TOPIC],
  ['DELETE', '/api/topic-permissions/%2F/guest', undefined],
] as const)('%s %s is for administrators only', async (method, url, body) => {
  expect((await api.ask(method, url, body, 'ann:ann')).status).toBe(401);
});
