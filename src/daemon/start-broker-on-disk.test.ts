import { once } from 'node:events';
import { closeSync, mkdtempSync, openSync, readdirSync, rmSync, statSync, writeSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { uncaughtErrors } from '../../test/client/uncaught-errors.ts';
import { StartedProcess } from '../../test/servers/child-process.ts';
import type { DirectChannel } from '../client/direct-channel.ts';
import type { Broker } from '../core/broker.ts';
import type { BrokerEvent } from '../core/environment.ts';
import { AmqpListener } from '../server/amqp-listener.ts';
import { NodeDisk } from '../storage/file/node-disk.ts';
import { MessageLog } from '../storage/message-log.ts';
import { collectGarbage } from './collect-garbage.ts';
import { NodeScheduler } from './node-scheduler.ts';
import { type RunningBroker, type StartBrokerOptions, StorageError, startBroker } from './start-broker.ts';

/** Every fdatasync goes through here. Set up before the disk is imported, which keeps the function. */
const syncs = vi.hoisted(() => {
  const state = { fail: false, held: undefined as (() => void)[] | undefined };
  const fs = process.getBuiltinModule('node:fs');
  const { fdatasync } = fs;
  const failure = Object.assign(new Error('EIO: i/o error, fdatasync'), { code: 'EIO' });
  fs.fdatasync = ((descriptor: number, done: (error: Error | null) => void) => {
    if (state.fail) setImmediate(done, failure);
    else if (state.held !== undefined) state.held.push(() => fdatasync(descriptor, done));
    else fdatasync(descriptor, done);
  }) as typeof fdatasync;
  process.getBuiltinModule('node:module').syncBuiltinESMExports();
  return state;
});

const ENTRY = fileURLToPath(new URL('../../dist/daemon/start-broker.js', import.meta.url));
const PERSISTENT = { properties: { deliveryMode: 2 } };

let directory: string;
let dataDir: string;
let brokers: RunningBroker[];
let events: BrokerEvent[];

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'leveret-disk-'));
  dataDir = join(directory, 'data');
  brokers = [];
  events = [];
});

afterEach(async () => {
  releaseSyncs();
  vi.useRealTimers();
  vi.restoreAllMocks();
  await Promise.all(brokers.map((broker) => broker.close({ graceMs: 100 })));
  rmSync(directory, { recursive: true, force: true });
});

/** What was held of them is done now. */
function releaseSyncs(): void {
  const held = syncs.held ?? [];
  syncs.held = undefined;
  for (const sync of held) sync();
}

async function start(options: StartBrokerOptions = {}): Promise<RunningBroker> {
  const onEvent = (event: BrokerEvent): number => events.push(event);
  const broker = await startBroker({ amqpPort: false, dataDir, onEvent, ...options });
  brokers.push(broker);
  return broker;
}

async function channelOf(broker: RunningBroker): Promise<DirectChannel> {
  return (await broker.connect()).createChannel();
}

async function publish(channel: DirectChannel, ...bodies: string[]): Promise<void> {
  await channel.confirmSelect();
  for (const body of bodies) await channel.publish({ routingKey: 'q', body, ...PERSISTENT });
}

async function gotten(channel: DirectChannel): Promise<[body: string, redelivered: boolean] | undefined> {
  const message = await channel.get('q', { noAck: true });
  return message && [new TextDecoder().decode(message.body), message.redelivered];
}

describe('a broker on disk', () => {
  test('has its durable queues and persistent messages again after a restart', async () => {
    const first = await start();
    const channel = await channelOf(first);
    await channel.queueDeclare('q', { durable: true });
    await publish(channel, 'one', 'two');
    await first.close();

    const again = await channelOf(await start());
    expect((await again.queueDeclare('q', { passive: true })).messageCount).toBe(2);
    expect(await gotten(again)).toEqual(['one', false]);
    expect(await gotten(again)).toEqual(['two', false]);
    expect(await gotten(again)).toBeUndefined();
  });

  test('says what it found', async () => {
    const first = await start();
    const channel = await channelOf(first);
    await channel.queueDeclare('q', { durable: true });
    await publish(channel, 'one', 'two');
    await first.close();
    expect(events.filter(({ text }) => text.includes('recovered'))).toEqual([]);
    await start();
    expect(events).toContainEqual({
      level: 'info',
      text: expect.stringMatching(/^recovered 2 messages in 1 queue from .*data \(.* in \d+ ms\)$/),
    });
  });

  test('a message that was delivered and not acknowledged comes again, marked as redelivered', async () => {
    const first = await start();
    const channel = await channelOf(first);
    await channel.queueDeclare('q', { durable: true });
    await publish(channel, 'one', 'two');
    await channel.get('q');
    await first.close();
    const again = await channelOf(await start());
    expect(await gotten(again)).toEqual(['one', true]);
    expect(await gotten(again)).toEqual(['two', false]);
  });

  test('knows what was delivered also when a client had to be cut off', async () => {
    const first = await start({ amqpPort: 0, host: '127.0.0.1' });
    const channel = await channelOf(first);
    await channel.queueDeclare('q', { durable: true });
    await publish(channel, 'one');
    const silent = connect(first.ports.amqp ?? 0, '127.0.0.1');
    silent.on('error', () => {});
    silent.write(Uint8Array.of(0x41, 0x4d, 0x51, 0x50, 0, 0, 9, 1));
    await once(silent, 'data');
    await first.close({ graceMs: 50 });
    silent.destroy();
    expect(await gotten(await channelOf(await start()))).toEqual(['one', false]);
  });

  test('forgets what is not durable', async () => {
    const first = await start();
    const channel = await channelOf(first);
    await channel.queueDeclare('q', { durable: true });
    await channel.queueDeclare('transient');
    await channel.confirmSelect();
    await channel.publish({ routingKey: 'q', body: 'x' });
    await first.close();
    const again = await channelOf(await start());
    expect((await again.queueDeclare('q', { passive: true })).messageCount).toBe(0);
    await expect(again.queueDeclare('transient', { passive: true })).rejects.toMatchObject({
      replyCode: 404,
    });
  });

  test('keeps users and vhosts, and begins with the default ones only when there is no data', async () => {
    const first = await start();
    first.broker.addVhost('v1');
    first.broker.putUser('app', 'secret');
    first.broker.access.setPermission({ user: 'app', vhost: 'v1', configure: '', write: '', read: '.*' });
    first.broker.deleteUser('guest');
    await first.close();
    const again = await start();
    await (await again.connect({ username: 'app', password: 'secret', vhost: 'v1' })).close();
    await expect(again.connect()).rejects.toMatchObject({ replyCode: 403 });
  });

  test('has the directory to itself', async () => {
    const first = await start();
    await expect(start()).rejects.toMatchObject({ name: 'StorageError', code: 'DATA_DIR_IN_USE' });
    await first.close();
    await start();
  });

  test('lets go of the directory when the port cannot be had', async () => {
    const other = await startBroker({ amqpPort: 0, host: '127.0.0.1' });
    brokers.push(other);
    const taken = { amqpPort: other.ports.amqp, host: '127.0.0.1' };
    await expect(start(taken)).rejects.toMatchObject({ code: 'ADDRESS_IN_USE' });
    await start();
  });

  test('refuses a directory that is none', async () => {
    const error = await start({ dataDir: fileURLToPath(import.meta.url) }).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(StorageError);
    expect(error).toMatchObject({ code: 'DATA_DIR_UNUSABLE' });
  });

  test('makes the directory for nobody else to read', async () => {
    await start();
    expect(statSync(dataDir).mode & 0o777).toBe(0o700);
  });

  test('makes none when messages are kept in memory', async () => {
    await start({ storage: 'memory' });
    expect(readdirSync(directory)).toEqual([]);
  });

  test('stops publishers from the start when there is less room than there should be', async () => {
    const broker = await start({ diskFreeLimit: '16384GiB' });
    expect(broker.broker.alarmReason).toBe('low on disk');
    expect(events.filter(({ level }) => level === 'warn')).toEqual([
      {
        level: 'warn',
        text: expect.stringMatching(
          /^disk alarm set: publishers wait; .*data: [\d.]+ [KMGT]iB free, less than --disk-free-limit \(16.0 TiB\)$/,
        ),
      },
    ]);
    const unlimited = await start({ diskFreeLimit: 0, dataDir: join(directory, 'other') });
    expect(unlimited.broker.alarmReason).toBeUndefined();
  });

  test('says that there is room again, with how much', async () => {
    let free = 100 * 2 ** 20;
    vi.spyOn(NodeDisk.prototype, 'freeBytes').mockImplementation(async () => free);
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    await start();
    free = 2 ** 30;
    await vi.advanceTimersByTimeAsync(1000);
    expect(events.filter(({ text }) => text.startsWith('disk alarm'))).toEqual([
      {
        level: 'warn',
        text: `disk alarm set: publishers wait; ${dataDir}: 100 MiB free, less than --disk-free-limit (512 MiB)`,
      },
      { level: 'info', text: `disk alarm cleared; ${dataDir}: 1.00 GiB free` },
    ]);
  });

  test('everything that was published when a direct connection closes is taken, although the disk is slower', async () => {
    const broker = await start();
    const connection = await broker.connect();
    const channel = await connection.createChannel();
    void channel.queueDeclare('q', { durable: true });
    for (let count = 0; count < 100; count++)
      void channel.publish({ routingKey: 'q', body: 'x', ...PERSISTENT });
    await connection.close();
    const other = await channelOf(broker);
    expect((await other.queueDeclare('q', { passive: true })).messageCount).toBe(100);
  });

  test('a direct connection that waits for the disk is closed with the broker', async () => {
    const broker = await start();
    const connection = await broker.connect();
    const channel = await connection.createChannel();
    syncs.held = [];
    const declared = expect(channel.queueDeclare('q', { durable: true })).rejects.toMatchObject({
      name: 'ConnectionClosedError',
    });
    const closed = connection.close();
    const stopped = broker.close({ graceMs: 0 });
    await Promise.all([closed, declared]);
    releaseSyncs();
    await stopped;
  });

  test('keeps nothing of what it was made of', async () => {
    const first = await start();
    const channel = await channelOf(first);
    await channel.queueDeclare('q', { durable: true });
    await publish(channel, 'one', 'two');
    await first.close();
    const images: WeakRef<object>[] = [];
    const { recover } = MessageLog.prototype;
    // No spy, which would keep the image itself.
    MessageLog.prototype.recover = function (this: MessageLog, image): Promise<void> {
      images.push(new WeakRef(image));
      return recover.call(this, image);
    };
    await start();
    MessageLog.prototype.recover = recover;
    await new Promise((resolve) => setImmediate(resolve));
    collectGarbage();
    expect(images.map((image) => image.deref())).toEqual([undefined]);
  });

  test('does not keep the process alive without a port, and loses nothing that was confirmed', async () => {
    const program = `
      import { startBroker } from ${JSON.stringify(ENTRY)};
      const broker = await startBroker({ amqpPort: false, dataDir: ${JSON.stringify(dataDir)} });
      const channel = await (await broker.connect()).createChannel();
      await channel.queueDeclare('q', { durable: true });
      await channel.confirmSelect();
      await channel.publish({ routingKey: 'q', body: 'one', properties: { deliveryMode: 2 } });`;
    const started = new StartedProcess(process.execPath, ['--input-type=module', '-e', program]);
    expect(await started.exited, started.output).toEqual({ code: 0, signal: null });
    expect(await gotten(await channelOf(await start()))).toEqual(['one', expect.any(Boolean)]);
  });
});

describe('a broker whose state is in doubt', () => {
  test('writes nothing more, and lets go of the directory', async () => {
    const failures = uncaughtErrors();
    const first = await start();
    const channel = await channelOf(first);
    await channel.queueDeclare('q', { durable: true });
    await publish(channel, 'one');
    const { broker } = first;
    const { store } = broker.runtime;
    broker.turn = () => {
      store.define(new Uint8Array(100), 0, 100);
      throw new Error('impossible');
    };
    const thrown = once(process, 'uncaughtException');
    const rejected = expect(channel.publish({ routingKey: 'q', body: 'two', ...PERSISTENT })).rejects.toThrow(
      'closed by the broker',
    );
    await thrown;
    await rejected;
    await first.close();
    expect(failures.stop()).toEqual([
      expect.stringMatching(/^a defect in the broker, which is stopped: impossible/),
    ]);
    const again = await channelOf(await start());
    expect(await gotten(again)).toEqual(['one', expect.any(Boolean)]);
    expect(await gotten(again)).toBeUndefined();
  });
});

describe('a disk that fails', () => {
  afterEach(() => {
    syncs.fail = false;
  });

  async function withOneMessage(options: StartBrokerOptions): Promise<[RunningBroker, DirectChannel]> {
    const broker = await start(options);
    const channel = await channelOf(broker);
    await channel.queueDeclare('q', { durable: true });
    await publish(channel, 'one');
    return [broker, channel];
  }

  /** What waits until a broker has stopped where it was. */
  function stopOfScheduler(): () => Promise<void> {
    const stop = vi.spyOn(NodeScheduler.prototype, 'stop');
    return () => vi.waitFor(() => expect(stop).toHaveBeenCalled(), { timeout: 5000 });
  }

  /** Whether the broker ever confirmed it. */
  function publishAnother(channel: DirectChannel): () => boolean {
    let isConfirmed = false;
    channel.publish({ routingKey: 'q', body: 'two', ...PERSISTENT }).then(
      () => {
        isConfirmed = true;
      },
      () => {
        isConfirmed = false;
      },
    );
    return () => isConfirmed;
  }

  test('stops the broker, which tells its owner; nothing that was confirmed is lost', async () => {
    let tell: (reason: StorageError) => void = () => {};
    const told = new Promise<StorageError>((resolve) => {
      tell = resolve;
    });
    const http = { httpPort: 0, host: '127.0.0.1' };
    const [broker, channel] = await withOneMessage({ ...http, onFailure: (reason) => tell(reason) });
    const { httpUrl } = broker;
    syncs.fail = true;
    const isConfirmed = publishAnother(channel);
    expect(await told).toMatchObject({ name: 'StorageError', code: 'DISK_FAILED' });
    expect(broker.listeners).toEqual([]);
    await expect(fetch(`${httpUrl}/api/whoami`)).rejects.toThrow();
    await broker.close();
    expect(isConfirmed()).toBe(false);
    syncs.fail = false;
    expect(await gotten(await channelOf(await start()))).toEqual(['one', expect.any(Boolean)]);
  });

  test('is an uncaught exception when the owner did not ask', async () => {
    const [broker, channel] = await withOneMessage({});
    const failures = uncaughtErrors();
    const thrown = once(process, 'uncaughtException');
    syncs.fail = true;
    publishAnother(channel);
    expect((await thrown)[0]).toMatchObject({ code: 'DISK_FAILED' });
    await broker.close();
    expect(failures.stop()).toHaveLength(1);
  });

  test('before the broker listens makes the start fail, and nothing listens', async () => {
    const stopped = stopOfScheduler();
    const listen = vi.spyOn(AmqpListener, 'open');
    vi.spyOn(NodeDisk.prototype, 'freeBytes').mockImplementation(async () => {
      await stopped();
      return 2 ** 40;
    });
    syncs.fail = true;
    const told: StorageError[] = [];
    const starting = start({ amqpPort: 0, host: '127.0.0.1', onFailure: (reason) => told.push(reason) });
    await expect(starting).rejects.toMatchObject({ code: 'DISK_FAILED' });
    expect([listen.mock.calls.length, told]).toEqual([0, []]);
    vi.restoreAllMocks();
    syncs.fail = false;
    await start();
  });

  test('while the broker begins to listen makes the start fail, and nothing listens', async () => {
    const stopped = stopOfScheduler();
    const { open } = AmqpListener;
    let listener: AmqpListener | undefined;
    vi.spyOn(AmqpListener, 'open').mockImplementation(async (broker, options) => {
      listener = await open.call(AmqpListener, broker, options);
      syncs.fail = true;
      (broker as Broker).putUser('ann', 'secret');
      await stopped();
      return listener;
    });
    await expect(start({ amqpPort: 0, host: '127.0.0.1' })).rejects.toMatchObject({ code: 'DISK_FAILED' });
    expect(listener?.addresses).toEqual([]);
  });

  test('while the broker closes makes that fail', async () => {
    const [broker, channel] = await withOneMessage({});
    await channel.get('q');
    syncs.fail = true;
    await expect(broker.close()).rejects.toMatchObject({ code: 'DISK_FAILED' });
    brokers = [];
  });
});

describe('a message that has changed on the disk', () => {
  const MESSAGES = 600;

  /**
   * A broker with more messages than it keeps in memory, and what its owner hears of a failure. With `holdsOldest` somebody
   * has got the oldest one and not acknowledged it.
   */
  async function withDamage(
    holdsOldest = false,
  ): Promise<[broker: RunningBroker, told: Promise<StorageError>]> {
    let onFailure: (reason: StorageError) => void = () => {};
    const told = new Promise<StorageError>((resolve) => {
      onFailure = resolve;
    });
    const broker = await start({ memoryBudget: '32MiB', onFailure });
    const channel = await channelOf(broker);
    await channel.queueDeclare('q', { durable: true });
    await channel.confirmSelect();
    const body = new Uint8Array(64 * 1024);
    if (holdsOldest) {
      await channel.publish({ routingKey: 'q', body, ...PERSISTENT });
      await (await channelOf(broker)).get('q');
    }
    await Promise.all(
      Array.from({ length: MESSAGES }, () => channel.publish({ routingKey: 'q', body, ...PERSISTENT })),
    );
    await channel.close();
    damageOldestPage();
    return [broker, told];
  }

  /** Changes one byte in the body of the oldest message. */
  function damageOldestPage(): void {
    const [oldest] = readdirSync(dataDir)
      .filter((name) => /^main-\d+\.log$/.test(name))
      .sort();
    const file = openSync(join(dataDir, oldest as string), 'r+');
    writeSync(file, Uint8Array.of(1), 0, 1, 40_000);
    closeSync(file);
  }

  test('stops the broker, and stays where it is', async () => {
    const [broker, told] = await withDamage();
    const queue = broker.broker.vhosts.get('/')?.queues.get('q');
    const channel = await channelOf(broker);
    await expect(channel.get('q')).rejects.toMatchObject({ name: 'ConnectionClosedError', replyCode: 320 });
    expect(await told).toMatchObject({ name: 'StorageError', code: 'DATA_DAMAGED' });
    expect([queue?.readyCount, queue?.unackedCount]).toEqual([MESSAGES, 0]);
    expect(events.filter(({ text }) => text.includes('defect'))).toEqual([]);
  });

  test('and is found while the broker closes makes that fail', async () => {
    const [broker, told] = await withDamage(true);
    brokers = [];
    let isTold = false;
    void told.then(() => {
      isTold = true;
    });
    await expect(broker.close()).rejects.toMatchObject({ code: 'DATA_DAMAGED' });
    expect(isTold).toBe(false);
    expect(events.filter(({ text }) => text.includes('defect'))).toEqual([]);
  });
});
