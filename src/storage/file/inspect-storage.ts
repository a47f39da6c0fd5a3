import { RECORD_MESSAGE, recordBytesAt, recordKindAt } from '../../core/message/message-record.ts';
import { BrokerImage } from '../../core/recovery/broker-image.ts';
import {
  RECORD_DEFINITION,
  RECORD_DEFINITIONS_VOID,
  RECORD_NOTE,
  RECORD_REACH,
  RECORD_SETTLED,
} from '../fact-records.ts';
import type { LogEngine, ReplayReceiver } from '../log-engine.ts';
import type { LogPage } from '../log-page.ts';
import { MessageLog } from '../message-log.ts';
import type { Disk } from './disk.ts';
import { withStorage } from './offline-storage.ts';
import { readLog } from './open-log.ts';
import type { FileStream } from './segment-header.ts';

/** How many records there are of each kind. `definition` counts changes. */
export interface RecordCounts {
  message: number;
  settled: number;
  note: number;
  reach: number;
  definition: number;
}

export interface SegmentInspection {
  readonly file: string;
  readonly bytes: number;
  readonly blockCount: number;
  readonly records: Readonly<RecordCounts>;
  /** Bytes of messages that some queue holds, and of the rest: an estimate, as good as the messages of a page are alike. */
  readonly liveBytes: number;
  readonly deadBytes: number;
}

export interface StreamInspection {
  readonly stream: FileStream;
  readonly segments: readonly SegmentInspection[];
}

/**
 * What is in a data directory, segment by segment. Reads all of it, as a start does, and changes nothing.
 *
 * @throws StorageError DATA_DIR_IN_USE, DATA_DIR_UNUSABLE, DATA_DAMAGED, DISK_FAILED
 */
export function inspectStorage(disk: Disk): Promise<readonly StreamInspection[]> {
  return withStorage(disk, async () => {
    const [main, cold] = [new InspectedStream(disk, 'main'), new InspectedStream(disk, 'cold')];
    const log = new MessageLog(main, { cold });
    const image = new BrokerImage(log);
    await log.recover(image);
    forgetOwnerless(image);
    return [main.inspection(), cold.inspection()];
  });
}

/** What is in a lane that no queue and no schedule has is dead: a start drops it. */
function forgetOwnerless(image: BrokerImage): void {
  const owned = new Set<number>();
  for (const definition of image.definitions) {
    if (definition.kind === 'vhost') owned.add(definition.scheduleLaneId);
    if (definition.kind !== 'queue') continue;
    const priorities = Number(definition.arguments.get('x-max-priority')?.value ?? 0);
    for (let priority = 0; priority <= priorities; priority++) owned.add(definition.laneId + priority);
  }
  for (const [id, restored] of image.lanes) {
    if (!owned.has(id)) restored.settle(0, restored.lane.nextSeq);
  }
}

/** A stream that is replayed and never appended to, and what was seen of it. */
class InspectedStream implements LogEngine {
  readonly survives = true;
  readonly blockHeaderBytes = 0;
  readonly durableBlock = 0;
  readonly lastBlock = 0;
  readonly oldestBlock = 1;
  readonly storedBytes = 0;
  onDurable: () => void = () => {};
  readonly #disk: Disk;
  readonly #stream: FileStream;
  readonly #pages: { readonly page: LogPage; readonly records: RecordCounts }[] = [];
  #files: readonly { readonly number: number; readonly name: string; readonly size: number }[] = [];

  constructor(disk: Disk, stream: FileStream) {
    this.#disk = disk;
    this.#stream = stream;
  }

  async replay(receiver: ReplayReceiver): Promise<void> {
    this.#files = await readLog(this.#disk, this.#stream, {
      newPage: () => receiver.newPage(),
      onPage: (page, bytes) => {
        receiver.onPage(page, bytes);
        page.becomeResident(bytes);
        this.#pages.push({ page, records: recordsIn(page) });
        page.evict();
      },
    });
  }

  inspection(): StreamInspection {
    return { stream: this.#stream, segments: this.#files.map((file) => this.#segment(file)) };
  }

  #segment({
    number,
    name,
    size,
  }: {
    readonly number: number;
    readonly name: string;
    readonly size: number;
  }) {
    const records: RecordCounts = { message: 0, settled: 0, note: 0, reach: 0, definition: 0 };
    let blockCount = 0;
    let liveBytes = 0;
    for (const { page, records: counts } of this.#pages) {
      if (page.extents[0]?.segment !== number) continue;
      for (const kind of Object.keys(records) as (keyof RecordCounts)[]) records[kind] += counts[kind];
      blockCount += page.lastBlock - page.firstBlock + 1;
      liveBytes += page.liveBytes;
    }
    const live = Math.round(liveBytes);
    return { file: name, bytes: size, blockCount, records, liveBytes: live, deadBytes: size - live };
  }

  // Recovery needs nothing else of an engine.

  append(): number {
    throw notForWriting();
  }

  canLoad(): boolean {
    return false;
  }

  makeLoadable(): boolean {
    return false;
  }

  load(): Promise<void> {
    return Promise.reject(notForWriting());
  }

  loadNow(): void {
    throw notForWriting();
  }

  /** Looking at it, nothing goes. */
  drop(): void {}

  async close(): Promise<void> {}
}

function notForWriting(): Error {
  return new Error('a log that is only looked at was used as one of a broker');
}

function recordsIn(page: LogPage): RecordCounts {
  const counts: RecordCounts = { message: 0, settled: 0, note: 0, reach: 0, definition: 0 };
  for (let offset = 0; offset < page.end; offset += recordBytesAt(page, offset)) {
    const kind = KINDS.get(recordKindAt(page, offset));
    if (kind !== undefined) counts[kind]++;
  }
  return counts;
}

const KINDS: ReadonlyMap<number, keyof RecordCounts> = new Map([
  [RECORD_MESSAGE, 'message'],
  [RECORD_SETTLED, 'settled'],
  [RECORD_NOTE, 'note'],
  [RECORD_REACH, 'reach'],
  [RECORD_DEFINITION, 'definition'],
  [RECORD_DEFINITIONS_VOID, 'definition'],
]);
