import { describe, expect, test } from 'vitest';
import type { DirectChannel } from '../../src/client/direct-channel.ts';
import { ApiUnderTest } from './api-under-test.ts';
import { type Ask, letIn, makeThings, makeUsers, requestFor } from './authorisation-scene.ts';
import { LET_IN } from './authorisation-table.ts';
import { routesOf } from './routes-of.ts';

/** Who needs no log-in: what has nothing to tell, or asks for the password itself. */
const OPEN: ReadonlySet<string> = new Set([
  'GET /',
  'GET /favicon.svg',
  'GET /assets/:file',
  'GET /api',
  'GET /docs',
  'GET /docs/style.css',
  'GET /cli',
  'GET /cli/rabbitmqadmin',
  'GET /v1/openapi.json',
  'GET /v1/health',
  'GET /v1/health/live',
  'GET /v1/health/ready',
  'GET /v1/health/owner',
  'GET /v1/cluster',
]);

async function start(): Promise<{ api: ApiUnderTest; ask: Ask }> {
  const api = await ApiUnderTest.start({}, { dashboardDirectory: import.meta.dirname });
  const ask: Ask = async (method, path, body, user) =>
    (await api.ask(method as 'GET', path, body, user === '' ? '' : `${user}:${user}`)).status;
  await makeUsers(ask);
  await makeThings(ask);
  return { api, ask };
}

test('every route lets in whom it should, and nobody else', { timeout: 120_000 }, async () => {
  const { api, ask } = await start();
  const found: Record<string, string> = {};
  for (const route of routesOf(api.app)) {
    found[`${route.method} ${route.url}`] = await letIn(ask, route, api.broker.settings.nodeName);
  }
  expect(found).toEqual(LET_IN);
});

test('no route tells anything to somebody who has not logged in, or has with a wrong password', async () => {
  const { api, ask } = await start();
  for (const route of routesOf(api.app)) {
    const name = `${route.method} ${route.url}`;
    if (OPEN.has(name)) continue;
    const { path, body } = requestFor(route, api.broker.settings.nodeName);
    expect(await ask(route.method, path, body, ''), name).toBe(401);
  }
  expect((await api.get('/api/overview', 'administrator:wrong')).status).toBe(401);
});

test('a batch of messages is refused one by one, and none of them is kept', async () => {
  const { api } = await start();
  const batch = [{ payload: 'x', routing_key: 'k' }];
  const url = '/v1/exchanges/%2F/x/messages/batch';
  const { text } = await api.ask('POST', url, batch, 'powerless:powerless');
  expect(text).toContain('access-refused');
  expect(api.broker.vhosts.get('/')?.queues.get('q')?.messageCount).toBe(0);
  await api.ask('POST', url, batch, 'untagged:untagged');
  expect(api.broker.vhosts.get('/')?.queues.get('q')?.messageCount).toBe(1);
});

describe('over AMQP', () => {
  type Patterns = { readonly configure: string; readonly write: string; readonly read: string };
  const NOTHING: Patterns = { configure: '^$', write: '^$', read: '^$' };
  type Operation = (channel: DirectChannel) => Promise<unknown>;

  /** What an operation needs: configure, write and read, each of a name. */
  const OPERATIONS: Readonly<Record<string, readonly [needs: Partial<Patterns>, operation: Operation]>> = {
    'queue.declare': [{ configure: '^new$' }, (channel) => channel.queueDeclare('new')],
    'queue.declare with a dead letter exchange': [
      { configure: '^new$', read: '^new$', write: '^x$' },
      (channel) => channel.queueDeclare('new', { arguments: { 'x-dead-letter-exchange': 'x' } }),
    ],
    'queue.delete': [{ configure: '^q$' }, (channel) => channel.queueDelete('q')],
    'queue.purge': [{ read: '^q$' }, (channel) => channel.queuePurge('q')],
    'queue.bind': [{ write: '^q$', read: '^x$' }, (channel) => channel.queueBind('q', 'x')],
    'queue.unbind': [{ write: '^q$', read: '^x$' }, (channel) => channel.queueUnbind('q', 'x')],
    'exchange.declare': [{ configure: '^new$' }, (channel) => channel.exchangeDeclare('new', 'direct')],
    'exchange.declare with an alternate exchange': [
      { configure: '^new$', read: '^new$', write: '^x$' },
      (channel) => channel.exchangeDeclare('new', 'direct', { arguments: { 'alternate-exchange': 'x' } }),
    ],
    'exchange.delete': [{ configure: '^y$' }, (channel) => channel.exchangeDelete('y')],
    'exchange.bind': [{ write: '^y$', read: '^x$' }, (channel) => channel.exchangeBind('y', 'x')],
    'exchange.unbind': [{ write: '^y$', read: '^x$' }, (channel) => channel.exchangeUnbind('y', 'x')],
    'basic.publish': [
      { write: '^x$' },
      (channel) => channel.publish({ exchange: 'x', routingKey: '', body: 'x' }),
    ],
    'basic.publish to the default exchange': [
      { write: '^amq\\.default$' },
      (channel) => channel.publish({ routingKey: 'q', body: 'x' }),
    ],
    'basic.get': [{ read: '^q$' }, (channel) => channel.get('q')],
    'basic.consume': [{ read: '^q$' }, (channel) => channel.consume('q', () => {})],
  };

  async function isAllowed(patterns: Partial<Patterns>, operation: Operation): Promise<boolean> {
    const api = await ApiUnderTest.start();
    const own = await (await api.running.connect()).createChannel();
    await own.queueDeclare('q');
    await own.exchangeDeclare('x', 'direct');
    await own.exchangeDeclare('y', 'direct');
    api.broker.putUser('ann', 'ann');
    api.broker.access.setPermission({ user: 'ann', vhost: '/', ...NOTHING, ...patterns });
    const connection = await api.running.connect({ username: 'ann', password: 'ann' });
    const channel = await connection.createChannel();
    channel.on('error', () => {});
    try {
      await channel.confirmSelect();
      await operation(channel);
      return true;
    } catch (error) {
      expect(error).toMatchObject({ replyCode: 403 });
      return false;
    }
  }

  test.each(Object.entries(OPERATIONS))('%s needs just its permissions', async (_, [needs, operation]) => {
    expect(await isAllowed(needs, operation)).toBe(true);
    for (const missing of Object.keys(needs)) {
      expect(await isAllowed({ ...needs, [missing]: '^other$' }, operation), `without ${missing}`).toBe(
        false,
      );
    }
    expect(await isAllowed({}, operation)).toBe(false);
  });
});

describe('a change of an account', () => {
  test('acts on a connection that is open: its next method is refused', async () => {
    const api = await ApiUnderTest.start();
    api.addUser('ann', [], ['.*', '.*', '.*']);
    const channel = await (await api.running.connect({ username: 'ann', password: 'ann' })).createChannel();
    channel.on('error', () => {});
    await channel.queueDeclare('q');
    expect((await api.ask('DELETE', '/api/permissions/%2F/ann')).status).toBe(204);
    await expect(channel.queueDeclare('r')).rejects.toMatchObject({ replyCode: 403 });
  });

  test('a publisher whose address was cached is refused as well', async () => {
    const api = await ApiUnderTest.start();
    api.addUser('ann', [], ['.*', '.*', '.*']);
    const channel = await (await api.running.connect({ username: 'ann', password: 'ann' })).createChannel();
    channel.on('error', () => {});
    await channel.queueDeclare('q');
    await channel.confirmSelect();
    for (let i = 0; i < 3; i++) await channel.publish({ routingKey: 'q', body: 'x' });
    await api.ask('PUT', '/api/permissions/%2F/ann', { configure: '', write: '', read: '' });
    await expect(channel.publish({ routingKey: 'q', body: 'x' })).rejects.toMatchObject({ replyCode: 403 });
  });

  test('a user that is deleted loses its connections and its way into the API', async () => {
    const api = await ApiUnderTest.start();
    api.addUser('ann', ['management'], ['.*', '.*', '.*']);
    const connection = await api.running.connect({ username: 'ann', password: 'ann' });
    const closed = new Promise((resolve) => connection.once('close', resolve));
    expect((await api.get('/api/whoami', 'ann:ann')).status).toBe(200);
    expect((await api.ask('DELETE', '/api/users/ann')).status).toBe(204);
    await closed;
    expect(api.broker.connectionCount).toBe(0);
    expect((await api.get('/api/whoami', 'ann:ann')).status).toBe(401);
  });

  test('a tag that is taken away closes its doors at once', async () => {
    const api = await ApiUnderTest.start();
    api.addUser('ann', ['administrator']);
    expect((await api.get('/api/users', 'ann:ann')).status).toBe(200);
    await api.ask('PUT', '/api/users/ann', { password: 'ann', tags: 'management' });
    expect((await api.get('/api/users', 'ann:ann')).status).toBe(401);
  });
});
