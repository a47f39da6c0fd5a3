import { once } from 'node:events';
import { connect } from 'node:net';
import { afterEach, expect, it } from 'vitest';
import type { Health } from './app.ts';
import { type HealthServer, type HealthSource, openHealthServer } from './health-server.ts';

const READY: Health = { isReady: true, reasons: [], units: [] };
const servers: HealthServer[] = [];

afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => server.close()));
});

function source(health: () => Promise<Health>): HealthSource {
  return { health, metrics: async () => '# HELP a\n' };
}

async function opened(health: () => Promise<Health> = async () => READY): Promise<HealthServer> {
  const server = await openHealthServer(source(health), { port: 0 });
  servers.push(server);
  return server;
}

async function asked(server: HealthServer, path: string, method = 'GET'): Promise<readonly unknown[]> {
  const response = await fetch(`http://127.0.0.1:${server.port}${path}`, { method });
  return [response.status, response.headers.get('content-type'), await response.text()];
}

it('is live as long as it answers, ready or not', async () => {
  const server = await opened(async () => ({ isReady: false, reasons: ['no broker'], units: [] }));
  expect(await asked(server, '/livez')).toEqual([200, 'application/json', '{"status":"ok"}\n']);
});

it('is ready when the services are', async () => {
  const server = await opened();
  expect(await asked(server, '/readyz')).toEqual([200, 'application/json', '{"status":"ok","units":[]}\n']);
  expect(await asked(server, '/readyz?verbose', 'HEAD')).toEqual([200, 'application/json', '']);
});

it('says why it is not ready, as a problem document', async () => {
  const units = [
    {
      service: 'orders',
      isConsuming: false,
      inFlight: 0,
      handledCount: 0,
      outboxCount: 9,
      outboxLagMs: 61_000,
    },
  ];
  const reasons = ['orders is not connected', 'orders has messages of 61 s in its outbox'];
  const server = await opened(async () => ({ isReady: false, reasons, units }));
  const [status, contentType, text] = await asked(server, '/readyz');
  expect([status, contentType]).toEqual([503, 'application/problem+json']);
  expect(JSON.parse(text as string)).toEqual({
    type: 'about:blank',
    title: 'Not ready',
    status: 503,
    detail: reasons.join('; '),
    instance: '/readyz',
    reasons,
    units,
  });
});

it('is not ready when nobody can say', async () => {
  const server = await opened(() => Promise.reject(new Error('the database is locked')));
  const [status, , text] = await asked(server, '/readyz');
  expect([status, JSON.parse(text as string).detail]).toEqual([
    503,
    '/readyz cannot be answered: the database is locked',
  ]);
});

it('gives metrics as text', async () => {
  expect(await asked(await opened(), '/metrics')).toEqual([
    200,
    'text/plain; version=0.0.4; charset=utf-8',
    '# HELP a\n',
  ]);
});

it('refuses other paths and methods', async () => {
  const server = await opened();
  expect((await asked(server, '/'))[2]).toContain('allowed are /livez, /readyz, /metrics');
  expect((await asked(server, '/constructor'))[0]).toBe(404);
  const response = await fetch(`http://127.0.0.1:${server.port}/livez`, { method: 'DELETE' });
  expect([response.status, response.headers.get('allow')]).toEqual([405, 'GET, HEAD']);
});

it('listens on this machine only, and says which port is taken', async () => {
  const server = await opened();
  expect(server.host).toBe('127.0.0.1');
  const second = openHealthServer(
    source(async () => READY),
    { port: server.port },
  );
  await expect(second).rejects.toThrow(`cannot listen on 127.0.0.1:${server.port} (EADDRINUSE): choose`);
});

it('closes with connections that are open', async () => {
  const server = await opened();
  const socket = connect(server.port, '127.0.0.1');
  await once(socket, 'connect');
  await server.close();
  await once(socket, 'close');
});
