import { describe, expect, test } from 'vitest';
import { type Flow, FlowMeter } from './flow-meter.ts';
import { type ScaleState, scalePlan } from './scale-plan.ts';

const TARGET = { min: 1, max: 10, delayMs: 2_000 };
const LOOK_MS = 500;
const WARM_MS = 2_000;

function flow(values: Partial<Flow>): Flow {
  return {
    queued: 0,
    handledPerSecond: 0,
    arrivalsPerSecond: 0,
    delayMs: 0,
    capacityPerSecond: 100,
    ...values,
  };
}

function planned(count: number, values: Partial<Flow>, lowSinceMs?: number, nowMs = 0): ScaleState {
  return scalePlan(TARGET, { count, lowSinceMs }, flow(values), nowMs);
}

describe('a plan', () => {
  test('has instances for what comes and for what waits, at once', () => {
    expect(planned(1, { arrivalsPerSecond: 450, delayMs: 600 }).count).toBe(5);
    expect(planned(1, { arrivalsPerSecond: 100, queued: 300, delayMs: 3_000 }).count).toBe(3);
    expect(planned(1, { arrivalsPerSecond: 100_000, delayMs: 3_000 }).count).toBe(10);
  });

  test('has no more for messages that wait for a moment', () => {
    expect(planned(1, { arrivalsPerSecond: 450, queued: 10, delayMs: 500 }).count).toBe(1);
  });

  test('stays when nothing is known of what an instance can do', () => {
    expect(planned(3, { arrivalsPerSecond: 450, delayMs: 9_000, capacityPerSecond: undefined }).count).toBe(
      3,
    );
  });

  test('has one instance less when that would have done for 30 s, and then waits again', () => {
    const low = { arrivalsPerSecond: 50 };
    expect(planned(4, low, undefined, 1_000)).toEqual({ count: 4, lowSinceMs: 1_000 });
    expect(planned(4, low, 1_000, 30_999)).toEqual({ count: 4, lowSinceMs: 1_000 });
    expect(planned(4, low, 1_000, 31_000)).toEqual({ count: 3, lowSinceMs: 31_000 });
  });

  test('forgets that it was low when it is not', () => {
    expect(planned(4, { arrivalsPerSecond: 390 }, 1_000, 31_000)).toEqual({
      count: 4,
      lowSinceMs: undefined,
    });
  });

  test('does not go down to instances that would be busy all the time', () => {
    // three could do 300 a second, with nothing in reserve
    expect(planned(4, { arrivalsPerSecond: 290 }, 0, 60_000).count).toBe(4);
    expect(planned(4, { arrivalsPerSecond: 230 }, 0, 60_000).count).toBe(3);
  });

  test('goes down to the fewest when nothing comes, also when nothing was ever measured', () => {
    expect(planned(2, { capacityPerSecond: undefined }, 0, 60_000).count).toBe(1);
    expect(planned(1, {}, 0, 60_000).count).toBe(1);
  });

  test('keeps to its bounds', () => {
    const target = { min: 2, max: 3, delayMs: 1_000 };
    const state = { count: 2, lowSinceMs: 0 };
    expect(scalePlan(target, state, flow({}), 60_000).count).toBe(2);
    expect(scalePlan(target, state, flow({ queued: 1_000_000, delayMs: 9_000 }), 60_000).count).toBe(3);
  });
});

interface Simulation {
  readonly seconds: number;
  readonly perInstance: number;
  readonly startMs: number;
  load(second: number): number;
}

interface Moment {
  readonly second: number;
  readonly count: number;
  readonly delayMs: number;
}

/** A queue, and instances that take `startMs` to start, looked at every half a second. Steps of 10 ms. */
function simulated({ seconds, perInstance, startMs, load }: Simulation): Moment[] {
  const meter = new FlowMeter();
  const moments: Moment[] = [];
  let state: ScaleState = { count: 1, lowSinceMs: undefined };
  let readySinceMs: number[] = [-60_000];
  let [queued, handled] = [0, 0];
  for (let atMs = 0; atMs < seconds * 1000; atMs += 10) {
    const working = readySinceMs.filter((sinceMs) => sinceMs <= atMs).length;
    const came = load(atMs / 1000) / 100;
    const done = Math.min(queued + came, (working * perInstance) / 100);
    queued += came - done;
    handled += done;
    if (atMs % LOOK_MS !== 0) continue;
    const found = meter.add({
      atMs,
      queued: Math.floor(queued),
      handledCount: handled,
      readyCount: working,
      warmCount: readySinceMs.filter((sinceMs) => sinceMs + WARM_MS <= atMs).length,
    });
    if (found === undefined) continue;
    state = scalePlan(TARGET, state, found, atMs);
    while (readySinceMs.length < state.count) readySinceMs.push(atMs + startMs);
    readySinceMs = readySinceMs.slice(0, state.count);
    moments.push({
      second: atMs / 1000,
      count: state.count,
      delayMs: (queued * 1000) / (working * perInstance),
    });
  }
  return moments;
}

/** How often the number of instances went the other way than before. */
function turns(moments: readonly Moment[]): number {
  const steps = moments
    .map(({ count }, index) => count - (moments[index - 1]?.count ?? count))
    .filter((step) => step !== 0);
  return steps.filter((step, index) => index > 0 && Math.sign(step) !== Math.sign(steps[index - 1] ?? 0))
    .length;
}

describe('under load, the number of instances', () => {
  test('follows a step of ten times, and keeps the delay but for the time that starting takes', () => {
    const moments = simulated({
      seconds: 400,
      perInstance: 800,
      startMs: 500,
      load: (second) => (second >= 20 && second < 80 ? 4_000 : 400),
    });
    const at = (second: number): number => moments.find((each) => each.second === second)?.count ?? 0;
    expect(at(19)).toBe(1);
    expect(at(25)).toBeGreaterThanOrEqual(5);
    const late = moments.filter(({ delayMs }) => delayMs > 2_000);
    expect(late.every(({ second }) => second >= 20 && second < 23)).toBe(true);
    expect(at(399)).toBe(1);
    expect(turns(moments)).toBe(1);
  });

  test.each([0.5, 0.85, 0.99, 1.2, 2.5])('does not flap at a noisy load of %f instances', (busy) => {
    let seed = 7;
    const noise = (): number => {
      seed = (seed * 48_271) % 0x7fff_ffff;
      return seed / 0x7fff_ffff - 0.5;
    };
    const moments = simulated({
      seconds: 600,
      perInstance: 500,
      startMs: 1_000,
      load: () => busy * 500 * (1 + 0.4 * noise()),
    });
    expect(turns(moments)).toBeLessThanOrEqual(1);
    expect(moments.at(-1)?.delayMs).toBeLessThan(2_000);
  });

  test('follows a load that grows slowly without a delay', () => {
    const moments = simulated({
      seconds: 300,
      perInstance: 100,
      startMs: 1_000,
      load: (second) => 50 + 2 * second,
    });
    expect(Math.max(...moments.map(({ delayMs }) => delayMs))).toBeLessThan(2_000);
    expect(turns(moments)).toBe(0);
  });
});
