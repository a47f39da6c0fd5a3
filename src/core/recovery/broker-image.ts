import type { Definition } from '../definitions/definition.ts';
import { DefinitionSet } from '../definitions/definition-set.ts';
import { isKeptAt } from '../message/kept-record.ts';
import {
  bodyBytesOf,
  destinationCountAt,
  destinationLane,
  destinationSeq,
  hasExpirationAt,
  isMarkedAt,
} from '../message/message-record.ts';
import type { MessageStore, Page, RecordVisitor } from '../message/message-store.ts';
import { RestoredLane, type RestoredLanes } from './restored-lane.ts';

/** The priorities of a queue, and so its lanes, at most. */
const LANES_OF_QUEUE_MAX = 256;

/**
 * What a store has kept of a broker, while it is read: definitions and lanes of positions. A Broker is made of it and takes it
 * apart.
 *
 * Ten million messages have to pass in two seconds: nothing is allocated per message, and none is looked at twice.
 */
export class BrokerImage implements RecordVisitor, RestoredLanes {
  readonly definitions: DefinitionSet = new DefinitionSet();
  readonly lanes: Map<number, RestoredLane> = new Map<number, RestoredLane>();
  readonly #release: (position: number) => void;
  /** The lane of the last look-up: the next one is mostly the same. */
  #recent: RestoredLane | undefined;
  #lastLaneId = 0;
  /** Of two copies of a message the first counts, and not the last. */
  #firstCounts = false;

  /** `store` is the one that is read. */
  constructor(store: Pick<MessageStore, 'release'>) {
    this.#release = (position) => store.release(position);
  }

  /** Nothing was ever defined: the store is new. */
  get isFresh(): boolean {
    return this.definitions.isEmpty;
  }

  get nextLaneId(): number {
    let last = this.#lastLaneId;
    for (const definition of this.definitions) last = Math.max(last, lastLaneOf(definition));
    return last + 1;
  }

  onMessage(page: Page, position: number): number {
    const offset = position - page.base;
    const bodyBytes = bodyBytesOf(page, position);
    const count = destinationCountAt(page, offset);
    let held = 0;
    for (let index = 0; index < count; index++) {
      const lane = this.#lane(destinationLane(page, offset, index));
      const seq = destinationSeq(page, offset, index);
      if (this.#firstCounts && lane.has(seq)) continue;
      lane.addMessage(seq, position, bodyBytes);
      if (hasExpirationAt(page, offset)) lane.sawExpiration = true;
      if (isMarkedAt(page, offset)) markLane(lane, seq, page, position);
      held++;
    }
    return held;
  }

  onOlderCopies(): void {
    this.#firstCounts = true;
  }

  onSettled(laneId: number, from: number, to: number): void {
    this.#lane(laneId).settle(from, to);
  }

  onNote(laneId: number, seq: number, returnCount: number, heldUntilMs: number): void {
    this.#lane(laneId).addNote(seq, returnCount, heldUntilMs);
  }

  onReach(laneId: number, upTo: number): void {
    this.#lane(laneId).addReach(upTo);
  }

  onDefinitionsVoid(): void {
    this.definitions.clear();
  }

  onDefinition(bytes: Uint8Array, start: number, end: number): void {
    this.definitions.apply(bytes, start, end);
  }

  /** Runs per message. */
  #lane(id: number): RestoredLane {
    const recent = this.#recent;
    if (recent !== undefined && recent.lane.id === id) return recent;
    let lane = this.lanes.get(id);
    if (lane === undefined) {
      lane = new RestoredLane(id, this.#release);
      this.lanes.set(id, lane);
      if (id > this.#lastLaneId) this.#lastLaneId = id;
    }
    this.#recent = lane;
    return lane;
  }
}

function markLane(lane: RestoredLane, seq: number, page: Page, position: number): void {
  if (isKeptAt(page, position - page.base)) lane.addKept(seq, page, position);
  else lane.sawOutcome = true;
}

/** The largest number of a lane that it may name; 0: none. */
function lastLaneOf(definition: Definition): number {
  if (definition.kind === 'vhost') {
    const { scheduleLaneId, outcomeLaneId = 0, deduplicationLaneId = 0 } = definition;
    return Math.max(scheduleLaneId, outcomeLaneId, deduplicationLaneId);
  }
  return definition.kind === 'queue' ? definition.laneId + LANES_OF_QUEUE_MAX - 1 : 0;
}
