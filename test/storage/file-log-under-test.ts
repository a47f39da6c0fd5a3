import { mkdtemp, readdir, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { BLOCK_HEADER_BYTES, BlockHeader, readBlockHeader } from '../../src/storage/file/block.ts';
import { FileEngine } from '../../src/storage/file/file-engine.ts';
import { NodeDisk } from '../../src/storage/file/node-disk.ts';
import { SEGMENT_HEADER_BYTES, segmentName } from '../../src/storage/file/segment-header.ts';
import type { StorageError } from '../../src/storage/file/storage-error.ts';
import type { LogPage } from '../../src/storage/log-page.ts';
import { FaultyDisk } from './faulty-disk.ts';
import { appendBlock, newPage, ReplayedPages } from './log-engine-suite.ts';
import { ManualTimer } from './manual-timer.ts';

const IDENTITY = 0x1eaf;

/** A block as it lies in a file. */
export interface StoredBlock {
  readonly offset: number;
  readonly end: number;
  readonly sequence: number;
  readonly isSeal: boolean;
  readonly durableUpTo: number;
  readonly oldestSegment: number;
  readonly incarnation: number;
}

/** A main log in a temporary directory, and what it says. */
export class FileLogUnderTest {
  readonly path: string;
  readonly disk: FaultyDisk;
  timer = new ManualTimer();
  readonly failures: StorageError[] = [];
  readonly texts: string[] = [];
  readonly full: boolean[] = [];
  #engine: FileEngine | undefined;
  replayed = new ReplayedPages();
  readonly #segmentBytesMax: number;

  private constructor(path: string, segmentBytesMax: number) {
    this.path = path;
    this.#segmentBytesMax = segmentBytesMax;
    this.disk = new FaultyDisk(new NodeDisk(path));
  }

  /** Segments end at a page boundary behind `segmentBytesMax`. */
  static async make(segmentBytesMax: number = 2 ** 20): Promise<FileLogUnderTest> {
    return new FileLogUnderTest(await mkdtemp(join(tmpdir(), 'leveret-test-')), segmentBytesMax);
  }

  get engine(): FileEngine {
    if (this.#engine === undefined) throw new Error('nothing was opened');
    return this.#engine;
  }

  /** An engine of the next run: it has not read anything yet. */
  nextEngine(): FileEngine {
    this.timer = new ManualTimer();
    this.#engine = new FileEngine(this.disk, 'main', {
      identity: IDENTITY,
      segmentBytesMax: this.#segmentBytesMax,
      timer: this.timer,
      events: {
        onEvent: ({ text }) => this.texts.push(text),
        onFailure: (reason) => this.failures.push(reason),
        onFull: (on) => this.full.push(on),
      },
    });
    return this.#engine;
  }

  /** Opens it, as the start of a broker does. Returns the texts of its records. */
  async open(): Promise<readonly string[]> {
    this.replayed = new ReplayedPages();
    await this.nextEngine().replay(this.replayed);
    return this.replayed.texts;
  }

  async settled(): Promise<void> {
    while (this.engine.durableBlock < this.engine.lastBlock) {
      if (this.failures.length > 0) return;
      await new Promise((resolve) => setImmediate(resolve));
    }
  }

  /** One page with one block for each text, durable. */
  async write(...texts: readonly string[]): Promise<LogPage> {
    const page = newPage();
    for (const text of texts) {
      appendBlock(this.engine, page, [text]);
      await this.settled();
    }
    return page;
  }

  /** The process ends, and nothing more is written. */
  async kill(): Promise<void> {
    this.disk.fault = (call) => (call === 'close' ? undefined : new Error('the process was killed'));
    await this.engine.close().catch(() => undefined);
    this.disk.fault = () => undefined;
    this.failures.length = 0;
    this.texts.length = 0;
  }

  /** The names of the segments, oldest first. */
  async segments(): Promise<string[]> {
    return (await readdir(this.path)).filter((name) => name.endsWith('.log')).sort();
  }

  async quarantine(): Promise<string[]> {
    return readdir(join(this.path, 'quarantine')).catch(() => []);
  }

  read(number: number): Promise<Buffer> {
    return readFile(join(this.path, segmentName('main', number)));
  }

  async change(number: number, change: (bytes: Buffer) => Buffer | undefined): Promise<void> {
    const bytes = await this.read(number);
    await writeFile(join(this.path, segmentName('main', number)), change(bytes) ?? bytes);
  }

  async flipBit(number: number, offset: number, bit: number = 0): Promise<void> {
    await this.change(number, (bytes) => {
      bytes[offset] = (bytes[offset] as number) ^ (1 << bit);
      return bytes;
    });
  }

  async truncate(number: number, bytes: number): Promise<void> {
    await truncate(join(this.path, segmentName('main', number)), bytes);
  }

  /** The blocks of a sound segment. */
  async blocks(number: number): Promise<StoredBlock[]> {
    const bytes = await this.read(number);
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    const blocks: StoredBlock[] = [];
    for (let offset = SEGMENT_HEADER_BYTES; offset < bytes.length; ) {
      const header = new BlockHeader();
      if (!readBlockHeader(bytes, view, offset, IDENTITY, number, offset, header)) {
        throw new Error(`no block at offset ${offset} of segment ${number}`);
      }
      const end = offset + BLOCK_HEADER_BYTES + header.payloadBytes;
      blocks.push({ ...header, offset, end });
      offset = end;
    }
    return blocks;
  }

  async remove(): Promise<void> {
    this.disk.fault = () => undefined;
    await this.#engine?.close().catch(() => undefined);
    await rm(this.path, { recursive: true, force: true });
  }
}
