import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { startTestBroker, type TestBroker } from '../testing/test-broker.ts';
import { type Client, connect } from './amqp-client.ts';
import { Closed } from './client-failures.ts';
import type { ClientOptions } from './client-options.ts';
import type { EmbeddedBroker } from './direct-transport.ts';
import { outcomeOf } from './outcome-of.ts';

async function openScene(options: ClientOptions = {}): Promise<{ broker: TestBroker; client: Client }> {
  const broker = await startTestBroker();
  const client = await connect(broker, options);
  onTestFinished(async () => {
    await client.close();
    await broker.close();
  });
  return { broker, client };
}

test('a test broker waits for the handlers of a client, and its clock brings what was put off', async () => {
  const { broker, client } = await openScene();
  await client.declare({ queues: [{ queue: 'q' }] });
  const seen: string[] = [];
  await client.consume('q', async (delivery) => {
    await new Promise((resolve) => setImmediate(resolve));
    seen.push(`${delivery.body} ${delivery.retryCount}`);
    if (delivery.body === 'later' && delivery.retryCount === 0) await delivery.retry({ delayMs: 60_000 });
  });
  await client.publishBatch([
    { routingKey: 'q', body: 'now' },
    { routingKey: 'q', body: 'later' },
  ]);
  await broker.settled();
  expect(seen).toEqual(['now 0', 'later 0']);
  await broker.clock.advance('59s');
  expect(seen.length).toBe(2);
  await broker.clock.advance('1s');
  await broker.settled();
  expect(seen).toEqual(['now 0', 'later 0', 'later 1']);
  expect(await client.inspect('q')).toEqual({ messageCount: 0, consumerCount: 1 });
});

test.each(['direct', 'tcp'])('on Leveret results and reasons are kept as outcomes: %s', async (way) => {
  const broker = await startTestBroker({ amqpPort: 0 });
  const client = await connect(way === 'tcp' ? (broker.url ?? '') : broker);
  onTestFinished(async () => {
    await client.close();
    await broker.close();
  });
  await client.declare({ queues: [{ queue: 'jobs', arguments: { 'x-outcome-ttl': 60_000 } }] });
  await client.consume('jobs', (delivery) => {
    if (delivery.body === 'bad') return delivery.deadLetter('no such page');
    return { pages: 3 };
  });
  await client.publish({ routingKey: 'jobs', body: 'good', messageId: 'good' });
  await client.publish({ routingKey: 'jobs', body: 'bad', messageId: 'bad' });
  const good = await outcomeOf(broker.broker, 'good', { waitMs: Number.POSITIVE_INFINITY });
  expect(good).toMatchObject({ status: 'completed', contentType: 'application/json' });
  expect(new TextDecoder().decode(good?.result)).toBe('{"pages":3}');
  const bad = await outcomeOf(broker.broker, 'bad', { waitMs: Number.POSITIVE_INFINITY });
  expect(bad).toMatchObject({ status: 'failed', error: 'no such page' });
});

test('while the broker is short of memory publishing waits, and it is told', async () => {
  const { broker, client } = await openScene();
  await client.declare({ queues: [{ queue: 'q' }] });
  const blocked = once(client, 'blocked');
  broker.broker.setAlarm('memory', true);
  // the broker takes what makes it stop reading
  await client.publish({ routingKey: 'q', body: 1 });
  await blocked;
  let confirmed = false;
  const publishing = client.publish({ routingKey: 'q', body: 2 }).then(() => {
    confirmed = true;
  });
  await broker.settled();
  expect(confirmed).toBe(false);
  const unblocked = once(client, 'unblocked');
  broker.broker.setAlarm('memory', false);
  await Promise.all([unblocked, publishing]);
});

test('a client that gives up is closed, and says why', async () => {
  const { broker, client } = await openScene({ reconnect: { minDelayMs: 0, attemptsMax: 3 } });
  const attempts: number[] = [];
  client.on('reconnecting', ({ attempt }) => attempts.push(attempt));
  const closed = once(client, 'closed');
  const disconnected = once(client, 'disconnected');
  await broker.close();
  await disconnected;
  const publishing = expect(client.publish({ routingKey: 'q', body: 1 })).rejects.toThrow(Closed);
  expect((await closed)[0]).toMatchObject({ code: 'CLOSED', message: expect.stringContaining('3 attempts') });
  await publishing;
  expect(attempts).toEqual([1, 2, 3]);
  expect(client.isConnected).toBe(false);
});

test('connect waits for a broker that is not there yet, as long as it is told', async () => {
  const broker = await startTestBroker();
  onTestFinished(() => broker.close());
  let attempts = 0;
  const address = (): TestBroker => {
    attempts += 1;
    if (attempts < 3) throw new Error('not yet');
    return broker;
  };
  const reconnect = { minDelayMs: 1 };
  await expect(connect(address, { reconnect })).rejects.toThrow('not yet');
  const client = await connect(address, { reconnect, waitMs: 60_000 });
  expect([attempts, client.isConnected, client.product]).toEqual([3, true, 'Leveret']);
  await client.close();
});

test('an address that is none is refused at once, and without its password', async () => {
  const address = 'http://guest:secret@localhost';
  await expect(connect(address, { waitMs: 60_000 })).rejects.toThrow('address: found a URL with http:');
  await expect(connect(address)).rejects.not.toThrow('secret');
});

test('where no broker answers, the error names the address without its password, and keeps the code', async () => {
  const failure = await connect('amqp://guest:secret@127.0.0.1:1/').catch((reason: Error) => reason);
  expect(failure).toMatchObject({ code: 'ECONNREFUSED' });
  expect(String(failure)).toContain('no broker answers at amqp://127.0.0.1:1: ');
  expect(String(failure)).not.toContain('secret');
});

test('a vhost that is not there is named', async () => {
  const broker = await startTestBroker({ amqpPort: 0 });
  onTestFinished(() => broker.close());
  const failure = await connect(`${broker.url}/nowhere`).catch((reason: Error) => reason);
  expect(failure).toMatchObject({ code: 'REFUSED', replyCode: 530 });
  expect(String(failure)).toContain("vhost 'nowhere' does not exist");
});

test('numbers that make no sense are refused', async () => {
  const { client } = await openScene();
  await client.declare({ queues: [{ queue: 'q' }] });
  await expect(client.consume('q', () => {}, { concurrency: 0 })).rejects.toThrow('concurrency: found 0');
  await expect(client.consume('q', { prefetch: 1.5 })).rejects.toThrow('prefetch: found 1.5');
});

test('a handler that fails unheard is told once by the process', async () => {
  const { broker, client } = await openScene();
  await client.declare({ queues: [{ queue: 'q' }] });
  const warnings: string[] = [];
  const gather = (warning: Error): void => void warnings.push(warning.message);
  process.on('warning', gather);
  onTestFinished(() => void process.off('warning', gather));
  let failures = 0;
  await client.consume('q', () => {
    failures += 1;
    if (failures < 3) throw new Error('broken');
  });
  await client.publish({ routingKey: 'q', body: 1 });
  await broker.settled();
  expect(failures).toBe(3);
  expect(warnings).toEqual([expect.stringContaining("a handler of queue 'q' failed: Error: broken")]);
});

test('a mistake in onFailure loses nothing', async () => {
  const { broker, client } = await openScene();
  await client.declare({ queues: [{ queue: 'q' }] });
  const reasons: string[] = [];
  client.on('handlerFailed', (reason) => reasons.push(String(reason)));
  let calls = 0;
  const onFailure = (): void => {
    throw new Error('a mistake');
  };
  await client.consume(
    'q',
    () => {
      calls += 1;
      if (calls === 1) throw new Error('first');
    },
    { onFailure },
  );
  await client.publish({ routingKey: 'q', body: 1 });
  await broker.settled();
  expect([calls, reasons]).toEqual([2, ['Error: first', 'Error: a mistake']]);
});

test('a handler that takes too long for its queue loses its delivery, and the consumer goes on', async () => {
  const { broker, client } = await openScene({ reconnect: { minDelayMs: 0 } });
  await client.declare({ queues: [{ queue: 'q', arguments: { 'x-consumer-timeout': 60_000 } }] });
  const dropped = once(client, 'settlementDropped');
  const again = new Promise<boolean>((resolve) => {
    void client.consume(
      'q',
      async (delivery) => {
        if (delivery.redelivered) resolve(delivery.redelivered);
        else await new Promise((wake) => delivery.signal.addEventListener('abort', wake));
      },
      { concurrency: 2 },
    );
  });
  await client.publish({ routingKey: 'q', body: 1 });
  await broker.clock.advance('2m');
  expect((await dropped)[0]).toMatchObject({ isLost: true });
  expect(await again).toBe(true);
});

test('a consumer that is kept from its queue after a reconnect tries again until it is free', async () => {
  const broker = await startTestBroker();
  const other = await connect(broker);
  let isOpen = true;
  const connections: { destroy(): void }[] = [];
  const address = (): EmbeddedBroker => {
    if (!isOpen) throw new Error('the line is cut');
    return {
      connect: async (options) => {
        const connection = await broker.connect(options);
        connections.push(connection);
        return connection;
      },
    };
  };
  const client = await connect(address, { reconnect: { minDelayMs: 1, maxDelayMs: 5 } });
  onTestFinished(async () => {
    await Promise.all([client.close(), other.close()]);
    await broker.close();
  });
  await client.declare({ queues: [{ queue: 'q' }] });
  const seen = new Promise((resolve) => {
    void client.consume('q', ({ body }) => resolve(body), { exclusive: true });
  });
  await broker.settled();
  isOpen = false;
  connections[0]?.destroy();
  await once(client, 'reconnecting');
  await other.declare({ queues: [{ queue: 'q' }] });
  const consumer = await other.consume('q', () => {}, { exclusive: true });
  const restored = once(client, 'restored');
  isOpen = true;
  await restored;
  expect(await other.inspect('q')).toMatchObject({ consumerCount: 1 });
  await consumer.cancel();
  await other.publish({ routingKey: 'q', body: 'free again' });
  expect(await seen).toBe('free again');
});

test('a broker that accepts and says nothing is given up, by its time or by a signal', async () => {
  const silent = createServer(() => {}).listen(0, '127.0.0.1');
  onTestFinished(() => void silent.close());
  await once(silent, 'listening');
  const url = `amqp://127.0.0.1:${(silent.address() as AddressInfo).port}`;
  await expect(connect(url, { connectTimeoutMs: 20 })).rejects.toThrow('did not answer within 20 ms');
  const accepted = once(silent, 'connection');
  const stop = new AbortController();
  const connecting = expect(connect(url, { signal: stop.signal })).rejects.toThrow('enough');
  await accepted;
  stop.abort(new Error('enough'));
  await connecting;
});
