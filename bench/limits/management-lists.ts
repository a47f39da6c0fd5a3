import { setTimeout as delay } from 'node:timers/promises';
import type { LeveretServer } from '../../test/servers/leveret.ts';
import { RawClient } from '../../test/servers/raw-client.ts';
import { below, type Check } from './check.ts';
import type { LimitsBench } from './limits-bench.ts';

const QUEUE_COUNT = 10_000;
const DECLARING_CHANNELS = 20;
const PAGE_REQUESTS = 50;
const LIST_REQUESTS = 5;
const LISTS_AT_ONCE = 4;
const PAGE_MS_MAX = 100;
/** How much longer than without lists the flow may stand still. */
const STALL_MS_MAX = 20;
/** Messages whose latencies are measured while lists are asked for. */
export const FLOW: readonly string[] = ['-s', '256', '-r', '2000', '-d', '15', '-w', '1000', '-f', '1000'];
const WARM_UP = ['-s', '256', '-r', '2000', '-d', '2', '-w', '1000', '-f', '1000'];
const TIMEOUT_MS = 60_000;

/** Lists of the management API with 10,000 queues: how long they take, and how long messages stand still for them. */
export async function measureManagementLists(bench: LimitsBench): Promise<Check[]> {
  return bench.withBroker('memory', async (server) => {
    await declareQueues(server);
    await bench.load(server, WARM_UP);
    const quiet = await bench.load(server, FLOW);
    const page = await whileFlowing(bench, server, () => askInTurn(server, '?page=1', PAGE_REQUESTS));
    const list = await whileFlowing(bench, server, () => askInTurn(server, '', LIST_REQUESTS));
    const lists = await whileFlowing(bench, server, () => askTogether(server, LISTS_AT_ONCE));
    const stallMax = below('goal', (quiet.latencyMs?.max ?? 0) + STALL_MS_MAX);
    return [
      milliseconds('longest latency of a message, no lists', quiet.latencyMs?.max),
      milliseconds('GET /api/queues?page=1, p50', page.ms[PAGE_REQUESTS >> 1]),
      {
        ...milliseconds('GET /api/queues?page=1, slowest', page.ms.at(-1)),
        target: below('goal', PAGE_MS_MAX),
      },
      { ...milliseconds('longest latency of a message, pages', page.maxLatencyMs), target: stallMax },
      milliseconds('GET /api/queues, p50', list.ms[LIST_REQUESTS >> 1]),
      { ...milliseconds('longest latency of a message, whole lists', list.maxLatencyMs), target: stallMax },
      {
        ...milliseconds(`longest latency of a message, ${LISTS_AT_ONCE} lists at once`, lists.maxLatencyMs),
        target: stallMax,
      },
    ];
  });
}

export async function declareQueues(server: LeveretServer): Promise<void> {
  const client = await RawClient.connect({ ...server, timeoutMs: TIMEOUT_MS });
  const channels = await Promise.all(
    Array.from({ length: DECLARING_CHANNELS }, (_, index) => client.openChannel(index + 1)),
  );
  await Promise.all(
    channels.map(async (channel, index) => {
      for (let queue = index; queue < QUEUE_COUNT; queue += DECLARING_CHANNELS) {
        await channel.call('queue.declare', { queue: `bench-list-${queue}` });
        channel.publish({ routingKey: `bench-list-${queue}` }, {}, 'x');
      }
    }),
  );
  await client.close();
}

export interface Asked {
  /** How long the requests took, the fastest first. */
  readonly ms: readonly number[];
  readonly maxLatencyMs: number | undefined;
}

/** Asks while messages flow. Fails when that takes longer than the flow. */
export async function whileFlowing(
  bench: LimitsBench,
  server: LeveretServer,
  ask: () => Promise<number[]>,
): Promise<Asked> {
  let isFlowing = true;
  const load = bench.load(server, FLOW).finally(() => {
    isFlowing = false;
  });
  await delay(1_000);
  const ms = await ask();
  if (!isFlowing) throw new Error('the lists took longer than the messages flowed: nothing was measured');
  const { latencyMs } = await load;
  return { ms: ms.sort((a, b) => a - b), maxLatencyMs: latencyMs?.max };
}

async function askInTurn(server: LeveretServer, query: string, count: number): Promise<number[]> {
  const ms: number[] = [];
  for (let asked = 0; asked < count; asked++) ms.push(await ask(server, query));
  return ms;
}

function askTogether(server: LeveretServer, count: number): Promise<number[]> {
  return Promise.all(Array.from({ length: count }, () => ask(server, '')));
}

/** Returns how long it took to the end of the body, which is not looked at. */
async function ask(server: LeveretServer, query: string): Promise<number> {
  const startedMs = performance.now();
  const headers = { authorization: `Basic ${btoa('guest:guest')}` };
  const response = await fetch(`${server.httpUrl}/api/queues${query}`, { headers });
  const bytes = (await response.arrayBuffer()).byteLength;
  if (response.status !== 200 || bytes === 0) throw new Error(`GET /api/queues: ${response.status}`);
  return performance.now() - startedMs;
}

function milliseconds(what: string, value: number | undefined): Check {
  return { part: 'management', what, value: value ?? Number.NaN, unit: 'ms' };
}
