/**
 * How many instances a service needs, by the maths of queues (docs/queue-maths.md). With P messages coming and C leaving a
 * second, Q waiting, and c that one instance can handle a second:
 *
 *     D = Q / C                  how long a message waits
 *     P = C + dQ/dt              what comes, as what leaves and what is left behind
 *     n = ceil((P + Q / T) / c)  instances that keep up with what comes, and work off what waits within T, the wanted delay
 *
 * Up at once, when D is on its way to its bound: a message that waits for a moment needs no instance. Down by one, when one less would have done all the time for `DOWN_AFTER_MS`, with a reserve: so it does not go up
 * and down with the noise of the load.
 */
import type { Flow } from './flow-meter.ts';

export interface ScaleTarget {
  readonly min: number;
  readonly max: number;
  /** The wanted bound of D. */
  readonly delayMs: number;
}

export interface ScaleState {
  /** Instances that are wanted. */
  readonly count: number;
  /** Since when one less would do; undefined while it would not. */
  readonly lowSinceMs: number | undefined;
}

export const DOWN_AFTER_MS = 30_000;
/** Of the wanted delay. What waits for less may be the noise of the load, or a machine that stood still. */
const DELAY_TO_GO_UP = 0.25;
/** Of what the instances that would be left can handle. */
const LOAD_MAX_TO_GO_DOWN = 0.8;

export function scalePlan(
  { min, max, delayMs }: ScaleTarget,
  { count, lowSinceMs }: ScaleState,
  flow: Flow,
  nowMs: number,
  downAfterMs: number = DOWN_AFTER_MS,
): ScaleState {
  const isLate = (flow.delayMs ?? 0) > delayMs * DELAY_TO_GO_UP;
  const needed = isLate ? (instancesNeeded(flow, delayMs, 1) ?? count) : count;
  if (bounded(needed, min, max) > count) return { count: bounded(needed, min, max), lowSinceMs: undefined };
  if (count > max) return { count: max, lowSinceMs: undefined };
  const neededWithReserve = bounded(instancesNeeded(flow, delayMs, LOAD_MAX_TO_GO_DOWN) ?? count, min, max);
  if (neededWithReserve >= count) return { count, lowSinceMs: undefined };
  const since = lowSinceMs ?? nowMs;
  if (nowMs - since < downAfterMs) return { count, lowSinceMs: since };
  return { count: count - 1, lowSinceMs: nowMs };
}

/** Undefined when nothing is known of what an instance can do. `load`: the share of that which may be used. */
function instancesNeeded(flow: Flow, delayMs: number, load: number): number | undefined {
  const { arrivalsPerSecond, queued, capacityPerSecond } = flow;
  if (queued === 0 && arrivalsPerSecond <= 0) return 0;
  if (capacityPerSecond === undefined) return undefined;
  const perSecond = Math.max(0, arrivalsPerSecond) / load + queued / (delayMs / 1000);
  return Math.max(1, Math.ceil(perSecond / capacityPerSecond));
}

function bounded(count: number, min: number, max: number): number {
  return Math.min(max, Math.max(min, count));
}
