import type { MessageStore, Page, RecordOwner } from '../../src/core/message/message-store.ts';
import type { StoreModel } from './store-model.ts';

/** What must be there when the group that ends with `block` is the last one that survived. */
export interface CommittedState {
  readonly block: number;
  readonly text: string;
  /** The time (of the workload) at which the group was handed to the engine: it may be there from now on. */
  readonly committedAt: number;
  /** When the store said that it is durable: it must be there from now on. */
  durableAt: number;
}

/** A message store that writes down what the broker asks of it, and therefore what has to survive after each group. */
export class ObservedStore implements MessageStore {
  /** Oldest first; the first is what was recovered. */
  readonly states: CommittedState[] = [];
  readonly model: StoreModel;
  /** Called with the number of the last block whenever a group was closed. */
  onCommitted: (block: number) => void = () => {};
  readonly #store: MessageStore;
  readonly #now: () => number;
  #tailIsDurable = false;
  /** States before this one are known to be durable. */
  #durableCount = 1;

  constructor(store: MessageStore, recovered: StoreModel, now: () => number) {
    this.#store = store;
    this.model = recovered;
    this.#now = now;
    const block = store.durableBlock;
    // What is served after a start has been made durable before.
    this.states.push({ block, text: recovered.text(), committedAt: now(), durableAt: now() });
  }

  get survives(): boolean {
    return this.#store.survives;
  }

  get memoryBytes(): number {
    return this.#store.memoryBytes;
  }

  get pendingBytes(): number {
    return this.#store.pendingBytes;
  }

  get durableBlock(): number {
    this.noteDurable();
    return this.#store.durableBlock;
  }

  get onDurable(): () => void {
    return this.#store.onDurable;
  }

  set onDurable(listener: () => void) {
    this.#store.onDurable = listener;
  }

  tail(recordBytes: number, durable: boolean): Page {
    this.#tailIsDurable = durable;
    return this.#store.tail(recordBytes, durable);
  }

  appended(page: Page, recordBytes: number, holders: number): number {
    if (this.#tailIsDurable) this.model.onMessage(page, page.base + page.end);
    return this.#store.appended(page, recordBytes, holders);
  }

  pageOf(position: number): Page {
    return this.#store.pageOf(position);
  }

  residentPage(position: number): Page | undefined {
    return this.#store.residentPage(position);
  }

  fetch(position: number, whenResident: () => void): void {
    this.#store.fetch(position, whenResident);
  }

  settle(laneId: number, seq: number, position: number): void {
    this.model.onSettled(laneId, seq, seq + 1);
    this.#store.settle(laneId, seq, position);
  }

  settleRange(laneId: number, from: number, to: number): void {
    this.model.onSettled(laneId, from, to);
    this.#store.settleRange(laneId, from, to);
  }

  release(position: number): void {
    this.#store.release(position);
  }

  note(laneId: number, seq: number, returnCount: number, heldUntilMs: number): void {
    this.model.onNote(laneId, seq, returnCount, heldUntilMs);
    this.#store.note(laneId, seq, returnCount, heldUntilMs);
  }

  reach(laneId: number, upTo: number): void {
    this.model.onReach(laneId, upTo);
    this.#store.reach(laneId, upTo);
  }

  define(bytes: Uint8Array, start: number, end: number): void {
    this.model.onDefinition(bytes, start, end);
    this.#store.define(bytes, start, end);
  }

  commit(): number {
    const block = this.#store.commit();
    this.#noteCommitted(block);
    this.onCommitted(block);
    return block;
  }

  clean(owner: RecordOwner): boolean {
    this.#noteChanged();
    return this.#store.clean({
      relocate: (laneId, seq, from, to) => owner.relocate(laneId, seq, from, to),
      returnCountOf: (laneId, seq) => owner.returnCountOf(laneId, seq),
      reachOf: (laneId) => owner.reachOf(laneId),
      recordDefinitions: () => {
        this.model.onDefinitionsVoid();
        owner.recordDefinitions();
      },
    });
  }

  /** What the engine says is durable is what must survive from now on. */
  noteDurable(): void {
    const { durableBlock } = this.#store;
    for (; this.#durableCount < this.states.length; this.#durableCount++) {
      const state = this.states[this.#durableCount] as CommittedState;
      if (state.block > durableBlock) return;
      state.durableAt = this.#now();
    }
  }

  /** What happened since the last group was closed may become a group before the next one is. */
  #noteChanged(): void {
    const last = this.states.at(-1) as CommittedState;
    const text = this.model.text();
    if (text === last.text) return;
    const durableAt = Number.POSITIVE_INFINITY;
    this.states.push({ block: last.block + 1, text, committedAt: this.#now(), durableAt });
  }

  #noteCommitted(block: number): void {
    const last = this.states.at(-1) as CommittedState;
    const text = this.model.text();
    if (block > last.block) {
      this.states.push({ block, text, committedAt: this.#now(), durableAt: Number.POSITIVE_INFINITY });
    } else if (text !== last.text) {
      throw new Error(
        `what must survive changed without a block behind block ${block}:\n${last.text}\n--\n${text}`,
      );
    }
    this.noteDurable();
  }
}
