/**
 * The numbers of the queue maths against a simulation with known rates, on a virtual clock: N, M and Q exactly, at each look;
 * times and rates within 5 % of theory, or of what the simulation itself wrote down.
 */
import { beforeAll, describe, expect, test } from 'vitest';
import { meanTimeInSystem, serversFor, waitingShare } from '../../src/core/statistics/erlang.ts';
import type { Flow, MeasuredFlow } from '../../src/core/statistics/flow.ts';
import { type Ledger, SimulatedService } from './simulated-service.ts';

const SECOND = 1000;
const MINUTE = 60_000;
const HOUR = 3_600_000;
/** Looks at odd times, so that they are not at those of the samples. */
const LOOK_MS = 911;

function flowOf(service: SimulatedService, windowSeconds: number, targetDelayMs?: number): Flow {
  return service.broker.statistics.flowOf(service.queue, windowSeconds, targetDelayMs);
}

/** The means of D and of Q over all looks. */
interface Looks {
  readonly delayMs: number;
  readonly messages: number;
}

/** Runs for `durationMs`, and looks all the time whether what is there agrees with the ledger. */
function runAndLook(service: SimulatedService, durationMs: number): Looks {
  const { ledger } = service;
  const endMs = service.nowMs + durationMs;
  const delays: number[] = [];
  const counts: number[] = [];
  while (service.nowMs + LOOK_MS < endMs) {
    service.run(service.nowMs + LOOK_MS);
    const flow = flowOf(service, 600);
    const { enqueuedCount, settledCount, messageCount } = flow;
    const [arrived, settled] = [ledger.arrivedMs.length, ledger.settledMs.length];
    expect([enqueuedCount, settledCount, messageCount]).toEqual([arrived, settled, arrived - settled]);
    expect(flow.readyCount + flow.unackedCount).toBe(messageCount);
    counts.push(messageCount);
    if (flow.delayMs !== undefined) delays.push(flow.delayMs);
  }
  service.run(endMs);
  return { delayMs: meanOf(delays), messages: meanOf(counts) };
}

function meanOf(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

/** Within a share of what is expected. */
function expectNear(found: number | undefined, expected: number, share = 0.05): void {
  expect(found).toBeGreaterThan(expected * (1 - share));
  expect(found).toBeLessThan(expected * (1 + share));
}

/** The percentiles of what was settled since `fromMs`. */
function ledgerPercentiles(ledger: Ledger, fromMs: number): { p50: number; p95: number; p99: number } {
  const took = ledger.tookMs.filter((_, index) => (ledger.settledMs[index] as number) >= fromMs);
  const sorted = Float64Array.from(took).sort();
  const at = (share: number): number => sorted[Math.ceil(share * sorted.length) - 1] as number;
  return { p50: at(0.5), p95: at(0.95), p99: at(0.99) };
}

describe('one server that is busy half of its time (M/M/1)', () => {
  const [arrivalRate, serviceRate] = [50, 100];
  let service: SimulatedService;
  let looks: Looks;
  let flow: Flow;

  beforeAll(() => {
    service = new SimulatedService({ servers: 1, arrivalRate, serviceRate, seed: 20_260_101 });
    looks = runAndLook(service, HOUR);
    flow = flowOf(service, 3600, 15);
  });

  test('what comes and goes in an hour is counted exactly', () => {
    const { ledger, nowMs } = service;
    const coveredMs = flow.coveredSeconds * 1000;
    const since = (times: readonly number[]): number => times.filter((ms) => ms >= nowMs - coveredMs).length;
    expect(coveredMs).toBeGreaterThanOrEqual(HOUR);
    expect([flow.enqueuedInWindow, flow.settledInWindow]).toEqual([
      since(ledger.arrivedMs),
      since(ledger.settledMs),
    ]);
    expectNear(flow.ratePerSecondIn, arrivalRate, 0.02);
    expectNear(flow.ratePerSecondOut, arrivalRate, 0.02);
    expect(flow.state).toBe('steady');
  });

  test('the mean of D is the mean time in the system, 1 / (mu - lambda)', () => {
    expectNear(looks.delayMs, 20);
    expectNear(looks.messages, 1);
  });

  test('the measured times are exponential with mu - lambda', () => {
    const { meanMs, p50Ms, p95Ms, p99Ms } = flow.measured as MeasuredFlow;
    const percentile = (share: number): number => (-Math.log(1 - share) * 1000) / (serviceRate - arrivalRate);
    expectNear(meanMs, 20);
    expectNear(p50Ms, percentile(0.5));
    expectNear(p95Ms, percentile(0.95));
    expectNear(p99Ms, percentile(0.99));
  });

  test('utilisation is lambda / mu, and the service rate mu', () => {
    expectNear(flow.utilisation, 0.5, 0.02);
    expectNear(flow.utilisation, service.ledger.workedMs / HOUR, 0.01);
    expectNear(flow.serviceRatePerSecond, serviceRate, 0.02);
  });

  test('the consumers for a shorter delay are those of theory', () => {
    expect(flow.consumersNeeded).toBe(serversFor(0.015, arrivalRate, serviceRate));
    expect(flow.consumersNeeded).toBe(2);
    expect(flowOf(service, 3600, 5).consumersNeeded).toBeUndefined();
  });

  test('its vhost and its broker, which have nothing else, show the same', () => {
    const { broker } = service;
    const vhost = broker.vhosts.get('/');
    if (vhost === undefined) throw new Error('no vhost');
    for (const object of [vhost, broker]) {
      const { enqueuedCount, settledCount, measured, utilisation } = broker.statistics.flowOf(object, 3600);
      expect([enqueuedCount, settledCount]).toEqual([flow.enqueuedCount, flow.settledCount]);
      expect(measured?.p95Ms).toBe(flow.measured?.p95Ms);
      expectNear(utilisation, 0.5, 0.02);
    }
  });
});

describe('three servers that are busy for 80 % (M/M/c)', () => {
  const [servers, arrivalRate, serviceRate] = [3, 48, 20];
  let service: SimulatedService;
  let looks: Looks;
  let flow: Flow;
  const meanMs = meanTimeInSystem(servers, arrivalRate, serviceRate) * 1000;

  beforeAll(() => {
    service = new SimulatedService({ servers, arrivalRate, serviceRate, seed: 7 });
    looks = runAndLook(service, 2 * HOUR);
    flow = flowOf(service, 3600);
  });

  test('the simulation itself agrees with Erlang', () => {
    expectNear(meanOf(service.ledger.tookMs), meanMs);
    expectNear(waitingShare(servers, arrivalRate / serviceRate), 0.6472, 0.001);
  });

  test('the mean of D, of Q and of the measured times are those of theory', () => {
    expectNear(looks.delayMs, meanMs);
    expectNear(looks.messages, (arrivalRate * meanMs) / 1000);
    expectNear(flow.measured?.meanMs, meanMs);
  });

  test("the percentiles are those of the simulation's ledger", () => {
    const { p50, p95, p99 } = ledgerPercentiles(service.ledger, 0);
    const { p50Ms, p95Ms, p99Ms } = flow.measured as MeasuredFlow;
    expectNear(p50Ms, p50);
    expectNear(p95Ms, p95);
    expectNear(p99Ms, p99);
  });

  test('utilisation and service rate are per consumer', () => {
    expect(flow.consumerCount).toBe(servers);
    expectNear(flow.utilisation, arrivalRate / serviceRate / servers, 0.03);
    expectNear(flow.serviceRatePerSecond, serviceRate, 0.02);
  });
});

describe('a queue that gets more than it can do', () => {
  let service: SimulatedService;

  beforeAll(() => {
    service = new SimulatedService({ servers: 1, arrivalRate: 40, serviceRate: 20, seed: 3 });
    runAndLook(service, 5 * MINUTE);
  });

  test('grows, and its formulas mean nothing', () => {
    const flow = flowOf(service, 60, 100);
    expect([flow.state, flow.delayMs, flow.drainMs]).toEqual(['growing', undefined, undefined]);
    expectNear(flow.utilisation, 1, 0.01);
    expectNear(flow.ratePerSecondOut, 20, 0.1);
    expect(flow.consumersNeeded).toBe(3);
  });

  test('drains in the time that was forecast once nothing comes any more', () => {
    service.stopArrivals();
    service.run(service.nowMs + 70 * SECOND);
    const flow = flowOf(service, 60);
    expect([flow.state, flow.ratePerSecondIn]).toEqual(['draining', 0]);
    const forecastMs = flow.drainMs as number;
    const fromMs = service.nowMs;
    while (service.queue.messageCount > 0) service.run(service.nowMs + SECOND);
    expectNear(service.nowMs - fromMs, forecastMs);
    service.run(service.nowMs + 70 * SECOND);
    expect(flowOf(service, 60)).toMatchObject({ state: 'idle', drainMs: 0, delayMs: undefined });
  });
});

test('a broker in which nothing happens is not woken for its statistics', () => {
  const service = new SimulatedService({ servers: 2, arrivalRate: 10, serviceRate: 20, seed: 5 });
  service.run(MINUTE);
  expect(service.deadlineMs).toBeLessThanOrEqual(MINUTE + 5 * SECOND);
  service.stopArrivals();
  service.run(2 * MINUTE);
  // By then rows of channels and connections are all equal, and are freed.
  expect(service.deadlineMs).toBeGreaterThan(service.nowMs + 50 * MINUTE);
  service.run(3 * 24 * HOUR);
  expect(service.deadlineMs).toBe(Number.POSITIVE_INFINITY);
  const { series, delays } = service.queue.activity;
  expect([series?.memoryBytes, delays]).toEqual([0, undefined]);
});
