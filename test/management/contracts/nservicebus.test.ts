/**
 * NServiceBus 10 does not start an endpoint without these answers. It works out the delivery limit of a queue from its arguments
 * and policies when there is no `delivery_limit`: any value there would make it set a policy that only RabbitMQ 4 has.
 */
import { expect, test } from 'vitest';
import { startBusyBroker } from './busy-broker.ts';
import { expectFields } from './fields.ts';

test('NServiceBus reads the version, and that streams are there', async () => {
  const api = await startBusyBroker();
  expectFields((await api.get('/api/overview')).json, {
    rabbitmq_version: 'string',
    disable_stats: 'boolean',
  });
  const flags = (await api.get('/api/feature-flags')).json;
  for (const flag of flags) expectFields(flag, { name: 'string', state: 'string' });
  expect(flags).toContainEqual(expect.objectContaining({ name: 'stream_queue', state: 'enabled' }));
});

test('NServiceBus finds no delivery limit on a quorum queue', async () => {
  const api = await startBusyBroker();
  const { json } = await api.get('/api/queues/%2F/invoices');
  expectFields(json, {
    name: 'string',
    type: 'string',
    arguments: 'object',
    effective_policy_definition: 'object',
    messages: 'integer',
    'message_stats.ack': 'integer',
  });
  expect(json).not.toHaveProperty('delivery_limit');
  expect(json.effective_policy_definition).toEqual({});
});

test('NServiceBus reads pages of queues, with a slash at the end, bindings and policies', async () => {
  const api = await startBusyBroker();
  const { json } = await api.get('/api/queues/%2F/?page=1&page_size=500');
  expectFields(json, { items: 'array', page: 'integer', page_count: 'integer' });
  const binding = {
    source: 'string',
    destination: 'string',
    destination_type: 'string',
    routing_key: 'string',
    properties_key: 'string',
  } as const;
  for (const each of (await api.get('/api/queues/%2F/orders/bindings')).json) expectFields(each, binding);
  expect((await api.get('/api/exchanges/%2F/events/bindings/destination')).json).toEqual([]);
  const [policy] = (await api.get('/api/policies')).json;
  expectFields(policy, {
    pattern: 'string',
    'apply-to': 'string',
    definition: 'object',
    priority: 'integer',
  });
});
