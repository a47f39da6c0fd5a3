import { DelayHistogram } from './delay-histogram.ts';
import { PercentileRing, type StepPercentiles } from './percentile-ring.ts';
import { type Retention, TICK_MS } from './series.ts';

/** The windows, each collected into the next. */
const LEVEL_MS = [60_000, 600_000, 3_600_000] as const;

/** What was measured: durations of about the last `windowSeconds` to twice that. */
export interface MeasuredDelays {
  readonly windowSeconds: number;
  readonly histogram: DelayHistogram;
}

/**
 * How long messages took from enqueue to settlement, for the last minute, ten minutes and hour. Each level has the generation
 * that is collected now, and the one before; together they reach back between one and two windows.
 *
 *     add --> tick --over--> minute (now, before) --over--> ten minutes (now, before) --over--> hour (now, before)
 *               |                     |
 *               v                     +--over--> coarse --over--+
 *            ring 0                   v                         v
 *                                  ring 1                    ring 2       percentiles of each step, as long as series look back
 *
 * What is over is moved on when somebody adds, or asks, the next time.
 */
export class DelayRecorder {
  /** What this is a part of: gets all that it gets. */
  readonly #parent: DelayRecorder | undefined;
  readonly #tick: Step;
  readonly #levels: readonly [Level, Level, Level];
  /** The step of the last ring. */
  readonly #coarse: Step;
  readonly #rings: readonly PercentileRing[];
  /** All that was ever measured, of one that is no part of another: the broker's. */
  readonly ever: DelayHistogram | undefined;

  /** `retention`: that of the series beside it. */
  constructor(nowMs: number, retention: Retention, parent?: DelayRecorder) {
    this.#parent = parent;
    this.ever = parent === undefined ? new DelayHistogram() : undefined;
    const [minuteMs, tenMinutesMs, hourMs] = LEVEL_MS;
    this.#tick = new Step(TICK_MS, nowMs);
    this.#levels = [new Level(minuteMs, nowMs), new Level(tenMinutesMs, nowMs), new Level(hourMs, nowMs)];
    this.#coarse = new Step((retention.at(-1)?.everyTicks ?? 1) * TICK_MS, nowMs);
    this.#rings = retention.map(({ slots }) => new PercentileRing(slots));
  }

  /** A message took `valueMs`, and stands for `weight` messages. */
  add(valueMs: number, weight: number, nowMs: number): void {
    if (nowMs >= this.#tick.endMs) this.#turn(nowMs);
    this.#tick.now.add(valueMs, weight);
    this.ever?.add(valueMs, weight);
    this.#parent?.add(valueMs, weight, nowMs);
  }

  /** What the level for a window has, or of the longest; undefined when there is nothing. */
  measured(windowSeconds: number, nowMs: number): MeasuredDelays | undefined {
    this.#turn(nowMs);
    const histogram = new DelayHistogram();
    histogram.addAll(this.#tick.now);
    for (const level of this.#levels) {
      histogram.addAll(level.now);
      const isLast = level.windowMs >= windowSeconds * 1000 || level === this.#levels.at(-1);
      if (!isLast) continue;
      histogram.addAll(level.before);
      return histogram.count === 0 ? undefined : { windowSeconds: level.windowMs / 1000, histogram };
    }
    return undefined;
  }

  /**
   * What was measured in step number `step` of a ring of the retention: the steps are as long as its interval, and step 0 began with
   * core time. Undefined when nothing was, or when it is not over.
   */
  stepAt(ring: number, step: number, nowMs: number): StepPercentiles | undefined {
    this.#turn(nowMs);
    return this.#rings[ring]?.stepAt(step);
  }

  get memoryBytes(): number {
    const steps = this.#tick.now.memoryBytes + this.#coarse.now.memoryBytes;
    const rings = this.#rings.reduce((sum, ring) => sum + ring.memoryBytes, 0);
    return this.#levels.reduce(
      (sum, { now, before }) => sum + now.memoryBytes + before.memoryBytes,
      steps + rings,
    );
  }

  /** Moves on what is over. A tick, a minute and so on end together: what is shorter comes first. */
  #turn(nowMs: number): void {
    const tick = this.#tick;
    if (nowMs < tick.endMs) return;
    const [minute] = this.#levels;
    this.#rings[0]?.keep(tick.number, tick.now);
    minute.collect(tick.now);
    tick.turn(nowMs);
    if (nowMs >= minute.endMs) this.#turnMinute(nowMs);
  }

  #turnMinute(nowMs: number): void {
    const [minute, tenMinutes, hour] = this.#levels;
    const coarse = this.#coarse;
    this.#rings[1]?.keep(minute.number, minute.now);
    coarse.now.addAll(minute.now);
    if (nowMs >= coarse.endMs) {
      this.#rings[2]?.keep(coarse.number, coarse.now);
      coarse.turn(nowMs);
    }
    tenMinutes.collect(minute.now);
    minute.turn(nowMs);
    if (nowMs < tenMinutes.endMs) return;
    hour.collect(tenMinutes.now);
    tenMinutes.turn(nowMs);
    if (nowMs >= hour.endMs) hour.turn(nowMs);
  }
}

/** What is collected until a multiple of `lengthMs`. */
class Step {
  readonly lengthMs: number;
  readonly now: DelayHistogram = new DelayHistogram();
  endMs: number;

  constructor(lengthMs: number, nowMs: number) {
    this.lengthMs = lengthMs;
    this.endMs = endAfter(nowMs, lengthMs);
  }

  get number(): number {
    return this.endMs / this.lengthMs - 1;
  }

  turn(nowMs: number): void {
    this.now.clear();
    this.endMs = endAfter(nowMs, this.lengthMs);
  }
}

function endAfter(nowMs: number, lengthMs: number): number {
  return (Math.floor(nowMs / lengthMs) + 1) * lengthMs;
}

class Level {
  readonly windowMs: number;
  now: DelayHistogram = new DelayHistogram();
  before: DelayHistogram = new DelayHistogram();
  endMs: number;

  constructor(windowMs: number, nowMs: number) {
    this.windowMs = windowMs;
    this.endMs = endAfter(nowMs, windowMs);
  }

  /** Of the generation that is collected now, from the begin of core time. */
  get number(): number {
    return this.endMs / this.windowMs - 1;
  }

  /** Takes a generation of the level below, which may have ended long ago. */
  collect(generation: DelayHistogram): void {
    this.now.addAll(generation);
  }

  turn(nowMs: number): void {
    const { before } = this;
    before.clear();
    const isRecent = nowMs < this.endMs + this.windowMs;
    if (isRecent) {
      this.before = this.now;
      this.now = before;
    } else {
      this.now.clear();
    }
    this.endMs = endAfter(nowMs, this.windowMs);
  }
}
