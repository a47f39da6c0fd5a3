import { Activity, type ActivityWatcher, readCounters } from './activity.ts';
import { FlowActivity } from './flow-activity.ts';
import type { MessageCounters } from './message-counters.ts';
import { COLUMN, DETAIL_RETENTION, MESSAGE_LAYOUT } from './series.ts';

/** The activity of an exchange: its counters. What it got was published in its vhost. */
export class ExchangeActivity extends Activity {
  readonly #counters: MessageCounters;

  constructor(watcher: ActivityWatcher, counters: MessageCounters) {
    super(watcher, MESSAGE_LAYOUT, DETAIL_RETENTION);
    this.#counters = counters;
  }

  override read(row: Float64Array): void {
    row.fill(0);
    readCounters(this.#counters, row);
  }

  override contribute(now: Float64Array, before: Float64Array): void {
    const { parent } = this;
    if (!(parent instanceof FlowActivity)) return;
    const { publish, publishIn, publishOut } = COLUMN;
    const cameIn = (now[publishIn] as number) - (before[publishIn] as number);
    parent.addToSum(publish, cameIn);
    parent.addToSum(publishIn, cameIn);
    parent.addToSum(publishOut, (now[publishOut] as number) - (before[publishOut] as number));
  }
}
