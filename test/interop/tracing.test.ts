/** The firehose tracer: what RabbitMQ 3.10.8 and Leveret trace of the same publishes and deliveries is the same. */
import amqp from 'amqplib';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type ManagedServer, startManagedLeveret, startManagedRabbitmq } from '../servers/managed-server.ts';
import { describeWith, RABBITMQ } from './debian.ts';

interface Trace {
  readonly routingKey: string;
  readonly body: string;
  readonly properties: object;
}

const PROPERTIES = {
  contentType: 'text/plain',
  contentEncoding: 'identity',
  deliveryMode: 2,
  priority: 3,
  correlationId: 'c',
  replyTo: 'r',
  expiration: '60000',
  messageId: 'm',
  timestamp: 1_700_000_000,
  type: 't',
  userId: 'guest',
  appId: 'a',
  headers: { text: 'x', number: 1, list: [1, 'a'], table: { deep: true }, CC: ['copy'] },
};

/** Publishes and consumes with tracing on, and returns what was traced, in the order of the routing keys. */
async function tracesOf({ ask, server }: ManagedServer): Promise<Trace[]> {
  const connection = await amqp.connect(server.amqpUrl);
  const channel = await connection.createConfirmChannel();
  await channel.assertQueue('traces');
  await channel.bindQueue('traces', 'amq.rabbitmq.trace', '#');
  for (const queue of ['orders', 'copy']) await channel.assertQueue(queue);
  await channel.assertExchange('events', 'topic');
  await channel.bindQueue('orders', 'events', 'order.*');
  await channel.bindQueue('copy', 'events', '#');
  await ask('PUT', '/api/vhosts/%2F', { tracing: true });
  channel.publish('events', 'order.new', Buffer.from('one'), PROPERTIES);
  channel.publish('', 'orders', Buffer.from('two'));
  channel.publish('events', 'other', Buffer.from('three'));
  channel.publish('amq.direct', 'nobody', Buffer.from('lost'));
  await channel.waitForConfirms();
  const got = await channel.get('orders');
  if (got !== false) channel.nack(got, false, true);
  await consumeAll(channel, 'orders', 2);
  await consumeAll(channel, 'copy', 2);
  await expect.poll(async () => (await channel.checkQueue('traces')).messageCount).toBe(9);
  await ask('PUT', '/api/vhosts/%2F', { tracing: false });
  channel.publish('', 'orders', Buffer.from('not traced'));
  await channel.waitForConfirms();
  const traces: Trace[] = [];
  for (let trace = await channel.get('traces'); trace !== false; trace = await channel.get('traces'))
    traces.push({
      routingKey: trace.fields.routingKey,
      body: String(trace.content),
      properties: shown(trace),
    });
  await connection.close();
  return traces.sort((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1));
}

async function consumeAll(channel: amqp.Channel, queue: string, count: number): Promise<void> {
  await new Promise<void>((resolve) => {
    let left = count;
    channel.consume(queue, (message) => {
      if (message !== null) channel.ack(message);
      left--;
      if (left === 0) resolve();
    });
  });
}

/** All that is set, with names of nodes and ports taken out. */
function shown({ properties }: amqp.GetMessage): object {
  const { node, connection, ...headers } = properties.headers ?? {};
  expect(node).toMatch(/@/);
  expect(connection).toMatch(/^127\.0\.0\.1:\d+ -> 127\.0\.0\.1:\d+$/);
  const others = Object.entries({ ...properties, headers: undefined }).filter(
    ([, value]) => value !== undefined,
  );
  const queues: unknown = headers['routed_queues'];
  const sorted = Array.isArray(queues) ? { routed_queues: [...queues].sort() } : {};
  return { ...Object.fromEntries(others), headers: { ...headers, ...sorted } };
}

describeWith(RABBITMQ, 'tracing', () => {
  let rabbitmq: ManagedServer;
  let leveret: ManagedServer;

  beforeAll(async () => {
    [rabbitmq, leveret] = await Promise.all([startManagedRabbitmq(), startManagedLeveret()]);
  });

  afterAll(async () => {
    await Promise.all([rabbitmq?.close(), leveret?.close()]);
  });

  test('shows the same as RabbitMQ’s', async () => {
    const expected = await tracesOf(rabbitmq);
    expect(expected.map(({ routingKey }) => routingKey)).toContain('deliver.orders');
    expect(await tracesOf(leveret)).toEqual(expected);
  });
});
