import type { LeveretServer } from '../../test/servers/leveret.ts';
import { below, type Check } from './check.ts';
import type { LimitsBench } from './limits-bench.ts';
import { declareQueues, FLOW, whileFlowing } from './management-lists.ts';

const TOTAL_SCRAPES = 20;
const OBJECT_SCRAPES = 5;
const SCRAPES_AT_ONCE = 4;
const TOTALS_MS_MAX = 300;
/** How much longer than without scrapes the flow may stand still. */
const STALL_MS_MAX = 20;
const BYTES_PER_MEGABYTE = 1e6;

/** Prometheus with 10,000 queues: how long a scrape takes, and how long messages stand still for it. */
export async function measureMetrics(bench: LimitsBench): Promise<Check[]> {
  return bench.withBroker('memory', async (server) => {
    await declareQueues(server);
    const bytes = (await scrape(server, '/per-object')).bytes;
    const quiet = await bench.load(server, FLOW);
    const totals = await whileFlowing(bench, server, () => scrapeInTurn(server, '', TOTAL_SCRAPES));
    const each = await whileFlowing(bench, server, () => scrapeInTurn(server, '/per-object', OBJECT_SCRAPES));
    const together = await whileFlowing(bench, server, () => scrapeTogether(server, SCRAPES_AT_ONCE));
    const stallMax = below('goal', (quiet.latencyMs?.max ?? 0) + STALL_MS_MAX);
    const perObject = '/metrics/per-object';
    return [
      milliseconds('longest latency of a message, no scrapes', quiet.latencyMs?.max),
      milliseconds('GET /metrics, p50', totals.ms[TOTAL_SCRAPES >> 1]),
      { ...milliseconds('GET /metrics, slowest', totals.ms.at(-1)), target: below('goal', TOTALS_MS_MAX) },
      { ...milliseconds('longest latency of a message, /metrics', totals.maxLatencyMs), target: stallMax },
      { part: 'metrics', what: `GET ${perObject}, size`, value: bytes / BYTES_PER_MEGABYTE, unit: 'MB' },
      milliseconds(`GET ${perObject}, p50`, each.ms[OBJECT_SCRAPES >> 1]),
      { ...milliseconds(`longest latency of a message, ${perObject}`, each.maxLatencyMs), target: stallMax },
      {
        ...milliseconds(
          `longest latency of a message, ${SCRAPES_AT_ONCE} of them at once`,
          together.maxLatencyMs,
        ),
        target: stallMax,
      },
    ];
  });
}

async function scrapeInTurn(server: LeveretServer, path: string, count: number): Promise<number[]> {
  const ms: number[] = [];
  for (let scraped = 0; scraped < count; scraped++) ms.push((await scrape(server, path)).ms);
  return ms;
}

async function scrapeTogether(server: LeveretServer, count: number): Promise<number[]> {
  const scrapes = Array.from({ length: count }, () => scrape(server, '/per-object'));
  return (await Promise.all(scrapes)).map(({ ms }) => ms);
}

/** Takes in the whole body, and does not look at it. */
async function scrape(server: LeveretServer, path: string): Promise<{ ms: number; bytes: number }> {
  const startedMs = performance.now();
  const headers = { authorization: `Basic ${btoa('guest:guest')}` };
  const response = await fetch(`${server.httpUrl}/metrics${path}`, { headers });
  const bytes = (await response.arrayBuffer()).byteLength;
  if (response.status !== 200 || bytes === 0) throw new Error(`GET /metrics${path}: ${response.status}`);
  return { ms: performance.now() - startedMs, bytes };
}

function milliseconds(what: string, value: number | undefined): Check {
  return { part: 'metrics', what, value: value ?? Number.NaN, unit: 'ms' };
}
