/** What a broker says about a data directory that it cannot use. */
import { mkdir, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { DurableLeveret } from '../servers/durable-leveret.ts';
import { becomeReadOnly, smallFileSystem, temporaryDirectory } from './directories.ts';
import { describeAsRoot } from './needs.ts';
import { drain, NumberedPublisher } from './numbered-messages.ts';

const QUEUE = 'kept';

function brokerOn(dataDir: string, ...args: string[]): DurableLeveret {
  const broker = new DurableLeveret({ dataDir, args });
  onTestFinished(() => broker.kill());
  return broker;
}

/** One line for the user, and the exit code of a start that failed. */
async function refusal(broker: DurableLeveret): Promise<string> {
  const { exit, output } = await broker.refusedStart();
  expect({ ...exit, output }).toMatchObject({ code: 1 });
  expect(output).not.toMatch(/^\s+at /m);
  return output;
}

describe('two brokers on one data directory', () => {
  test('the second is refused and told about the first, which goes on', async () => {
    const dataDir = await temporaryDirectory();
    const first = brokerOn(dataDir);
    await first.start();
    const publisher = await NumberedPublisher.open(first, QUEUE, 100);
    await publisher.publish(10);

    const text = await refusal(brokerOn(dataDir));
    expect(text).toContain(dataDir);
    expect(text).toContain(String(first.process.pid));

    await publisher.publish(10);
    await publisher.close();
    expect(await drain(first, QUEUE)).toHaveLength(20);
  });

  test('another name of the directory makes no difference', async () => {
    const directory = await temporaryDirectory();
    const dataDir = join(directory, 'data');
    const alias = join(directory, 'alias');
    await mkdir(dataDir);
    await symlink(dataDir, alias);
    await brokerOn(dataDir).start();
    expect(await refusal(brokerOn(alias))).toContain(alias);
  });

  test('a broker that was killed does not keep the next one out', async () => {
    const dataDir = await temporaryDirectory();
    const first = brokerOn(dataDir);
    await first.start();
    await first.kill();
    const second = brokerOn(dataDir);
    await second.start();
    await second.stop();
  });

  test('of two that start at the same time, one runs', async () => {
    const dataDir = await temporaryDirectory();
    const brokers = [brokerOn(dataDir), brokerOn(dataDir)];
    const started = await Promise.allSettled(brokers.map((broker) => broker.start()));
    expect(started.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
  });
});

test('a data directory that is a file is refused by its name', async () => {
  const path = join(await temporaryDirectory(), 'file');
  await writeFile(path, '');
  expect(await refusal(brokerOn(path))).toContain(path);
});

test('a data directory that does not exist is made, with its parents', async () => {
  const broker = brokerOn(join(await temporaryDirectory(), 'a', 'b'));
  await broker.start();
  await broker.stop();
});

describeAsRoot('a data directory on a read-only file system', () => {
  test('is refused by its name, and nothing in it is changed', async () => {
    const dataDir = await smallFileSystem(64);
    const broker = brokerOn(dataDir, '--disk-free-limit', '0');
    await broker.start();
    const publisher = await NumberedPublisher.open(broker, QUEUE, 100);
    await publisher.publish(10);
    await publisher.close();
    await broker.stop();
    becomeReadOnly(dataDir);
    expect(await refusal(broker)).toContain(dataDir);
  });
});
