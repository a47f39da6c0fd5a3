import { Broker } from '../../src/core/broker.ts';
import type { Credentials } from '../../src/core/environment.ts';
import { PAGE_SPAN, type Page, type RecordVisitor } from '../../src/core/message/message-store.ts';
import { BrokerImage } from '../../src/core/recovery/broker-image.ts';
import type { Disk } from '../../src/storage/file/disk.ts';
import { openFileEngines } from '../../src/storage/file/open-file-engines.ts';
import type { StorageEvents } from '../../src/storage/file/storage-events.ts';
import type { LogEngine } from '../../src/storage/log-engine.ts';
import type { LogPage } from '../../src/storage/log-page.ts';
import { MessageLog } from '../../src/storage/message-log.ts';
import { SeededRandom } from '../../src/testing/seeded-random.ts';
import { VirtualClock } from '../../src/testing/virtual-clock.ts';
import { HandScheduler } from '../core/hand-scheduler.ts';
import { ObservedStore } from './observed-store.ts';
import { recoveredBroker } from './recovered-broker.ts';
import type { DiskProcess, SimulatedDisk } from './simulated-disk.ts';
import { StoreModel } from './store-model.ts';
import { VirtualTimer } from './virtual-timer.ts';
import type { RecoveredBroker } from './workload-ledger.ts';

/** Sizes so small that a few messages fill pages and segments, and make cleaning worth while. */
export interface LogSizes {
  readonly pageBytesFirst: number;
  readonly pageBytesMax: number;
  readonly segmentBytesMax: number;
  readonly deadBytesAllowed: number;
  readonly residentBytesMax: number;
}

/** Where a test that plants a mistake puts something between the parts of a broker. */
export interface Mistakes {
  disk?(disk: Disk): Disk;
  engine?(engine: LogEngine, stream: 'main' | 'cold'): LogEngine;
  visitor?(visitor: RecordVisitor): RecordVisitor;
  store?(store: MessageLog): void;
}

export interface RunOptions {
  readonly sizes: LogSizes;
  readonly mistakes?: Mistakes | undefined;
}

/** Turns after which a broker that still asks for turns goes round for ever. */
const TURNS_MAX = 10_000;
export const START_MS: number = Date.UTC(2026, 0, 1);

/** Hashing is not what is tested here. */
const PLAIN_PASSWORDS: Credentials = {
  hash: (password) => password,
  verify: (password, hash, done) => done(password === hash),
};

/** Something that is a promise once the group that it is in is durable. */
interface Awaited {
  /** Undefined until the group is closed. */
  block: number | undefined;
  readonly onDurable: () => void;
}

/** What came off a disk: the log, with an image of the broker made by core, and another one made by the test. */
export interface RecoveredLog {
  readonly log: MessageLog;
  /** Lets the next process in. */
  release(): Promise<void>;
  readonly image: BrokerImage;
  readonly model: StoreModel;
}

/** Starts the engines of a broker on `disk`, and reads what they hold. */
export async function recoverLog(
  disk: Disk,
  { sizes, mistakes = {} }: RunOptions,
  events: StorageEvents,
  timer: VirtualTimer,
): Promise<RecoveredLog> {
  let identity = 1;
  const engineOptions = { timer, segmentBytesMax: sizes.segmentBytesMax, makeIdentity: () => identity++ };
  const usedDisk = mistakes.disk?.(disk) ?? disk;
  const { main, cold, spill, release } = await openFileEngines(usedDisk, events, engineOptions);
  const altered = (engine: LogEngine, stream: 'main' | 'cold'): LogEngine =>
    mistakes.engine?.(engine, stream) ?? engine;
  const log = new MessageLog(altered(main, 'main'), { ...sizes, cold: altered(cold, 'cold'), spill });
  mistakes.store?.(log);
  const image = new BrokerImage(log);
  const model = new StoreModel();
  const pages = new Set<Page>();
  const both = visitBoth(image, model, pages);
  await log.recover(mistakes.visitor?.(both) ?? both);
  assertCounts(image, pages);
  return { log, image, model, release };
}

/** Each page must count as many messages as lanes hold in it: otherwise it goes too early, or never. */
function assertCounts(image: BrokerImage, pages: ReadonlySet<Page>): void {
  const held = new Map<number, number>();
  for (const { lane } of image.lanes.values()) {
    for (let seq = 0; seq < lane.nextSeq; seq++) {
      const position = lane.position(seq);
      const base = position - (position % PAGE_SPAN);
      if (position >= 0) held.set(base, (held.get(base) ?? 0) + 1);
    }
  }
  for (const page of pages) {
    const { liveCount } = page as LogPage;
    const heldCount = held.get(page.base) ?? 0;
    if (liveCount !== heldCount)
      throw new Error(
        `page ${page.base / PAGE_SPAN} counts ${liveCount} live messages, and lanes hold ${heldCount}`,
      );
  }
}

/** Core's image decides what is held; the model only looks on. */
function visitBoth(image: BrokerImage, model: StoreModel, pages: Set<Page>): RecordVisitor {
  return {
    onMessage: (page: Page, position: number) => {
      pages.add(page);
      model.onMessage(page, position);
      return image.onMessage(page, position);
    },
    onOlderCopies: () => {
      image.onOlderCopies();
    },
    onSettled: (laneId, from, to) => {
      model.onSettled(laneId, from, to);
      image.onSettled(laneId, from, to);
    },
    onNote: (laneId, seq, returnCount, heldUntilMs) => {
      model.onNote(laneId, seq, returnCount, heldUntilMs);
      image.onNote(laneId, seq, returnCount, heldUntilMs);
    },
    onReach: (laneId, upTo) => {
      model.onReach(laneId, upTo);
      image.onReach(laneId, upTo);
    },
    onDefinitionsVoid: () => {
      model.onDefinitionsVoid();
      image.onDefinitionsVoid();
    },
    onDefinition: (bytes, start, end) => {
      model.onDefinition(bytes, start, end);
      image.onDefinition(bytes, start, end);
    },
  };
}

/**
 * A broker from its start on a simulated disk until it is killed or stopped. Nothing happens in it but what the test makes
 * happen.
 */
export class BrokerRun {
  readonly disk: SimulatedDisk;
  readonly broker: Broker;
  readonly store: ObservedStore;
  /** What it found when it started. */
  readonly recovered: RecoveredBroker;
  /** Lets clients read. */
  afterTurn: () => void = () => {};
  /** What an engine gave up for. */
  failure: Error | undefined;
  /** Events of brokers and engines, for a failure. */
  readonly events: string[];
  readonly #clock: VirtualClock;
  readonly #timer: VirtualTimer;
  readonly #process: DiskProcess;
  readonly #log: MessageLog;
  readonly #release: () => Promise<void>;
  readonly #scheduler: HandScheduler;
  readonly #timeBase: number;
  #awaited: Awaited[] = [];
  #hasStopped = false;

  private constructor(disk: SimulatedDisk, process: DiskProcess, timeBase: number, start: Started) {
    const { recovered, clock, timer, events, storageEvents } = start;
    storageEvents.onFailure = (reason) => {
      this.failure = reason;
    };
    this.disk = disk;
    this.#process = process;
    this.#timeBase = timeBase;
    this.#clock = clock;
    this.#timer = timer;
    this.events = events;
    this.#log = recovered.log;
    this.#release = () => recovered.release();
    this.recovered = recoveredBroker(recovered.model);
    this.#scheduler = new HandScheduler();
    this.store = new ObservedStore(recovered.log, recovered.model, () => this.now);
    this.store.onCommitted = (block) => this.#onCommitted(block);
    const environment = {
      clock,
      random: new SeededRandom(1),
      scheduler: this.#scheduler,
      store: this.store,
      credentials: PLAIN_PASSWORDS,
      onEvent: ({ text }: { text: string }) => events.push(text),
    };
    this.broker = new Broker(environment, { heartbeatSeconds: 0 }, recovered.image);
  }

  /** Recovers what is on `disk`, and serves it. `timeBase`: the events of earlier disks. */
  static async start(disk: SimulatedDisk, options: RunOptions, timeBase = 0): Promise<BrokerRun> {
    const clock = new VirtualClock(START_MS + timeBase);
    const timer = new VirtualTimer(clock);
    const events: string[] = [];
    const process = disk.mount();
    const storageEvents = eventsInto(events);
    const recovered = await recoverLog(process, options, storageEvents, timer);
    return new BrokerRun(disk, process, timeBase, { recovered, clock, timer, events, storageEvents });
  }

  /** The time of the workload: how many disk events there were. */
  get now(): number {
    return this.#timeBase + this.disk.journal.length;
  }

  get turnIsDue(): boolean {
    return this.#scheduler.turnIsDue;
  }

  runTurn(): void {
    if (this.#hasStopped) return;
    this.#scheduler.turnIsDue = false;
    this.broker.turn();
    this.noteDurable();
    this.afterTurn();
  }

  /** Runs turns until the broker asks for none. */
  runTurns(): void {
    for (let turns = 0; this.turnIsDue; turns++) {
      if (turns > TURNS_MAX) throw new Error(`the broker is not quiet after ${TURNS_MAX} turns`);
      this.runTurn();
    }
  }

  /** Lets time pass, for the broker and for the engines. */
  advance(ms: number): void {
    const targetMs = this.#clock.nowMs() + ms;
    for (let count = 0; ; count++) {
      const nextMs = Math.min(this.#scheduler.deadlineMs, this.#timer.nextMs);
      if (nextMs > targetMs) break;
      if (count > TURNS_MAX) throw new Error(`${TURNS_MAX} deadlines within ${ms} ms`);
      this.#clock.moveTo(nextMs);
      this.#timer.runDue();
      if (this.#scheduler.deadlineMs <= nextMs) {
        this.#scheduler.deadlineMs = Number.POSITIVE_INFINITY;
        this.runTurn();
      }
    }
    this.#clock.moveTo(targetMs);
  }

  /** Calls `onDurable` once all that the broker has done by now is durable. */
  whenDurable(onDurable: () => void): void {
    this.#awaited.push({ block: undefined, onDurable });
    this.#scheduler.turnIsDue = true;
  }

  /** To be called after whatever may have made something durable. */
  noteDurable(): void {
    this.store.noteDurable();
    const { durableBlock } = this.#log;
    const isDurable = ({ block }: Awaited): boolean => block !== undefined && block <= durableBlock;
    const durable = this.#awaited.filter(isDurable);
    this.#awaited = this.#awaited.filter((each) => !isDurable(each));
    for (const { onDurable } of durable) onDurable();
  }

  /** The process is gone at once. Of what it had under way with the disk, some happens. */
  kill(happens: () => boolean): void {
    this.disk.kill(this.#process, happens);
  }

  /** All stops at once. What the disk makes of what it has under way is not decided yet. */
  losePower(): void {
    this.#process.isKilled = true;
  }

  /** The orderly end: resolves when all is durable and every file is closed. The disk must complete what it holds. */
  async stop(): Promise<void> {
    this.broker.shutdown(() => {});
    this.runTurns();
    this.#hasStopped = true;
    await this.#log.close();
    await this.#release();
  }

  #onCommitted(block: number): void {
    for (const awaited of this.#awaited) awaited.block ??= block;
  }
}

interface Started {
  readonly recovered: RecoveredLog;
  readonly clock: VirtualClock;
  readonly timer: VirtualTimer;
  readonly events: string[];
  readonly storageEvents: StorageEvents;
}

export function eventsInto(events: string[]): StorageEvents {
  return {
    onEvent: ({ text }) => events.push(text),
    onFailure: (reason) => {
      throw reason;
    },
    onFull: (on) => events.push(on ? 'full' : 'not full any more'),
  };
}
