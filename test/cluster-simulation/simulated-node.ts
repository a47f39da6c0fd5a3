import type { LeaseRecord } from '../../src/cluster/lease-store.ts';
import type { Ownership, OwnershipOptions } from '../../src/cluster/ownership.ts';
import type { Chance } from './chance.ts';
import type { SimulatedLeaseStore, StoreLink } from './simulated-lease-store.ts';
import type { SimulatedTime } from './simulated-time.ts';

export type MakeOwnership = (options: OwnershipOptions) => Ownership;

export interface NodeScene {
  readonly time: SimulatedTime;
  readonly chance: Chance;
  readonly store: SimulatedLeaseStore;
  readonly leaseMs: number;
  readonly makeOwnership: MakeOwnership;
}

/** Between two things that a process hears of when it wakes up. */
const STEP_MS = 0.01;

/**
 * One machine with a process of Leveret, which can stand still and be killed. Its clock has its own beginning, and runs up to a
 * hundredth too fast or too slow.
 */
export class SimulatedNode {
  readonly name: string;
  readonly #scene: NodeScene;
  readonly #clockOffsetMs: number;
  readonly #clockSpeed: number;
  #life = 0;
  #link: StoreLink | undefined;
  ownership: Ownership | undefined;
  isPaused = false;
  acquiredCount = 0;
  /** Why it lost what it owned, each time. */
  readonly losses: string[] = [];
  readonly events: string[] = [];
  /** What it learnt of the lease, each time that it said something new. */
  readonly records: (LeaseRecord | undefined)[] = [];
  /** What came while it stood still. */
  #waiting: (() => void)[] = [];

  constructor(name: string, scene: NodeScene) {
    this.name = name;
    this.#scene = scene;
    this.#clockOffsetMs = scene.chance.between(0, 1e9);
    this.#clockSpeed = scene.chance.between(0.99, 1.01);
  }

  get isRunning(): boolean {
    return this.ownership !== undefined;
  }

  /** Whether it thinks that it owns the log, as far as it thinks at all. */
  holds(): boolean {
    return !this.isPaused && this.ownership?.holds() === true;
  }

  start(): void {
    const { store, leaseMs, chance, makeOwnership } = this.#scene;
    const life = ++this.#life;
    const deliver = (run: () => void): void => this.#deliver(life, run);
    const link = store.linkOf(deliver);
    const ownership = makeOwnership({
      store: link,
      node: this.name,
      leaseMs,
      peerAddress: `${this.name}:25672`,
      clock: { nowMs: () => this.#clockOffsetMs + this.#scene.time.nowMs * this.#clockSpeed },
      timer: { after: (ms, run) => this.#after(life, ms, run) },
      random: chance.random,
      onChange: (record) => this.records.push(record),
      onAcquired: () => this.#onAcquired(life),
      onLost: (reason) => this.#onLost(life, reason),
      onEvent: ({ level, text }) => this.events.push(`${level} ${text}`),
    });
    this.#link = link;
    this.ownership = ownership;
    ownership.start();
  }

  /** kill -9: what is on its way to the store still gets there. */
  kill(): void {
    this.#life += 1;
    if (this.#link !== undefined) this.#scene.store.unlink(this.#link);
    this.ownership = undefined;
    this.isPaused = false;
    this.#waiting = [];
  }

  cut(isCut: boolean): void {
    if (this.#link !== undefined) this.#link.isCut = isCut;
  }

  pause(): void {
    this.isPaused = this.isRunning;
  }

  /** The first thing that it does is a turn of its broker; what came meanwhile comes after that, in any order. */
  resume(): void {
    if (!this.isPaused) return;
    this.isPaused = false;
    this.ownership?.holds();
    const waiting = this.#waiting;
    const { time, chance } = this.#scene;
    const life = this.#life;
    this.#waiting = [];
    for (let step = 1; waiting.length > 0; step++) {
      const [run] = waiting.splice(chance.below(waiting.length), 1);
      if (run !== undefined) time.after(step * STEP_MS, () => this.#deliver(life, run));
    }
  }

  #onAcquired(life: number): void {
    this.acquiredCount += 1;
    const { chance } = this.#scene;
    this.#after(life, chance.between(10, 200), () => this.ownership?.announce({ epoch: this.acquiredCount }));
    this.#after(life, chance.between(200, 600), () => this.ownership?.announce({ isServing: true }));
  }

  /** Its broker has to end before it may own anything again. */
  #onLost(life: number, reason: string): void {
    this.losses.push(reason);
    this.#after(life, this.#scene.chance.between(0, 300), () => this.ownership?.start());
  }

  /** Timers of Node.js may be early by a part of a millisecond, but always later than now. */
  #after(life: number, ms: number, run: () => void): () => void {
    const early = this.#scene.chance.between(0, 1);
    let isCancelled = false;
    const runUnlessCancelled = (): void => {
      if (!isCancelled) run();
    };
    const lateMs = Math.max(STEP_MS, ms / this.#clockSpeed - early);
    this.#scene.time.after(lateMs, () => this.#deliver(life, runUnlessCancelled));
    return () => {
      isCancelled = true;
    };
  }

  #deliver(life: number, run: () => void): void {
    if (life !== this.#life) return;
    if (this.isPaused) this.#waiting.push(run);
    else run();
  }
}
