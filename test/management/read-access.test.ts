/** Who may read what. What RabbitMQ 3.13 and 3.10.8 answer was asked of them. */
import { expect, test } from 'vitest';
import { ApiUnderTest } from './api-under-test.ts';

const USERS = ['none', 'management', 'policymaker', 'monitoring', 'administrator'] as const;
type User = (typeof USERS)[number];

/** Who is let in, of users without any permission in the vhost. */
const STRANGERS: Readonly<Record<string, readonly User[]>> = {
  '/api/overview': ['management', 'policymaker', 'monitoring', 'administrator'],
  '/api/whoami': ['management', 'policymaker', 'monitoring', 'administrator'],
  '/api/vhosts': ['management', 'policymaker', 'monitoring', 'administrator'],
  '/api/vhosts/%2F': ['administrator'],
  '/api/vhosts/%2F/permissions': ['administrator'],
  '/api/vhosts/%2F/connections': ['administrator'],
  '/api/vhosts/%2F/channels': ['administrator'],
  '/api/nodes': ['monitoring', 'administrator'],
  '/api/users': ['administrator'],
  '/api/users/none': ['administrator'],
  '/api/users/none/permissions': ['administrator'],
  '/api/users/without-permissions': ['administrator'],
  '/api/permissions': ['administrator'],
  '/api/topic-permissions': ['administrator'],
  '/api/queues': ['management', 'policymaker', 'monitoring', 'administrator'],
  '/api/queues/%2F': ['administrator'],
  '/api/queues/%2F/secret': ['administrator'],
  '/api/queues/%2F/secret/bindings': ['administrator'],
  '/api/exchanges/%2F': ['administrator'],
  '/api/exchanges/%2F/amq.topic': ['administrator'],
  '/api/bindings/%2F': ['administrator'],
  '/api/consumers': ['management', 'policymaker', 'monitoring', 'administrator'],
  '/api/consumers/%2F': ['management', 'policymaker', 'monitoring', 'administrator'],
  '/api/connections': ['management', 'policymaker', 'monitoring', 'administrator'],
  '/api/connections/username/guest': ['monitoring', 'administrator'],
  '/api/policies': ['management', 'policymaker', 'monitoring', 'administrator'],
  '/api/policies/%2F': ['administrator'],
  '/api/operator-policies/%2F': ['administrator'],
  '/api/vhost-limits': ['management', 'policymaker', 'monitoring', 'administrator'],
  '/api/vhost-limits/%2F': ['monitoring', 'administrator'],
  '/api/user-limits': ['management', 'policymaker', 'monitoring', 'administrator'],
  '/api/parameters': ['policymaker', 'administrator'],
  '/api/parameters/x/%2F': ['administrator'],
  '/api/global-parameters': ['policymaker', 'administrator'],
  '/api/feature-flags': ['management', 'policymaker', 'monitoring', 'administrator'],
  '/api/extensions': ['management', 'policymaker', 'monitoring', 'administrator'],
  '/api/health/checks/alarms': ['management', 'policymaker', 'monitoring', 'administrator'],
  '/api/aliveness-test/%2F': [],
};

async function withUsers(permissions: readonly string[] = []): Promise<ApiUnderTest> {
  const api = await ApiUnderTest.start();
  for (const user of USERS) api.addUser(user, user === 'none' ? [] : [user], permissions);
  const channel = await (await api.running.connect()).createChannel();
  await channel.queueDeclare('secret');
  await channel.consume('secret', () => {});
  return api;
}

test('tags decide who is let in without permissions', async () => {
  const api = await withUsers();
  const allowed: Record<string, string[]> = {};
  for (const url of Object.keys(STRANGERS)) {
    allowed[url] = [];
    for (const user of USERS) {
      const { status } = await api.get(url, `${user}:${user}`);
      expect([200, 401], `${url} as ${user}`).toContain(status);
      if (status === 200) allowed[url].push(user);
    }
  }
  expect(allowed).toEqual(STRANGERS);
});

test('a permission, even one that allows nothing, opens the lists of a vhost', async () => {
  const api = await withUsers(['', '', '']);
  for (const user of ['management', 'policymaker', 'monitoring', 'administrator']) {
    for (const url of [
      '/api/queues/%2F',
      '/api/queues/%2F/secret',
      '/api/policies/%2F',
      '/api/bindings/%2F',
    ]) {
      expect((await api.get(url, `${user}:${user}`)).status, `${url} as ${user}`).toBe(200);
    }
  }
  expect((await api.get('/api/queues/%2F', 'none:none')).status).toBe(401);
});

test('lists over all vhosts show what the user may enter; an administrator sees all', async () => {
  const api = await withUsers();
  const shown = async (url: string, user: User): Promise<number> =>
    (await api.get(url, `${user}:${user}`)).json.length;
  for (const url of ['/api/queues', '/api/exchanges', '/api/bindings']) {
    expect(await shown(url, 'management'), url).toBe(0);
    expect(await shown(url, 'monitoring'), url).toBe(0);
    expect(await shown(url, 'administrator'), url).toBeGreaterThan(0);
  }
  expect(await shown('/api/vhosts', 'management')).toBe(0);
  expect(await shown('/api/vhosts', 'monitoring')).toBe(1);
});

test('connections, channels and consumers of others are shown to monitoring only', async () => {
  const api = await withUsers(['.*', '.*', '.*']);
  const own = await api.running.connect({ username: 'management', password: 'management' });
  const channel = await own.createChannel();
  await channel.queueDeclare('mine');
  await channel.consume('mine', () => {});
  const of = async (url: string, user: User): Promise<number> =>
    (await api.get(url, `${user}:${user}`)).json.length;
  for (const url of ['/api/connections', '/api/channels', '/api/consumers', '/api/vhosts/%2F/connections']) {
    expect(await of(url, 'management'), url).toBe(1);
    expect(await of(url, 'policymaker'), url).toBe(0);
    expect(await of(url, 'monitoring'), url).toBe(2);
  }
  const [guests] = (await api.get('/api/connections')).json.filter(
    ({ user }: { user: string }) => user === 'guest',
  );
  const name = encodeURIComponent(guests.name);
  for (const url of [
    `/api/connections/${name}`,
    `/api/connections/${name}/channels`,
    `/api/channels/${name}%20(1)`,
  ]) {
    expect((await api.get(url, 'policymaker:policymaker')).status, url).toBe(401);
    expect((await api.get(url, 'monitoring:monitoring')).status, url).toBe(200);
  }
});

test('what is not there is 404, for whoever may look', async () => {
  const api = await withUsers();
  const urls = [
    '/api/queues/none',
    '/api/queues/none/x',
    '/api/exchanges/none',
    '/api/policies/none',
    '/api/consumers/none',
  ];
  for (const url of urls) {
    expect((await api.get(url, 'management:management')).status, url).toBe(404);
  }
  for (const url of [
    '/api/nodes/none',
    '/api/connections/none',
    '/api/channels/none',
    '/api/auth/attempts/none',
  ]) {
    expect((await api.get(url, 'monitoring:monitoring')).status, url).toBe(404);
  }
});

test('the aliveness test needs the permissions that it uses', async () => {
  const api = await withUsers(['^aliveness-test$', '.*', '^aliveness-test$']);
  expect((await api.get('/api/aliveness-test/%2F', 'management:management')).status).toBe(200);
  api.addUser('reader', ['management'], ['', '', '.*']);
  expect((await api.get('/api/aliveness-test/%2F', 'reader:reader')).status).toBe(401);
});
