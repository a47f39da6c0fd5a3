import type { Extent, LogPage } from '../log-page.ts';
import { BLOCK_HEADER_BYTES, BlockHeader, isPayloadSound, readBlockHeader } from './block.ts';
import { type FileStream, segmentName } from './segment-header.ts';
import type { SegmentSet } from './segment-set.ts';
import { dataDamaged, diskFailed, type StorageError } from './storage-error.ts';

/** Where the pages of a stream lie. */
export interface PageSource {
  readonly segments: SegmentSet;
  readonly identity: number;
  readonly stream: FileStream;
  /** The data directory, for messages. */
  readonly path: string;
}

/** Fills `into[0, page.end)` from the files. */
export async function loadPage(page: LogPage, into: Uint8Array, source: PageSource): Promise<void> {
  // All at once: a page may be dropped while it is read, and its segments with it.
  await Promise.all(page.extents.map((extent) => loadExtent(extent, page, into, source)));
}

async function loadExtent(
  extent: Extent,
  page: LogPage,
  into: Uint8Array,
  source: PageSource,
): Promise<void> {
  const bytes = roomFor(extent, page, into);
  const segment = source.segments.segment(extent.segment);
  const { file } = segment;
  const readBytes = await segment.whileOpen(() =>
    file.read(bytes, extent.fileOffset).catch((error: unknown) => {
      throw diskFailed(source.path, `reading ${file.name} at ${extent.fileOffset}`, error);
    }),
  );
  unpack(extent, bytes, readBytes, into, source);
}

/** The same, at once. */
export function loadPageNow(page: LogPage, into: Uint8Array, source: PageSource): void {
  for (const extent of page.extents) {
    const bytes = roomFor(extent, page, into);
    unpack(extent, bytes, readNow(extent, bytes, source), into, source);
  }
}

function readNow({ segment, fileOffset }: Extent, bytes: Uint8Array, source: PageSource): number {
  const { file } = source.segments.segment(segment);
  try {
    return file.readNow(bytes, fileOffset);
  } catch (error) {
    throw diskFailed(source.path, `reading ${file.name} at ${fileOffset}`, error);
  }
}

/** Where the extent lies in `into`; but with seals between its blocks, which the page has not, it needs room of its own. */
function roomFor({ pageOffset, bytes }: Extent, page: LogPage, into: Uint8Array): Uint8Array {
  const stored = page.extents.reduce((sum, extent) => sum + extent.bytes, 0);
  return stored === page.end ? into.subarray(pageOffset, pageOffset + bytes) : new Uint8Array(bytes);
}

/** Checks the blocks of `extent`, and brings them to where they belong in the page. */
function unpack(
  extent: Extent,
  bytes: Uint8Array,
  readBytes: number,
  into: Uint8Array,
  source: PageSource,
): void {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const header = new BlockHeader();
  const inPlace = bytes.buffer === into.buffer;
  let target = extent.pageOffset;
  for (let at = 0; at < bytes.length; ) {
    const end = blockEnd(extent, bytes, view, at, readBytes, header, source.identity);
    if (end < 0) throw damagedAt(extent, at, source);
    if (!inPlace && !header.isSeal) {
      into.set(bytes.subarray(at, end), target);
      target += end - at;
    }
    at = end;
  }
}

/** The end of the block at `at`; -1: it is damaged. */
function blockEnd(
  extent: Extent,
  bytes: Uint8Array,
  view: DataView,
  at: number,
  readBytes: number,
  header: BlockHeader,
  identity: number,
): number {
  const { segment } = extent;
  const fileOffset = extent.fileOffset + at;
  if (at + BLOCK_HEADER_BYTES > readBytes) return -1;
  if (!readBlockHeader(bytes, view, at, identity, segment, fileOffset, header)) return -1;
  const end = at + BLOCK_HEADER_BYTES + header.payloadBytes;
  return end <= readBytes && isPayloadSound(bytes, at, identity, segment, fileOffset, header) ? end : -1;
}

function damagedAt(extent: Extent, at: number, { stream, path }: PageSource): StorageError {
  const name = segmentName(stream, extent.segment);
  return dataDamaged(path, `${name} has changed at offset ${extent.fileOffset + at} since it was written`);
}
