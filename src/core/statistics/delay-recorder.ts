import { DelayHistogram } from './delay-histogram.ts';

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
 *     add --> minute (now, before) --full--> ten minutes (now, before) --full--> hour (now, before)
 */
export class DelayRecorder {
  /** What this is a part of: gets all that it gets. */
  readonly #parent: DelayRecorder | undefined;
  readonly #levels: Level[];
  /** All that was ever measured, of one that is no part of another: the broker's. */
  readonly ever: DelayHistogram | undefined;

  constructor(nowMs: number, parent?: DelayRecorder) {
    this.#parent = parent;
    this.ever = parent === undefined ? new DelayHistogram() : undefined;
    this.#levels = LEVEL_MS.map((windowMs) => new Level(windowMs, nowMs));
  }

  /** A message took `valueMs`, and stands for `weight` messages. */
  add(valueMs: number, weight: number, nowMs: number): void {
    const minute = this.#levels[0] as Level;
    if (nowMs >= minute.endMs) this.#turn(nowMs);
    minute.now.add(valueMs, weight);
    this.ever?.add(valueMs, weight);
    this.#parent?.add(valueMs, weight, nowMs);
  }

  /** What the level for a window has, or of the longest; undefined when there is nothing. */
  measured(windowSeconds: number, nowMs: number): MeasuredDelays | undefined {
    this.#turn(nowMs);
    const histogram = new DelayHistogram();
    for (const level of this.#levels) {
      histogram.addAll(level.now);
      const isLast = level.windowMs >= windowSeconds * 1000 || level === this.#levels.at(-1);
      if (!isLast) continue;
      histogram.addAll(level.before);
      return histogram.count === 0 ? undefined : { windowSeconds: level.windowMs / 1000, histogram };
    }
    return undefined;
  }

  get memoryBytes(): number {
    return this.#levels.reduce((sum, { now, before }) => sum + now.memoryBytes + before.memoryBytes, 0);
  }

  /** Begins a new generation at each level whose window is over. */
  #turn(nowMs: number): void {
    for (let index = 0; index < this.#levels.length; index++) {
      const level = this.#levels[index] as Level;
      if (nowMs < level.endMs) return;
      this.#levels[index + 1]?.collect(level.now);
      level.turn(nowMs);
    }
  }
}

class Level {
  readonly windowMs: number;
  now: DelayHistogram = new DelayHistogram();
  before: DelayHistogram = new DelayHistogram();
  endMs: number;

  constructor(windowMs: number, nowMs: number) {
    this.windowMs = windowMs;
    this.endMs = nowMs + windowMs;
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
    this.endMs += this.windowMs * (Math.floor((nowMs - this.endMs) / this.windowMs) + 1);
  }
}
