import { beforeEach, describe, expect, test } from 'vitest';
import { ApiUnderTest } from '../../../test/management/api-under-test.ts';

let api: ApiUnderTest;

beforeEach(async () => {
  api = await ApiUnderTest.start();
});

describe('a parameter', () => {
  test('of a plugin is kept, changed and deleted', async () => {
    const url = '/api/parameters/shovel/%2F/move';
    expect((await api.ask('PUT', url, { value: { 'src-uri': 'amqp://' } })).status).toBe(201);
    expect((await api.ask('PUT', url, { value: { a: [1, null] } })).status).toBe(204);
    expect(api.broker.parameters.get('/', 'shovel', 'move')?.value).toBe('{"a":[1,null]}');
    expect((await api.ask('DELETE', url)).status).toBe(204);
    expect((await api.ask('DELETE', url)).status).toBe(404);
  });

  test('vhost-limits sets the limits of the vhost', async () => {
    const url = '/api/parameters/vhost-limits/%2F/limits';
    expect((await api.ask('PUT', url, { value: { 'max-queues': 3 } })).status).toBe(201);
    expect(api.broker.vhosts.get('/')?.limits.maxQueues).toBe(3);
    expect((await api.ask('PUT', url, { value: { 'max-connections': 3 } })).status).toBe(204);
    expect(api.broker.vhosts.get('/')?.limits).toEqual({ maxQueues: undefined, maxConnections: 3 });
    expect((await api.ask('DELETE', url)).status).toBe(204);
    expect((await api.ask('DELETE', url)).status).toBe(404);
  });

  test('operator_policy is an operator policy, for administrators', async () => {
    const url = '/api/parameters/operator_policy/%2F/cap';
    const value = { pattern: 'a', definition: { 'max-length': 3 }, priority: 1, 'apply-to': 'queues' };
    api.addUser('pat', ['policymaker'], ['', '', '']);
    expect((await api.ask('PUT', url, { value }, 'pat:pat')).status).toBe(401);
    expect((await api.ask('PUT', url, { value })).status).toBe(201);
    expect(api.broker.vhosts.get('/')?.operatorPolicies).toMatchObject([{ name: 'cap', priority: 1 }]);
    expect((await api.ask('DELETE', url, undefined, 'pat:pat')).status).toBe(401);
    expect((await api.ask('DELETE', url)).status).toBe(204);
  });

  test.each([
    ['/api/parameters/foo/%2F/n', { value: 1 }, 400, 'component foo not found'],
    ['/api/parameters/policy/%2F/n', { value: {} }, 400, 'policies may not be set using this method'],
    ['/api/parameters/shovel/%2F/n', {}, 400, '[{key_missing,value}]'],
    ['/api/parameters/vhost-limits/%2F/limits', { value: 5 }, 400, 'value is the number 5'],
    ['/api/parameters/vhost-limits/%2F/limits', { value: { 'max-foo': 5 } }, 400, "no limit 'max-foo'"],
    ['/api/parameters/shovel/none/n', { value: 1 }, 404, 'vhost_not_found'],
  ])('%s of %j is refused', async (url, body, status, reason) => {
    const answer = await api.ask('PUT', url, body);
    expect(answer.status).toBe(status);
    expect(answer.json.reason).toContain(reason);
  });
});

test('a global parameter of any value is kept, changed and deleted', async () => {
  const url = '/api/global-parameters/any';
  expect((await api.ask('PUT', url, { value: null })).status).toBe(201);
  expect((await api.ask('PUT', url, { value: 'x' })).status).toBe(204);
  expect(api.broker.parameters.global('any')?.value).toBe('"x"');
  expect((await api.ask('PUT', url, {})).status).toBe(400);
  expect((await api.ask('DELETE', url)).status).toBe(204);
  expect((await api.ask('DELETE', url)).status).toBe(404);
});

test('a value that is nested without end is refused', async () => {
  const authorization = `Basic ${Buffer.from('guest:guest').toString('base64')}`;
  const payload = `{"value":${'['.repeat(100_000)}${']'.repeat(100_000)}}`;
  const answer = await api.app.inject({
    method: 'PUT',
    url: '/api/global-parameters/deep',
    headers: { authorization },
    payload,
  });
  expect(answer.statusCode).toBe(400);
  expect(answer.json().reason).toContain('nested deeper than the 64 levels');
});

test('the name of the cluster is a global parameter', async () => {
  expect((await api.ask('PUT', '/api/cluster-name', { name: 'here' })).status).toBe(204);
  expect(api.broker.parameters.global('cluster_name')?.value).toBe('"here"');
  expect((await api.ask('PUT', '/api/cluster-name', { name: 5 })).status).toBe(400);
  expect((await api.ask('PUT', '/api/cluster-name', {})).json.reason).toBe('[{key_missing,name}]');
});

test('parameters are for policymakers, and the name of the cluster for administrators', async () => {
  api.addUser('ann', ['monitoring'], ['.*', '.*', '.*']);
  api.addUser('pat', ['policymaker'], ['', '', '']);
  for (const [url, body, status] of [
    ['/api/parameters/shovel/%2F/n', { value: 1 }, 201],
    ['/api/global-parameters/n', { value: 1 }, 201],
    ['/api/cluster-name', { name: 'x' }, 401],
  ] as const) {
    expect((await api.ask('PUT', url, body, 'ann:ann')).status).toBe(401);
    expect((await api.ask('PUT', url, body, 'pat:pat')).status).toBe(status);
  }
  expect((await api.ask('DELETE', '/api/parameters/shovel/%2F/n', undefined, 'ann:ann')).status).toBe(401);
  expect((await api.ask('DELETE', '/api/global-parameters/n', undefined, 'ann:ann')).status).toBe(401);
});
