import { type ChannelModel, type ConsumeMessage, connect, type Message } from 'amqplib';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { Arrivals } from '../servers/arrivals.ts';
import { startBrokerUnderTest } from '../servers/broker-under-test.ts';
import type { Server } from '../servers/server.ts';
import { TcpProxy } from '../servers/tcp-proxy.ts';

describe('amqplib', () => {
  let server: Server;
  let connection: ChannelModel;

  beforeAll(async () => {
    server = await startBrokerUnderTest();
  });
  afterAll(() => server.close());
  beforeEach(async () => {
    connection = await connect(server.amqpUrl);
  });
  afterEach(() => connection.close());

  test('publishes with confirms and consumes with acks in order', async () => {
    const publisher = await connection.createConfirmChannel();
    const consumer = await connection.createChannel();
    const { queue } = await publisher.assertQueue('amqplib-work', { durable: true });
    for (let i = 0; i < 500; i++) publisher.sendToQueue(queue, Buffer.from(`${i}`), { persistent: true });
    await publisher.waitForConfirms();
    expect(await consumer.checkQueue(queue)).toMatchObject({ messageCount: 500, consumerCount: 0 });

    const deliveries = new Arrivals<ConsumeMessage>();
    await consumer.prefetch(50);
    const { consumerTag } = await consumer.consume(queue, (message) => {
      if (message === null) return;
      deliveries.push(message);
      consumer.ack(message);
    });
    const bodies = (await deliveries.take(500)).map((message) => Number(message.content));
    expect(bodies).toEqual(Array.from({ length: 500 }, (_, i) => i));
    await consumer.cancel(consumerTag);
    expect(await consumer.deleteQueue(queue)).toEqual({ messageCount: 0 });
  });

  test('never holds more unacked messages than its prefetch count', async () => {
    const channel = await connection.createConfirmChannel();
    const { queue } = await channel.assertQueue('', { exclusive: true });
    for (let i = 0; i < 30; i++) channel.sendToQueue(queue, Buffer.from(`${i}`));
    await channel.waitForConfirms();
    const deliveries = new Arrivals<ConsumeMessage>();
    await channel.prefetch(10);
    await channel.consume(queue, (message) => message && deliveries.push(message));

    const first = await deliveries.take(10);
    expect(await channel.checkQueue(queue)).toMatchObject({ messageCount: 20 });
    expect(deliveries.items).toEqual([]);
    channel.ack(first[4]!, true);
    await deliveries.take(5);
    expect(await channel.checkQueue(queue)).toMatchObject({ messageCount: 15 });
    channel.ackAll();
    await deliveries.take(10);
    channel.nackAll(true);
    const again = await deliveries.take(10);
    expect(again.map((message) => message.fields.redelivered)).toEqual(Array(10).fill(true));
  });

  test('round-trips properties and headers of every type', async () => {
    const channel = await connection.createChannel();
    const { queue } = await channel.assertQueue('', { exclusive: true });
    const headers = {
      text: 'für',
      whole: 42,
      negative: -7,
      large: 2 ** 40,
      fraction: 0.5,
      yes: true,
      nothing: null,
      bytes: Buffer.from([0, 1, 255]),
      list: [1, 'two', { three: 3 }],
      table: { inner: { deep: 'value' } },
      time: { '!': 'timestamp', value: 1_700_000_000 },
    };
    const properties = {
      contentType: 'application/json',
      contentEncoding: 'utf-8',
      deliveryMode: 2,
      priority: 7,
      correlationId: 'c-1',
      replyTo: 'elsewhere',
      expiration: '60000',
      messageId: 'm-1',
      timestamp: 1_700_000_000,
      type: 'greeting',
      userId: 'guest',
      appId: 'interop',
    };
    channel.sendToQueue(queue, Buffer.from('{}'), { ...properties, headers });
    const message = await channel.get(queue, { noAck: true });
    expect(message).toMatchObject({ content: Buffer.from('{}'), properties: { ...properties, headers } });
  });

  test('carries an empty body and a body of many frames', async () => {
    const channel = await connection.createConfirmChannel();
    const { queue } = await channel.assertQueue('', { exclusive: true });
    const large = Buffer.alloc(3_000_000, 'leveret ');
    channel.sendToQueue(queue, Buffer.alloc(0));
    channel.sendToQueue(queue, large);
    await channel.waitForConfirms();
    expect(await channel.get(queue, { noAck: true })).toMatchObject({ content: Buffer.alloc(0) });
    const message = await channel.get(queue, { noAck: true });
    expect(message && Buffer.compare(message.content, large)).toBe(0);
    expect(await channel.get(queue)).toBe(false);
  });

  test('works with frame_max 4096', async () => {
    const small = await connect(`${server.amqpUrl}?frameMax=4096`);
    const channel = await small.createChannel();
    const { queue } = await channel.assertQueue('', { exclusive: true });
    const body = Buffer.alloc(20_000, 'x');
    channel.sendToQueue(queue, body);
    const message = await channel.get(queue, { noAck: true });
    expect(message).toMatchObject({ content: body });
    await small.close();
  });

  test('answers a request over direct reply-to', async () => {
    const serving = await connection.createChannel();
    const calling = await connection.createChannel();
    await serving.assertQueue('amqplib-rpc', { durable: false, autoDelete: true });
    await serving.consume('amqplib-rpc', (request) => {
      if (request === null) return;
      const { replyTo, correlationId } = request.properties;
      serving.sendToQueue(replyTo, Buffer.from(`hello ${request.content}`), { correlationId });
      serving.ack(request);
    });
    const replies = new Arrivals<ConsumeMessage>();
    await calling.consume('amq.rabbitmq.reply-to', (reply) => reply && replies.push(reply), { noAck: true });
    for (const name of ['anna', 'ben']) {
      const options = { replyTo: 'amq.rabbitmq.reply-to', correlationId: name };
      calling.sendToQueue('amqplib-rpc', Buffer.from(name), options);
    }
    const answers = (await replies.take(2)).map((reply) => [
      reply.properties.correlationId,
      `${reply.content}`,
    ]);
    expect(answers).toEqual([
      ['anna', 'hello anna'],
      ['ben', 'hello ben'],
    ]);
  });

  test('routes through direct, fanout, topic and headers exchanges and exchange bindings', async () => {
    const channel = await connection.createConfirmChannel();
    const routes: readonly [type: string, key: string, args: object, published: string, headers: object][] = [
      ['direct', 'red', {}, 'red', {}],
      ['fanout', '', {}, 'anything', {}],
      ['topic', 'orders.*.#', {}, 'orders.eu.created.late', {}],
      ['headers', '', { 'x-match': 'any', colour: 'red', size: 1 }, '', { colour: 'blue', size: 1 }],
    ];
    for (const [type, key, args, published, headers] of routes) {
      const { queue } = await channel.assertQueue('', { exclusive: true });
      await channel.assertExchange(`amqplib-${type}`, type, { autoDelete: true });
      await channel.assertExchange(`amqplib-${type}-in`, 'fanout', { autoDelete: true });
      await channel.bindExchange(`amqplib-${type}`, `amqplib-${type}-in`, '');
      await channel.bindQueue(queue, `amqplib-${type}`, key, args);
      channel.publish(`amqplib-${type}`, published, Buffer.from('straight'), { headers });
      channel.publish(`amqplib-${type}-in`, published, Buffer.from('bound'), { headers });
      channel.publish(`amqplib-${type}`, 'nobody', Buffer.from('lost'), { headers: {} });
      await channel.waitForConfirms();
      const expected = type === 'fanout' ? ['straight', 'bound', 'lost'] : ['straight', 'bound'];
      for (const body of expected) {
        const message = await channel.get(queue, { noAck: true });
        expect(message && `${message.content}`, type).toBe(body);
      }
      expect(await channel.get(queue), type).toBe(false);
      await channel.deleteQueue(queue);
    }
  });

  test('returns unroutable mandatory messages before it confirms them', async () => {
    const channel = await connection.createConfirmChannel();
    const events: string[] = [];
    channel.on('return', (message: Message) => {
      const fields = message.fields as unknown as { replyCode: number; replyText: string };
      events.push(`${fields.replyCode} ${fields.replyText} ${message.content}`);
    });
    channel.publish('', 'no-such-queue', Buffer.from('lost'), { mandatory: true }, () =>
      events.push('confirmed'),
    );
    await channel.waitForConfirms();
    expect(events).toEqual(['312 NO_ROUTE lost', 'confirmed']);
  });

  test('sees 404, 405 and 406 as errors of the channel only', async () => {
    const other = await connect(server.amqpUrl);
    const owner = await connection.createChannel();
    await owner.assertQueue('amqplib-exclusive', { exclusive: true });
    await owner.assertQueue('amqplib-declared', { durable: false, autoDelete: true });
    const failures: readonly [code: number, work: (model: ChannelModel) => Promise<unknown>][] = [
      [404, async (model) => (await quietChannel(model)).checkQueue('amqplib-absent')],
      [405, async (model) => (await quietChannel(model)).checkQueue('amqplib-exclusive')],
      [406, async (model) => (await quietChannel(model)).assertQueue('amqplib-declared', { durable: true })],
    ];
    for (const [code, work] of failures) await expect(work(other)).rejects.toMatchObject({ code });
    await other.close();
  });

  test('dead-letters rejected and expired messages with x-death', async () => {
    const channel = await connection.createConfirmChannel();
    const dead = (await channel.assertQueue('', { exclusive: true })).queue;
    await channel.assertExchange('amqplib-dlx', 'fanout', { autoDelete: true });
    await channel.bindQueue(dead, 'amqplib-dlx', '');
    const { queue } = await channel.assertQueue('', { exclusive: true, deadLetterExchange: 'amqplib-dlx' });
    const deaths = new Arrivals<ConsumeMessage>();
    await channel.consume(dead, (message) => message && deaths.push(message), { noAck: true });
    channel.sendToQueue(queue, Buffer.from('rejected'));
    const message = await channel.get(queue);
    if (message) channel.reject(message, false);
    channel.sendToQueue(queue, Buffer.from('expired'), { expiration: 1 });
    const found = (await deaths.take(2)).map(({ content, properties }) => [
      `${content}`,
      properties.headers?.['x-death']?.[0]?.reason,
      properties.headers?.['x-first-death-queue'],
    ]);
    expect(found).toEqual([
      ['rejected', 'rejected', queue],
      ['expired', 'expired', queue],
    ]);
  });

  test('is told when its queue is deleted', async () => {
    const channel = await connection.createChannel();
    await channel.assertQueue('amqplib-cancelled');
    const cancelled = new Promise((resolve) => {
      void channel.consume('amqplib-cancelled', resolve);
    });
    await channel.checkQueue('amqplib-cancelled');
    await channel.deleteQueue('amqplib-cancelled');
    expect(await cancelled).toBe(null);
  });

  test('recovers its topology and consumers after the line was cut and after the broker restarted', async () => {
    const proxy = await TcpProxy.start(server);
    const deliveries = new Arrivals<string>();
    let connected = 0;
    const recovering = await connect(proxy.amqpUrl, {
      recovery: {
        initialDelay: 50,
        maxDelay: 500,
        setup: async (model: ChannelModel) => {
          const channel = await model.createChannel();
          await channel.assertQueue('amqplib-recovered', { durable: true });
          await channel.consume('amqplib-recovered', (m) => m && deliveries.push(`${m.content}`), {
            noAck: true,
          });
          connected += 1;
        },
      },
    });
    recovering.on('error', () => undefined);
    const ready = new Arrivals<number>();
    recovering.on('connect', () => ready.push(connected));

    await send('before');
    expect(await deliveries.take(1)).toEqual(['before']);
    proxy.cut();
    await ready.take(1);
    await send('after the cut');
    expect(await deliveries.take(1)).toEqual(['after the cut']);

    const closed = new Promise<Error | undefined>((resolve) => connection.once('close', resolve));
    await server.restart();
    expect((await closed)?.message).toContain('320');
    connection = await connect(server.amqpUrl);
    await ready.take(1);
    await send('after the restart');
    expect(await deliveries.take(1)).toEqual(['after the restart']);
    await recovering.close();
    await proxy.close();
  });

  async function send(body: string): Promise<void> {
    const channel = await connection.createConfirmChannel();
    channel.sendToQueue('amqplib-recovered', Buffer.from(body));
    await channel.waitForConfirms();
    await channel.close();
  }
});

/** A channel whose errors are only reported by the calls that fail. */
async function quietChannel(model: ChannelModel): ReturnType<ChannelModel['createChannel']> {
  const channel = await model.createChannel();
  channel.on('error', () => undefined);
  return channel;
}
