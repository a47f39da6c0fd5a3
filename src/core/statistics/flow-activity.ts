import { Activity, type ActivityWatcher, readCounters } from './activity.ts';
import { ConsumerTime } from './consumer-time.ts';
import { DelayRecorder } from './delay-recorder.ts';
import type { MessageCounters } from './message-counters.ts';
import { SamplingStride } from './sampling-stride.ts';
import { COLUMN, HOST_RETENTION, MESSAGE_LAYOUT, QUEUE_RETENTION, type Retention } from './series.ts';
import { type CountedQueue, Totals } from './totals.ts';

/** Settlements until statistics that are off are asked again. */
const UNMEASURED = 2 ** 30;
const WIDTH = MESSAGE_LAYOUT.names.length;

/** The activity of what messages flow through: of a queue, a vhost or the broker. */
export abstract class FlowActivity extends Activity {
  /** How long messages took; undefined until one was settled. */
  delays: DelayRecorder | undefined;
  /** Of its consumers. */
  readonly consumerTime: ConsumerTime = new ConsumerTime();
  /** How much its parts contributed. */
  protected sums: Float64Array | undefined;

  constructor(watcher: ActivityWatcher, retention: Retention, rank: number) {
    super(watcher, MESSAGE_LAYOUT, retention, rank);
  }

  /** The numbers as they are now: for a vhost and the broker a look at all queues. */
  abstract totals(): Totals;

  override readStart(row: Float64Array): void {
    const { restoredCount } = this.totals();
    row.fill(0);
    row[COLUMN.enqueued] = restoredCount;
    row[COLUMN.ready] = restoredCount;
  }

  addToSum(column: number, change: number): void {
    this.sums ??= new Float64Array(WIDTH);
    (this.sums[column] as number) += change;
  }

  /** So many more consumers are there, or fewer. */
  addConsumers(count: number, nowMs: number): void {
    this.consumerTime.addConsumers(count, nowMs);
    if (this.parent instanceof FlowActivity) this.parent.addConsumers(count, nowMs);
  }

  /** So many more of them are busy, or fewer. With a prefetch of 1 it runs twice per message. */
  addBusy(count: number, nowMs: number): void {
    this.consumerTime.addBusy(count, nowMs);
    if (this.parent instanceof FlowActivity) this.parent.addBusy(count, nowMs);
  }

  protected readConsumerTime(row: Float64Array): void {
    const nowMs = this.watcher.now();
    row[COLUMN.busyMs] = this.consumerTime.busyMs(nowMs);
    row[COLUMN.capacityMs] = this.consumerTime.capacityMs(nowMs);
  }
}

export class QueueActivity extends FlowActivity {
  /**
   * Messages until the next one to be measured. Counted down by the queue, per message that is settled. **Invariant:** 1 while it is
   * asleep, so that the queue need not ask whether it is.
   */
  untilMeasured = 1;
  readonly #queue: CountedQueue;
  readonly #stride = new SamplingStride();

  constructor(watcher: ActivityWatcher, queue: CountedQueue) {
    super(watcher, QUEUE_RETENTION, 0);
    this.#queue = queue;
  }

  override totals(): Totals {
    const totals = new Totals();
    totals.addQueue(this.#queue);
    totals.counters.publish = this.#queue.counters.publish;
    return totals;
  }

  override read(row: Float64Array): void {
    const queue = this.#queue;
    const enqueued = queue.enqueuedCount;
    readCounters(queue.counters, row);
    row[COLUMN.enqueued] = enqueued;
    row[COLUMN.settled] = enqueued - queue.messageCount;
    row[COLUMN.ready] = queue.readyCount;
    row[COLUMN.unacked] = queue.unackedCount;
    this.readConsumerTime(row);
  }

  /** All but what its exchanges and consumers contribute. */
  override contribute(now: Float64Array, before: Float64Array): void {
    const { parent } = this;
    if (!(parent instanceof FlowActivity)) return;
    for (let column = COLUMN.deliver; column < COLUMN.busyMs; column++)
      parent.addToSum(column, (now[column] as number) - (before[column] as number));
  }

  /**
   * A message was settled at `nowMs`, the one to be measured; `arrivalMs` is undefined when that is not in memory, and then it is
   * left out.
   */
  measure(arrivalMs: number | undefined, nowMs: number): void {
    this.touch();
    if (!this.watcher.on) {
      this.untilMeasured = UNMEASURED;
      return;
    }
    const { weight } = this.#stride;
    this.untilMeasured = this.#stride.next();
    if (arrivalMs === undefined) return;
    this.delays ??= new DelayRecorder(nowMs, this.retention, recorderOf(this.parent, nowMs));
    this.delays.add(nowMs - arrivalMs, weight, nowMs);
  }

  /** Those of its vhost stay: other queues know them. */
  override rest(): void {
    super.rest();
    this.delays = undefined;
  }

  override onSampled(): void {
    if (this.#stride.adapt()) this.untilMeasured = this.#stride.gap();
  }
}

/** Of a vhost, which a queue is a part of, and that of the broker. */
function recorderOf(activity: Activity | undefined, nowMs: number): DelayRecorder | undefined {
  if (!(activity instanceof FlowActivity)) return undefined;
  const { retention, parent } = activity;
  activity.delays ??= new DelayRecorder(nowMs, retention, recorderOf(parent, nowMs));
  return activity.delays;
}

/** A vhost, or the broker. */
export interface FlowHost {
  totals(): Totals;
}

/**
 * The activity of a vhost or the broker. It is sampled as the sum of what its parts contributed when they were sampled, so that a
 * sample need not look at ten thousand queues.
 */
export class HostActivity extends FlowActivity {
  readonly #host: FlowHost;
  /** Counted by the host itself. */
  readonly #answers: MessageCounters | undefined;
  /** What an earlier run left in all its queues. */
  #restoredCount = 0;

  constructor(watcher: ActivityWatcher, host: FlowHost, rank: number, answers?: MessageCounters) {
    super(watcher, HOST_RETENTION, rank);
    this.#host = host;
    this.#answers = answers;
  }

  override totals(): Totals {
    return this.#host.totals();
  }

  override readStart(row: Float64Array): void {
    super.readStart(row);
    this.#restoredCount = row[COLUMN.enqueued] as number;
  }

  override read(row: Float64Array): void {
    if (this.#answers === undefined) row.fill(0);
    else readCounters(this.#answers, row);
    row.fill(0, COLUMN.enqueued);
    for (let column = 0; this.sums !== undefined && column < WIDTH; column++)
      (row[column] as number) += this.sums[column] as number;
    (row[COLUMN.enqueued] as number) += this.#restoredCount;
    (row[COLUMN.ready] as number) += this.#restoredCount;
    this.readConsumerTime(row);
  }

  override contribute(now: Float64Array, before: Float64Array): void {
    const { parent } = this;
    if (!(parent instanceof FlowActivity)) return;
    for (let column = 0; column < COLUMN.busyMs; column++)
      parent.addToSum(column, (now[column] as number) - (before[column] as number));
  }
}
