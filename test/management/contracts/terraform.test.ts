/** Terraform's provider (cyrilgdn/rabbitmq, by way of rabbit-hole): reads back what it has made, and tells 404 from errors. */
import { expect, test } from 'vitest';
import { startBusyBroker } from './busy-broker.ts';
import { type Contract, expectFields } from './fields.ts';

const RESOURCES: readonly (readonly [url: string, contract: Contract])[] = [
  ['/api/vhosts/%2F', { name: 'string', description: 'string', tags: 'array', default_queue_type: 'string' }],
  [
    '/api/users/guest',
    { name: 'string', password_hash: 'string', hashing_algorithm: 'string', tags: 'array' },
  ],
  [
    '/api/permissions/%2F/guest',
    { user: 'string', vhost: 'string', configure: 'string', write: 'string', read: 'string' },
  ],
  [
    '/api/exchanges/%2F/events',
    {
      name: 'string',
      vhost: 'string',
      type: 'string',
      durable: 'boolean',
      auto_delete: 'boolean',
      internal: 'boolean',
      arguments: 'object',
    },
  ],
  [
    '/api/queues/%2F/orders',
    { name: 'string', vhost: 'string', durable: 'boolean', auto_delete: 'boolean', arguments: 'object' },
  ],
  [
    '/api/policies/%2F/orders',
    {
      name: 'string',
      vhost: 'string',
      pattern: 'string',
      'apply-to': 'string',
      priority: 'integer',
      definition: 'object',
    },
  ],
];

test('Terraform reads what it has made, and 404 once it is gone', async () => {
  const api = await startBusyBroker();
  for (const [url, contract] of RESOURCES) {
    const { status, json } = await api.get(url);
    expect(status, url).toBe(200);
    expectFields(json, contract, url);
    const gone = await api.get(`${url.slice(0, url.lastIndexOf('/'))}/gone`);
    expect(gone.status, url).toBe(404);
    expect(gone.json, url).toEqual({ error: 'Object Not Found', reason: 'Not Found' });
  }
});

test('Terraform reads topic permissions as a list', async () => {
  const api = await startBusyBroker();
  const { json } = await api.get('/api/topic-permissions/%2F/guest');
  expectFields(json[0], {
    user: 'string',
    vhost: 'string',
    exchange: 'string',
    write: 'string',
    read: 'string',
  });
});

test('Terraform finds a binding by its properties_key among those of the vhost, and reads it', async () => {
  const api = await startBusyBroker();
  const bindings = (await api.get('/api/bindings/%2F')).json;
  for (const { source, destination, properties_key: key } of bindings) {
    const exchange = source === '' ? 'amq.default' : source;
    const url = `/api/bindings/%2F/e/${exchange}/q/${destination}/${encodeURIComponent(key)}`;
    expect((await api.get(url)).json).toMatchObject({ source, destination, properties_key: key });
    expectFields((await api.get(url)).json, {
      vhost: 'string',
      destination_type: 'string',
      routing_key: 'string',
      arguments: 'object',
    });
  }
  expect(bindings).toHaveLength(5);
});
