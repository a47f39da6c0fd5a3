import { Connection, ConsumerStatus } from 'rabbitmq-client';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { Arrivals } from '../servers/arrivals.ts';
import { startBrokerUnderTest } from '../servers/broker-under-test.ts';
import type { Server } from '../servers/server.ts';
import { TcpProxy } from '../servers/tcp-proxy.ts';

describe('rabbitmq-client', () => {
  let server: Server;
  let connection: Connection;

  beforeAll(async () => {
    server = await startBrokerUnderTest();
  });
  afterAll(() => server.close());
  beforeEach(async () => {
    connection = reconnecting(server.amqpUrl);
    await connection.onConnect();
  });
  afterEach(() => connection.close());

  test('publishes with confirms and consumes with a prefetch count and acks', async () => {
    const publisher = connection.createPublisher({
      confirm: true,
      exchanges: [{ exchange: 'rabbitmq-client-events', type: 'topic' }],
    });
    const received = new Arrivals<unknown>();
    const consumer = connection.createConsumer(
      {
        queue: 'rabbitmq-client-events',
        queueOptions: { durable: true },
        qos: { prefetchCount: 5 },
        exchanges: [{ exchange: 'rabbitmq-client-events', type: 'topic' }],
        queueBindings: [{ exchange: 'rabbitmq-client-events', routingKey: 'users.*' }],
      },
      async (message) => received.push(message.body),
    );
    await eventOf(consumer, 'ready');
    for (let i = 0; i < 100; i++) {
      await publisher.send({ exchange: 'rabbitmq-client-events', routingKey: 'users.visit' }, { id: i });
    }
    expect(await received.take(100)).toEqual(Array.from({ length: 100 }, (_, id) => ({ id })));
    await consumer.close();
    expect(consumer.stats.acknowledged).toBe(100);
    expect(await connection.queueDelete('rabbitmq-client-events')).toMatchObject({ messageCount: 0 });
    await connection.exchangeDelete({ exchange: 'rabbitmq-client-events' });
    await publisher.close();
  });

  test('requeues and drops what its handler asks to', async () => {
    const seen = new Arrivals<string>();
    const consumer = connection.createConsumer(
      { queue: 'rabbitmq-client-requeue', queueOptions: { exclusive: true }, qos: { prefetchCount: 1 } },
      (message) => {
        seen.push(`${message.body} ${message.redelivered}`);
        return message.redelivered ? ConsumerStatus.DROP : ConsumerStatus.REQUEUE;
      },
    );
    await eventOf(consumer, 'ready');
    const publisher = connection.createPublisher({ confirm: true });
    await publisher.send('rabbitmq-client-requeue', 'one');
    expect(await seen.take(2)).toEqual(['one false', 'one true']);
    await consumer.close();
    expect(consumer.stats).toMatchObject({ requeued: 1, dropped: 1 });
    await publisher.close();
  });

  test('calls and answers through its RPC client', async () => {
    const answering = connection.createConsumer(
      { queue: 'rabbitmq-client-rpc', queueOptions: { autoDelete: true } },
      async (request, reply) => reply({ doubled: request.body * 2 }),
    );
    await eventOf(answering, 'ready');
    const calling = connection.createRPCClient({ confirm: true });
    const replies = await Promise.all([1, 2, 3].map((number) => calling.send('rabbitmq-client-rpc', number)));
    expect(replies.map((reply) => reply.body)).toEqual([{ doubled: 2 }, { doubled: 4 }, { doubled: 6 }]);
    await calling.close();
    await answering.close();
  });

  test('gets single messages and is told of returned ones', async () => {
    const { queue } = await connection.queueDeclare({ exclusive: true });
    const returned = new Arrivals<string>();
    const publisher = connection.createPublisher({ confirm: true });
    publisher.on('basic.return', ({ replyCode, replyText, body }) => {
      returned.push(`${replyCode} ${replyText} ${body}`);
    });
    await publisher.send({ routingKey: queue, headers: { attempt: 1 }, messageId: 'm-1' }, 'kept');
    await publisher.send({ routingKey: 'no-such-queue', mandatory: true }, 'lost');
    expect(await returned.take(1)).toEqual(['312 NO_ROUTE lost']);
    expect(await connection.basicGet({ queue, noAck: true })).toMatchObject({
      body: 'kept',
      headers: { attempt: 1 },
      messageId: 'm-1',
      messageCount: 0,
    });
    expect(await connection.basicGet(queue)).toBeUndefined();
    await publisher.close();
  });

  test('sees the reply code and text when its channel is closed', async () => {
    const channel = await connection.acquire();
    await expect(
      channel.queueDeclare({ queue: 'rabbitmq-client-absent', passive: true }),
    ).rejects.toMatchObject({
      code: 'NOT_FOUND',
    });
  });

  test('commits and rolls back transactions', async () => {
    const channel = await connection.acquire();
    const { queue } = await connection.queueDeclare({ exclusive: true });
    await channel.txSelect();
    await channel.basicPublish({ routingKey: queue }, 'rolled back');
    await channel.txRollback();
    await channel.basicPublish({ routingKey: queue }, 'committed');
    expect(await connection.basicGet(queue)).toBeUndefined();
    await channel.txCommit();
    expect(await connection.basicGet({ queue, noAck: true })).toMatchObject({ body: 'committed' });
    await channel.close();
  });

  test('consumes again after the line was cut and after the broker restarted', async () => {
    const proxy = await TcpProxy.start(server);
    const proxied = reconnecting(proxy.amqpUrl);
    const received = new Arrivals<string>();
    const consumer = proxied.createConsumer(
      { queue: 'rabbitmq-client-recovered', queueOptions: { durable: true } },
      (message) => {
        // An ack that was lost with the line makes the broker deliver again.
        if (!message.redelivered) received.push(message.body);
      },
    );
    consumer.on('error', () => undefined);
    const ready = new Arrivals<true>();
    consumer.on('ready', () => ready.push(true));
    await ready.take(1);
    const publisher = connection.createPublisher({ confirm: true, maxAttempts: 20 });
    await publisher.send('rabbitmq-client-recovered', 'before');
    expect(await received.take(1)).toEqual(['before']);

    proxy.cut();
    await ready.take(1);
    await publisher.send('rabbitmq-client-recovered', 'after the cut');
    expect(await received.take(1)).toEqual(['after the cut']);

    await server.restart();
    await Promise.all([ready.take(1), connection.onConnect(20_000)]);
    await publisher.send('rabbitmq-client-recovered', 'after the restart');
    expect(await received.take(1)).toEqual(['after the restart']);
    await consumer.close();
    await publisher.close();
    await proxied.close();
    await proxy.close();
  });
});

function reconnecting(url: string): Connection {
  const connection = new Connection({ url, retryLow: 50, retryHigh: 500 });
  connection.on('error', () => undefined);
  return connection;
}

function eventOf(
  emitter: { once(name: string, listener: () => void): unknown },
  name: string,
): Promise<void> {
  return new Promise((resolve) => {
    emitter.once(name, resolve);
  });
}
