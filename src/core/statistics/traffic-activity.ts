import { Activity, type ActivityWatcher } from './activity.ts';
import { DETAIL_RETENTION, TRAFFIC_LAYOUT } from './series.ts';
import type { Traffic } from './traffic.ts';

/** A connection, as far as statistics need it. */
interface Stream {
  readonly traffic: Traffic;
}

/** The activity of a connection: its bytes. */
export class TrafficActivity extends Activity {
  readonly #stream: Stream;

  constructor(watcher: ActivityWatcher, stream: Stream) {
    super(watcher, TRAFFIC_LAYOUT, DETAIL_RETENTION);
    this.#stream = stream;
  }

  override read(row: Float64Array): void {
    const { receivedBytes, sentBytes } = this.#stream.traffic;
    row[0] = receivedBytes;
    row[1] = sentBytes;
  }
}
