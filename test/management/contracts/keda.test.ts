/** KEDA's RabbitMQ scaler over HTTP: one queue, or a page of those whose names match. It counts replicas by what it reads. */
import { expect, test } from 'vitest';
import { startBusyBroker } from './busy-broker.ts';
import { expectFields } from './fields.ts';

const QUEUE = {
  name: 'string',
  messages: 'integer',
  messages_ready: 'integer',
  messages_unacknowledged: 'integer',
  'message_stats.publish_details.rate': 'number',
  'message_stats.deliver_get_details.rate': 'number',
} as const;

test('KEDA reads the length of a queue, and the rates of its messages', async () => {
  const api = await startBusyBroker();
  const { json } = await api.get('/api/queues/%2F/orders');
  expectFields(json, QUEUE);
  expect(json).toMatchObject({ messages: 5, messages_unacknowledged: 2, messages_ready: 3 });
  expect(json.message_stats.publish_details.rate).toBe(1);
});

test('KEDA reads a page of queues by a pattern', async () => {
  const api = await startBusyBroker();
  const { json } = await api.get(
    '/api/queues/%2F?page=1&use_regex=true&pagination=false&name=%5Eorders.*%24&page_size=100',
  );
  expect(json.items).toHaveLength(1);
  expectFields(json.items[0], QUEUE);
});
