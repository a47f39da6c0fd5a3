import type { MessageCounters } from './message-counters.ts';
import { type Retention, type Series, type SeriesClock, type SeriesLayout, TICK_MS } from './series.ts';

/** Whoever samples what is awake. */
export interface ActivityWatcher extends SeriesClock {
  /** Whether anything is sampled and measured. */
  readonly on: boolean;
  /** Core time. */
  now(): number;
  wake(activity: Activity): void;
  forget(activity: Activity): void;
}

/**
 * What the statistics know of one object: its series, and whether anything has happened to it lately. Objects to which nothing
 * happens are not looked at.
 *
 *     asleep --touch()--> awake --sampled, and nothing had changed--> asleep
 */
export abstract class Activity {
  readonly layout: SeriesLayout;
  readonly retention: Retention;
  /** Something may have happened to it since the last sample. Owned by the watcher. */
  isAwake = false;
  /** Since it first woke up. Owned by the watcher. */
  series: Series | undefined;
  /** The tick at which nothing had changed any more. Owned by the watcher. */
  quietTick = 0;
  /** Its object is gone. */
  hasEnded = false;
  /** What it is a part of, and that changes with it. It is sampled afterwards. */
  parent: Activity | undefined;
  /** Those of a lower rank are sampled first: 0, and more for what others are a part of. */
  readonly rank: number;
  /** When its object came, in core time. */
  readonly sinceMs: number;
  protected readonly watcher: ActivityWatcher;

  constructor(watcher: ActivityWatcher, layout: SeriesLayout, retention: Retention, rank = 0) {
    this.watcher = watcher;
    this.layout = layout;
    this.retention = retention;
    this.rank = rank;
    this.sinceMs = watcher.now();
  }

  /**
   * Something happened to the object, or is about to. What runs per message looks at `isAwake` itself: here activities of all
   * classes come by, and the engine has to tell them apart.
   */
  touch(): void {
    if (!this.isAwake) this.watcher.wake(this);
  }

  /** The object is gone. */
  end(): void {
    this.watcher.forget(this);
  }

  /** When anything happened last, about, in milliseconds since 1970; undefined while something does. */
  get idleSinceMs(): number | undefined {
    if (this.isAwake) return undefined;
    return this.watcher.wallMsOf(this.series === undefined ? this.sinceMs : this.quietTick * TICK_MS);
  }

  /** It was sampled at `tick`. */
  onSampled(_tick: number): void {}

  /** It has been quiet for longer than anything looks back. */
  rest(): void {
    this.series?.rest();
  }

  /** Adds what changed from row `before` to row `now` to the sums of its parent, as far as that counts it. Nothing unless overridden. */
  contribute(_now: Float64Array, _before: Float64Array): void {}

  /** Writes what the numbers are now, in the order of its layout. */
  abstract read(row: Float64Array): void;

  /** Writes what they were before anything happened: zeros, unless there was something from an earlier run. */
  readStart(row: Float64Array): void {
    row.fill(0);
  }
}

/** In the order of MESSAGE_LAYOUT. */
export function readCounters(counters: MessageCounters, row: Float64Array): void {
  row[0] = counters.publish;
  row[1] = counters.publishIn;
  row[2] = counters.publishOut;
  row[3] = counters.confirm;
  row[4] = counters.returnUnroutable;
  row[5] = counters.dropUnroutable;
  row[6] = counters.deliver;
  row[7] = counters.deliverNoAck;
  row[8] = counters.get;
  row[9] = counters.getNoAck;
  row[10] = counters.getEmpty;
  row[11] = counters.redeliver;
  row[12] = counters.ack;
  row[13] = counters.reject;
}
