/** Flower, the monitor of Celery: the queues of a vhost. */
import { expect, test } from 'vitest';
import { startBusyBroker } from './busy-broker.ts';
import { expectFields } from './fields.ts';

test('Flower reads the queues of a vhost', async () => {
  const api = await startBusyBroker();
  const { json } = await api.get('/api/queues/%2F');
  expect(json.map(({ name }: { name: string }) => name)).toEqual(['archive', 'invoices', 'orders']);
  for (const queue of json) {
    expectFields(queue, {
      name: 'string',
      messages: 'integer',
      messages_ready: 'integer',
      messages_unacknowledged: 'integer',
      consumers: 'integer',
    });
  }
});
