import type { Server } from '../../test/servers/server.ts';
import { atLeast, below, type Check } from './check.ts';
import type { LimitsBench } from './limits-bench.ts';

const RATE = 5000;
const SECONDS = 5;
const P99_MS_MAX = 2;
const LOAD = ['-s', '1024', '-r', String(RATE)];
const NOT_MEASURED = { p50: Number.NaN, p99: Number.NaN, p999: Number.NaN };
const ACKS = ['-w', '1000', '-f', '1000'];
/** Of the rate. A generator that falls behind hides the latency of what it did not send. */
const PUBLISHED_SHARE_MIN = 0.99;

/** One producer at a fixed rate and one consumer: the time from sending to delivery, and on disk also to the confirm. */
export async function measureLatency(bench: LimitsBench): Promise<Check[]> {
  const inMemory = await bench.withBroker('memory', async (server) => {
    await bench.load(server, [...LOAD, '-d', '1']);
    return [
      ...(await latencyChecks(bench, server, 'auto-ack', [])),
      ...(await latencyChecks(bench, server, 'confirms and acks', ACKS)),
    ];
  });
  const onDisk = await bench.withBroker('file', (server) => confirmChecks(bench, server));
  return [...inMemory, ...onDisk];
}

/** How long it takes until a persistent message is synced depends on the disk: there is no target. */
async function confirmChecks(bench: LimitsBench, server: Server): Promise<Check[]> {
  await bench.load(server, [...LOAD, '-D', '-d', '1']);
  const load = await bench.load(server, [...LOAD, ...ACKS, '-D', '-d', String(SECONDS)]);
  const { p50, p99 } = load.confirmMs ?? NOT_MEASURED;
  return [
    { part: 'latency', what: 'p50 of confirms, on disk', value: p50, unit: 'ms' },
    { part: 'latency', what: 'p99 of confirms, on disk', value: p99, unit: 'ms' },
  ];
}

async function latencyChecks(
  bench: LimitsBench,
  server: Server,
  how: string,
  args: readonly string[],
): Promise<Check[]> {
  const load = await bench.load(server, [...LOAD, '-d', String(SECONDS), ...args]);
  const { p50, p99, p999 } = load.latencyMs ?? NOT_MEASURED;
  return [
    { part: 'latency', what: `p50, ${how}`, value: p50, unit: 'ms' },
    { part: 'latency', what: `p99, ${how}`, value: p99, unit: 'ms', target: below('goal', P99_MS_MAX) },
    { part: 'latency', what: `p99.9, ${how}`, value: p999, unit: 'ms' },
    {
      part: 'latency',
      what: `published a second, ${how}`,
      value: load.publishedPerSecond,
      unit: 'messages/s',
      target: atLeast('goal', PUBLISHED_SHARE_MIN * RATE),
    },
  ];
}
