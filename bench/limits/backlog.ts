/**
 * A queue that nobody reads grows to six million messages, and is then read to its end. In memory: file-backlog.ts is about
 * the disk.
 *
 *     0 --5M--> 5M                              memory
 *               5M --1M--> 6M                   publishing behind a backlog
 *               5M <--1M-- 6M                   consuming the first million
 *     0 <--1M-- 1M <--4M-- 5M                   and the last
 *     0 --1M--> 1M --1M--> 0     three times    the rates without a backlog, to compare with
 */
import { RawClient } from '../../test/servers/raw-client.ts';
import type { Server } from '../../test/servers/server.ts';
import { type ProcessMemory, processMemory } from '../process-memory.ts';
import { median } from '../statistics.ts';
import { atLeast, below, type Check, type Target } from './check.ts';
import type { LimitsBench, Load } from './limits-bench.ts';

/** Its length counts: each record holds the routing key. */
const QUEUE = 'bench';
const MILLION = 1_000_000;
const BACKLOG_COUNT = 5 * MILLION;
const WARM_UP_COUNT = 100_000;
const REFERENCE_ROUNDS = 3;
/** Parts of the reference that a rate may lack, and that processor time may have more. */
const TOLERANCE = 0.2;
const MEGABYTE = 1e6;
const FULL_MEGABYTES_MAX = 400;
const DRAINED_MEGABYTES_MAX = 200;

export function measureBacklog(bench: LimitsBench): Promise<Check[]> {
  return bench.withBroker('memory', async (server) => {
    const backlog = new Backlog(bench, server);
    await backlog.publish(WARM_UP_COUNT);
    await backlog.consume(await backlog.messageCount());
    await backlog.publish(BACKLOG_COUNT);
    const full = processMemory(server.pid);
    const behind = published(await backlog.publish(MILLION));
    const heldCount = await backlog.messageCount();
    const first = delivered(await backlog.consume(MILLION));
    await backlog.consume((await backlog.messageCount()) - MILLION);
    const last = delivered(await backlog.consume(await backlog.messageCount()));
    await backlog.traffic();
    const drained = processMemory(server.pid);
    const reference = await backlog.reference();
    return [
      memory('RSS with 5,000,000 messages of 16 bytes', full, below('promise', FULL_MEGABYTES_MAX)),
      held(heldCount),
      ...reported('publish into an empty queue', reference.published),
      ...compared('publish behind 5,000,000', behind, reference.published),
      ...reported('consume from 1,000,000', reference.delivered),
      ...compared('consume the first of 6,000,000', first, reference.delivered),
      ...compared('consume the last of 6,000,000', last, reference.delivered),
      memory('RSS when drained, after 2 s of traffic', drained, below('goal', DRAINED_MEGABYTES_MAX)),
    ];
  });
}

interface Rate {
  readonly perSecond: number;
  /** Processor time of the broker per message. */
  readonly cpuMicroseconds: number;
}

/** What is done with the queue. */
class Backlog {
  readonly #bench: LimitsBench;
  readonly #server: Server;

  constructor(bench: LimitsBench, server: Server) {
    this.#bench = bench;
    this.#server = server;
  }

  publish(count: number): Promise<Load> {
    return this.#load(['-P', '1', '-C', '0', '-n', String(count), '-w', '1000']);
  }

  /** With acks, so that what was delivered beyond `count` returns to the queue. */
  async consume(count: number): Promise<Load> {
    const load = await this.#load(['-P', '0', '-C', '1', '-n', String(count), '-f', '1000']);
    if (load.delivered < count) {
      throw new Error(`${load.delivered} of ${count} messages were delivered within ${load.seconds} s`);
    }
    return load;
  }

  /** Two seconds of publishing and consuming at once. */
  traffic(): Promise<Load> {
    return this.#load(['-d', '2', '-w', '1000', '-f', '1000']);
  }

  /** Medians without a backlog. */
  async reference(): Promise<{ readonly published: Rate; readonly delivered: Rate }> {
    const publishes: Rate[] = [];
    const deliveries: Rate[] = [];
    for (let round = 0; round < REFERENCE_ROUNDS; round += 1) {
      publishes.push(published(await this.publish(MILLION)));
      deliveries.push(delivered(await this.consume(await this.messageCount())));
    }
    return { published: medianRate(publishes), delivered: medianRate(deliveries) };
  }

  /** The messages in the queue, once the last consumer is gone and its unacked ones are back. */
  async messageCount(): Promise<number> {
    const client = await RawClient.connect(this.#server);
    const channel = await client.openChannel(1);
    const declare = () => channel.call('queue.declare', { queue: QUEUE, passive: true });
    let queue = await declare();
    while (queue.consumerCount > 0) {
      queue = await declare();
    }
    await client.close();
    return queue.messageCount;
  }

  #load(args: readonly string[]): Promise<Load> {
    return this.#bench.load(this.#server, ['-q', QUEUE, '-s', '16', '-k', '-d', '60', ...args]);
  }
}

function published({ publishedPerSecond, cpuMicroseconds }: Load): Rate {
  return { perSecond: publishedPerSecond, cpuMicroseconds };
}

function delivered({ deliveredPerSecond, cpuMicroseconds }: Load): Rate {
  return { perSecond: deliveredPerSecond, cpuMicroseconds };
}

function medianRate(rates: readonly Rate[]): Rate {
  return {
    perSecond: median(rates.map((rate) => rate.perSecond)),
    cpuMicroseconds: median(rates.map((rate) => rate.cpuMicroseconds)),
  };
}

function memory(what: string, { rssBytes }: ProcessMemory, target: Target): Check {
  return { part: 'backlog', what, value: rssBytes / MEGABYTE, unit: 'MB', target };
}

function held(count: number): Check {
  const target = atLeast('promise', BACKLOG_COUNT + MILLION);
  return { part: 'backlog', what: 'messages in the queue at most', value: count, unit: 'messages', target };
}

function reported(what: string, { perSecond, cpuMicroseconds }: Rate): Check[] {
  return [
    { part: 'backlog', what, value: perSecond, unit: 'messages/s' },
    { part: 'backlog', what: `${what}, each`, value: cpuMicroseconds, unit: 'us CPU' },
  ];
}

/** The figures of `rate`, with the tolerance around `reference` as the goals. */
export function compared(what: string, rate: Rate, reference: Rate): Check[] {
  const slowest = atLeast('goal', (1 - TOLERANCE) * reference.perSecond);
  const dearest = below('goal', (1 + TOLERANCE) * reference.cpuMicroseconds);
  return [
    { part: 'backlog', what, value: rate.perSecond, unit: 'messages/s', target: slowest },
    { part: 'backlog', what: `${what}, each`, value: rate.cpuMicroseconds, unit: 'us CPU', target: dearest },
  ];
}
