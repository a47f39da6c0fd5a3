/**
 * The maths of a queue, or of all queues of a vhost or of the broker together. docs/queue-maths.md explains each number.
 *
 *     N messages came in, M went out, Q = N - M are there; P and C are what came and went a second in the window;
 *     D = Q / C is how long what is there takes.
 *
 * A formula that means nothing gives undefined, and `state` says why.
 */
import { readCounters } from './activity.ts';
import { serversFor } from './erlang.ts';
import type { FlowActivity } from './flow-activity.ts';
import { COLUMN, TICK_MS } from './series.ts';
import type { Totals } from './totals.ts';

/** The windows that a queue keeps rows for; others are possible in between. */
export const FLOW_WINDOWS_SECONDS: readonly number[] = [60, 600, 3600, 86_400];

/** Rates of an object that is younger than this are not blown up. */
const COVERED_MS_MIN = 1000;
/** What is no more than this share of the flow counts as no change. */
const STEADY_SHARE = 0.05;

/**
 * - idle: empty, and nothing came or went.
 * - stalled: there are messages for longer than 5 s, and nothing went out.
 * - growing: more came than went, by more than 5 % of the flow and more than one message.
 * - draining: more went than came, likewise, and something is left.
 * - steady: none of these.
 */
export type FlowState = 'idle' | 'stalled' | 'growing' | 'draining' | 'steady';

export interface Flow {
  readonly windowSeconds: number;
  /** What the rates were taken over: a little more than the window, or since the object is there. */
  readonly coveredSeconds: number;
  readonly state: FlowState;
  /** N: ever, with what an earlier run left. */
  readonly enqueuedCount: number;
  /** M: settled, expired, dropped, purged. */
  readonly settledCount: number;
  /** Q = N - M. */
  readonly messageCount: number;
  readonly readyCount: number;
  readonly unackedCount: number;
  readonly enqueuedInWindow: number;
  readonly settledInWindow: number;
  /** P. */
  readonly ratePerSecondIn: number;
  /** C. */
  readonly ratePerSecondOut: number;
  /** D = Q / C; undefined when nothing goes out (C = 0), or what comes in piles up (growing). */
  readonly delayMs: number | undefined;
  /** Until the queue is empty: Q / (C - P) while it is draining, 0 when it is empty; otherwise undefined. */
  readonly drainMs: number | undefined;
  readonly consumerCount: number;
  /**
   * The share of their time that consumers had unacked messages. Undefined without consumers, and when none acknowledges: then
   * nobody knows when they work.
   */
  readonly utilisation: number | undefined;
  /** Messages that one consumer settles in a second in which it is busy. Undefined when none was. */
  readonly serviceRatePerSecond: number | undefined;
  /** As measured; undefined when nothing was. */
  readonly measured: MeasuredFlow | undefined;
  /** For the target that was asked for: see `serversFor`. Undefined without a target, or when nothing is known of the consumers. */
  readonly consumersNeeded: number | undefined;
}

/** Time from enqueue to settlement. */
export interface MeasuredFlow {
  /** What was measured is from the last so many seconds, to twice that. */
  readonly windowSeconds: number;
  readonly messageCount: number;
  readonly meanMs: number;
  readonly p50Ms: number;
  readonly p95Ms: number;
  readonly p99Ms: number;
}

/** A flow for each window. `nowMs` is core time. */
export function flowsOf(
  activity: FlowActivity,
  nowMs: number,
  windowsSeconds: readonly number[],
  targetDelayMs?: number,
): Flow[] {
  const totals = activity.totals();
  const look: Look = { activity, nowMs, totals, row: exactRow(activity, totals, nowMs) };
  return windowsSeconds.map((windowSeconds) => flowIn(look, windowSeconds, targetDelayMs));
}

/** As `flowsOf`, for one window. */
export function flowOf(
  activity: FlowActivity,
  nowMs: number,
  windowSeconds: number,
  targetDelayMs?: number,
): Flow {
  return flowsOf(activity, nowMs, [windowSeconds], targetDelayMs)[0] as Flow;
}

interface Look {
  readonly activity: FlowActivity;
  readonly nowMs: number;
  readonly totals: Totals;
  /** The numbers as they are now. */
  readonly row: Float64Array;
}

/** Not that of the sampler: a vhost and the broker are sampled as the sum of the last samples. */
function exactRow({ layout, consumerTime }: FlowActivity, totals: Totals, nowMs: number): Float64Array {
  const row = new Float64Array(layout.names.length);
  readCounters(totals.counters, row);
  row[COLUMN.enqueued] = totals.enqueuedCount;
  row[COLUMN.settled] = totals.settledCount;
  row[COLUMN.ready] = totals.readyCount;
  row[COLUMN.unacked] = totals.unackedCount;
  row[COLUMN.busyMs] = consumerTime.busyMs(nowMs);
  row[COLUMN.capacityMs] = consumerTime.capacityMs(nowMs);
  return row;
}

function flowIn(look: Look, windowSeconds: number, targetDelayMs: number | undefined): Flow {
  const { activity, nowMs, totals } = look;
  const window = windowOf(look, windowSeconds);
  const { enqueuedCount, settledCount, readyCount, unackedCount, consumerCount } = totals;
  const messageCount = enqueuedCount - settledCount;
  const enqueuedInWindow = window.change(COLUMN.enqueued);
  const settledInWindow = window.change(COLUMN.settled);
  const ratePerSecondIn = enqueuedInWindow / window.seconds;
  const ratePerSecondOut = settledInWindow / window.seconds;
  const state = stateOf(messageCount, enqueuedInWindow, settledInWindow, window.hasWaited);
  const serviceRatePerSecond = serviceRateOf(window);
  return {
    windowSeconds,
    coveredSeconds: window.seconds,
    state,
    enqueuedCount,
    settledCount,
    messageCount,
    readyCount,
    unackedCount,
    enqueuedInWindow,
    settledInWindow,
    ratePerSecondIn,
    ratePerSecondOut,
    delayMs: delayOf(state, messageCount, ratePerSecondOut),
    drainMs: drainTimeOf(state, messageCount, ratePerSecondIn, ratePerSecondOut),
    consumerCount,
    utilisation: utilisationOf(window),
    serviceRatePerSecond,
    measured: measuredOf(activity, windowSeconds, nowMs),
    consumersNeeded:
      targetDelayMs === undefined || serviceRatePerSecond === undefined
        ? undefined
        : serversFor(targetDelayMs / 1000, ratePerSecondIn, serviceRatePerSecond),
  };
}

interface Window {
  readonly seconds: number;
  /** What came before the last sample is not all gone by now: something waits for longer than 5 s. */
  readonly hasWaited: boolean;
  /** By how much a column grew. */
  change(column: number): number;
}

function windowOf({ activity, nowMs, row }: Look, windowSeconds: number): Window {
  const { series, layout, sinceMs } = activity;
  const start = new Float64Array(layout.names.length);
  if (series === undefined) activity.readStart(start);
  const nowTick = nowMs / TICK_MS;
  const asked = Math.floor(nowTick - (windowSeconds * 1000) / TICK_MS);
  const tick = series?.rowTick(asked) ?? asked;
  const beginsMs = Math.max(tick * TICK_MS, sinceMs);
  const valueAt = (column: number, at: number): number =>
    (series === undefined ? start[column] : series.at(column, at, nowTick, row)) as number;
  return {
    seconds: Math.max(COVERED_MS_MIN, nowMs - beginsMs) / 1000,
    hasWaited: valueAt(COLUMN.enqueued, Math.floor(nowTick) - 1) > (row[COLUMN.settled] as number),
    change: (column) => (row[column] as number) - valueAt(column, tick),
  };
}

function stateOf(there: number, came: number, went: number, hasWaited: boolean): FlowState {
  if (there === 0) return came === 0 && went === 0 ? 'idle' : 'steady';
  if (went === 0 && hasWaited) return 'stalled';
  const grown = came - went;
  const tolerated = Math.max(1, STEADY_SHARE * Math.max(came, went));
  if (grown > tolerated) return 'growing';
  return grown < -tolerated ? 'draining' : 'steady';
}

function delayOf(state: FlowState, there: number, rateOut: number): number | undefined {
  if (rateOut === 0 || state === 'growing') return undefined;
  return (there / rateOut) * 1000;
}

function drainTimeOf(state: FlowState, there: number, rateIn: number, rateOut: number): number | undefined {
  if (there === 0) return 0;
  return state === 'draining' ? (there / (rateOut - rateIn)) * 1000 : undefined;
}

function utilisationOf({ change }: Window): number | undefined {
  const capacityMs = change(COLUMN.capacityMs);
  const busyMs = change(COLUMN.busyMs);
  if (capacityMs <= 0 || (busyMs === 0 && change(COLUMN.deliverNoAck) > 0)) return undefined;
  return Math.min(1, busyMs / capacityMs);
}

function serviceRateOf({ change }: Window): number | undefined {
  const busyMs = change(COLUMN.busyMs);
  const settled = change(COLUMN.ack) + change(COLUMN.reject);
  return busyMs > 0 && settled > 0 ? (settled * 1000) / busyMs : undefined;
}

function measuredOf(activity: FlowActivity, windowSeconds: number, nowMs: number): MeasuredFlow | undefined {
  const measured = activity.delays?.measured(windowSeconds, nowMs);
  if (measured === undefined) return undefined;
  const { histogram } = measured;
  const [p50Ms, p95Ms, p99Ms] = [0.5, 0.95, 0.99].map((share) => histogram.percentile(share) ?? 0) as [
    number,
    number,
    number,
  ];
  return {
    windowSeconds: measured.windowSeconds,
    messageCount: histogram.count,
    meanMs: histogram.meanMs ?? 0,
    p50Ms,
    p95Ms,
    p99Ms,
  };
}
