/** The files of a stopped broker are damaged: its start is refused with the place, and `leveret recover` saves the rest. */
import { cp, mkdtemp, open, rename, rm, stat, truncate } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { DurableLeveret, runLeveret } from '../servers/durable-leveret.ts';
import { temporaryDirectory } from './directories.ts';
import { drain, NumberedPublisher } from './numbered-messages.ts';
import { recordsOf, segmentNames } from './segment-records.ts';

const QUEUE = 'kept';
const COUNTING_QUEUE = 'counting';
const MESSAGE_COUNT = 300;
const BODY_BYTES = 200;
const ACKED_COUNT = 20;
/** More than two segments of 32 MiB. */
const LARGE_BODY_BYTES = 65_536;
const LARGE_COUNT = 1200;

/** What every record kind needs, with something behind it. */
async function fillWithEveryKind(broker: DurableLeveret): Promise<void> {
  const publisher = await NumberedPublisher.open(broker, QUEUE, BODY_BYTES);
  await publisher.publish(MESSAGE_COUNT);
  await publisher.close();
  const client = await broker.connect();
  const channel = await client.openChannel(1);
  await channel.call('basic.qos', { prefetchCount: ACKED_COUNT });
  await channel.call('basic.consume', { queue: QUEUE });
  const deliveries = await channel.expectMany('basic.deliver', ACKED_COUNT);
  channel.send('basic.ack', { deliveryTag: deliveries.at(-1)?.method.deliveryTag ?? 0, multiple: true });
  await channel.settle();
  const counting = { 'x-queue-type': 'quorum', 'x-delivery-limit': 10 };
  await channel.call('queue.declare', { queue: COUNTING_QUEUE, durable: true, arguments: counting });
  channel.publish({ routingKey: COUNTING_QUEUE }, { deliveryMode: 2 }, 'counted');
  const [got] = [await channel.call('basic.get', { queue: COUNTING_QUEUE })];
  if (got.method.name !== 'basic.get-ok') throw new Error('the message to be counted did not arrive');
  channel.send('basic.reject', { deliveryTag: got.method.deliveryTag, requeue: true });
  await channel.settle();
  await client.close();
  await broker.stop();
  // the clean stop recorded how far queues were delivered; what comes now stands behind that
  await broker.start();
  const behind = await NumberedPublisher.open(broker, 'behind', BODY_BYTES);
  await behind.publish(MESSAGE_COUNT);
  await behind.close();
  await broker.stop();
}

async function fillThreeSegments(broker: DurableLeveret): Promise<void> {
  const publisher = await NumberedPublisher.open(broker, QUEUE, LARGE_BODY_BYTES);
  for (let batch = 0; batch < 12; batch++) await publisher.publish(LARGE_COUNT / 12);
  await publisher.close();
  await broker.stop();
}

async function flipBit(path: string, offset: number): Promise<void> {
  const file = await open(path, 'r+');
  const byte = new Uint8Array(1);
  await file.read(byte, 0, 1, offset);
  byte[0] = (byte[0] as number) ^ 0x10;
  await file.write(byte, 0, 1, offset);
  await file.close();
}

/** Starts a broker on the data directory, expects that it refuses, and returns its words. */
async function refusal(dataDir: string): Promise<string> {
  const broker = new DurableLeveret({ dataDir });
  onTestFinished(() => broker.kill());
  const { exit, output } = await broker.refusedStart();
  expect({ ...exit, output }).toMatchObject({ code: 1 });
  expect(output).not.toMatch(/^\s+at /m);
  expect(output).toContain(`leveret recover --data-dir ${dataDir}`);
  return output;
}

/** `leveret recover`, then the numbers of the messages that a broker finds in the queue. */
async function salvaged(dataDir: string): Promise<number[]> {
  const dry = await runLeveret('recover', '--data-dir', dataDir, '--dry-run');
  expect(dry.output).toContain('main-');
  await refusal(dataDir);
  await runLeveret('recover', '--data-dir', dataDir);
  const broker = new DurableLeveret({ dataDir });
  onTestFinished(() => broker.kill());
  await broker.start();
  const numbers = (await holdsQueue(broker)) ? await drain(broker, QUEUE) : [];
  await broker.stop();
  return numbers;
}

/** The declaration of the queue may be what was damaged. */
async function holdsQueue(broker: DurableLeveret): Promise<boolean> {
  const client = await broker.connect();
  const channel = await client.openChannel(1);
  const found = await channel.call('queue.declare', { queue: QUEUE, passive: true }).then(
    () => true,
    () => false,
  );
  await client.close();
  return found;
}

/** A data directory that `fill` made with a broker, for copies. */
function filledDirectory(fill: (broker: DurableLeveret) => Promise<void>): () => Promise<string> {
  let original = '';
  beforeAll(async () => {
    original = await mkdtemp(join(tmpdir(), 'leveret-damage-'));
    const broker = new DurableLeveret({ dataDir: original });
    try {
      await broker.start();
      await fill(broker);
    } finally {
      await broker.kill();
    }
  });
  afterAll(() => rm(original, { recursive: true, force: true }));
  return async () => {
    const copy = join(await temporaryDirectory(), 'data');
    await cp(original, copy, { recursive: true });
    return copy;
  };
}

describe('a bit that is flipped', () => {
  const copied = filledDirectory(fillWithEveryKind);

  test.each(['segment header', 'block header', 'message', 'settled', 'note', 'reach', 'definition'])(
    'in a %s is found and located, and the rest is saved',
    async (kind) => {
      const dataDir = await copied();
      const { name, records } = await recordsOf(dataDir);
      const victim = records.find((record) => record.kind === kind);
      if (victim === undefined) {
        throw new Error(`no ${kind} among ${[...new Set(records.map((record) => record.kind))].join(', ')}`);
      }
      await flipBit(join(dataDir, name), victim.offset + Math.floor(victim.bytes / 2));

      const text = await refusal(dataDir);
      expect(text).toContain(name);
      expect(text).toMatch(/offset \d+/);
      const verified = await runLeveret('storage', 'verify', '--data-dir', dataDir);
      expect(verified).toMatchObject({ exit: { code: 1 } });
      expect(verified.output).toContain(name);

      const numbers = await salvaged(dataDir);
      expect(numbers.filter((number) => number >= MESSAGE_COUNT)).toEqual([]);
      expect(numbers).toEqual([...numbers].sort((a, b) => a - b));
      expect((await runLeveret('storage', 'verify', '--data-dir', dataDir)).exit).toMatchObject({ code: 0 });
    },
  );

  test('in a seal is reported, and nothing is missing', async () => {
    const dataDir = await copied();
    const { name, records } = await recordsOf(dataDir);
    const seal = records.find((record) => record.kind === 'seal');
    await flipBit(join(dataDir, name), (seal?.offset ?? 0) + 20);
    const broker = new DurableLeveret({ dataDir });
    onTestFinished(() => broker.kill());
    await broker.start();
    expect(broker.process.output).toContain(
      `${name} holds bytes at offset ${seal?.offset} that are no block`,
    );
    expect(await drain(broker, QUEUE)).toHaveLength(MESSAGE_COUNT - ACKED_COUNT);
    await broker.stop();
  });

  test('changes nothing in files that are only looked at', async () => {
    const dataDir = await copied();
    const { name } = await recordsOf(dataDir);
    const before = await stat(join(dataDir, name));
    expect((await runLeveret('storage', 'verify', '--data-dir', dataDir)).exit).toMatchObject({ code: 0 });
    expect((await runLeveret('storage', 'inspect', '--data-dir', dataDir)).exit).toMatchObject({ code: 0 });
    expect((await stat(join(dataDir, name))).mtimeMs).toBe(before.mtimeMs);
  });
});

describe('a segment', () => {
  const copied = filledDirectory(fillThreeSegments);

  test.each([
    ['oldest', 0],
    ['middle', 1],
  ])('that is truncated, the %s one, is found, and the rest is saved', async (_, index) => {
    const dataDir = await copied();
    const name = (await segmentNames(dataDir, 'main'))[index] as string;
    await truncate(join(dataDir, name), Math.floor((await stat(join(dataDir, name))).size / 2));
    expect(await refusal(dataDir)).toContain(name);
    const numbers = await salvaged(dataDir);
    expect(numbers.length).toBeGreaterThan(LARGE_COUNT / 4);
    expect(numbers.length).toBeLessThan(LARGE_COUNT);
  });

  test('that is missing, in the middle, is found', async () => {
    const dataDir = await copied();
    const name = (await segmentNames(dataDir, 'main'))[1] as string;
    await rm(join(dataDir, name));
    expect(await refusal(dataDir)).toContain(name);
    expect((await salvaged(dataDir)).length).toBeLessThan(LARGE_COUNT);
  });

  test('that is missing, the oldest one, is found', async () => {
    const dataDir = await copied();
    const name = (await segmentNames(dataDir, 'main'))[0] as string;
    await rm(join(dataDir, name));
    expect(await refusal(dataDir)).toContain(name);
  });

  test('that has the name of another one is found', async () => {
    const dataDir = await copied();
    const [first, second] = (await segmentNames(dataDir, 'main')).map((name) => join(dataDir, name));
    await rename(first as string, `${first}.aside`);
    await rename(second as string, first as string);
    await rename(`${first}.aside`, second as string);
    expect(await refusal(dataDir)).toContain('main-');
  });

  test('that ends in the middle of a block, as after a power cut, is cut there and the broker starts', async () => {
    const dataDir = await copied();
    const file = await open(join(dataDir, (await segmentNames(dataDir, 'main')).at(-1) as string), 'a');
    await file.write(new Uint8Array(1000).fill(0xa5));
    await file.close();
    const broker = new DurableLeveret({ dataDir });
    onTestFinished(() => broker.kill());
    await broker.start();
    expect(await drain(broker, QUEUE)).toHaveLength(LARGE_COUNT);
    await broker.stop();
  });
});
