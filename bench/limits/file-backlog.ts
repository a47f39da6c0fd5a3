/**
 * Ten million persistent messages in a durable queue: more than the memory budget has room for.
 *
 *     file:    0 --10M--> 10M, restart, first delivery, 10M --10M--> 0
 *     memory:  0 --10M--> 10M                           10M --10M--> 0      the rate to compare with
 */
import { RawClient } from '../../test/servers/raw-client.ts';
import type { Server } from '../../test/servers/server.ts';
import { forgetPeakMemory, processMemory } from '../process-memory.ts';
import { atLeast, below, type Check } from './check.ts';
import type { LimitsBench, Load } from './limits-bench.ts';

const QUEUE = 'bench';
const COUNT = 10_000_000;
const BODY_BYTES = 100;
/** A rate far below every goal. */
const SECONDS_MAX = 600;
const MEGABYTE = 1e6;
const RSS_MEGABYTES_MAX = 600;
const FIRST_DELIVERY_SECONDS_MAX = 8;
/** Of the rate with everything in memory. */
const DRAIN_SHARE_MIN = 0.6;

export async function measureFileBacklog(bench: LimitsBench): Promise<Check[]> {
  const file = await bench.withBroker('file', (server) => measureFile(bench, server));
  const inMemory = await bench.withBroker('memory', async (server) => {
    await publish(bench, server);
    return drain(bench, server);
  });
  return fileChecks(file, inMemory.deliveredPerSecond);
}

/** What was measured with the messages on disk. */
export interface FileBacklog {
  readonly published: Load;
  readonly drained: Load;
  readonly filledRssBytes: number;
  readonly drainRssBytes: number;
  /** From asking the broker to stop to the first message from the one that is started then. */
  readonly firstDeliverySeconds: number;
  /** After the restart. */
  readonly messageCount: number;
}

async function measureFile(bench: LimitsBench, server: Server): Promise<FileBacklog> {
  const published = await publish(bench, server);
  const filledRssBytes = processMemory(server.pid).peakRssBytes;
  const { firstDeliverySeconds, messageCount } = await restart(server);
  forgetPeakMemory(server.pid);
  const drained = await drain(bench, server);
  const drainRssBytes = processMemory(server.pid).peakRssBytes;
  return { published, drained, filledRssBytes, drainRssBytes, firstDeliverySeconds, messageCount };
}

/** The time includes the orderly stop, which waits for the disk. */
async function restart(server: Server): Promise<{ firstDeliverySeconds: number; messageCount: number }> {
  const startedMs = performance.now();
  await server.restart();
  const client = await RawClient.connect(server);
  const channel = await client.openChannel(1);
  const { messageCount } = await channel.call('queue.declare', { queue: QUEUE, passive: true });
  await channel.call('basic.get', { queue: QUEUE });
  const firstDeliverySeconds = (performance.now() - startedMs) / 1000;
  await client.close();
  return { firstDeliverySeconds, messageCount };
}

function publish(bench: LimitsBench, server: Server): Promise<Load> {
  const args = ['-P', '1', '-C', '0', '-n', String(COUNT), '-w', '1000'];
  return bench.load(server, [...queueArguments(), ...args]);
}

async function drain(bench: LimitsBench, server: Server): Promise<Load> {
  const args = ['-P', '0', '-C', '1', '-n', String(COUNT), '-f', '1000'];
  const load = await bench.load(server, [...queueArguments(), ...args]);
  if (load.delivered < COUNT) {
    throw new Error(`${load.delivered} of ${COUNT} messages were delivered within ${load.seconds} s`);
  }
  return load;
}

function queueArguments(): string[] {
  return ['-q', QUEUE, '-s', String(BODY_BYTES), '-D', '-k', '-d', String(SECONDS_MAX)];
}

/** The figures beside their targets; `memoryRate` is that of draining with everything in memory. */
export function fileChecks(file: FileBacklog, memoryRate: number): Check[] {
  const part = 'file-backlog';
  const rss = below('promise', RSS_MEGABYTES_MAX);
  const rate = file.drained.deliveredPerSecond;
  return [
    { part, what: 'publish 10,000,000', value: file.published.publishedPerSecond, unit: 'messages/s' },
    { part, what: 'publish, each', value: file.published.cpuMicroseconds, unit: 'us CPU' },
    { part, what: 'RSS at most, publishing', value: file.filledRssBytes / MEGABYTE, unit: 'MB', target: rss },
    {
      part,
      what: 'messages after a restart',
      value: file.messageCount,
      unit: 'messages',
      target: atLeast('promise', COUNT),
    },
    {
      part,
      what: 'restart until the first delivery',
      value: file.firstDeliverySeconds,
      unit: 's',
      target: below('goal', FIRST_DELIVERY_SECONDS_MAX),
    },
    { part, what: 'consume, in memory', value: memoryRate, unit: 'messages/s' },
    {
      part,
      what: 'consume, from disk',
      value: rate,
      unit: 'messages/s',
      target: atLeast('goal', DRAIN_SHARE_MIN * memoryRate),
    },
    { part, what: 'consume, each', value: file.drained.cpuMicroseconds, unit: 'us CPU' },
    { part, what: 'RSS at most, consuming', value: file.drainRssBytes / MEGABYTE, unit: 'MB', target: rss },
  ];
}
