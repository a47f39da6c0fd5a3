import { decodeShortstr } from '../../codec/bytes.ts';
import { type BasicProperties, decodeProperties } from '../../codec/properties.ts';
import type { Deadline } from '../deadlines.ts';
import { appendMessageRecord, type MessageRecord } from '../message/message-record.ts';
import { Publication } from '../message/publication.ts';
import type { Lane } from '../queue/lane.ts';
import type { Runtime } from '../runtime.ts';
import { TimeOrder } from '../time-order.ts';

/** A message that waits for its time. */
export interface ScheduledMessage {
  /** Names it in its vhost, also after a restart. */
  readonly id: string;
  /** Milliseconds since 1970. */
  readonly dueAtMs: number;
  readonly exchange: string;
  readonly routingKey: string;
  readonly properties: BasicProperties;
  readonly bodyBytes: number;
}

/** Its place among the others. */
interface Slot {
  readonly atMs: number;
  readonly value: number;
}

/** Messages published in one turn because their time has come. */
const PUBLISHED_PER_TURN = 1024;

/**
 * The messages of a vhost that are to be published later (x-delay, x-deliver-at). They lie in the message store like the
 * messages of a queue, in a lane of their own; here is only when each is due. A persistent one is there again after a
 * restart, and what was due meanwhile is published then.
 */
export class Schedule {
  readonly #runtime: Runtime;
  readonly #publish: (publication: Publication) => void;
  readonly #lane: Lane;
  readonly #lanes: readonly Lane[];
  /** The values are seqs. */
  readonly #times = new TimeOrder();
  readonly #deadline: Deadline;

  /** `laneId`: the lane of a schedule that is there again after a restart. */
  constructor(runtime: Runtime, publish: (publication: Publication) => void, laneId?: number) {
    this.#runtime = runtime;
    this.#publish = publish;
    this.#deadline = runtime.makeDeadline((nowMs) => this.#due(nowMs));
    this.#lane = laneId === undefined ? this.#makeLane() : this.#adoptLane(laneId);
    this.#lanes = [this.#lane];
  }

  get laneId(): number {
    return this.#lane.id;
  }

  get count(): number {
    return this.#times.size;
  }

  /** Publishes the message at `dueMs` of core time. Its exchange is looked up then. */
  add(publication: Publication, dueMs: number): void {
    const lane = this.#lane;
    const { store } = this.#runtime;
    const durable = publication.persistent && store.survives;
    const nowMs = this.#runtime.now();
    lane.push(appendMessageRecord(store, publication, this.#lanes, 0, 1, durable, nowMs));
    const seq = lane.take();
    if (durable) store.note(lane.id, seq, 0, dueMs);
    this.#hold(seq, dueMs);
  }

  /**
   * Calls `done`, at once or later, with up to `count` messages, those whose time comes first before the others, from the one with
   * `from` before it. What is published or cancelled meanwhile is left out.
   */
  entries(from: number, count: number, done: (entries: ScheduledMessage[]) => void): void {
    this.#collect(this.#times.slice(from, count), [], done);
  }

  /** Calls `done`, at once or later, with the message of this id; undefined: there is none. */
  find(id: string, done: (entry: ScheduledMessage | undefined) => void): void {
    const slot = this.#slotOf(id);
    this.#collect(slot === undefined ? [] : [slot], [], ([entry]) => done(entry));
  }

  /** The message is not published. False when it was already, or is not known. */
  cancel(id: string): boolean {
    const slot = this.#slotOf(id);
    if (slot === undefined || !this.#times.delete(slot.atMs, slot.value)) return false;
    this.#runtime.settle(this.#lane, slot.value, this.#lane.position(slot.value));
    this.#setDeadline();
    // A turn has to commit it.
    this.#runtime.requestTurn();
    return true;
  }

  dispose(): void {
    this.#runtime.deadlines.clear(this.#deadline);
    this.#runtime.discard(this.#lane);
  }

  #due(nowMs: number): void {
    for (let count = 0; count < PUBLISHED_PER_TURN && this.#times.nextMs <= nowMs; count++) {
      this.#publish(this.#take(this.#times.pop()));
    }
    this.#setDeadline();
  }

  #setDeadline(): void {
    this.#runtime.deadlines.set(this.#deadline, this.#times.nextMs);
  }

  /** Reads one message after the other, each once it is in memory. */
  #collect(slots: Slot[], entries: ScheduledMessage[], done: (entries: ScheduledMessage[]) => void): void {
    for (let slot = slots[0]; slot !== undefined; slot = slots[0]) {
      const position = this.#lane.position(slot.value);
      const record = position < 0 ? undefined : this.#runtime.readResident(position);
      if (position >= 0 && record === undefined) {
        this.#runtime.store.fetch(position, () => this.#collect(slots, entries, done));
        return;
      }
      if (record !== undefined) entries.push(this.#entryOf(slot, record));
      slots.shift();
    }
    done(entries);
  }

  /** Without the body, which may be large. */
  #entryOf({ atMs, value }: Slot, record: MessageRecord): ScheduledMessage {
    const { bytes, addressStart, addressEnd, bodyStart, bodyEnd } = record;
    const exchangeEnd = addressStart + 1 + (bytes[addressStart] as number);
    return {
      id: `${atMs}-${value}`,
      dueAtMs: this.#runtime.wallMsOf(atMs),
      exchange: decodeShortstr(bytes, addressStart + 1, exchangeEnd),
      routingKey: decodeShortstr(bytes, exchangeEnd + 1, addressEnd),
      properties: decodeProperties(bytes, addressEnd, bodyStart),
      bodyBytes: bodyEnd - bodyStart,
    };
  }

  /** Undefined for what is no id, and for one that is not there. */
  #slotOf(id: string): Slot | undefined {
    const [atMs, value] = id.split('-', 2).map(Number);
    if (atMs === undefined || value === undefined || id !== `${atMs}-${value}`) return undefined;
    return this.#times.has(atMs, value) ? { atMs, value } : undefined;
  }

  #take(seq: number): Publication {
    const position = this.#lane.position(seq);
    const publication = Publication.fromRecord(this.#runtime.readRecord(position));
    this.#runtime.settle(this.#lane, seq, position);
    return publication;
  }

  #hold(seq: number, dueMs: number): void {
    this.#times.push(dueMs, seq);
    this.#setDeadline();
  }

  #makeLane(): Lane {
    const runtime = this.#runtime;
    return runtime.store.survives ? runtime.makeRecordedLane(undefined) : runtime.makeLane(undefined);
  }

  #adoptLane(id: number): Lane {
    const restored = this.#runtime.takeRestored(id);
    for (const { seq, dueMs } of restored.adoptScheduled()) this.#hold(seq, dueMs);
    // The host has to hear of the deadline.
    this.#runtime.requestTurn();
    return restored.lane;
  }
}
