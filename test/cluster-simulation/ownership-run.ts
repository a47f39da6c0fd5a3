import { Chance } from './chance.ts';
import { SimulatedLeaseStore } from './simulated-lease-store.ts';
import { type MakeOwnership, SimulatedNode } from './simulated-node.ts';
import { SimulatedTime } from './simulated-time.ts';

export const LEASE_MS = 3_000;
const FAULTS_UNTIL_MS = 30_000;
const STEP_MS = 20;
/** From the end of all faults until somebody owns the log: a lease on a slow clock, and a question without an answer. */
const QUIET_MS_MAX = 1.01 * LEASE_MS + 0.3 * LEASE_MS;
/** With nothing in the way: a renewal that is under way, the hand-over, its news and a claim are six ways of 20 ms at most. */
const HAND_OVER_MS_MAX = 125;

/** What came of one seed. */
export interface OwnershipVerdict {
  /** Undefined: nothing is wrong. */
  readonly problem: string | undefined;
  /** From the end of all faults until somebody owned the log. */
  readonly quietMs: number;
  readonly termCount: number;
  readonly handOverCount: number;
}

/**
 * Three nodes and a store for half a minute in which everything goes wrong that the seed chooses, and then some time in which nothing
 * does: never two nodes own the log at one instant, somebody does soon, stays, and can give it away.
 */
export async function runOwnership(seed: number, makeOwnership: MakeOwnership): Promise<OwnershipVerdict> {
  return new OwnershipRun(seed, makeOwnership).run();
}

type Fault = 'pause' | 'cut' | 'kill' | 'handOver';

class OwnershipRun {
  readonly #time: SimulatedTime = new SimulatedTime();
  readonly #chance: Chance;
  readonly #store: SimulatedLeaseStore;
  readonly #nodes: readonly SimulatedNode[];
  readonly #faults: readonly Fault[];
  #problem: string | undefined;
  #quietMs = 0;
  #handOverCount = 0;

  constructor(seed: number, makeOwnership: MakeOwnership) {
    const chance = new Chance(seed);
    const store = new SimulatedLeaseStore(this.#time, chance);
    const scene = { time: this.#time, chance, store, leaseMs: LEASE_MS, makeOwnership };
    this.#chance = chance;
    this.#store = store;
    this.#nodes = ['a', 'b', 'c'].map((name) => new SimulatedNode(name, scene));
    this.#faults = (['pause', 'cut', 'kill', 'handOver'] as const).filter(() => chance.happens(0.5));
    store.faults.lossPart = this.#oneOf([0, 0.1, 0.5]);
    store.faults.slowPart = this.#oneOf([0, 0.05, 0.4]);
    store.faults.stalePart = this.#oneOf([0, 0.3, 0.9]);
    store.faults.watchLossPart = this.#oneOf([0, 0.5, 1]);
  }

  async run(): Promise<OwnershipVerdict> {
    for (const node of this.#nodes) this.#time.after(this.#chance.between(0, 500), () => node.start());
    if (this.#faults.length > 0) this.#time.after(this.#chance.between(0, 4_000), () => this.#nextFault());
    await this.#runFor(FAULTS_UNTIL_MS);
    this.#settle();
    await this.#becomeQuiet();
    await this.#stayQuiet();
    await this.#handOverQuietly();
    const termCount = this.#nodes.reduce((sum, node) => sum + node.acquiredCount, 0);
    return {
      problem: this.#problem,
      quietMs: this.#quietMs,
      termCount,
      handOverCount: this.#handOverCount,
    };
  }

  async #runFor(ms: number): Promise<void> {
    if (this.#problem !== undefined) return;
    await this.#time.runUntil(this.#time.nowMs + ms, () => this.#check());
  }

  #check(): void {
    const owners = this.#owners();
    if (owners.length > 1) this.#report(`${owners.map(({ name }) => name).join(' and ')} own the log`);
  }

  #owners(): SimulatedNode[] {
    return this.#nodes.filter((node) => node.holds());
  }

  #report(problem: string): void {
    this.#problem ??= `at ${this.#time.nowMs.toFixed(1)} ms: ${problem}`;
  }

  #nextFault(): void {
    if (this.#time.nowMs >= FAULTS_UNTIL_MS) return;
    const owner = this.#owners()[0];
    const node = owner !== undefined && this.#chance.happens(0.6) ? owner : this.#oneOf(this.#nodes);
    this.#begin(this.#oneOf(this.#faults), node);
    this.#time.after(this.#chance.between(50, 4_000), () => this.#nextFault());
  }

  #begin(fault: Fault, node: SimulatedNode): void {
    const lastsMs = this.#chance.between(10, 8_000);
    switch (fault) {
      case 'pause':
        node.pause();
        this.#time.after(lastsMs, () => node.resume());
        return;
      case 'cut':
        node.cut(true);
        this.#time.after(lastsMs, () => node.cut(false));
        return;
      case 'kill':
        node.kill();
        this.#time.after(lastsMs, () => {
          if (!node.isRunning) node.start();
        });
        return;
      case 'handOver':
        this.#handOver(node, this.#oneOf(['', ...this.#others(node).map(({ name }) => name)]));
    }
  }

  #handOver(node: SimulatedNode, successor: string): void {
    if (!node.holds()) return;
    this.#handOverCount += 1;
    void node.ownership?.handOver(successor);
  }

  #settle(): void {
    this.#store.settle();
    for (const node of this.#nodes) {
      node.resume();
      if (!node.isRunning) node.start();
    }
  }

  /** An owner may yet lose what it could not renew in time. */
  async #becomeQuiet(): Promise<void> {
    const fromMs = this.#time.nowMs;
    while (this.#time.nowMs < fromMs + QUIET_MS_MAX) {
      await this.#runFor(STEP_MS);
      if (this.#problem !== undefined) return;
      if (this.#owners().length === 0) this.#quietMs = this.#time.nowMs - fromMs;
    }
    if (this.#owners().length === 0) this.#report(`nobody owns the log, ${QUIET_MS_MAX} ms long`);
  }

  /** Nobody loses what everybody lets it have, and all know. */
  async #stayQuiet(): Promise<void> {
    const [owner] = this.#owners();
    if (owner === undefined) return;
    const lostCount = (): number => this.#nodes.reduce((sum, node) => sum + node.losses.length, 0);
    const before = lostCount();
    await this.#runFor(4 * LEASE_MS);
    if (!owner.holds() || lostCount() !== before) this.#report(`${owner.name} lost the log in quiet time`);
    for (const { name, ownership } of this.#nodes) {
      const record = ownership?.record;
      const isKnown = record?.owner === owner.name && record.isServing && record.epoch > 0;
      if (!isKnown) this.#report(`${name} thinks that the owner is ${JSON.stringify(record)}`);
    }
  }

  async #handOverQuietly(): Promise<void> {
    const [owner] = this.#owners();
    if (owner === undefined) return;
    const successor = this.#oneOf(this.#others(owner));
    let isKnown: boolean | undefined;
    void owner.ownership?.handOver(successor.name).then((answer) => {
      isKnown = answer;
    });
    if (owner.holds()) this.#report(`${owner.name} owns the log that it gives away`);
    await this.#runFor(HAND_OVER_MS_MAX);
    if (isKnown !== true || !successor.holds()) {
      this.#report(
        `${successor.name} does not own the log ${HAND_OVER_MS_MAX} ms after ${owner.name} gave it away`,
      );
    }
    await this.#runFor(2 * LEASE_MS);
    if (!successor.holds()) this.#report(`${successor.name} lost the log that it was given`);
  }

  #others(node: SimulatedNode): SimulatedNode[] {
    return this.#nodes.filter((other) => other !== node);
  }

  #oneOf<T>(choices: readonly T[]): T {
    return choices[this.#chance.below(choices.length)] as T;
  }
}
