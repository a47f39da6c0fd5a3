/** A broker on a file system of 64 MiB. */
import { rm, statfs, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { DurableLeveret } from '../servers/durable-leveret.ts';
import { smallFileSystem } from './directories.ts';
import { describeAsRoot } from './needs.ts';
import { drain, missingFrom, NumberedPublisher, until } from './numbered-messages.ts';

const MEGABYTES = 64;
const MIB = 2 ** 20;
const BODY_BYTES = 4096;
const BATCH = 200;

async function brokerOn(fileSystem: string, diskFreeLimit: string): Promise<DurableLeveret> {
  const dataDir = join(fileSystem, 'data');
  const broker = new DurableLeveret({ dataDir, args: ['--disk-free-limit', diskFreeLimit] });
  onTestFinished(() => broker.kill());
  await broker.start();
  return broker;
}

async function freeBytes(path: string): Promise<number> {
  const { bavail, bsize } = await statfs(path);
  return bavail * bsize;
}

/** Acks `count` messages of the queue. */
async function consume(broker: DurableLeveret, queue: string, count: number): Promise<void> {
  const client = await broker.connect();
  const channel = await client.openChannel(1);
  await channel.call('basic.qos', { prefetchCount: count });
  await channel.call('basic.consume', { queue });
  const deliveries = await channel.expectMany('basic.deliver', count);
  channel.send('basic.ack', { deliveryTag: deliveries.at(-1)?.method.deliveryTag ?? 0, multiple: true });
  await channel.settle();
  await client.close();
}

describeAsRoot('a disk that fills up', () => {
  test('blocks publishers before it is full, while consumers and deletions go on, and lets them go on by itself', async () => {
    const fileSystem = await smallFileSystem(MEGABYTES);
    const broker = await brokerOn(fileSystem, '16MiB');
    const publisher = await NumberedPublisher.open(broker, 'filling', BODY_BYTES);
    const other = await NumberedPublisher.open(broker, 'other', BODY_BYTES);
    await other.publish(BATCH);
    await other.close();
    await publisher.publishUntilStopped(BATCH);
    expect({ isBlocked: publisher.isBlocked, isCutOff: publisher.isCutOff }).toEqual({
      isBlocked: true,
      isCutOff: false,
    });
    expect(await freeBytes(fileSystem)).toBeGreaterThan(4 * MIB);

    const consumed = publisher.confirmed.size - BATCH;
    await consume(broker, 'filling', consumed);
    const client = await broker.connect();
    const channel = await client.openChannel(1);
    expect(await channel.call('queue.delete', { queue: 'other' })).toMatchObject({ messageCount: BATCH });
    await client.close();

    await until('publishers are unblocked', () => !publisher.isBlocked);
    await publisher.answered();
    await publisher.publish(BATCH);
    await publisher.close();
    await broker.kill();
    await broker.start();
    const left = await drain(broker, 'filling');
    expect(missingFrom(left, [...publisher.confirmed].slice(consumed))).toEqual([]);
    await broker.stop();
  });

  test('may be full to the last byte: what was confirmed stays, and it goes on when there is room', async () => {
    const fileSystem = await smallFileSystem(MEGABYTES);
    const broker = await brokerOn(fileSystem, '0');
    const room = join(fileSystem, 'room');
    await writeFile(room, new Uint8Array(16 * MIB));
    const publisher = await NumberedPublisher.open(broker, 'full', BODY_BYTES);
    await publisher.publishUntilStopped(BATCH);
    expect({ isBlocked: publisher.isBlocked, isCutOff: publisher.isCutOff }).toEqual({
      isBlocked: true,
      isCutOff: false,
    });

    await rm(room);
    await until('publishers are unblocked', () => !publisher.isBlocked);
    await publisher.answered();
    await publisher.close();
    await broker.kill();
    await broker.start();
    const left = await drain(broker, 'full');
    expect(missingFrom(left, publisher.confirmed)).toEqual([]);
    expect(new Set(left).size).toBe(left.length);
    await broker.stop();
  });

  test('may be full when the broker is killed: everything confirmed is there once there is room', async () => {
    const fileSystem = await smallFileSystem(MEGABYTES);
    const broker = await brokerOn(fileSystem, '0');
    const room = join(fileSystem, 'room');
    await writeFile(room, new Uint8Array(16 * MIB));
    const publisher = await NumberedPublisher.open(broker, 'full', BODY_BYTES);
    await publisher.publishUntilStopped(BATCH);
    await broker.kill();
    await rm(room);
    await broker.start();
    expect(missingFrom(await drain(broker, 'full'), publisher.confirmed)).toEqual([]);
    await broker.stop();
  });

  test('is no reason for consumers to wait, and gets its room back once a little of it is there', async () => {
    const fileSystem = await smallFileSystem(MEGABYTES);
    const broker = await brokerOn(fileSystem, '0');
    const room = join(fileSystem, 'room');
    await writeFile(room, new Uint8Array(MIB));
    const publisher = await NumberedPublisher.open(broker, 'full', BODY_BYTES);
    await publisher.publishUntilStopped(BATCH);
    const consumed = publisher.confirmed.size;
    await consume(broker, 'full', consumed);
    await rm(room);
    await until('publishers are unblocked', () => !publisher.isBlocked);
    await publisher.answered();
    await publisher.publish(BATCH);
    await publisher.close();
    await until('segments are removed', async () => (await freeBytes(fileSystem)) > 16 * MIB);
    await broker.stop();
    await broker.start();
    const left = await drain(broker, 'full');
    expect(missingFrom(left, [...publisher.confirmed].slice(consumed))).toEqual([]);
    expect(left.filter((number) => number < consumed)).toEqual([]);
    await broker.stop();
  });
});
