import { type AmqpConnectionManager, type Channel, connect } from 'amqp-connection-manager';
import type { ConfirmChannel, ConsumeMessage } from 'amqplib';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { Arrivals } from '../servers/arrivals.ts';
import { startBrokerUnderTest } from '../servers/broker-under-test.ts';
import type { Server } from '../servers/server.ts';
import { TcpProxy } from '../servers/tcp-proxy.ts';

describe('amqp-connection-manager', () => {
  let server: Server;
  let proxy: TcpProxy;
  let connection: AmqpConnectionManager;
  let connected: Arrivals<true>;

  beforeAll(async () => {
    server = await startBrokerUnderTest();
    proxy = await TcpProxy.start(server);
  });
  afterAll(async () => {
    await proxy.close();
    await server.close();
  });
  beforeEach(async () => {
    connected = new Arrivals();
    connection = connect([proxy.amqpUrl], { heartbeatIntervalInSeconds: 5, reconnectTimeInSeconds: 0.2 });
    connection.on('connect', () => connected.push(true));
    await connected.take(1);
  });
  afterEach(() => connection.close());

  test('publishes with confirms, consumes with acks and a prefetch count', async () => {
    const received = new Arrivals<unknown>();
    const channel = connection.createChannel({
      json: true,
      setup: (setup: ConfirmChannel) => setup.assertQueue('manager-work', { durable: true }),
    });
    await channel.waitForConnect();
    for (let i = 0; i < 50; i++) expect(await channel.sendToQueue('manager-work', { id: i })).toBe(true);
    const { consumerTag } = await channel.consume(
      'manager-work',
      (message) => {
        received.push(JSON.parse(`${message.content}`));
        channel.ack(message);
      },
      { prefetch: 5 },
    );
    expect(await received.take(50)).toEqual(Array.from({ length: 50 }, (_, id) => ({ id })));
    await channel.cancel(consumerTag);
    await channel.deleteQueue('manager-work');
    await channel.close();
  });

  test('answers requests over a reply queue', async () => {
    const serving = connection.createChannel({
      setup: async (setup: Channel) => {
        await setup.assertQueue('manager-rpc', { autoDelete: true });
        await setup.consume('manager-rpc', (request) => {
          if (request === null) return;
          const { replyTo, correlationId } = request.properties;
          setup.sendToQueue(replyTo, Buffer.from(`hello ${request.content}`), { correlationId });
          setup.ack(request);
        });
      },
    });
    const replies = new Arrivals<ConsumeMessage>();
    let replyTo = '';
    const calling = connection.createChannel({
      setup: async (setup: Channel) => {
        replyTo = (await setup.assertQueue('', { exclusive: true })).queue;
        await setup.consume(replyTo, (reply) => reply && replies.push(reply), { noAck: true });
      },
    });
    await Promise.all([serving.waitForConnect(), calling.waitForConnect()]);
    await calling.sendToQueue('manager-rpc', Buffer.from('anna'), { replyTo, correlationId: 'c-1' });
    const [reply] = await replies.take(1);
    expect([`${reply?.content}`, reply?.properties.correlationId]).toEqual(['hello anna', 'c-1']);
  });

  test('sends what was published while the line was down, and consumes again', async () => {
    const received = new Arrivals<string>();
    const channel = connection.createChannel({
      setup: async (setup: ConfirmChannel) => {
        await setup.assertQueue('manager-recovered', { durable: true });
        await setup.consume('manager-recovered', (message) => {
          if (message === null) return;
          received.push(`${message.content}`);
          setup.ack(message);
        });
      },
    });
    await channel.waitForConnect();
    const cut = disconnected();
    proxy.cut();
    await cut;
    await channel.sendToQueue('manager-recovered', Buffer.from('while the line was down'));
    await connected.take(1);
    expect(await received.take(1)).toEqual(['while the line was down']);

    const closed = disconnected();
    await server.restart();
    expect((await closed).message).toContain('320');
    await connected.take(1);
    await channel.sendToQueue('manager-recovered', Buffer.from('after the restart'));
    expect(await received.take(1)).toEqual(['after the restart']);
  });

  function disconnected(): Promise<Error> {
    return new Promise((resolve) => {
      connection.once('disconnect', ({ err }) => resolve(err));
    });
  }
});
