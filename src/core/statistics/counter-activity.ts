import { Activity, type ActivityWatcher, readCounters } from './activity.ts';
import type { MessageCounters } from './message-counters.ts';
import { DETAIL_RETENTION, MESSAGE_LAYOUT } from './series.ts';

/** The activity of a channel: its counters. What its vhost counts of them, the vhost counts itself. */
export class CounterActivity extends Activity {
  readonly #counters: MessageCounters;

  constructor(watcher: ActivityWatcher, counters: MessageCounters) {
    super(watcher, MESSAGE_LAYOUT, DETAIL_RETENTION);
    this.#counters = counters;
  }

  override read(row: Float64Array): void {
    row.fill(0);
    readCounters(this.#counters, row);
  }
}
