import type { Disk } from './disk.ts';
import { Segment } from './segment.ts';
import { encodeSegmentHeader, type FileStream, SEGMENT_HEADER_BYTES, segmentName } from './segment-header.ts';
import { codeOf } from './storage-error.ts';

/** What all segments that are made in one run have in common. */
export interface SegmentOrigin {
  readonly stream: FileStream;
  readonly identity: number;
  readonly incarnation: number;
}

/**
 * The segments of one stream, oldest first.
 *
 *     removed | superfluous, not removed yet | oldest that counts ... | tail | made ahead of time
 *
 * **Invariant:** their numbers have no gap, and each was made durable, with its name, before it became the tail.
 */
export class SegmentSet {
  readonly #disk: Disk;
  readonly #origin: SegmentOrigin;
  /** Never empty. */
  readonly #segments: Segment[];
  #ahead: Promise<Segment | Error> | undefined;
  #removing: Promise<void> | undefined;

  constructor(disk: Disk, origin: SegmentOrigin, segments: readonly Segment[]) {
    this.#disk = disk;
    this.#origin = origin;
    this.#segments = [...segments];
  }

  get oldest(): Segment {
    return this.#segments[0] as Segment;
  }

  get tail(): Segment {
    return this.#segments.at(-1) as Segment;
  }

  /** Bytes of all blocks, superfluous ones too. */
  get storedBytes(): number {
    let bytes = 0;
    for (const segment of this.#segments) bytes += segment.end;
    return bytes;
  }

  /** The oldest block that a file holds; undefined when none does. */
  get oldestBlock(): number | undefined {
    return this.#segments.find((segment) => segment.firstBlock > 0)?.firstBlock;
  }

  segment(number: number): Segment {
    const segment = this.#segments[number - this.oldest.number];
    if (segment === undefined) {
      throw new Error(`${segmentName(this.#origin.stream, number)} is not a segment of this log`);
    }
    return segment;
  }

  /** The number of the oldest segment that still counts when block `block`, or a seal behind the one before it, says so. */
  oldestCounting(block: number): number {
    const tail = this.tail;
    for (const segment of this.#segments) {
      if (segment === tail || segment.pageCount > 0 || segment.emptiedAt >= block) return segment.number;
    }
    return tail.number;
  }

  /** Begins to make the segment behind the tail, so that nobody has to wait for it later. */
  makeAhead(): void {
    this.#ahead ??= makeSegment(this.#disk, this.#origin, this.tail.number + 1).catch(asError);
  }

  /** The segment behind the tail is there, durable. */
  async whenAheadIsMade(): Promise<void> {
    this.makeAhead();
    const made = await this.#ahead;
    if (!(made instanceof Error)) return;
    this.#ahead = undefined;
    throw made;
  }

  /** The segment behind the tail becomes the tail. */
  async advance(): Promise<void> {
    await this.whenAheadIsMade();
    this.#segments.push((await this.#ahead) as Segment);
    this.#ahead = undefined;
  }

  /** Removes the segments before `number`, oldest first: it is durable that they are superfluous. */
  async removeBefore(number: number): Promise<void> {
    while (this.#removing !== undefined) await this.#removing;
    if (this.oldest.number >= number) return;
    this.#removing = this.#removeBefore(number);
    try {
      await this.#removing;
    } finally {
      this.#removing = undefined;
    }
  }

  async close(): Promise<void> {
    while (this.#removing !== undefined) await this.#removing.catch(asError);
    const ahead = await this.#ahead;
    if (ahead instanceof Segment) await ahead.close();
    for (const segment of this.#segments) await segment.close();
  }

  /** One is gone for good before the next one goes: what a crash leaves has no gap. */
  async #removeBefore(number: number): Promise<void> {
    while (this.oldest.number < number) {
      const { oldest } = this;
      await this.#disk.remove(oldest.file.name).catch((error: unknown) => {
        // It is gone already: somebody removed it, or an earlier attempt failed only behind this step.
        if (codeOf(error) !== 'ENOENT') throw error;
      });
      await this.#disk.syncDirectory();
      this.#segments.shift();
      await oldest.close();
    }
  }
}

/** Makes the file of a segment durable, with its name. */
export async function makeSegment(disk: Disk, origin: SegmentOrigin, number: number): Promise<Segment> {
  const name = segmentName(origin.stream, number);
  const file = await disk.create(name);
  try {
    await file.write([encodeSegmentHeader({ ...origin, number })], 0);
    await file.sync();
    await disk.syncDirectory();
  } catch (error) {
    // The number is needed again. Where even this fails, making it again fails, too, and says so.
    await Promise.allSettled([file.close(), disk.remove(name)]);
    throw error;
  }
  return new Segment(number, file, SEGMENT_HEADER_BYTES);
}

function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error));
}
