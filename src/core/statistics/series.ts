/**
 * The recent past of one object: a row of numbers every 5 s (a *tick*), kept in rings of growing steps.
 *
 *     ring 0, each tick        |. . . . . . . . . . . . .|     the last minute
 *     ring 1, every 12th       |.           .           .|     the last hour
 *     ring 2, every 360th      |.           ...         .|     the last day, for queues
 *
 * A column takes memory once its number has changed for the first time, so a queue that is only published to has no ring of
 * basic.get. Most numbers are kept modulo 2^32: only differences between neighbours are looked at, and they are smaller.
 *
 * Nothing is written while nothing happens. The rows of a quiet time are equal to the last one, and are filled in by the next.
 */

import type { MessageCounter } from './message-counters.ts';

/** Time between two rows: RabbitMQ's `collect_statistics_interval`. */
export const TICK_MS = 5000;

/** Levels go up and down; integrals are counters that go on evenly while nothing happens. */
type ColumnKind = 'counter' | 'level' | 'integral';

export type SeriesColumn =
  | Exclude<MessageCounter, 'deliverGet'>
  | 'ready'
  | 'unacked'
  | 'enqueued'
  | 'settled'
  | 'busyMs'
  | 'capacityMs'
  | 'receivedBytes'
  | 'sentBytes';

/** A column, or what follows from several: `messages` is enqueued - settled. */
export type SeriesName = SeriesColumn | 'messages' | 'deliverGet';

export interface SeriesLayout {
  readonly names: readonly SeriesColumn[];
  readonly kinds: readonly ColumnKind[];
  /** Whether a step may exceed 2^32. */
  readonly isWide: boolean;
}

const COUNTERS = [
  'publish',
  'publishIn',
  'publishOut',
  'confirm',
  'returnUnroutable',
  'dropUnroutable',
  'deliver',
  'deliverNoAck',
  'get',
  'getNoAck',
  'getEmpty',
  'redeliver',
  'ack',
  'reject',
] as const;

export const MESSAGE_LAYOUT: SeriesLayout = {
  names: [...COUNTERS, 'enqueued', 'settled', 'ready', 'unacked', 'busyMs', 'capacityMs'],
  kinds: [
    ...COUNTERS.map(() => 'counter' as const),
    'counter',
    'counter',
    'level',
    'level',
    'integral',
    'integral',
  ],
  isWide: false,
};

/** Places in a row of MESSAGE_LAYOUT, behind the counters. */
export const COLUMN: {
  readonly publish: number;
  readonly publishIn: number;
  readonly publishOut: number;
  readonly deliver: number;
  readonly deliverNoAck: number;
  readonly ack: number;
  readonly reject: number;
  readonly enqueued: number;
  readonly settled: number;
  readonly ready: number;
  readonly unacked: number;
  readonly busyMs: number;
  readonly capacityMs: number;
} = {
  publish: COUNTERS.indexOf('publish'),
  publishIn: COUNTERS.indexOf('publishIn'),
  publishOut: COUNTERS.indexOf('publishOut'),
  deliver: COUNTERS.indexOf('deliver'),
  deliverNoAck: COUNTERS.indexOf('deliverNoAck'),
  ack: COUNTERS.indexOf('ack'),
  reject: COUNTERS.indexOf('reject'),
  enqueued: COUNTERS.length,
  settled: COUNTERS.length + 1,
  ready: COUNTERS.length + 2,
  unacked: COUNTERS.length + 3,
  busyMs: COUNTERS.length + 4,
  capacityMs: COUNTERS.length + 5,
};

export const TRAFFIC_LAYOUT: SeriesLayout = {
  names: ['receivedBytes', 'sentBytes'],
  kinds: ['counter', 'counter'],
  isWide: true,
};

interface Ring {
  readonly everyTicks: number;
  readonly slots: number;
}

/** The rings of a series, each with larger steps than the one before. */
export type Retention = readonly [Ring, ...Ring[]];

/** A slot more than intervals. */
const MINUTE: Ring = { everyTicks: 1, slots: 13 };
const TEN_MINUTES: Ring = { everyTicks: 1, slots: 121 };
const HOUR: Ring = { everyTicks: 12, slots: 61 };
const DAY: Ring = { everyTicks: 360, slots: 49 };
const FINE_DAY: Ring = { everyTicks: 120, slots: 145 };

export const DETAIL_RETENTION: Retention = [MINUTE, HOUR];
export const QUEUE_RETENTION: Retention = [MINUTE, HOUR, DAY];
export const HOST_RETENTION: Retention = [TEN_MINUTES, HOUR, FINE_DAY];

/** How far a retention looks back. */
export function spanTicks(retention: Retention): number {
  return Math.max(...retention.map((ring) => ring.everyTicks * ring.slots));
}

export interface Sample {
  /** Milliseconds since 1970. */
  readonly timestampMs: number;
  readonly value: number;
}

/** What a series needs to know of the time. */
export interface SeriesClock {
  /** The newest tick that all that is awake was sampled at, or will be in this turn. */
  readonly tick: number;
  /** Milliseconds since 1970 of a core time. */
  wallMsOf(coreMs: number): number;
}

const SAMPLES_MAX = 2000;
const TWO_32 = 2 ** 32;
const NO_COLUMN = -1;

export class Series {
  readonly retention: Retention;
  readonly #layout: SeriesLayout;
  readonly #clock: SeriesClock;
  readonly #last: Float64Array;
  #lastTick: number;
  readonly #columnOf: Int8Array;
  #columnCount = 0;
  readonly #slots: number;
  /** Column after column, each with its rings one after the other. */
  #cells: Uint32Array | Float64Array | undefined;

  /** `row` holds at `tick`, and held before. */
  constructor(
    layout: SeriesLayout,
    retention: Retention,
    clock: SeriesClock,
    tick: number,
    row: Float64Array,
  ) {
    this.retention = retention;
    this.#layout = layout;
    this.#clock = clock;
    this.#lastTick = tick;
    this.#last = row.slice();
    this.#columnOf = new Int8Array(layout.names.length).fill(NO_COLUMN);
    let slots = 0;
    for (const ring of retention) slots += ring.slots;
    this.#slots = slots;
  }

  get lastTick(): number {
    return this.#lastTick;
  }

  /** The newest row. To be read only. */
  get lastRow(): Float64Array {
    return this.#last;
  }

  /**
   * What is awake is sampled at every tick, in the course of a turn or a few: until then its last row is the newest. The rows of
   * what is quiet are equal.
   */
  get newestTick(): number {
    const { tick } = this.#clock;
    return this.#lastTick === tick - 1 ? this.#lastTick : tick;
  }

  /** What its rings take. */
  get memoryBytes(): number {
    return this.#cells?.byteLength ?? 0;
  }

  // ---- writing ----

  /** Takes `row`, the numbers at `tick`. Returns whether anything happened since the last one. */
  sample(tick: number, row: Float64Array): boolean {
    if (tick <= this.#lastTick) return true;
    const changed = this.#addColumns(row);
    if (this.#cells !== undefined) this.#writeRows(tick, row);
    this.#last.set(row);
    this.#lastTick = tick;
    return changed;
  }

  /** Nothing has happened for so long that all rows are equal: the rings go. */
  rest(): void {
    this.#cells = undefined;
    this.#columnCount = 0;
    this.#columnOf.fill(NO_COLUMN);
  }

  /** Returns whether anything but an integral changed. */
  #addColumns(row: Float64Array): boolean {
    const { kinds } = this.#layout;
    let changed = false;
    for (let index = 0; index < row.length; index++) {
      if (row[index] === this.#last[index]) continue;
      if (kinds[index] !== 'integral') changed = true;
      if (this.#columnOf[index] === NO_COLUMN) this.#addColumn(index);
    }
    return changed;
  }

  #addColumn(index: number): void {
    const before = this.#cells;
    const length = (this.#columnCount + 1) * this.#slots;
    const cells = this.#layout.isWide ? new Float64Array(length) : new Uint32Array(length);
    if (before !== undefined) cells.set(before);
    cells.fill(this.#last[index] as number, length - this.#slots);
    this.#columnOf[index] = this.#columnCount++;
    this.#cells = cells;
  }

  #writeRows(tick: number, row: Float64Array): void {
    let offset = 0;
    for (const { everyTicks, slots } of this.retention) {
      const newest = tick - (tick % everyTicks);
      const oldest = Math.max(this.#lastTick + 1, newest - (slots - 1) * everyTicks);
      for (let at = newest; at >= oldest; at -= everyTicks)
        this.#writeRow(offset + remainder(at / everyTicks, slots), at, tick, row);
      offset += slots;
    }
  }

  #writeRow(slot: number, at: number, tick: number, row: Float64Array): void {
    const cells = this.#cells as Uint32Array;
    for (let index = 0; index < row.length; index++) {
      const column = this.#columnOf[index] as number;
      if (column === NO_COLUMN) continue;
      const value = at === tick ? (row[index] as number) : this.#between(index, at, tick, row);
      cells[column * this.#slots + slot] = value;
    }
  }

  /** The number at `at`, after the last row and before `row`, which is that of `tick`. */
  #between(index: number, at: number, tick: number, row: Float64Array): number {
    const last = this.#last[index] as number;
    if (this.#layout.kinds[index] !== 'integral' || tick <= this.#lastTick) return last;
    const share = (at - this.#lastTick) / (tick - this.#lastTick);
    return Math.round(last + share * ((row[index] as number) - last));
  }

  // ---- reading ----

  /** Changes a second over the last interval; of a level, by how much it rose. Unknown names have none. */
  rateOf(name: SeriesName): number {
    const newest = this.newestTick;
    return ((this.#valueOf(name, newest) - this.#valueOf(name, newest - 1)) * 1000) / TICK_MS;
  }

  /**
   * The numbers of the last `ageSeconds`, one every `incrementSeconds`, newest first. Both are rounded down to the interval of 5 s;
   * from where the finer rings end, values repeat.
   */
  samplesOf(name: SeriesName, ageSeconds: number, incrementSeconds: number): Sample[] {
    const step = Math.max(1, Math.floor((incrementSeconds * 1000) / TICK_MS));
    const count = Math.min(SAMPLES_MAX, Math.floor((ageSeconds * 1000) / TICK_MS / step) + 1);
    const newest = this.newestTick;
    return Array.from({ length: count }, (_, index) => {
      const tick = newest - index * step;
      return { timestampMs: this.#clock.wallMsOf(tick * TICK_MS), value: this.#valueOf(name, tick) };
    });
  }

  /**
   * The number of column `index` at the newest row that is not newer than `tick`; `row` is what the numbers are now, at
   * `nowTick`, which may be a fraction.
   */
  at(index: number, tick: number, nowTick: number, row: Float64Array): number {
    const last = this.#last[index] as number;
    if (tick >= this.#lastTick) {
      if (this.#layout.kinds[index] !== 'integral' || nowTick <= this.#lastTick) return last;
      const share = (tick - this.#lastTick) / (nowTick - this.#lastTick);
      return last + share * ((row[index] as number) - last);
    }
    const column = this.#columnOf[index] as number;
    return column === NO_COLUMN ? last : this.#lookBack(index, column, tick);
  }

  /** The tick of the row that `at` answers from. */
  rowTick(tick: number): number {
    return tick >= this.#lastTick ? tick : this.#ringFor(tick).at;
  }

  #valueOf(name: SeriesName, tick: number): number {
    if (name === 'messages') return this.#valueOf('enqueued', tick) - this.#valueOf('settled', tick);
    if (name === 'deliverGet') {
      return (
        this.#valueOf('deliver', tick) +
        this.#valueOf('deliverNoAck', tick) +
        this.#valueOf('get', tick) +
        this.#valueOf('getNoAck', tick)
      );
    }
    const index = this.#layout.names.indexOf(name);
    return index < 0 ? 0 : this.at(index, tick, tick, this.#last);
  }

  #lookBack(index: number, column: number, tick: number): number {
    const { ring, offset, at } = this.#ringFor(tick);
    const { everyTicks, slots } = ring;
    const cells = this.#cells as Uint32Array;
    const base = column * this.#slots + offset;
    const cellAt = (t: number): number => cells[base + remainder(t / everyTicks, slots)] as number;
    if (this.#layout.isWide || this.#layout.kinds[index] === 'level') return cellAt(at);
    let value = this.#last[index] as number;
    let newer = value % TWO_32;
    for (let t = this.#lastTick - (this.#lastTick % everyTicks); t >= at; t -= everyTicks) {
      const older = cellAt(t);
      value -= newer >= older ? newer - older : newer - older + TWO_32;
      newer = older;
    }
    return value;
  }

  /** The finest ring that looks back to `tick`, where it begins, and the tick of the row there that is not newer; or of its oldest. */
  #ringFor(tick: number): { ring: Ring; offset: number; at: number } {
    let offset = 0;
    for (let index = 0; ; index++) {
      const ring = this.retention[index] as Ring;
      const { everyTicks, slots } = ring;
      const oldest = this.#lastTick - (this.#lastTick % everyTicks) - (slots - 1) * everyTicks;
      const at = tick - remainder(tick, everyTicks);
      if (at >= oldest) return { ring, offset, at };
      if (index === this.retention.length - 1) return { ring, offset, at: oldest };
      offset += slots;
    }
  }
}

/** From 0 to `divisor` - 1, for ticks before core time began, too. */
function remainder(dividend: number, divisor: number): number {
  return ((dividend % divisor) + divisor) % divisor;
}
