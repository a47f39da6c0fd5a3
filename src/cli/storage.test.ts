import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { type RunningBroker, startBroker } from '../daemon/start-broker.ts';
import type { Command } from './command.ts';
import { recoverCommand } from './recover.ts';
import { storageCommand } from './storage.ts';

let dataDir: string;
let output: string;
let errors: string;

/** Ten messages, each in a block of its own. */
beforeEach(async () => {
  dataDir = mkdtempSync(join(tmpdir(), 'leveret-storage-'));
  vi.stubEnv('LEVERET_DATA_DIR', dataDir);
  vi.spyOn(process.stdout, 'write').mockImplementation((text) => {
    output += text;
    return true;
  });
  vi.spyOn(process.stderr, 'write').mockImplementation((text) => {
    errors += text;
    return true;
  });
  await withBroker(async (broker) => {
    const channel = await (await broker.connect()).createChannel();
    await channel.queueDeclare('q', { durable: true });
    await channel.confirmSelect();
    for (let index = 0; index < 10; index++) {
      await channel.publish({ routingKey: 'q', body: `message ${index}`, properties: { deliveryMode: 2 } });
    }
  });
});

afterEach(() => {
  vi.restoreAllMocks();
  vi.unstubAllEnvs();
  rmSync(dataDir, { recursive: true, force: true });
});

async function withBroker(work: (broker: RunningBroker) => Promise<void>): Promise<void> {
  const broker = await startBroker({ amqpPort: false, dataDir });
  await work(broker);
  await broker.close();
}

async function run(command: Command, ...args: string[]): Promise<number> {
  output = '';
  errors = '';
  return command.run(args);
}

const inspect = (...args: string[]): Promise<number> => run(storageCommand, 'inspect', ...args);
const verify = (...args: string[]): Promise<number> => run(storageCommand, 'verify', ...args);
const recover = (...args: string[]): Promise<number> => run(recoverCommand, ...args);

function damage(): void {
  const file = join(dataDir, 'main-0000000001.log');
  const bytes = readFileSync(file);
  const at = bytes.indexOf('message 4');
  bytes.writeUInt8(bytes.readUInt8(at) ^ 1, at);
  writeFileSync(file, bytes);
}

describe('leveret storage', () => {
  test('inspect shows what is in a data directory', async () => {
    expect(await inspect('--data-dir', dataDir)).toBe(0);
    expect(output).toMatch(/^main-0000000001\.log +\d\.\d\d KiB .* 10 /m);
    expect(await inspect('--json')).toBe(0);
    const [main] = JSON.parse(output) as { stream: string; segments: { records: { message: number } }[] }[];
    expect([main?.stream, main?.segments[0]?.records.message]).toEqual(['main', 10]);
  });

  test('verify finds nothing in sound data', async () => {
    expect(await verify()).toBe(0);
    expect(output).toMatch(/^Checked \d+ files, .*: nothing is damaged\.$/m);
  });

  test('verify finds one wrong bit, and says so with its exit code', async () => {
    damage();
    expect(await verify()).toBe(1);
    expect(output).toMatch(/^ {2}main-0000000001\.log +\d+ +\d+ {2}damaged: block \d+ is lost$/m);
    expect(output).toContain(`leveret recover --data-dir ${dataDir}`);
  });

  test('inspect refuses damaged data as a broker does', async () => {
    damage();
    expect(await inspect()).toBe(1);
    expect(errors).toMatch(
      /^leveret storage: DATA_DAMAGED: the data in .* is damaged: main-0000000001\.log .* at offset \d+/,
    );
  });

  test('a broker in the directory is left alone', async () => {
    await withBroker(async () => {
      for (const look of [inspect, verify, recover]) expect(await look()).toBe(1);
    });
    expect(errors).toMatch(/^leveret recover: DATA_DIR_IN_USE: .* in use by .*\n$/);
  });

  test('a directory that is not there is not made', async () => {
    const absent = join(dataDir, 'absent');
    for (const look of [inspect, verify, recover]) expect(await look('--data-dir', absent)).toBe(1);
    expect(errors).toContain(`leveret recover: DATA_DIR_UNUSABLE: ${absent}: there is no such directory`);
    expect(existsSync(absent)).toBe(false);
  });

  test.each([
    [[], 'leveret storage: the action is missing; allowed: inspect, verify; see leveret storage --help'],
    [['verfy'], "leveret storage: unknown action 'verfy' (did you mean verify?); allowed: inspect, verify;"],
    [
      ['verify', '--json'],
      'leveret storage: BAD_OPTION: option --json is not known; see leveret storage --help',
    ],
    [['inspect', 'x'], "leveret storage: BAD_OPTION: unexpected argument 'x'"],
  ])('%j is refused with exit code 2', async (args, line) => {
    expect(await run(storageCommand, ...args)).toBe(2);
    expect(errors.startsWith(line), errors).toBe(true);
  });

  test.each([
    [storageCommand, ['--help']],
    [storageCommand, ['verify', '-h']],
    [recoverCommand, ['--help']],
  ])('explains itself in 80 columns', async (command, args) => {
    expect(await run(command, ...args)).toBe(0);
    expect(output).toMatch(new RegExp(`^Usage: leveret ${command.name} `));
    expect(output.split('\n').filter((line) => line.length > 80)).toEqual([]);
  });
});

describe('leveret recover', () => {
  test('leaves sound data as it is', async () => {
    expect(await recover()).toBe(0);
    expect(output).toBe('Nothing is damaged, and nothing was changed.\n');
  });

  test('makes damaged data usable; what was sound is there', async () => {
    damage();
    expect(await recover('--dry-run')).toBe(1);
    expect(output).toContain('this was a dry run');
    expect(await verify()).toBe(1);
    expect(await recover()).toBe(0);
    expect(output).toMatch(/^ {2}main-0000000001\.log .* block \d+ is lost$/m);
    expect(await verify()).toBe(0);
    await withBroker(async (broker) => {
      const channel = await (await broker.connect()).createChannel();
      expect((await channel.queueDeclare('q', { passive: true })).messageCount).toBe(9);
    });
  });
});
