import { once } from 'node:events';
import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { uncaughtErrors } from '../../test/client/uncaught-errors.ts';
import { StartedProcess } from '../../test/servers/child-process.ts';
import type { DirectChannel } from '../client/direct-channel.ts';
import type { BrokerEvent } from '../core/environment.ts';
import { type RunningBroker, type StartBrokerOptions, StorageError, startBroker } from './start-broker.ts';

/** Every fdatasync goes through here. Set up before the disk is imported, which keeps the function. */
const syncs = vi.hoisted(() => {
  const state = { fail: false };
  const fs = process.getBuiltinModule('node:fs');
  const { fdatasync } = fs;
  const failure = Object.assign(new Error('EIO: i/o error, fdatasync'), { code: 'EIO' });
  fs.fdatasync = ((descriptor: number, done: (error: Error | null) => void) => {
    if (state.fail) setImmediate(done, failure);
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
  await Promise.all(brokers.map((broker) => broker.close({ graceMs: 100 })));
  rmSync(directory, { recursive: true, force: true });
});

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
    expect(events.map(({ text }) => text)).toContain(`${dataDir}: less than 16384 GiB free`);
    const unlimited = await start({ diskFreeLimit: 0, dataDir: join(directory, 'other') });
    expect(unlimited.broker.alarmReason).toBeUndefined();
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
    void channel.publish({ routingKey: 'q', body: 'two', ...PERSISTENT });
    await thrown;
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
    const [broker, channel] = await withOneMessage({ onFailure: (reason) => tell(reason) });
    syncs.fail = true;
    const isConfirmed = publishAnother(channel);
    expect(await told).toMatchObject({ name: 'StorageError', code: 'DISK_FAILED' });
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

  test('while the broker closes makes that fail', async () => {
    const [broker, channel] = await withOneMessage({});
    await channel.get('q');
    syncs.fail = true;
    await expect(broker.close()).rejects.toMatchObject({ code: 'DISK_FAILED' });
    brokers = [];
  });
});
