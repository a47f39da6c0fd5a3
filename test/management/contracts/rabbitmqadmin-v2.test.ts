/**
 * rabbitmqadmin v2 and its library, rabbitmq_http_client, in Rust: a field that is missing, or of another type, fails the whole
 * command. These are the ones that it requires.
 */
import { expect, test } from 'vitest';
import { startBusyBroker } from './busy-broker.ts';
import { type Contract, expectFields } from './fields.ts';

const CHANNEL_DETAILS: Contract = {
  number: 'integer',
  name: 'string',
  connection_name: 'string',
  node: 'string',
  peer_host: 'string',
  peer_port: 'integer',
  user: 'string',
};

/** Each list, and the fields of each of its objects. */
const LISTS: readonly (readonly [url: string, contract: Contract])[] = [
  [
    '/api/nodes',
    {
      name: 'string',
      uptime: 'integer',
      run_queue: 'integer',
      processors: 'integer',
      os_pid: 'string',
      fd_total: 'integer',
      proc_total: 'integer',
      mem_limit: 'integer',
      mem_alarm: 'boolean',
      disk_free_limit: 'integer',
      disk_free_alarm: 'boolean',
      rates_mode: 'string',
      enabled_plugins: 'array',
      being_drained: 'boolean',
      'applications.0.name': 'string',
      'applications.0.description': 'string',
      'applications.0.version': 'string',
    },
  ],
  [
    '/api/queues',
    {
      name: 'string',
      vhost: 'string',
      type: 'string',
      durable: 'boolean',
      auto_delete: 'boolean',
      exclusive: 'boolean',
      arguments: 'object',
      node: 'string',
      state: 'string',
      memory: 'integer',
      consumers: 'integer',
      consumer_utilisation: 'number',
      effective_policy_definition: 'object',
      message_bytes: 'integer',
      message_bytes_ready: 'integer',
      message_bytes_unacknowledged: 'integer',
      messages: 'integer',
      messages_unacknowledged: 'integer',
    },
  ],
  [
    '/api/exchanges',
    {
      name: 'string',
      vhost: 'string',
      type: 'string',
      durable: 'boolean',
      auto_delete: 'boolean',
      arguments: 'object',
    },
  ],
  [
    '/api/bindings',
    {
      vhost: 'string',
      source: 'string',
      destination: 'string',
      destination_type: 'string',
      routing_key: 'string',
      arguments: 'object',
    },
  ],
  [
    '/api/connections',
    {
      name: 'string',
      node: 'string',
      protocol: 'string',
      user: 'string',
      connected_at: 'integer',
      host: 'string',
      port: 'integer',
      peer_host: 'string',
      peer_port: 'integer',
      channel_max: 'integer',
      channels: 'integer',
      client_properties: 'object',
      'client_properties.capabilities': 'object',
    },
  ],
  ['/api/connections/username/guest', { name: 'string', node: 'string', user: 'string', vhost: 'string' }],
  [
    '/api/channels',
    {
      number: 'integer',
      name: 'string',
      'connection_details.name': 'string',
      'connection_details.peer_host': 'string',
      'connection_details.peer_port': 'integer',
      vhost: 'string',
      state: 'string',
      consumer_count: 'integer',
      confirm: 'boolean',
      prefetch_count: 'integer',
      messages_unacknowledged: 'integer',
      messages_unconfirmed: 'integer',
    },
  ],
  [
    '/api/consumers',
    {
      consumer_tag: 'string',
      active: 'boolean',
      ack_required: 'boolean',
      prefetch_count: 'integer',
      exclusive: 'boolean',
      arguments: 'object',
      consumer_timeout: 'integer',
      'queue.name': 'string',
      'queue.vhost': 'string',
      ...Object.fromEntries(
        Object.entries(CHANNEL_DETAILS).map(([key, kind]) => [`channel_details.${key}`, kind]),
      ),
    },
  ],
  ['/api/vhosts', { name: 'string', tags: 'array', description: 'string', 'metadata.tags': 'array' }],
  ['/api/vhost-limits', { vhost: 'string', value: 'object' }],
  ['/api/user-limits', { user: 'string', value: 'object' }],
  ['/api/users', { name: 'string', tags: 'array', password_hash: 'string' }],
  [
    '/api/permissions',
    { user: 'string', vhost: 'string', configure: 'string', read: 'string', write: 'string' },
  ],
  [
    '/api/topic-permissions',
    { user: 'string', vhost: 'string', exchange: 'string', read: 'string', write: 'string' },
  ],
  [
    '/api/policies',
    {
      name: 'string',
      vhost: 'string',
      pattern: 'string',
      'apply-to': 'string',
      priority: 'integer',
      definition: 'object',
    },
  ],
  ['/api/parameters', { name: 'string', vhost: 'string', component: 'string', value: 'object' }],
  [
    '/api/feature-flags',
    {
      name: 'string',
      state: 'string',
      desc: 'string',
      doc_url: 'string',
      stability: 'string',
      provided_by: 'string',
    },
  ],
  [
    '/api/deprecated-features',
    { name: 'string', desc: 'string', deprecation_phase: 'string', doc_url: 'string', provided_by: 'string' },
  ],
];

test('rabbitmqadmin v2 reads each list', async () => {
  const api = await startBusyBroker();
  for (const [url, contract] of LISTS) {
    const { status, json } = await api.get(url);
    expect(status, url).toBe(200);
    expect(json.length, url).toBeGreaterThan(0);
    for (const each of json) expectFields(each, contract, url);
  }
});

test('rabbitmqadmin v2 reads the overview', async () => {
  const api = await startBusyBroker();
  const { json } = await api.get('/api/overview');
  expectFields(json, {
    cluster_name: 'string',
    node: 'string',
    erlang_version: 'string',
    erlang_full_version: 'string',
    rabbitmq_version: 'string',
    product_name: 'string',
    product_version: 'string',
    statistics_db_event_queue: 'integer',
    'churn_rates.connection_created': 'integer',
    'churn_rates.queue_declared': 'integer',
    'queue_totals.messages': 'integer',
    'queue_totals.messages_details.rate': 'number',
    'object_totals.consumers': 'integer',
    'message_stats.publish_details.rate': 'number',
    'listeners.0.node': 'string',
    'listeners.0.protocol': 'string',
    'listeners.0.port': 'integer',
    'listeners.0.ip_address': 'string',
  });
});

test('rabbitmqadmin v2 reads how often somebody logged in', async () => {
  const api = await startBusyBroker();
  const { json } = await api.get(`/api/auth/attempts/${api.broker.settings.nodeName}`);
  for (const each of json) {
    expectFields(each, {
      protocol: 'string',
      auth_attempts: 'integer',
      auth_attempts_failed: 'integer',
      auth_attempts_succeeded: 'integer',
    });
  }
});

test('rabbitmqadmin v2 reads why a health check failed', async () => {
  const api = await startBusyBroker();
  api.broker.setAlarm('memory', true);
  const alarms = await api.get('/api/health/checks/local-alarms');
  expect(alarms.status).toBe(503);
  expectFields(alarms.json, {
    status: 'string',
    reason: 'string',
    'alarms.0.node': 'string',
    'alarms.0.resource': 'string',
  });
  const port = await api.get('/api/health/checks/port-listener/1');
  expect(port.status).toBe(503);
  expectFields(port.json, { status: 'string', reason: 'string', missing: 'integer' });
  const protocol = await api.get('/api/health/checks/protocol-listener/mqtt');
  expect(protocol.status).toBe(503);
  expectFields(protocol.json, { status: 'string', reason: 'string', missing: 'string', protocols: 'array' });
});
