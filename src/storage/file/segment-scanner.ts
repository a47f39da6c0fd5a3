import {
  BLOCK_HEADER_BYTES,
  BlockHeader,
  findBlockHeader,
  isPayloadSound,
  readBlockHeader,
} from './block.ts';
import type { DiskFile } from './disk.ts';
import { SEGMENT_HEADER_BYTES } from './segment-header.ts';

const WINDOW_BYTES_MAX = 8 * 2 ** 20;

/** Takes what a scan finds in one segment, in the order of the file. Each `boolean`: whether to go on with this segment. */
export interface ScanVisitor {
  /** The scanner's window has to keep the bytes of the file from this offset on; Infinity: none. */
  readonly keepFrom: number;
  /** A sound block lies at `[from, to)`. `header` is valid during the call. */
  onBlock(header: BlockHeader, from: number, to: number): boolean;
  /** At `from` there is no sound block. */
  onDamage(from: number): boolean;
  /** Somewhere behind a damage: a sound header without its payload. What it says was true when it was written. */
  onTornBlock(header: BlockHeader): void;
  /** The next sound block, or the end of the file, is at `to`. */
  onDamageEnd(from: number, to: number): void;
  /** More bytes are about to be read: what can be given up should be. */
  onWindowFull(): void;
}

/** Which segment is scanned. */
export interface ScannedFile {
  readonly file: DiskFile;
  readonly number: number;
  readonly size: number;
  readonly identity: number;
}

/**
 * Reads segments from front to back through a window that moves over the file. One scanner serves for many files, so that
 * the memory is allocated once.
 */
export class SegmentScanner {
  #bytes: Uint8Array;
  #view: DataView;
  /** The window holds the bytes of the file from `#start` to `#end`. */
  #start = 0;
  #end = 0;
  readonly #header = new BlockHeader();

  /** `largestBytes`: the size of the largest file that will be scanned. */
  constructor(largestBytes: number) {
    this.#bytes = new Uint8Array(Math.min(largestBytes, WINDOW_BYTES_MAX));
    this.#view = new DataView(this.#bytes.buffer);
  }

  /** Bytes `from` to `to` of the file; they are in the window because the visitor wanted them to be kept. */
  bytes(from: number, to: number): Uint8Array {
    return this.#bytes.subarray(from - this.#start, to - this.#start);
  }

  async scan(scanned: ScannedFile, visitor: ScanVisitor): Promise<void> {
    this.#start = SEGMENT_HEADER_BYTES;
    this.#end = SEGMENT_HEADER_BYTES;
    for (let at = SEGMENT_HEADER_BYTES; at < scanned.size; ) {
      let end = this.#soundBlockAt(at, scanned);
      if (end === undefined) {
        visitor.onWindowFull();
        end = await this.#readBlockAt(at, scanned, visitor);
      }
      if (end > 0) {
        if (!visitor.onBlock(this.#header, at, end)) return;
        at = end;
      } else {
        if (!visitor.onDamage(at)) return;
        const next = await this.#findBlock(at, scanned, visitor);
        visitor.onDamageEnd(at, next);
        at = next;
      }
    }
  }

  /** The end of the block at `at`; 0: there is none that is sound; undefined: it is not all in the window. Runs per block. */
  #soundBlockAt(at: number, { number, size, identity }: ScannedFile): number | undefined {
    const start = at - this.#start;
    if (at + BLOCK_HEADER_BYTES > size) return 0;
    if (at + BLOCK_HEADER_BYTES > this.#end) return undefined;
    const header = this.#header;
    if (!readBlockHeader(this.#bytes, this.#view, start, identity, number, at, header)) return 0;
    const end = at + BLOCK_HEADER_BYTES + header.payloadBytes;
    if (end > size) return 0;
    if (end > this.#end) return undefined;
    return isPayloadSound(this.#bytes, start, identity, number, at, header) ? end : 0;
  }

  async #readBlockAt(at: number, scanned: ScannedFile, visitor: ScanVisitor): Promise<number> {
    await this.#read(at, at + BLOCK_HEADER_BYTES, scanned, visitor);
    const end = this.#soundBlockAt(at, scanned);
    if (end !== undefined) return end;
    await this.#read(at, at + BLOCK_HEADER_BYTES + this.#header.payloadBytes, scanned, visitor);
    return this.#soundBlockAt(at, scanned) ?? 0;
  }

  /** The offset of the next sound block behind the damaged place `from`, or the end of the file. */
  async #findBlock(from: number, scanned: ScannedFile, visitor: ScanVisitor): Promise<number> {
    this.#reportTorn(from, scanned, visitor);
    for (let at = from + 1; at + BLOCK_HEADER_BYTES <= scanned.size; at++) {
      if (at + BLOCK_HEADER_BYTES > this.#end) {
        await this.#read(at, at + BLOCK_HEADER_BYTES, scanned, visitor);
      }
      const found = findBlockHeader(this.#bytes, at - this.#start, this.#end - this.#start);
      if (found < 0) {
        // The magic bytes may begin in what was read already.
        at = Math.max(at, this.#end - BLOCK_HEADER_BYTES);
        continue;
      }
      at = this.#start + found;
      const end = this.#soundBlockAt(at, scanned) ?? (await this.#readBlockAt(at, scanned, visitor));
      if (end > 0) return at;
      this.#reportTorn(at, scanned, visitor);
    }
    return scanned.size;
  }

  #reportTorn(at: number, { number, identity }: ScannedFile, visitor: ScanVisitor): void {
    const start = at - this.#start;
    if (at + BLOCK_HEADER_BYTES > this.#end) return;
    if (readBlockHeader(this.#bytes, this.#view, start, identity, number, at, this.#header)) {
      visitor.onTornBlock(this.#header);
    }
  }

  /** Brings bytes `from` to `to` of the file into the window, as far as it has them, and as much behind them as has room. */
  async #read(from: number, to: number, { file, size }: ScannedFile, visitor: ScanVisitor): Promise<void> {
    this.#makeRoom(Math.min(from, visitor.keepFrom), to);
    while (this.#end < Math.min(to, size)) {
      const room = this.#bytes.subarray(this.#end - this.#start);
      const readBytes = await file.read(room.subarray(0, size - this.#end), this.#end);
      if (readBytes === 0)
        throw new Error(`${file.name} ends at ${this.#end}: it was ${size} bytes long before`);
      this.#end += readBytes;
    }
  }

  /** The window begins at `from`, and is large enough for what ends at `to`. */
  #makeRoom(from: number, to: number): void {
    const kept = this.#bytes.subarray(from - this.#start, this.#end - this.#start);
    if (to - from > this.#bytes.length) {
      this.#bytes = new Uint8Array(Math.max(to - from, 2 * this.#bytes.length));
      this.#view = new DataView(this.#bytes.buffer);
    }
    this.#bytes.set(kept);
    this.#start = from;
  }
}
