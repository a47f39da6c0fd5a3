import type { LeaseEntry, LeaseRecord, LeaseStore } from '../../src/cluster/lease-store.ts';
import type { Chance } from './chance.ts';
import type { SimulatedTime } from './simulated-time.ts';

/** What the way between nodes and the store does to questions and answers. */
export interface StoreFaults {
  /** A question or an answer is lost, each; whoever asked is told that nobody knows, or is told nothing. */
  lossPart: number;
  /** A question or an answer takes seconds: longer than whoever asked waits. */
  slowPart: number;
  /** A read is answered by a server that is behind. */
  stalePart: number;
  /** A change is not handed out to a watcher, or long after it happened. */
  watchLossPart: number;
}

export const NO_STORE_FAULTS: StoreFaults = { lossPart: 0, slowPart: 0, stalePart: 0, watchLossPart: 0 };

const QUICK_MS = [1, 20] as const;
const SLOW_MS = [500, 6_000] as const;
/** After which a client says that nobody knows. */
const CLIENT_TIMEOUT_MS = 1_000;
/** How often a watch that was left out is made good for. */
const CATCH_UP_MS = 1_500;

/** The lease of a cluster: one record, many servers, and a network. */
export class SimulatedLeaseStore {
  readonly faults: StoreFaults = { ...NO_STORE_FAULTS };
  /** Questions of an earlier age never arrive. */
  age = 0;
  readonly #time: SimulatedTime;
  readonly #chance: Chance;
  /** All that there ever was, the newest last. */
  readonly #entries: LeaseEntry[] = [];
  readonly #links: Set<StoreLink> = new Set();

  constructor(time: SimulatedTime, chance: Chance) {
    this.#time = time;
    this.#chance = chance;
  }

  get newest(): LeaseEntry | undefined {
    return this.#entries.at(-1);
  }

  /** The store as one process sees it. `deliver` runs what reaches that process. */
  linkOf(deliver: (run: () => void) => void): StoreLink {
    const link = new StoreLink(this, this.#time, this.#chance, deliver);
    this.#links.add(link);
    return link;
  }

  unlink(link: StoreLink): void {
    this.#links.delete(link);
    link.isCut = true;
  }

  /** All goes well from now on, and what is on its way is lost. */
  settle(): void {
    Object.assign(this.faults, NO_STORE_FAULTS);
    this.age += 1;
    for (const link of this.#links) link.isCut = false;
  }

  /** What one of the servers says is there. */
  read(): LeaseEntry | undefined {
    const isStale = this.#chance.happens(this.faults.stalePart);
    return isStale ? this.#entries.at(-1 - this.#chance.below(4)) : this.newest;
  }

  write(record: LeaseRecord, after: number): number | undefined {
    if ((this.newest?.revision ?? 0) !== after) return undefined;
    const entry = { record, revision: after + 1 };
    this.#entries.push(entry);
    for (const link of this.#links) link.changed(entry);
    return entry.revision;
  }
}

/** Questions and answers of one process. */
export class StoreLink implements LeaseStore {
  /** Nothing gets through. */
  isCut = false;
  readonly #store: SimulatedLeaseStore;
  readonly #time: SimulatedTime;
  readonly #chance: Chance;
  readonly #deliver: (run: () => void) => void;
  #onEntry: ((entry: LeaseEntry) => void) | undefined;

  constructor(
    store: SimulatedLeaseStore,
    time: SimulatedTime,
    chance: Chance,
    deliver: (run: () => void) => void,
  ) {
    this.#store = store;
    this.#time = time;
    this.#chance = chance;
    this.#deliver = deliver;
  }

  read(): Promise<LeaseEntry | undefined> {
    return this.#ask(() => this.#store.read());
  }

  write(record: LeaseRecord, after: number): Promise<number | undefined> {
    return this.#ask(() => this.#store.write(record, after));
  }

  watch(onEntry: (entry: LeaseEntry) => void): () => void {
    this.#onEntry = onEntry;
    this.#catchUp();
    return () => {
      this.#onEntry = undefined;
    };
  }

  changed(entry: LeaseEntry): void {
    if (this.#chance.happens(this.#store.faults.watchLossPart)) return;
    this.#time.after(this.#delayMs(), () => this.#handOut(entry));
  }

  /** A watch notices by itself that something passed it by. */
  #catchUp(): void {
    const { newest } = this.#store;
    if (newest !== undefined) this.#handOut(newest);
    this.#time.after(CATCH_UP_MS, () => {
      if (this.#onEntry !== undefined) this.#catchUp();
    });
  }

  #handOut(entry: LeaseEntry): void {
    if (!this.isCut) this.#deliver(() => this.#onEntry?.(entry));
  }

  #ask<T>(question: () => T): Promise<T> {
    return new Promise((resolve, reject) => {
      const fail = (): void => this.#deliver(() => reject(new Error('nobody answers')));
      // Some clients never say that they have given up.
      if (this.#chance.happens(0.8)) this.#time.after(CLIENT_TIMEOUT_MS, fail);
      if (this.#isLost()) return;
      const { age } = this.#store;
      this.#time.after(this.#delayMs(), () => {
        if (age !== this.#store.age) return;
        const answer = question();
        if (this.#isLost()) return;
        this.#time.after(this.#delayMs(), () => {
          if (!this.isCut) this.#deliver(() => resolve(answer));
        });
      });
    });
  }

  #isLost(): boolean {
    return this.isCut || this.#chance.happens(this.#store.faults.lossPart);
  }

  #delayMs(): number {
    const [min, max] = this.#chance.happens(this.#store.faults.slowPart) ? SLOW_MS : QUICK_MS;
    return this.#chance.between(min, max);
  }
}
