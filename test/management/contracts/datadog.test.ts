/** Datadog's agent: it will not begin without overview.rabbitmq_version, and reads numbers that it may be without. */
import { expect, test } from 'vitest';
import { startBusyBroker } from './busy-broker.ts';
import { expectFields } from './fields.ts';

test('Datadog reads the overview', async () => {
  const api = await startBusyBroker();
  const { json } = await api.get('/api/overview');
  expect(json.rabbitmq_version).toMatch(/^\d+\.\d+\.\d+$/);
  expectFields(json, {
    cluster_name: 'string',
    'object_totals.connections': 'integer',
    'object_totals.channels': 'integer',
    'object_totals.queues': 'integer',
    'object_totals.consumers': 'integer',
    'queue_totals.messages': 'integer',
    'queue_totals.messages_details.rate': 'number',
    'queue_totals.messages_ready': 'integer',
    'queue_totals.messages_ready_details.rate': 'number',
    'queue_totals.messages_unacknowledged': 'integer',
    'queue_totals.messages_unacknowledged_details.rate': 'number',
    'message_stats.ack': 'integer',
    'message_stats.ack_details.rate': 'number',
    'message_stats.confirm_details.rate': 'number',
    'message_stats.deliver_get_details.rate': 'number',
    'message_stats.publish_details.rate': 'number',
    'message_stats.drop_unroutable_details.rate': 'number',
    'message_stats.redeliver_details.rate': 'number',
    'message_stats.return_unroutable_details.rate': 'number',
  });
});

test('Datadog reads the nodes', async () => {
  const api = await startBusyBroker();
  const [node] = (await api.get('/api/nodes')).json;
  expectFields(node, {
    name: 'string',
    fd_used: 'integer',
    mem_used: 'integer',
    mem_limit: 'integer',
    mem_alarm: 'boolean',
    disk_free: 'integer',
    disk_free_alarm: 'boolean',
    run_queue: 'integer',
    sockets_used: 'integer',
    partitions: 'array',
    running: 'boolean',
  });
});

test('Datadog reads queues, exchanges, connections and vhosts, and asks whether they are alive', async () => {
  const api = await startBusyBroker();
  const queues = (await api.get('/api/queues?columns=name,node,vhost,messages,consumers,memory')).json;
  for (const queue of queues) {
    expect(Object.keys(queue).sort()).toEqual(['consumers', 'memory', 'messages', 'name', 'node', 'vhost']);
  }
  const exchanges = (await api.get('/api/exchanges')).json;
  const events = exchanges.find(({ name }: { name: string }) => name === 'events');
  expectFields(events, {
    'message_stats.publish_in_details.rate': 'number',
    'message_stats.publish_out_details.rate': 'number',
  });
  expectFields((await api.get('/api/connections')).json[0], { vhost: 'string', state: 'string' });
  expectFields((await api.get('/api/vhosts')).json[0], { name: 'string' });
  expect((await api.get('/api/aliveness-test/%2F')).json).toEqual({ status: 'ok' });
});
