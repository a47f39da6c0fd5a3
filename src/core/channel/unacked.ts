import type { Consumer } from '../queue/consumer.ts';
import type { Lane } from '../queue/lane.ts';

const SLOTS_MIN = 16;
/** A ring that has grown beyond this goes back to it once nothing is outstanding: a flood is paid for once, 32 KiB stay. */
const SLOTS_KEPT_MAX = 1024;

/**
 * The messages that a channel has delivered and not seen settled, by delivery tag, in a ring: nothing is allocated per
 * message.
 *
 *       first                     nextTag
 *         |                          |
 *     ----+--------------------------+----> delivery tag    slot = tag & mask
 *         |  lane, seq, consumer,    |
 *         |  due; lane undefined:    |
 *         |  settled                 |
 *
 * A message that is never acked would make the ring span everything delivered since. So a ring that is full but mostly
 * settled does not grow: the few outstanding entries of its older half move to a map of stragglers.
 *
 * **Invariant:** `first` is outstanding, or equals `nextTag`.
 */
export class Unacked {
  /** The next delivery tag; the first one is 1. */
  nextTag = 1;
  /** Messages outstanding. */
  count = 0;
  #first = 1;
  #mask = SLOTS_MIN - 1;
  #lanes: (Lane | undefined)[] = new Array<Lane | undefined>(SLOTS_MIN).fill(undefined);
  #consumers: (Consumer | undefined)[] = new Array<Consumer | undefined>(SLOTS_MIN).fill(undefined);
  #seqs: Float64Array = new Float64Array(SLOTS_MIN);
  #dueMs: Float64Array = new Float64Array(SLOTS_MIN);
  /** In the order of their tags. */
  readonly #stragglers = new Map<number, Straggler>();

  /** Tags that the ring has room for. */
  get slotCount(): number {
    return this.#mask + 1;
  }

  /**
   * Records a delivery that must be settled before `dueMs` (monotonic, Infinity: never), and returns its tag. `consumer` is
   * undefined for basic.get. Runs per delivery.
   */
  push(lane: Lane, seq: number, consumer: Consumer | undefined, dueMs: number): number {
    if (this.nextTag - this.#first > this.#mask) this.#makeRoom();
    const tag = this.nextTag++;
    const slot = tag & this.#mask;
    this.#lanes[slot] = lane;
    this.#seqs[slot] = seq;
    this.#consumers[slot] = consumer;
    this.#dueMs[slot] = dueMs;
    this.count++;
    return tag;
  }

  /** A delivery without ack has a tag, too, that is settled from the start. Runs per delivery. */
  skip(): number {
    if (this.nextTag - this.#first > this.#mask) this.#makeRoom();
    const tag = this.nextTag++;
    if (this.#first === tag) this.#first++;
    return tag;
  }

  /** The oldest outstanding tag, or 0. */
  get oldest(): number {
    if (this.#stragglers.size > 0) return this.#stragglers.keys().next().value as number;
    return this.count > 0 ? this.#first : 0;
  }

  /** All outstanding tags below `end`, ascending. */
  tagsBelow(end: number): number[] {
    const tags = [...this.#stragglers.keys()].filter((tag) => tag < end);
    for (let tag = this.#first; tag < Math.min(end, this.nextTag); tag++) {
      if (this.#lanes[tag & this.#mask] !== undefined) tags.push(tag);
    }
    return tags;
  }

  /** The lane of an outstanding delivery; undefined when `tag` is settled or was never given. */
  laneOf(tag: number): Lane | undefined {
    if (tag >= this.nextTag) return undefined;
    if (tag < this.#first) return this.#stragglers.get(tag)?.lane;
    return this.#lanes[tag & this.#mask];
  }

  /** Only for an outstanding tag. */
  seqOf(tag: number): number {
    if (tag < this.#first) return (this.#stragglers.get(tag) as Straggler).seq;
    return this.#seqs[tag & this.#mask] as number;
  }

  /** Only for an outstanding tag. */
  consumerOf(tag: number): Consumer | undefined {
    if (tag < this.#first) return this.#stragglers.get(tag)?.consumer;
    return this.#consumers[tag & this.#mask];
  }

  /** Only for an outstanding tag: when it must be settled at the latest. */
  dueMsOf(tag: number): number {
    if (tag < this.#first) return (this.#stragglers.get(tag) as Straggler).dueMs;
    return this.#dueMs[tag & this.#mask] as number;
  }

  /** `tag`, which is outstanding, is outstanding no more. Runs per message. */
  remove(tag: number): void {
    this.count--;
    if (tag < this.#first) {
      this.#stragglers.delete(tag);
    } else {
      this.#clear(tag);
      if (tag === this.#first) this.#advance();
    }
    if (this.count === 0 && this.#mask >= SLOTS_KEPT_MAX) this.#resize(SLOTS_KEPT_MAX);
  }

  #clear(tag: number): void {
    const slot = tag & this.#mask;
    this.#lanes[slot] = undefined;
    this.#consumers[slot] = undefined;
  }

  #advance(): void {
    let first = this.#first;
    while (first < this.nextTag && this.#lanes[first & this.#mask] === undefined) first++;
    this.#first = first;
  }

  #makeRoom(): void {
    const size = this.#mask + 1;
    const inRing = this.count - this.#stragglers.size;
    if (size >= 64 && inRing * 4 <= size) this.#evict(this.#first + size / 2);
    else this.#resize(size * 2);
  }

  /** Moves what is outstanding below `end` to the stragglers. */
  #evict(end: number): void {
    for (let tag = this.#first; tag < end; tag++) {
      const lane = this.laneOf(tag);
      if (lane === undefined) continue;
      const [seq, consumer, dueMs] = [this.seqOf(tag), this.consumerOf(tag), this.dueMsOf(tag)];
      this.#stragglers.set(tag, { lane, seq, consumer, dueMs });
      this.#clear(tag);
    }
    this.#first = end;
    this.#advance();
  }

  #resize(size: number): void {
    const lanes = new Array<Lane | undefined>(size).fill(undefined);
    const consumers = new Array<Consumer | undefined>(size).fill(undefined);
    const seqs = new Float64Array(size);
    const dueMs = new Float64Array(size);
    for (let tag = this.#first; tag < this.nextTag; tag++) {
      const from = tag & this.#mask;
      const to = tag & (size - 1);
      lanes[to] = this.#lanes[from];
      consumers[to] = this.#consumers[from];
      seqs[to] = this.#seqs[from] as number;
      dueMs[to] = this.#dueMs[from] as number;
    }
    this.#lanes = lanes;
    this.#consumers = consumers;
    this.#seqs = seqs;
    this.#dueMs = dueMs;
    this.#mask = size - 1;
  }
}

interface Straggler {
  readonly lane: Lane;
  readonly seq: number;
  readonly consumer: Consumer | undefined;
  readonly dueMs: number;
}
