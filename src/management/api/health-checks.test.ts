import { expect, test } from 'vitest';
import { ApiUnderTest } from '../../../test/management/api-under-test.ts';

const CHECKS = [
  'alarms',
  'local-alarms',
  'virtual-hosts',
  'node-is-quorum-critical',
  'node-is-mirror-sync-critical',
  'is-in-service',
  'below-node-connection-limit',
  'ready-to-serve-clients',
  'port-listener/5672',
  'protocol-listener/amqp',
  'protocol-listener/AMQP091',
  'protocol-listener/management',
  'certificate-expiration/1/months',
  'metadata-store/initialized',
  'quorum-queues-without-elected-leaders/all-vhosts/pattern/.*',
];

test('a broker that is well passes all checks', async () => {
  const api = await ApiUnderTest.start();
  for (const check of CHECKS) {
    const { status, json } = await api.get(`/api/health/checks/${check}`);
    expect([status, json.status], check).toEqual([200, 'ok']);
  }
  expect((await api.get('/api/healthchecks/node')).json).toEqual({ status: 'ok' });
});

test('an alarm fails the checks for it, and says which it is', async () => {
  const api = await ApiUnderTest.start();
  api.broker.setAlarm('disk', true);
  expect(await api.get('/api/health/checks/alarms')).toMatchObject({
    status: 503,
    json: {
      status: 'failed',
      reason: 'There are alarms in effect in the cluster',
      alarms: [{ resource: 'disk', node: api.broker.settings.nodeName }],
    },
  });
  api.broker.setAlarm('disk', false);
  expect((await api.get('/api/health/checks/alarms')).status).toBe(200);
});

test('a broker with all connections that it may have is not ready for more', async () => {
  const api = await ApiUnderTest.start({ maxConnections: 1 });
  await api.running.connect();
  expect((await api.get('/api/health/checks/below-node-connection-limit')).status).toBe(503);
  expect((await api.get('/api/health/checks/ready-to-serve-clients')).json).toEqual({
    status: 'failed',
    reason: 'node connection limit is reached',
    connections: 1,
  });
});

test('listeners that are not there are named', async () => {
  const api = await ApiUnderTest.start();
  expect(await api.get('/api/health/checks/port-listener/1')).toMatchObject({
    status: 503,
    json: { reason: 'No active listener', missing: 1, ports: [5672, 15672] },
  });
  expect(await api.get('/api/health/checks/protocol-listener/mqtt')).toMatchObject({
    status: 503,
    json: { reason: 'No active listener', missing: 'mqtt', protocols: ['amqp', 'http'] },
  });
});

test.each(['port-listener/x', 'certificate-expiration/x/days', 'certificate-expiration/1/fortnights'])(
  '%s makes no sense: 400',
  async (check) => {
    const api = await ApiUnderTest.start();
    expect(await api.get(`/api/health/checks/${check}`)).toMatchObject({
      status: 400,
      json: { error: 'bad_request' },
    });
  },
);
