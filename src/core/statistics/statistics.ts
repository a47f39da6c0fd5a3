import { Deadline, type Deadlines } from '../deadlines.ts';
import type { Activity, ActivityWatcher } from './activity.ts';
import { Churn } from './churn.ts';
import { type Flow, flowOf, flowsOf } from './flow.ts';
import type { FlowActivity } from './flow-activity.ts';
import { type FlowSeries, flowSeriesOf } from './flow-series.ts';
import { Series, spanTicks, TICK_MS } from './series.ts';

/** Objects that are sampled in one turn: about half a millisecond. */
const SAMPLED_PER_TURN = 512;

/** The runtime, as far as statistics need it. */
export interface StatisticsHost {
  readonly deadlines: Deadlines;
  /** Core time. */
  now(): number;
  /** Milliseconds since 1970 of a core time. */
  wallMsOf(coreMs: number): number;
}

/** Something that statistics are kept of. */
export interface Observed {
  readonly activity: Activity;
}

/** What messages flow through. */
export interface FlowObserved {
  readonly activity: FlowActivity;
}

/**
 * Samples all to which something happens every 5 s, a bounded number in a turn. When nothing happens any more it stops, and the
 * next thing that happens starts it again: an idle broker runs no turn for it.
 */
export class Statistics implements ActivityWatcher {
  readonly churn: Churn = new Churn();
  readonly #host: StatisticsHost;
  #isOn = true;
  /** By rank. */
  readonly #awake: Activity[][] = [[], [], []];
  /** The rank that the pass under way is at. */
  #rank = 0;
  /** The next one of that rank to be sampled. */
  #next = 0;
  /** Those of that rank that were sampled, and will be in the next pass. */
  #kept: Activity[] = [];
  /** The tick of the pass under way, or of the last one. */
  #tick = 0;
  readonly #sampling: Deadline;
  /** Those that are asleep and have rings, by how long they are kept; the ones that fell asleep first are first. */
  readonly #quiet = new Map<number, Set<Activity>>();
  readonly #resting: Deadline;

  constructor(host: StatisticsHost) {
    this.#host = host;
    this.#sampling = new Deadline((nowMs) => this.#sample(nowMs));
    this.#resting = new Deadline((nowMs) => this.#rest(nowMs));
  }

  /** Whether anything is sampled and measured; the counters count in any case. */
  get on(): boolean {
    return this.#isOn;
  }

  /** For a broker that nothing has happened in: whatever is awake stays without a series. */
  switchOff(): void {
    this.#isOn = false;
  }

  /** The recent past of a broker, vhost, exchange, queue, channel or connection; undefined until something happens to it. */
  of(object: Observed): Series | undefined {
    return object.activity.series;
  }

  /**
   * The maths of a queue, vhost or broker over about the last `windowSeconds` (60, 600, 3600 or 86 400). `targetDelayMs`: the mean
   * time from enqueue to settlement for which consumers are to be counted.
   */
  flowOf(object: FlowObserved, windowSeconds: number, targetDelayMs?: number): Flow {
    return flowOf(object.activity, this.now(), windowSeconds, targetDelayMs);
  }

  /** The same over several windows, for one look at all queues of a vhost or broker. */
  flowsOf(object: FlowObserved, windowsSeconds: readonly number[], targetDelayMs?: number): Flow[] {
    return flowsOf(object.activity, this.now(), windowsSeconds, targetDelayMs);
  }

  /** The same for each step of the last `windowSeconds`, for charts. */
  flowSeriesOf(object: FlowObserved, windowSeconds: number): FlowSeries {
    return flowSeriesOf(object.activity, this, windowSeconds);
  }

  // ---- from activities ----

  now(): number {
    return this.#host.now();
  }

  get tick(): number {
    return Math.floor(this.#host.now() / TICK_MS);
  }

  wallMsOf(coreMs: number): number {
    return this.#host.wallMsOf(coreMs);
  }

  wake(activity: Activity): void {
    activity.isAwake = true;
    if (!this.#isOn || activity.hasEnded) return;
    activity.series ??= this.#makeSeries(activity);
    this.#quiet.get(spanTicks(activity.retention))?.delete(activity);
    (this.#awake[activity.rank] as Activity[]).push(activity);
    activity.parent?.touch();
    if (this.#sampling.atMs === Number.POSITIVE_INFINITY) this.#sampleAtNextTick();
  }

  forget(activity: Activity): void {
    if (this.#isOn && !activity.hasEnded) this.#contributeLast(activity);
    activity.hasEnded = true;
    activity.isAwake = true;
    activity.series = undefined;
    this.#quiet.get(spanTicks(activity.retention))?.delete(activity);
  }

  // ---- inside ----

  #makeSeries(activity: Activity): Series {
    const row = new Float64Array(activity.layout.names.length);
    activity.readStart(row);
    return new Series(activity.layout, activity.retention, this, this.tick, row);
  }

  #sampleAtNextTick(): void {
    this.#host.deadlines.set(this.#sampling, (this.tick + 1) * TICK_MS);
  }

  /** Samples as many as a turn allows. What wakes up meanwhile comes behind the others of its rank. */
  #sample(nowMs: number): void {
    if (this.#rank === 0 && this.#next === 0) this.#tick = this.tick;
    for (let left = SAMPLED_PER_TURN; this.#rank < this.#awake.length; this.#endRank()) {
      const awake = this.#awake[this.#rank] as Activity[];
      for (; this.#next < awake.length && left > 0; left--) this.#sampleOne(awake[this.#next++] as Activity);
      if (this.#next < awake.length) {
        this.#host.deadlines.set(this.#sampling, nowMs);
        return;
      }
    }
    this.#rank = 0;
    if (this.#awake.some((awake) => awake.length > 0)) this.#sampleAtNextTick();
  }

  #endRank(): void {
    this.#awake[this.#rank++] = this.#kept;
    this.#kept = [];
    this.#next = 0;
  }

  #sampleOne(activity: Activity): void {
    const { series } = activity;
    if (series === undefined) return;
    const row = scratchRow(activity, rows);
    activity.read(row);
    activity.onSampled(this.#tick);
    if (series.lastTick < this.#tick) activity.contribute(row, series.lastRow);
    if (series.sample(this.#tick, row)) {
      activity.parent?.touch();
      this.#kept.push(activity);
    } else {
      this.#fallAsleep(activity);
    }
  }

  /** What happened to it since it was sampled last still counts in what it was a part of. */
  #contributeLast(activity: Activity): void {
    const row = scratchRow(activity, rows);
    let before = activity.series?.lastRow;
    if (before === undefined) {
      before = scratchRow(activity, startRows);
      activity.readStart(before);
    }
    activity.read(row);
    activity.contribute(row, before);
    activity.parent?.touch();
  }

  #fallAsleep(activity: Activity): void {
    activity.isAwake = false;
    activity.quietTick = this.#tick;
    const span = spanTicks(activity.retention);
    let quiet = this.#quiet.get(span);
    if (quiet === undefined) {
      quiet = new Set();
      this.#quiet.set(span, quiet);
    }
    quiet.add(activity);
    const restsAtMs = (this.#tick + span) * TICK_MS;
    if (restsAtMs < this.#resting.atMs) this.#host.deadlines.set(this.#resting, restsAtMs);
  }

  /** Frees the rings of those that have been quiet for longer than they look back. */
  #rest(nowMs: number): void {
    let left = SAMPLED_PER_TURN;
    let nextMs = Number.POSITIVE_INFINITY;
    for (const [span, quiet] of this.#quiet) {
      for (const activity of quiet) {
        const restsAtMs = (activity.quietTick + span) * TICK_MS;
        if (restsAtMs > nowMs || left === 0) {
          nextMs = Math.min(nextMs, restsAtMs);
          break;
        }
        quiet.delete(activity);
        activity.rest();
        left--;
      }
    }
    this.#host.deadlines.set(this.#resting, Math.max(nextMs, nowMs));
  }
}

/** Scratch, by length. */
const rows = new Map<number, Float64Array>();
const startRows = new Map<number, Float64Array>();

function scratchRow({ layout }: Activity, scratch: Map<number, Float64Array>): Float64Array {
  const length = layout.names.length;
  let row = scratch.get(length);
  if (row === undefined) {
    row = new Float64Array(length);
    scratch.set(length, row);
  }
  return row;
}
