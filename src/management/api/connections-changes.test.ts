import { beforeEach, expect, test } from 'vitest';
import { ConnectionClosedError } from '../../../src/client/client-errors.ts';
import type { DirectConnection } from '../../../src/client/direct-connection.ts';
import { ApiUnderTest } from '../../../test/management/api-under-test.ts';

let api: ApiUnderTest;

beforeEach(async () => {
  api = await ApiUnderTest.start();
  api.addUser('ann', ['management'], ['.*', '.*', '.*']);
  api.addUser('bob', ['management'], ['.*', '.*', '.*']);
  api.addUser('mia', ['monitoring'], ['.*', '.*', '.*']);
});

interface Client {
  readonly url: string;
  /** Why the broker closed it. */
  readonly closed: Promise<string>;
}

async function connectAs(name: string): Promise<Client> {
  const before = new Set(api.broker.connections);
  const connection = await api.running.connect({ username: name, password: name });
  const [made] = [...api.broker.connections].filter((each) => !before.has(each));
  if (made === undefined) throw new Error('the broker has no new connection');
  return {
    url: `/api/connections/${encodeURIComponent(made.name)}`,
    closed: whyClosed(connection),
  };
}

function whyClosed(connection: DirectConnection): Promise<string> {
  return new Promise((resolve, reject) => {
    connection.once('close', (reason) => {
      if (reason instanceof ConnectionClosedError) resolve(`${reason.replyCode} ${reason.replyText}`);
      else reject(reason);
    });
  });
}

test('DELETE of a connection closes it, and tells its client why', async () => {
  const client = await connectAs('ann');
  expect((await api.ask('DELETE', client.url)).status).toBe(204);
  expect(await client.closed).toBe('320 CONNECTION_FORCED - Closed via management plugin');
  expect((await api.ask('DELETE', client.url)).status).toBe(404);
});

test('the header X-Reason says another reason', async () => {
  const client = await connectAs('ann');
  const authorization = `Basic ${Buffer.from('guest:guest').toString('base64')}`;
  const headers = { authorization, 'x-reason': 'maintenance' };
  expect((await api.app.inject({ method: 'DELETE', url: client.url, headers })).statusCode).toBe(204);
  expect(await client.closed).toBe('320 CONNECTION_FORCED - maintenance');
});

test('a user may close its own connections, and others only with monitoring', async () => {
  const client = await connectAs('ann');
  const byName = '/api/connections/username/ann';
  expect((await api.ask('DELETE', client.url, undefined, 'bob:bob')).status).toBe(401);
  expect((await api.ask('DELETE', byName, undefined, 'bob:bob')).status).toBe(401);
  expect((await api.ask('DELETE', client.url, undefined, 'ann:ann')).status).toBe(204);
  await client.closed;
  const next = await connectAs('ann');
  expect((await api.ask('DELETE', byName, undefined, 'mia:mia')).status).toBe(204);
  await next.closed;
});

test('DELETE of the connections of a user closes all of them, and no others', async () => {
  const [first, second] = [await connectAs('ann'), await connectAs('ann')];
  await connectAs('bob');
  expect((await api.ask('DELETE', '/api/connections/username/ann')).status).toBe(204);
  await Promise.all([first.closed, second.closed]);
  expect(api.broker.connectionCount).toBe(1);
  expect((await api.ask('DELETE', '/api/connections/username/nobody')).status).toBe(204);
});
