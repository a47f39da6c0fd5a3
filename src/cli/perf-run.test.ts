import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { freePort } from '../../test/servers/free-port.ts';
import { type RunningBroker, startBroker } from '../daemon/start-broker.ts';
import { perfCommand } from './perf.ts';
import { PerfError } from './perf-connection.ts';
import { type PerfOptions, readPerfOptions } from './perf-options.ts';
import type { PerfResult } from './perf-report.ts';
import { PerfRun } from './perf-run.ts';

let broker: RunningBroker;

beforeAll(async () => {
  broker = await startBroker({ amqpPort: 0 });
});

afterAll(async () => {
  await broker.close();
});

function optionsOf(args: readonly string[], durationMs = 200): PerfOptions {
  return { ...readPerfOptions(['--url', broker.url ?? '', ...args]), durationMs };
}

async function run(args: readonly string[], signal = new AbortController().signal): Promise<PerfResult> {
  const perf = new PerfRun(optionsOf(args), () => {}, signal);
  try {
    return await perf.measure();
  } finally {
    await perf.close();
  }
}

async function queueExists(queue: string): Promise<boolean> {
  const connection = await broker.connect();
  const channel = await connection.createChannel();
  const found = await channel.queueDeclare(queue, { passive: true }).then(
    () => true,
    () => false,
  );
  await connection.close();
  return found;
}

test('without acks and confirms messages are published and delivered, with their latency', async () => {
  const result = await run([]);
  expect(result.published).toBeGreaterThan(1000);
  expect(result.delivered).toBeGreaterThan(1000);
  expect(result.latencyMs?.p50).toBeGreaterThan(0);
  expect(result).toMatchObject({ confirmed: 0, refused: 0, confirmMs: null });
});

test('with confirms and acks the window bounds what is under way', async () => {
  const result = await run(['--confirms', '10', '--prefetch', '10', '--persistent']);
  expect(result.confirmed).toBeGreaterThan(100);
  expect(result.published - result.confirmed).toBeLessThanOrEqual(10);
  expect(result.confirmMs?.max).toBeGreaterThan(0);
});

test('bodies of many frames and none at all are counted', async () => {
  const large = await run(['--size', '300000', '--confirms', '4', '--prefetch', '1']);
  expect(large.delivered).toBeGreaterThan(0);
  expect(large.latencyMs).not.toBeNull();
  const empty = await run(['--size', '0', '--confirms', '100']);
  expect(empty.delivered).toBeGreaterThan(0);
  expect(empty.latencyMs).toBeNull();
});

test('a rate is kept', async () => {
  const result = await run(['--rate', '1000']);
  expect(result.published).toBeGreaterThan(100);
  expect(result.published).toBeLessThanOrEqual(result.seconds * 1000 + 1);
});

test('several producers, consumers and queues work together', async () => {
  const result = await run(['--producers', '3', '--consumers', '3', '--queues', '3', '--confirms', '10']);
  expect(result.delivered).toBeGreaterThan(100);
});

test('a queue that exists with other arguments is told with the broker\u2019s words', async () => {
  const connection = await broker.connect();
  const channel = await connection.createChannel();
  await channel.queueDeclare('durable', { durable: true });
  await connection.close();
  await expect(run(['--queue', 'durable'])).rejects.toThrow('406 PRECONDITION_FAILED');
});

test('its own queue is gone afterwards, a named one stays with its messages', async () => {
  await run([]);
  expect(await queueExists('leveret-perf')).toBe(false);
  await run(['--queue', 'orders', '--consumers', '0']);
  expect(await queueExists('orders')).toBe(true);
});

test('a signal ends a run early, with its result', async () => {
  const controller = new AbortController();
  const running = new PerfRun(optionsOf([], 60_000), () => controller.abort(), controller.signal);
  const result = await running.measure();
  await running.close();
  expect(result.seconds).toBeLessThan(10);
});

test('a broker that ends during the run is told', async () => {
  const other = await startBroker({ amqpPort: 0 });
  const options = { ...readPerfOptions(['--url', other.url ?? '']), durationMs: 60_000 };
  let lines = 0;
  const closeWhenRunning = (): void => {
    lines += 1;
    if (lines === 2) {
      void other.close();
    }
  };
  const running = new PerfRun(options, closeWhenRunning, new AbortController().signal);
  await expect(running.measure()).rejects.toThrow('320 CONNECTION_FORCED');
  await running.close();
});

test('wrong credentials are told with the broker\u2019s words', async () => {
  const url = (broker.url ?? '').replace('amqp://', 'amqp://guest:wrong@');
  const running = new PerfRun(readPerfOptions(['--url', url]), () => {}, new AbortController().signal);
  await expect(running.measure()).rejects.toThrow(PerfError);
  await expect(running.measure()).rejects.toThrow('403 ACCESS_REFUSED');
  await running.close();
});

test('where nothing listens, one line says so and how to start a broker', async () => {
  const errors = vi.spyOn(process.stderr, 'write').mockReturnValue(true);
  const url = `amqp://127.0.0.1:${await freePort()}`;
  const code = await perfCommand.run(['--url', url, '--duration', '1']);
  const text = errors.mock.calls.map(([line]) => String(line)).join('');
  errors.mockRestore();
  expect(code).toBe(1);
  expect(text).toBe(
    `leveret perf: nothing listens at ${url}; start a broker with: npx leveret serve (or name another one with --url)\n`,
  );
});

test('a bad flag gives one line and exit code 2', async () => {
  const errors = vi.spyOn(process.stderr, 'write').mockReturnValue(true);
  const code = await perfCommand.run(['--producers', 'many']);
  const lines = errors.mock.calls.map(([line]) => String(line));
  errors.mockRestore();
  expect(code).toBe(2);
  expect(lines).toHaveLength(1);
  expect(lines[0]).toContain("option --producers: bad value 'many'; allowed");
});

test('every connection is closed with connection.close', async () => {
  const events: string[] = [];
  const observed = await startBroker({
    amqpPort: 0,
    onEvent: ({ level, text }) => events.push(`${level} ${text}`),
  });
  const perf = new PerfRun(
    { ...optionsOf(['--confirms', '10']), address: readPerfOptions(['--url', observed.url ?? '']).address },
    () => {},
    new AbortController().signal,
  );
  await perf.measure();
  await perf.close();
  expect(events.filter((event) => event.includes('without connection.close'))).toEqual([]);
  await observed.close();
});
