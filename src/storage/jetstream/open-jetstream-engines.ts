import { randomInt } from 'node:crypto';
import type { Disk } from '../file/disk.ts';
import { fullTogether } from '../file/full-together.ts';
import { PageFiles } from '../file/page-files.ts';
import { SpillEngine } from '../file/spill-engine.ts';
import { diskFailed, StorageError } from '../file/storage-error.ts';
import type { StorageEvents } from '../file/storage-events.ts';
import { nodeTimer, type StorageTimer } from '../file/storage-timer.ts';
import type { LogEngine } from '../log-engine.ts';
import type { EntryHeader, EntryStream } from './entry.ts';
import { EntryAppender } from './entry-appender.ts';
import { type FencedStream, fenceStreams } from './fence.ts';
import { JetStreamEngine } from './jetstream-engine.ts';
import { Patience } from './patience.ts';
import type { ReplicatedLog } from './replicated-log.ts';

export interface JetStreamEnginesOptions {
  readonly main: ReplicatedLog;
  readonly cold: ReplicatedLog;
  /** For copies of pages, and for transient messages: nothing on it outlives the process. */
  readonly disk: Disk;
  readonly events: StorageEvents;
  /** Whether this node may still call something durable. Once it said no, it is not asked again. */
  holdsLease(): boolean;
  /** The epoch of an owner that there was, as is known from elsewhere: streams that never came so far are not those they were. */
  readonly epochSeen?: number;
  readonly timer?: StorageTimer;
  /** Random numbers from 0 to 2^32 - 1: what a simulation decides for itself. */
  readonly uint32?: () => number;
}

/** The engines of one term: from becoming the owner of the log to losing it. */
export interface JetStreamEngines {
  readonly main: LogEngine;
  readonly cold: LogEngine;
  readonly spill: LogEngine;
  /** Of the fences of this term. */
  readonly epoch: number;
  /** Ownership is lost: nothing is tried again or called durable any more, and `close` of the engines waits for nothing. */
  abandon(): void;
  /** Removes what is left on the disk, and lets another broker in. To be called when all engines are closed. */
  release(): Promise<void>;
}

/**
 * Takes the log over from whoever had it: resolves when both streams are fenced. Nothing is read before the engines are told
 * to replay.
 *
 * @throws StorageError OWNERSHIP_LOST, DATA_DAMAGED, DATA_FORMAT; DATA_DIR_IN_USE, DATA_DIR_UNUSABLE, DISK_FAILED of the disk.
 */
export async function openJetStreamEngines(options: JetStreamEnginesOptions): Promise<JetStreamEngines> {
  const { disk } = options;
  const lock = await disk.lock();
  try {
    const term = new Term(options);
    await term.removeLeft();
    const fences = await fenceStreams(term.main, term.cold, options.epochSeen ?? 0);
    const [main, cold] = [term.engine(term.main, fences.main), term.engine(term.cold, fences.cold)];
    return {
      main,
      cold,
      spill: term.spill,
      epoch: fences.main.epoch,
      abandon: () => term.end(),
      release: () => term.removeLeft().finally(() => lock.release()),
    };
  } catch (error) {
    await lock.release();
    throw error instanceof StorageError ? error : diskFailed(disk.path, 'opening it', error);
  }
}

/** What the engines of a term share. When one of them loses its stream, all are at their end. */
class Term {
  readonly main: TermStream;
  readonly cold: TermStream;
  readonly spill: SpillEngine;
  readonly #options: JetStreamEnginesOptions;
  readonly #timer: StorageTimer;
  readonly #engines: JetStreamEngine[] = [];
  #isOver = false;

  constructor(options: JetStreamEnginesOptions) {
    const { events, disk, uint32 = () => randomInt(2 ** 32) } = options;
    this.#options = options;
    this.#timer = options.timer ?? nodeTimer;
    const shared = fullTogether(events);
    const writer = (uint32() % 2 ** 21) * 2 ** 32 + uint32();
    const stream = (log: ReplicatedLog, name: EntryStream): TermStream =>
      this.#stream(log, name, writer, uint32(), shared(), shared());
    this.main = stream(options.main, 'main');
    this.cold = stream(options.cold, 'cold');
    this.spill = new SpillEngine(disk, { events: shared(), timer: this.#timer });
  }

  async removeLeft(): Promise<void> {
    await this.spill.replay();
    await this.main.copies.removeLeft();
    await this.cold.copies.removeLeft();
  }

  engine(stream: TermStream, fence: EntryHeader): JetStreamEngine {
    const { log, appender, copies, events } = stream;
    const holdsLease = (): boolean => this.#holdsLease();
    const engine = new JetStreamEngine({
      ...{ log, fence, appender, copies, timer: this.#timer, holdsLease },
      events: { ...events, onFailure: (reason) => this.#onFailure(reason) },
    });
    this.#engines.push(engine);
    return engine;
  }

  end(): void {
    this.#isOver = true;
    for (const engine of this.#engines) engine.abandon();
  }

  #holdsLease(): boolean {
    this.#isOver ||= !this.#options.holdsLease();
    return !this.#isOver;
  }

  /** Whatever one engine lost or cannot do, nothing that goes on in the other may count any more. */
  #onFailure(reason: StorageError): void {
    this.#isOver = true;
    this.#options.events.onFailure(reason);
  }

  #stream(
    log: ReplicatedLog,
    stream: EntryStream,
    writer: number,
    identity: number,
    events: StorageEvents,
    copyEvents: StorageEvents,
  ): TermStream {
    const timer = this.#timer;
    const holdsLease = (): boolean => this.#holdsLease();
    const appender = new EntryAppender(log, stream, { events, timer, holdsLease });
    const patience = new Patience(log.name, events, timer);
    const copies = new PageFiles(this.#options.disk, {
      prefix: `copy-${stream}`,
      content: `copies of pages of ${log.name}`,
      events: copyEvents,
      timer,
    });
    return { log, stream, appender, patience, copies, events, writer, identity, holdsLease };
  }
}

interface TermStream extends FencedStream {
  readonly copies: PageFiles;
  readonly events: StorageEvents;
}
