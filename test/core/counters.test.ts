/** What each counter counts, as RabbitMQ's message_stats do. */
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Delivery } from '../../src/client/delivery.ts';
import type { DirectChannel } from '../../src/client/direct-channel.ts';
import type { DirectConnection } from '../../src/client/direct-connection.ts';
import type { Channel } from '../../src/core/channel/channel.ts';
import type { Queue } from '../../src/core/queue/queue.ts';
import { MessageCounters } from '../../src/core/statistics/message-counters.ts';
import type { SeriesName } from '../../src/core/statistics/series.ts';
import type { VirtualHost } from '../../src/core/vhost/virtual-host.ts';
import { startTestBroker, type TestBroker } from '../../src/testing/test-broker.ts';

let running: TestBroker;
let connection: DirectConnection;
let client: DirectChannel;

beforeEach(async () => {
  running = await startTestBroker({ seed: 1 });
  connection = await running.connect();
  client = await connection.createChannel();
  await client.queueDeclare('q');
});

afterEach(() => running.close());

function vhost(): VirtualHost {
  return running.broker.vhosts.get('/') as VirtualHost;
}

function queue(name = 'q'): Queue {
  return vhost().queues.get(name) as Queue;
}

/** The channel of `client`, which is the only one. */
function channel(): Channel {
  return [...running.broker.connections].flatMap((each) => [...each.channels.values()])[0] as Channel;
}

/** The counters that are not 0. */
function counted(counters: MessageCounters): Record<string, number> {
  return Object.fromEntries(Object.entries(counters).filter(([, value]) => value !== 0));
}

async function publish(
  routingKey = 'q',
  options: { exchange?: string; mandatory?: boolean } = {},
): Promise<void> {
  await client.publish({ routingKey, body: new Uint8Array(1), ...options });
}

async function consume(noAck: boolean): Promise<Delivery[]> {
  const deliveries: Delivery[] = [];
  await client.consume('q', (delivery) => void deliveries.push(delivery), { noAck });
  await running.settled();
  return deliveries;
}

describe('publishing', () => {
  test('counts at the channel, the exchange and the queue, and in vhost and broker once', async () => {
    await publish();
    await publish();
    await running.settled();
    const exchange = vhost().exchanges.get('');
    expect(counted(channel().counters)).toEqual({ publish: 2 });
    expect(counted(exchange?.counters as MessageCounters)).toEqual({ publishIn: 2, publishOut: 2 });
    expect(counted(queue().counters)).toEqual({ publish: 2 });
    for (const { counters } of [vhost(), running.broker])
      expect(counted(counters)).toEqual({ publish: 2, publishIn: 2, publishOut: 2 });
  });

  test('to several queues comes in once and goes out to each', async () => {
    await client.queueDeclare('r');
    for (const name of ['q', 'r']) await client.queueBind(name, 'amq.fanout');
    for (let count = 0; count < 3; count++) await publish('any', { exchange: 'amq.fanout' });
    await running.settled();
    expect(counted(vhost().exchanges.get('amq.fanout')?.counters as MessageCounters)).toEqual({
      publishIn: 3,
      publishOut: 6,
    });
    expect([queue().counters.publish, queue('r').counters.publish]).toEqual([3, 3]);
    expect(vhost().counters.publish).toBe(3);
  });

  test('to nowhere is dropped, or returned when it is mandatory', async () => {
    await publish('nowhere');
    await publish('nowhere', { mandatory: true }).catch(() => {});
    await running.settled();
    const found = { publish: 2, dropUnroutable: 1, returnUnroutable: 1 };
    expect(counted(channel().counters)).toEqual(found);
    expect(counted(vhost().counters)).toEqual({ ...found, publishIn: 2 });
  });

  test('is confirmed in confirm mode, and not counted so when it was refused', async () => {
    await client.queueDeclare('full', { arguments: { 'x-max-length': 1, 'x-overflow': 'reject-publish' } });
    await client.confirmSelect();
    await publish('full');
    await publish('full').catch(() => {});
    await publish('q');
    expect(channel().counters.confirm).toBe(2);
    expect(vhost().counters.confirm).toBe(2);
  });

  test('in a transaction counts with the commit', async () => {
    await client.txSelect();
    await publish();
    await running.settled();
    expect(channel().counters.publish).toBe(0);
    await client.txCommit();
    expect([channel().counters.publish, queue().counters.publish]).toEqual([1, 1]);
  });

  test('a dead letter is no publish, but it came in', async () => {
    await client.queueDeclare('dying', {
      arguments: { 'x-dead-letter-exchange': '', 'x-dead-letter-routing-key': 'q', 'x-message-ttl': 10 },
    });
    await publish('dying');
    await running.clock.advance('1s');
    expect([queue().counters.publish, queue().enqueuedCount]).toEqual([0, 1]);
    expect([queue('dying').enqueuedCount, queue('dying').messageCount]).toEqual([1, 0]);
    expect(vhost().totals()).toMatchObject({ enqueuedCount: 2, settledCount: 1, readyCount: 1 });
  });
});

describe('delivering', () => {
  test('counts deliveries and acks at the channel and the queue', async () => {
    const deliveries = await consume(false);
    await publish();
    await publish();
    await running.settled();
    expect(counted(queue().counters)).toEqual({ publish: 2, deliver: 2 });
    client.ack(deliveries[1] as Delivery, { multiple: true });
    await running.settled();
    expect(counted(channel().counters)).toEqual({ publish: 2, deliver: 2, ack: 2 });
    expect(counted(queue().counters)).toEqual({ publish: 2, deliver: 2, ack: 2 });
  });

  test('without acknowledgements has a counter of its own', async () => {
    await consume(true);
    await publish();
    await running.settled();
    expect(counted(queue().counters)).toEqual({ publish: 1, deliverNoAck: 1 });
    expect(counted(channel().counters)).toEqual({ publish: 1, deliverNoAck: 1 });
  });

  test('again is a delivery and a redelivery, and a rejected message is no ack', async () => {
    const deliveries = await consume(false);
    await publish();
    await running.settled();
    client.nack(deliveries[0] as Delivery, { requeue: true });
    await running.settled();
    client.reject(deliveries[1] as Delivery, { requeue: false });
    await running.settled();
    expect(counted(queue().counters)).toEqual({ publish: 1, deliver: 2, redeliver: 1, reject: 1 });
    expect(counted(channel().counters)).toEqual({ publish: 1, deliver: 2, redeliver: 1 });
  });

  test('on demand counts with and without acknowledgement, and what was asked for in vain', async () => {
    await publish();
    await publish();
    const message = await client.get('q');
    client.ack(message as NonNullable<typeof message>);
    await client.get('q', { noAck: true });
    await client.get('q');
    await running.settled();
    const found = { publish: 2, get: 1, getNoAck: 1, getEmpty: 1, ack: 1 };
    expect(counted(queue().counters)).toEqual(found);
    expect(counted(channel().counters)).toEqual(found);
    expect(queue().counters.deliverGet).toBe(2);
  });
});

test('what is gone still counts in its vhost, and a vhost in its broker', async () => {
  running.broker.addVhost('other');
  running.broker.access.setPermission({
    user: 'guest',
    vhost: 'other',
    configure: '.*',
    write: '.*',
    read: '.*',
  });
  const other = await (await running.connect({ vhost: 'other' })).createChannel();
  await other.exchangeDeclare('x', 'fanout');
  await other.queueDeclare('gone');
  await other.queueBind('gone', 'x');
  await other.publish({ exchange: 'x', routingKey: '', body: new Uint8Array(1) });
  await other.get('gone', { noAck: true });
  await other.queueDelete('gone');
  await other.exchangeDelete('x');
  await running.settled();
  const expected = { publish: 1, publishIn: 1, publishOut: 1, getNoAck: 1 };
  expect(counted(running.broker.vhosts.get('other')?.counters as MessageCounters)).toEqual(expected);
  running.broker.deleteVhost('other');
  expect(counted(running.broker.counters)).toEqual(expected);
  expect(running.broker.totals()).toMatchObject({ enqueuedCount: 1, settledCount: 1 });
});

test('every counter is summed', () => {
  const one = new MessageCounters();
  for (const name of Object.keys(one)) (one as unknown as Record<string, number>)[name] = 1;
  const sum = new MessageCounters();
  sum.add(one);
  sum.add(one);
  expect(Object.values(sum)).toEqual(Object.values(one).map(() => 2));
});

test('a connection counts bytes and frames both ways', async () => {
  const [server] = running.broker.connections;
  const before = server?.traffic;
  await publish();
  await client.get('q', { noAck: true });
  await running.settled();
  const after = server?.traffic;
  // basic.publish, header and body; basic.get
  expect((after?.receivedFrames ?? 0) - (before?.receivedFrames ?? 0)).toBe(4);
  expect((after?.receivedBytes ?? 0) - (before?.receivedBytes ?? 0)).toBe(18 + 22 + 9 + 17);
  // basic.get-ok, header and body
  expect((after?.sentFrames ?? 0) - (before?.sentFrames ?? 0)).toBe(3);
  expect((after?.sentBytes ?? 0) - (before?.sentBytes ?? 0)).toBe(28 + 22 + 9);
  expect(server?.connectedAtMs).toBe(Date.UTC(2026, 0, 1));
});

test('a delivery is three frames', async () => {
  await consume(true);
  const [server] = running.broker.connections;
  const before = server?.traffic.sentFrames ?? 0;
  await publish();
  await running.settled();
  expect((server?.traffic.sentFrames ?? 0) - before).toBe(3);
});

test('comings and goings are counted', async () => {
  const { churn } = running.broker.statistics;
  expect(churn).toMatchObject({
    connectionsOpened: 1,
    channelsOpened: 1,
    queuesDeclared: 1,
    queuesCreated: 1,
  });
  await client.queueDeclare('q');
  await client.queueDelete('q');
  await client.close();
  await connection.close();
  await running.settled();
  expect(churn).toEqual({
    connectionsOpened: 1,
    connectionsClosed: 1,
    channelsOpened: 1,
    channelsClosed: 1,
    queuesDeclared: 2,
    queuesCreated: 1,
    queuesDeleted: 1,
  });
});

test('a channel is idle since it was last used', async () => {
  await running.clock.advance('1m');
  const idleSince = channel().idleSince as number;
  expect(idleSince).toBeLessThanOrEqual(Date.UTC(2026, 0, 1) + 10_000);
  await publish();
  expect(channel().idleSince).toBeUndefined();
});

test('statistics that are off leave the counters on', async () => {
  await using off = await startTestBroker({ statistics: 'off' });
  const other = await (await off.connect()).createChannel();
  await other.queueDeclare('q');
  await other.publish({ routingKey: 'q', body: new Uint8Array(1) });
  await other.get('q', { noAck: true });
  await off.clock.advance('1m');
  expect(off.broker.counters).toMatchObject({ publish: 1, getNoAck: 1 });
  expect(off.broker.statistics.of(off.broker)).toBeUndefined();
});

test('after a minute of messages every object has its rates', async () => {
  await consume(false);
  for (let index = 0; index < 12; index++) {
    await publish();
    await running.clock.advance('5s');
  }
  const { statistics } = running.broker;
  const exchange = vhost().exchanges.get('');
  if (exchange === undefined) throw new Error('no default exchange');
  await publish();
  await running.clock.advance('5s');
  const rates = [running.broker, vhost(), queue(), channel()].map((each) =>
    statistics.of(each)?.rateOf('publish'),
  );
  expect(rates).toEqual([0.2, 0.2, 0.2, 0.2]);
  expect(statistics.of(exchange)?.rateOf('publishIn')).toBe(0.2);
  const [server] = running.broker.connections;
  if (server === undefined) throw new Error('no connection');
  expect(statistics.of(server)?.rateOf('receivedBytes')).toBeGreaterThan(5);
  expect(
    statistics
      .of(queue())
      ?.samplesOf('unacked', 20, 5)
      .map(({ value }) => value),
  ).toEqual([13, 12, 11, 10, 9]);
});

describe('a vhost and the broker, which are sampled as the sum of their parts', () => {
  /** The newest sample of each, and a look at everything. */
  function compared(): { sampled: Record<string, number>; looked: Record<string, number> }[] {
    return [vhost(), running.broker].map((host) => {
      const series = running.broker.statistics.of(host);
      const { counters, enqueuedCount, settledCount, readyCount, unackedCount } = host.totals();
      const levels = {
        enqueued: enqueuedCount,
        settled: settledCount,
        ready: readyCount,
        unacked: unackedCount,
      };
      const looked: Record<string, number> = { ...counters, ...levels };
      const names = Object.keys(looked) as SeriesName[];
      const sampled = Object.fromEntries(
        names.map((name) => [name, series?.samplesOf(name, 0, 5)[0]?.value ?? 0]),
      );
      return { sampled, looked };
    });
  }

  function expectEqual(): void {
    for (const { sampled, looked } of compared()) expect(sampled).toEqual(looked);
  }

  test('agree with them after every interval, whatever comes and goes meanwhile', async () => {
    await client.exchangeDeclare('x', 'fanout');
    const deliveries = await consume(false);
    for (let round = 0; round < 10; round++) {
      const name = `r${round % 3}`;
      await client.queueDeclare(name);
      await client.queueBind(name, 'x');
      for (let count = 0; count <= round; count++) await publish('', { exchange: 'x' });
      await publish('q');
      await publish('nowhere');
      await client.get(name, { noAck: true });
      for (const delivery of deliveries.splice(0, round % 2)) client.ack(delivery);
      if (round % 4 === 1) await client.queueDelete(name);
      if (round % 4 === 2) await client.queuePurge(name);
      if (round === 7) await client.exchangeDelete('x').then(() => client.exchangeDeclare('x', 'fanout'));
      await running.clock.advance(round % 3 === 0 ? '5s' : '13s');
      await running.clock.advance('10s');
      expectEqual();
    }
    expect(compared()[1]?.looked).toMatchObject({ dropUnroutable: 10 });
  });

  test('agree about a vhost that is gone', async () => {
    running.broker.addVhost('other');
    const permission = { user: 'guest', vhost: 'other', configure: '.*', write: '.*', read: '.*' };
    running.broker.access.setPermission(permission);
    const other = await (await running.connect({ vhost: 'other' })).createChannel();
    await other.queueDeclare('gone');
    for (let count = 0; count < 3; count++)
      await other.publish({ routingKey: 'gone', body: new Uint8Array(1) });
    await running.clock.advance('7s');
    await other.publish({ routingKey: 'gone', body: new Uint8Array(1) });
    await running.settled();
    running.broker.deleteVhost('other');
    await running.clock.advance('10s');
    expectEqual();
    expect(compared()[1]?.looked).toMatchObject({ publish: 4, enqueued: 4, settled: 4 });
  });
});

describe('a queue that was quiet is looked at again', () => {
  /** The newest sample, after long enough for one. */
  async function sampled(name: SeriesName): Promise<number | undefined> {
    await running.clock.advance('10s');
    return running.broker.statistics.of(queue())?.samplesOf(name, 5, 5)[0]?.value;
  }

  beforeEach(async () => {
    await publish();
    await running.clock.advance('60s');
    expect(await sampled('ready')).toBe(1);
  });

  test('when somebody gets a message, and does not acknowledge it yet', async () => {
    await client.get('q');
    expect([await sampled('ready'), await sampled('unacked')]).toEqual([0, 1]);
  });

  test('when its message is moved away', async () => {
    queue().moveNext(() => true);
    expect(await sampled('ready')).toBe(0);
  });
});
