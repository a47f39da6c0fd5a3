import { beforeEach, expect, test } from 'vitest';
import { ApiUnderTest } from '../../../test/management/api-under-test.ts';

let api: ApiUnderTest;

beforeEach(async () => {
  api = await ApiUnderTest.start();
});

test('limits of a vhost are set one by one, and taken away', async () => {
  const vhost = api.broker.vhosts.get('/');
  expect((await api.ask('PUT', '/api/vhost-limits/%2F/max-queues', { value: 2 })).status).toBe(204);
  expect((await api.ask('PUT', '/api/vhost-limits/%2F/max-connections', { value: '7' })).status).toBe(204);
  expect(vhost?.limits).toEqual({ maxQueues: 2, maxConnections: 7 });
  expect((await api.ask('DELETE', '/api/vhost-limits/%2F/max-queues')).status).toBe(204);
  expect((await api.ask('DELETE', '/api/vhost-limits/%2F/max-queues')).status).toBe(204);
  expect((await api.ask('DELETE', '/api/vhost-limits/%2F/max-foo')).status).toBe(204);
  expect(vhost?.limits).toEqual({ maxQueues: undefined, maxConnections: 7 });
});

test('a queue beyond the limit is refused with what the limit is', async () => {
  await api.ask('PUT', '/api/vhost-limits/%2F/max-queues', { value: 0 });
  expect((await api.ask('PUT', '/api/queues/%2F/orders')).json.reason).toContain(
    "cannot declare queue 'orders': queue limit in vhost '/' (0) is reached",
  );
});

test('limits of a user are set one by one, and taken away', async () => {
  const limits = () => api.broker.access.users.get('guest')?.limits;
  expect((await api.ask('PUT', '/api/user-limits/guest/max-channels', { value: 2 })).status).toBe(204);
  expect((await api.ask('PUT', '/api/user-limits/guest/max-connections', { value: -1 })).status).toBe(204);
  expect(limits()).toEqual({ maxChannels: 2, maxConnections: -1 });
  expect((await api.ask('DELETE', '/api/user-limits/guest/max-channels')).status).toBe(204);
  expect((await api.ask('DELETE', '/api/user-limits/guest/max-foo')).status).toBe(204);
  expect(limits()).toEqual({ maxChannels: undefined, maxConnections: -1 });
});

test.each([
  [
    '/api/vhost-limits/%2F/max-foo',
    { value: 1 },
    400,
    "there is no limit 'max-foo': the limits are max-connections and max-queues",
  ],
  ['/api/vhost-limits/%2F/max-queues', { value: 'x' }, 400, "value is 'x', but must be a whole number"],
  ['/api/vhost-limits/%2F/max-queues', {}, 400, '[{key_missing,value}]'],
  ['/api/vhost-limits/none/max-queues', { value: 1 }, 404, 'vhost_not_found'],
  ['/api/user-limits/guest/max-foo', { value: 1 }, 400, 'the limits are max-connections and max-channels'],
  ['/api/user-limits/nobody/max-channels', { value: 1 }, 400, "no user 'nobody'"],
])('PUT %s of %j is refused', async (url, body, status, reason) => {
  const answer = await api.ask('PUT', url, body);
  expect(answer.status).toBe(status);
  expect(answer.json.reason).toContain(reason);
});

test.each(['/api/vhost-limits/%2F/max-queues', '/api/user-limits/guest/max-channels'])(
  '%s is for administrators only',
  async (url) => {
    api.addUser('ann', ['policymaker', 'monitoring'], ['.*', '.*', '.*']);
    expect((await api.ask('PUT', url, { value: 1 }, 'ann:ann')).status).toBe(401);
    expect((await api.ask('DELETE', url, undefined, 'ann:ann')).status).toBe(401);
  },
);
