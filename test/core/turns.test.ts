import { afterEach, beforeEach, expect, test } from 'vitest';
import { type DirectConnection, openDirectConnection } from '../../src/client/direct-connection.ts';
import { Broker } from '../../src/core/broker.ts';
import type { Peer, Transport } from '../../src/core/environment.ts';
import type { Queue } from '../../src/core/queue/queue.ts';
import { MemoryEngine } from '../../src/storage/memory-engine.ts';
import { MessageLog } from '../../src/storage/message-log.ts';
import { SeededRandom } from '../../src/testing/seeded-random.ts';
import { VirtualClock } from '../../src/testing/virtual-clock.ts';
import { VirtualScheduler } from '../../src/testing/virtual-scheduler.ts';

const NEVER = Number.POSITIVE_INFINITY;
const PEER: Peer = {
  remoteAddress: '127.0.0.1',
  remotePort: 1,
  localAddress: '127.0.0.1',
  localPort: 5672,
  loopback: true,
};

/** A peer that says nothing and listens to nothing. */
const SILENT: Transport = {
  write: () => true,
  progressMark: 0,
  pause: () => {},
  resume: () => {},
  close: () => {},
};

let clock: VirtualClock;
let log: MessageLog;
let scheduler: VirtualScheduler;
let broker: Broker;
const connections: DirectConnection[] = [];

beforeEach(() => {
  clock = new VirtualClock(0);
  log = new MessageLog(new MemoryEngine());
  scheduler = new VirtualScheduler(() => broker.turn());
  broker = new Broker(
    {
      clock,
      random: new SeededRandom(1),
      scheduler,
      store: log,
      credentials: {
        hash: (password) => password,
        verify: (password, hash, done) => done(password === hash),
      },
      onEvent: () => {},
    },
    // Statistics have deadlines of their own: see queue-maths.test.ts.
    { heartbeatSeconds: 0, statistics: false },
  );
});

afterEach(async () => {
  for (const connection of connections.splice(0)) await connection.close();
  scheduler.stop();
});

async function connect(): Promise<DirectConnection> {
  const connection = await openDirectConnection(broker);
  connections.push(connection);
  return connection;
}

/** Two rounds of the event loop without a turn: nothing more happens until the clock moves or a client speaks. */
async function quiet(): Promise<void> {
  for (let rounds = 0; rounds < 2; ) {
    const before = scheduler.turnCount;
    await new Promise((resolve) => setImmediate(resolve));
    rounds = scheduler.turnIsDue || scheduler.turnCount !== before ? 0 : rounds + 1;
  }
}

function queue(name: string): Queue {
  return broker.vhosts.get('/')?.queues.get(name) as Queue;
}

test('a broker that hears nothing runs no turn and waits for nothing', async () => {
  const connection = await connect();
  await (await connection.createChannel()).queueDeclare('q');
  await quiet();
  expect(scheduler.deadlineMs).toBe(NEVER);
  const before = scheduler.turnCount;
  clock.moveTo(10_000);
  await quiet();
  expect(scheduler.turnCount).toBe(before);
  scheduler.runTurn();
  expect(scheduler.turnIsDue).toBe(false);
  expect(scheduler.deadlineMs).toBe(NEVER);
});

test('a peer that connects and goes at once does not make what comes later expire early', async () => {
  const channel = await (await connect()).createChannel();
  await channel.queueDeclare('q');
  await quiet();
  broker.accept(SILENT, PEER).transportClosed();
  await quiet();
  clock.moveTo(600_000);
  await channel.publish({
    routingKey: 'q',
    body: Uint8Array.of(1),
    properties: { expiration: '60000' },
  });
  await quiet();
  expect(scheduler.deadlineMs).toBe(660_000);
});

test('the host hears of a handshake that must end in time', async () => {
  const silent = broker.accept(SILENT, PEER);
  await quiet();
  expect(scheduler.deadlineMs).toBe(broker.settings.handshakeTimeoutMs);
  silent.transportClosed();
});

test('the host hears of a queue that expires although its last consumer left without a word', async () => {
  const channel = await (await connect()).createChannel();
  await channel.queueDeclare('q', { arguments: { 'x-expires': 5000 } });
  const lost = await openDirectConnection(broker);
  await (await lost.createChannel()).consume('q', () => {});
  await quiet();
  expect(scheduler.deadlineMs).toBe(NEVER);
  for (const connection of broker.connections) {
    if (
      [...connection.channels.values()].some((each) => queue('q').consumers.first?.target === each.deliveries)
    )
      connection.transportClosed();
  }
  await quiet();
  expect(queue('q').consumerCount).toBe(0);
  expect(scheduler.deadlineMs).toBe(5000);
  clock.moveTo(5000);
  scheduler.runDeadline();
  expect(queue('q')).toBeUndefined();
});

test('no turn publishes more than its share of the messages whose time has come', async () => {
  const channel = await (await connect()).createChannel();
  await channel.queueDeclare('q');
  const { wallMs } = { wallMs: clock.wallMs() };
  for (let count = 0; count < 3000; count++) {
    await channel.publish({
      routingKey: 'q',
      body: Uint8Array.of(1),
      properties: { headers: { 'x-deliver-at': wallMs + 1000 } },
    });
  }
  await quiet();
  clock.moveTo(1000);
  broker.turn();
  expect(queue('q').readyCount).toBe(1024);
  await quiet();
  expect(queue('q').readyCount).toBe(3000);
});

test('a deleted or purged queue gives its room back over several turns, and its counts at once', async () => {
  const channel = await (await connect()).createChannel();
  const count = 70_000;
  for (const name of ['purged', 'deleted']) {
    await channel.queueDeclare(name);
    for (let index = 0; index < count; index++)
      void channel.publish({ routingKey: name, body: Uint8Array.of(1) });
    await quiet();
  }
  const before = log.liveBytes;
  expect(queue('purged').purge()).toBe(count);
  broker.vhosts.get('/')?.removeQueue(queue('deleted'));
  expect(queue('purged').messageCount).toBe(0);
  expect(log.liveBytes).toBeGreaterThan(before * 0.5);
  let turns = 0;
  for (; log.liveBytes > 0 && turns < 100; turns++) {
    const held = log.liveBytes;
    scheduler.runTurn();
    expect(log.liveBytes).toBeGreaterThanOrEqual(held - before * 0.5);
    expect(log.liveBytes === 0 || scheduler.turnIsDue).toBe(true);
  }
  expect(turns).toBeGreaterThan(2);
  expect(log.liveBytes).toBe(0);
});
