import { beforeEach, describe, expect, test } from 'vitest';
import { ApiUnderTest } from '../../../test/management/api-under-test.ts';

let api: ApiUnderTest;

beforeEach(async () => {
  api = await ApiUnderTest.start();
});

describe('PUT of a vhost', () => {
  test('makes it, with all permissions for who asked, and changes it later', async () => {
    const metadata = { description: 'the shop', tags: 'a, b', default_queue_type: 'quorum', tracing: true };
    expect(await api.ask('PUT', '/api/vhosts/shop', metadata)).toMatchObject({ status: 201, text: '' });
    const vhost = api.broker.vhosts.get('shop');
    expect(vhost?.metadata).toEqual({
      description: 'the shop',
      tags: ['a', 'b'],
      defaultQueueType: 'quorum',
      tracing: true,
    });
    expect(api.broker.access.permission('guest', 'shop')).toMatchObject({ configure: '.*', read: '.*' });
    expect((await api.ask('PUT', '/api/vhosts/shop', { tracing: false })).status).toBe(204);
    expect(vhost?.metadata).toMatchObject({ description: 'the shop', tracing: false });
  });

  test('takes no body, a list of tags, and metadata as a definition has it', async () => {
    expect((await api.ask('PUT', '/api/vhosts/a')).status).toBe(201);
    expect((await api.ask('PUT', '/api/vhosts/b', { tags: ['x'] })).status).toBe(201);
    const metadata = { description: 'd', tags: ['y'] };
    expect((await api.ask('PUT', '/api/vhosts/c', { metadata })).status).toBe(201);
    expect(api.broker.vhosts.get('b')?.metadata.tags).toEqual(['x']);
    expect(api.broker.vhosts.get('c')?.metadata).toMatchObject(metadata);
  });

  test.each([
    [{ tracing: 'maybe' }, "tracing is 'maybe', but must be true or false"],
    [{ default_queue_type: 'stream' }, "default_queue_type is 'stream', but must be 'classic' or 'quorum'"],
    [{ tags: 5 }, 'tags is the number 5, but must be a list of strings'],
    [{ description: 5 }, 'description is the number 5, but must be a string'],
  ])('is refused with 400 for %j, and nothing is made', async (body, reason) => {
    const answer = await api.ask('PUT', '/api/vhosts/shop', body);
    expect(answer).toMatchObject({ status: 400, json: { error: 'bad_request' } });
    expect(answer.json.reason).toContain(reason);
    expect(api.broker.vhosts.has('shop')).toBe(false);
  });

  test('is refused for a name that AMQP has no room for', async () => {
    expect((await api.ask('PUT', `/api/vhosts/${'v'.repeat(256)}`)).status).toBe(400);
  });
});

test('DELETE of a vhost removes it with what is in it, once', async () => {
  await api.ask('PUT', '/api/vhosts/shop');
  await api.ask('PUT', '/api/parameters/shovel/shop/move', { value: {} });
  expect((await api.ask('DELETE', '/api/vhosts/shop')).status).toBe(204);
  expect(api.broker.vhosts.has('shop')).toBe(false);
  expect(api.broker.parameters.all()).toEqual([]);
  expect(await api.ask('DELETE', '/api/vhosts/shop')).toMatchObject({
    status: 404,
    json: { error: 'Object Not Found', reason: 'Not Found' },
  });
});

test('a vhost that is asked to start is started already', async () => {
  expect((await api.ask('POST', '/api/vhosts/%2F/start/leveret@localhost')).status).toBe(204);
  expect((await api.ask('POST', '/api/vhosts/none/start/leveret@localhost')).status).toBe(404);
});

test('only administrators may', async () => {
  api.addUser('ann', ['policymaker', 'monitoring'], ['.*', '.*', '.*']);
  for (const [method, url] of [
    ['PUT', '/api/vhosts/shop'],
    ['DELETE', '/api/vhosts/%2F'],
    ['POST', '/api/vhosts/%2F/start/x'],
  ] as const) {
    expect(await api.ask(method, url, undefined, 'ann:ann')).toMatchObject({
      status: 401,
      json: { error: 'not_authorised' },
    });
  }
  expect([...api.broker.vhosts.keys()]).toEqual(['/']);
});
