import { beforeEach, describe, expect, test } from 'vitest';
import { ApiUnderTest } from '../../../test/management/api-under-test.ts';

const SHORT = { pattern: '^o', definition: { 'max-length': 5 } };

let api: ApiUnderTest;

beforeEach(async () => {
  api = await ApiUnderTest.start();
});

describe.each([
  ['/api/policies/%2F/short', 'policies'],
  ['/api/operator-policies/%2F/short', 'operatorPolicies'],
] as const)('a policy at %s', (url, list) => {
  function policies() {
    return api.broker.vhosts.get('/')?.[list];
  }

  test('is made, changed and deleted', async () => {
    await api.ask('PUT', '/api/queues/%2F/orders');
    expect((await api.ask('PUT', url, { ...SHORT, priority: '3', 'apply-to': 'queues' })).status).toBe(201);
    expect(policies()).toMatchObject([{ name: 'short', pattern: '^o', applyTo: 'queues', priority: 3 }]);
    expect(api.broker.vhosts.get('/')?.queues.get('orders')?.settings.maxLength).toBe(5);
    expect((await api.ask('PUT', url, SHORT)).status).toBe(204);
    expect(policies()).toMatchObject([{ applyTo: 'all', priority: 0 }]);
    expect((await api.ask('DELETE', url)).status).toBe(204);
    expect(policies()).toEqual([]);
    expect((await api.ask('DELETE', url)).status).toBe(404);
  });

  test.each([
    [{ pattern: 'a' }, '[{key_missing,definition}]'],
    [{ definition: {} }, '[{key_missing,pattern}]'],
    [{ ...SHORT, pattern: '*' }, "policy 'short' in vhost '/'"],
    [{ ...SHORT, definition: {} }, 'the definition is empty'],
    [{ ...SHORT, definition: { foo: 1 } }, "'foo' is not a key"],
    [{ ...SHORT, definition: { 'max-length': 'x' } }, "max-length is 'x', but must be a whole number"],
    [{ ...SHORT, definition: 'x' }, "the definition of policy 'short' is a string"],
    [{ ...SHORT, 'apply-to': 'foo' }, "apply-to is 'foo', but must be one of"],
    [{ ...SHORT, priority: 'x' }, "priority is 'x', but must be a whole number"],
  ])('is refused with 400 for %j', async (body, reason) => {
    const answer = await api.ask('PUT', url, body);
    expect(answer).toMatchObject({ status: 400, json: { error: 'bad_request' } });
    expect(answer.json.reason).toContain(reason);
    expect(policies()).toEqual([]);
  });
});

test('operator policies have only the keys that limit', async () => {
  const body = { pattern: 'a', definition: { 'dead-letter-exchange': 'x' } };
  expect((await api.ask('PUT', '/api/operator-policies/%2F/op', body)).status).toBe(400);
  expect((await api.ask('PUT', '/api/policies/%2F/op', body)).status).toBe(201);
});

test('there is no policy in an unknown vhost', async () => {
  const answer = await api.ask('PUT', '/api/policies/none/short', SHORT);
  expect(answer).toMatchObject({ status: 404, json: { reason: 'vhost_not_found' } });
});

test('policymakers make policies where they may enter, and only administrators operator policies', async () => {
  api.addUser('ann', ['management', 'monitoring'], ['.*', '.*', '.*']);
  api.addUser('pat', ['policymaker'], ['', '', '']);
  await api.ask('PUT', '/api/vhosts/other');
  api.broker.access.clearPermission('guest', '/');
  const put = (url: string, user: string) => api.ask('PUT', url, SHORT, user).then(({ status }) => status);
  expect(await put('/api/policies/%2F/short', 'ann:ann')).toBe(401);
  expect(await put('/api/policies/%2F/short', 'pat:pat')).toBe(201);
  expect(await put('/api/policies/other/short', 'pat:pat')).toBe(401);
  expect(await put('/api/operator-policies/%2F/short', 'pat:pat')).toBe(401);
  expect(await put('/api/policies/%2F/short', 'guest:guest')).toBe(204);
  expect((await api.ask('DELETE', '/api/policies/%2F/short', undefined, 'ann:ann')).status).toBe(401);
  expect((await api.ask('DELETE', '/api/operator-policies/%2F/short', undefined, 'pat:pat')).status).toBe(
    401,
  );
});
