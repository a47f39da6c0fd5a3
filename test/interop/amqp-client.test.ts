import { AMQPClient, type AMQPMessage, AMQPSession } from '@cloudamqp/amqp-client';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Arrivals } from '../servers/arrivals.ts';
import { startBrokerUnderTest } from '../servers/broker-under-test.ts';
import type { Server } from '../servers/server.ts';
import { TcpProxy } from '../servers/tcp-proxy.ts';

describe('@cloudamqp/amqp-client', () => {
  let server: Server;

  beforeAll(async () => {
    server = await startBrokerUnderTest();
  });
  afterAll(() => server.close());

  test('publishes with confirms and consumes with a prefetch count and acks', async () => {
    const connection = await new AMQPClient(server.amqpUrl).connect();
    const channel = await connection.channel();
    await channel.confirmSelect();
    const queue = await channel.queueDeclare('amqp-client-work', { durable: true });
    await Promise.all(Array.from({ length: 200 }, (_, i) => channel.basicPublish('', queue.name, `${i}`)));
    const received = new Arrivals<AMQPMessage>();
    await channel.prefetch(20);
    const consumer = await channel.basicConsume(queue.name, { noAck: false }, async (message) => {
      received.push(message);
      await message.ack();
    });
    const bodies = (await received.take(200)).map((message) => Number(message.bodyString()));
    expect(bodies).toEqual(Array.from({ length: 200 }, (_, i) => i));
    await consumer.cancel();
    expect(await channel.queueDelete(queue.name)).toEqual({ messageCount: 0 });
    await connection.close();
  });

  test('holds no more than its prefetch count, and gets again what it requeued', async () => {
    const connection = await new AMQPClient(server.amqpUrl).connect();
    const channel = await connection.channel();
    const { name } = await channel.queueDeclare('', { exclusive: true });
    for (let i = 0; i < 6; i++) await channel.basicPublish('', name, `${i}`);
    const received = new Arrivals<AMQPMessage>();
    await channel.basicQos(2);
    await channel.basicConsume(name, { noAck: false }, (message) => received.push(message));
    const [first, second] = await received.take(2);
    expect(await channel.queueDeclare(name, { passive: true, exclusive: true })).toMatchObject({
      messageCount: 4,
    });
    await second?.nack(true);
    const [again] = await received.take(1);
    await first?.ack();
    const [third] = await received.take(1);
    expect([again?.bodyString(), again?.redelivered, third?.bodyString()]).toEqual(['1', true, '2']);
    await connection.close();
  });

  test('round-trips properties and headers', async () => {
    const connection = await new AMQPClient(server.amqpUrl).connect();
    const channel = await connection.channel();
    const { name } = await channel.queueDeclare('', { exclusive: true });
    const properties = {
      contentType: 'text/plain',
      contentEncoding: 'identity',
      deliveryMode: 2,
      priority: 3,
      correlationId: 'c-1',
      replyTo: 'elsewhere',
      expiration: '60000',
      messageId: 'm-1',
      timestamp: new Date(1_700_000_000_000),
      type: 'greeting',
      userId: 'guest',
      appId: 'interop',
      headers: {
        text: 'für',
        whole: 42,
        large: 2 ** 40,
        fraction: 0.5,
        yes: true,
        list: [1, 'two'],
        table: { deep: 1 },
      },
    };
    await channel.basicPublish('', name, 'hello', properties);
    const message = await channel.basicGet(name, { noAck: true });
    expect(message?.bodyString()).toBe('hello');
    expect(message?.properties).toMatchObject(properties);
    await connection.close();
  });

  test('sends and receives a body of many small frames', async () => {
    const connection = await new AMQPClient(`${server.amqpUrl}/?frameMax=8192`).connect();
    const channel = await connection.channel();
    const { name } = await channel.queueDeclare('', { exclusive: true });
    const body = new Uint8Array(100_000).map((_, i) => i % 251);
    await channel.basicPublish('', name, body);
    const message = await channel.basicGet(name, { noAck: true });
    expect(Buffer.compare(message?.body ?? new Uint8Array(0), body)).toBe(0);
    await connection.close();
  });

  test('rejects with the reason when its channel is closed by an error', async () => {
    const connection = await new AMQPClient(server.amqpUrl).connect();
    const channel = await connection.channel();
    await expect(channel.queueDeclare('amqp-client-absent', { passive: true })).rejects.toThrow(/NOT_FOUND/);
    const next = await connection.channel();
    expect(await next.queueDeclare('', { exclusive: true })).toMatchObject({ messageCount: 0 });
    await connection.close();
  });

  test('commits and rolls back transactions', async () => {
    const connection = await new AMQPClient(server.amqpUrl).connect();
    const channel = await connection.channel();
    const { name } = await channel.queueDeclare('', { exclusive: true });
    await channel.txSelect();
    await channel.basicPublish('', name, 'rolled back');
    await channel.txRollback();
    await channel.basicPublish('', name, 'committed');
    await channel.txCommit();
    expect((await channel.basicGet(name, { noAck: true }))?.bodyString()).toBe('committed');
    expect(await channel.basicGet(name)).toBe(null);
    await connection.close();
  });

  test('calls and answers over direct reply-to', async () => {
    const session = await AMQPSession.connect(server.amqpUrl, { logger: null });
    await session.rpcServer('amqp-client-rpc', (request) => `hello ${request.bodyString()}`);
    const client = await session.rpcClient();
    const replies = await Promise.all(['anna', 'ben'].map((name) => client.call('amqp-client-rpc', name)));
    expect(replies.map((reply) => reply.bodyString())).toEqual(['hello anna', 'hello ben']);
    await session.stop();
  });

  test('is told of returned messages', async () => {
    const returned = new Arrivals<string>();
    const onreturn = (message: AMQPMessage): void => {
      returned.push(`${message.replyCode} ${message.replyText} ${message.bodyString()}`);
    };
    const session = await AMQPSession.connect(server.amqpUrl, { logger: null, onreturn });
    const exchange = await session.fanoutExchange('amq.fanout');
    await exchange.publish('lost', { mandatory: true });
    expect(await returned.take(1)).toEqual(['312 NO_ROUTE lost']);
    await session.stop();
  });

  test('consumes again after the line was cut and after the broker restarted', async () => {
    const proxy = await TcpProxy.start(server);
    const connected = new Arrivals<true>();
    const consuming = await recoveringSession(server, proxy.amqpUrl, connected);
    const published = new Arrivals<true>();
    const publishing = await recoveringSession(server, server.amqpUrl, published);
    await Promise.all([connected.take(1), published.take(1)]);
    const queue = await consuming.queue('amqp-client-recovered', { durable: true });
    const received = new Arrivals<string>();
    await queue.subscribe({ prefetch: 5 }, (message) => {
      // An ack that was lost with the line makes the broker deliver again.
      if (!message.redelivered) received.push(message.bodyString() ?? '');
    });
    const target = await publishing.queue('amqp-client-recovered', { durable: true });
    await target.publish('before');
    expect(await received.take(1)).toEqual(['before']);

    proxy.cut();
    await connected.take(1);
    await target.publish('after the cut');
    expect(await received.take(1)).toEqual(['after the cut']);

    await server.restart();
    await Promise.all([connected.take(1), published.take(1)]);
    await target.publish('after the restart');
    expect(await received.take(1)).toEqual(['after the restart']);
    await consuming.stop();
    await publishing.stop();
    await proxy.close();
  });
});

/**
 * A session declares its queues once, and not again when it reconnects. So that a broker that keeps nothing on disk has
 * the queue again after its restart, it is declared on a connection of its own before every attempt to connect.
 */
function recoveringSession(server: Server, url: string, connected: Arrivals<true>): Promise<AMQPSession> {
  return AMQPSession.connect(url, {
    logger: null,
    reconnectInterval: 50,
    maxReconnectInterval: 500,
    beforeConnect: async () => {
      const connection = await new AMQPClient(server.amqpUrl).connect();
      const channel = await connection.channel();
      await channel.queueDeclare('amqp-client-recovered', { durable: true });
      await connection.close();
    },
    onconnect: () => connected.push(true),
  });
}
