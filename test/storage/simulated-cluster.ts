import type { StorageError } from '../../src/storage/file/storage-error.ts';
import type { StorageTimer } from '../../src/storage/file/storage-timer.ts';
import {
  type JetStreamEngines,
  openJetStreamEngines,
} from '../../src/storage/jetstream/open-jetstream-engines.ts';
import type { LogEngine } from '../../src/storage/log-engine.ts';
import { SeededRandom } from '../../src/testing/seeded-random.ts';
import { ReplayedPages } from './log-engine-suite.ts';
import { MemoryDisk } from './memory-disk.ts';
import { SimulatedLog, SimulatedStream } from './simulated-replicated-log.ts';
import { SimulatedTime } from './simulated-time.ts';

/** The two streams of a cluster, and nodes that own them in turn or believe that they do. */
export class SimulatedCluster {
  readonly time: SimulatedTime = new SimulatedTime();
  main: SimulatedStream;
  cold: SimulatedStream;
  readonly #random: SeededRandom;

  constructor(entryBytesMax: number = 64 * 1024, seed: number = 1) {
    this.main = new SimulatedStream('stream main', entryBytesMax);
    this.cold = new SimulatedStream('stream cold', entryBytesMax);
    this.#random = new SeededRandom(seed);
  }

  node(): SimulatedNode {
    return new SimulatedNode(this, () => this.#random.uint32());
  }

  /** A node that has taken over and replayed both streams. */
  async owner(): Promise<SimulatedNode> {
    const node = this.node();
    await this.time.ends(node.takeOver());
    return node;
  }
}

/** A node as far as storage knows it. Its time can stand still. */
export class SimulatedNode implements StorageTimer {
  readonly disk: MemoryDisk = new MemoryDisk();
  readonly main: SimulatedLog;
  readonly cold: SimulatedLog;
  readonly failures: StorageError[] = [];
  readonly texts: string[] = [];
  readonly full: boolean[] = [];
  hasLease = true;
  /** The epoch of an owner that it knows of. */
  epochSeen = 0;
  /** What was found in main and in cold. */
  replayed: ReplayedPages = new ReplayedPages();
  replayedCold: ReplayedPages = new ReplayedPages();
  readonly #time: SimulatedTime;
  readonly #uint32: () => number;
  #isPaused = false;
  #missed: (() => void)[] = [];
  #engines: JetStreamEngines | undefined;

  constructor({ main, cold, time }: SimulatedCluster, uint32: () => number) {
    this.#time = time;
    this.#uint32 = uint32;
    this.main = new SimulatedLog(main, this, time);
    this.cold = new SimulatedLog(cold, this, time);
  }

  get engines(): JetStreamEngines {
    if (this.#engines === undefined) throw new Error('this node has not taken over');
    return this.#engines;
  }

  get engine(): LogEngine {
    return this.engines.main;
  }

  async open(): Promise<JetStreamEngines> {
    const { main, cold, disk, epochSeen } = this;
    this.#engines = await openJetStreamEngines({
      ...{ main, cold, disk, epochSeen, timer: this, uint32: this.#uint32 },
      events: {
        onEvent: ({ text }) => this.texts.push(text),
        onFailure: (reason) => this.failures.push(reason),
        onFull: (on) => this.full.push(on),
      },
      holdsLease: () => this.hasLease,
    });
    return this.#engines;
  }

  /** As the start of a broker does it. */
  async takeOver(): Promise<void> {
    const { main, cold } = await this.open();
    await cold.replay(this.replayedCold);
    await main.replay(this.replayed);
  }

  async close(): Promise<void> {
    const { main, cold, spill, release } = this.engines;
    await Promise.all([main.close(), cold.close(), spill.close()]);
    await release();
  }

  /** Everything that was appended to `engine` is durable, or will never be. */
  async settled(engine: LogEngine = this.engine): Promise<void> {
    await this.#time.runUntil(() => engine.durableBlock === engine.lastBlock || this.failures.length > 0);
  }

  pause(): void {
    this.#isPaused = true;
  }

  /** All that it missed happens at once. */
  resume(): void {
    this.#isPaused = false;
    const missed = this.#missed;
    this.#missed = [];
    for (const each of missed) each();
  }

  after(ms: number, callback: () => void): () => void {
    let isCancelled = false;
    const run = (): void => {
      if (isCancelled) return;
      if (this.#isPaused) this.#missed.push(run);
      else callback();
    };
    const cancel = this.#time.after(ms, run);
    return () => {
      isCancelled = true;
      cancel();
    };
  }
}
