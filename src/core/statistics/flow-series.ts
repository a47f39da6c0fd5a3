/**
 * The maths of a queue, vhost or broker over the recent past, step by step, for charts: what flow.ts says about a whole window. The
 * steps are those of the finest ring that looks back so far.
 *
 *     rows of the ring   |    .    .    .    .    .  :       : the newest tick, when the last row is older
 *     points                  1    2    3    4    5  6       each about the time since the row before
 */
import type { ActivityWatcher } from './activity.ts';
import type { FlowActivity } from './flow-activity.ts';
import type { StepPercentiles } from './percentile-ring.ts';
import { COLUMN, type Retention, type Series, TICK_MS } from './series.ts';

export interface FlowPoint {
  /** The end of the step, in milliseconds since 1970. */
  readonly atMs: number;
  /** Undefined where nothing is known: before the object came, and with statistics that are off. */
  readonly flow: StepFlow | undefined;
}

export interface StepFlow {
  /** P and C over the step. */
  readonly ratePerSecondIn: number;
  readonly ratePerSecondOut: number;
  /** Q, at its end. */
  readonly messageCount: number;
  readonly readyCount: number;
  readonly unackedCount: number;
  /** D = Q / C; undefined when nothing went out. */
  readonly delayMs: number | undefined;
  /** Of the messages that were settled in it; undefined when none was measured, or when the step is not over. */
  readonly measured: StepPercentiles | undefined;
}

/** Rates of a step in which the object came are not blown up. */
const COVERED_SECONDS_MIN = 1;

export interface FlowSeries {
  readonly windowSeconds: number;
  readonly stepSeconds: number;
  /** The oldest first. */
  readonly points: readonly FlowPoint[];
}

interface Look {
  readonly activity: FlowActivity;
  readonly watcher: ActivityWatcher;
  readonly nowMs: number;
  readonly ring: number;
  readonly everyTicks: number;
  /** Undefined: nothing ever happened, and the numbers are what they were at the start. */
  readonly series: Series | undefined;
  readonly start: Float64Array;
}

/** `windowSeconds`: one of those that a queue keeps rows for. */
export function flowSeriesOf(
  activity: FlowActivity,
  watcher: ActivityWatcher,
  windowSeconds: number,
): FlowSeries {
  const { retention, series } = activity;
  const ring = ringFor(retention, windowSeconds);
  const everyTicks = retention[ring]?.everyTicks ?? 1;
  const stepSeconds = (everyTicks * TICK_MS) / 1000;
  const start = new Float64Array(activity.layout.names.length);
  if (series === undefined) activity.readStart(start);
  const nowMs = watcher.now();
  const look: Look = { activity, watcher, nowMs, ring, everyTicks, series, start };
  const newest = series?.newestTick ?? watcher.tick;
  const last = newest - (newest % everyTicks);
  const points: FlowPoint[] = [];
  for (let count = Math.floor(windowSeconds / stepSeconds); count > 0; count--) {
    const end = last - (count - 1) * everyTicks;
    points.push(pointOf(look, end - everyTicks, end));
  }
  if (newest > last) points.push(pointOf(look, last, newest));
  return { windowSeconds, stepSeconds, points };
}

/** The finest one that looks back so far, or the last one. */
function ringFor(retention: Retention, windowSeconds: number): number {
  const ticks = (windowSeconds * 1000) / TICK_MS;
  const found = retention.findIndex(({ everyTicks, slots }) => everyTicks * (slots - 1) >= ticks);
  return found < 0 ? retention.length - 1 : found;
}

function pointOf(look: Look, fromTick: number, toTick: number): FlowPoint {
  const { activity, watcher } = look;
  const endMs = toTick * TICK_MS;
  const isKnown = watcher.on && endMs > activity.sinceMs;
  return { atMs: watcher.wallMsOf(endMs), flow: isKnown ? stepFlow(look, fromTick, toTick) : undefined };
}

function stepFlow(look: Look, fromTick: number, toTick: number): StepFlow {
  const { activity } = look;
  const at = (column: number, tick: number): number => numberAt(look, column, tick);
  const change = (column: number): number => at(column, toTick) - at(column, fromTick);
  const seconds = (toTick * TICK_MS - Math.max(fromTick * TICK_MS, activity.sinceMs)) / 1000;
  const covered = Math.max(COVERED_SECONDS_MIN, seconds);
  const messageCount = at(COLUMN.enqueued, toTick) - at(COLUMN.settled, toTick);
  const ratePerSecondOut = change(COLUMN.settled) / covered;
  return {
    ratePerSecondIn: change(COLUMN.enqueued) / covered,
    ratePerSecondOut,
    messageCount,
    readyCount: at(COLUMN.ready, toTick),
    unackedCount: at(COLUMN.unacked, toTick),
    delayMs: ratePerSecondOut > 0 ? (messageCount / ratePerSecondOut) * 1000 : undefined,
    measured: measuredIn(look, toTick),
  };
}

/** A step that is not over has no percentiles yet. */
function measuredIn(
  { activity, nowMs, ring, everyTicks }: Look,
  toTick: number,
): StepPercentiles | undefined {
  if (toTick % everyTicks !== 0) return undefined;
  return activity.delays?.stepAt(ring, toTick / everyTicks - 1, nowMs);
}

/** No integral is asked for: those would have to know the numbers as they are now. */
function numberAt({ series, start }: Look, column: number, tick: number): number {
  return series === undefined ? (start[column] as number) : series.at(column, tick, tick, series.lastRow);
}
