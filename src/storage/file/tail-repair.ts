import type { Disk, DiskFile } from './disk.ts';
import type { Segment } from './segment.ts';
import { isFull } from './storage-error.ts';

/** Of files that count for nothing until they are renamed. */
export const TEMPORARY_SUFFIX = '.new';

/** Where copies go of what is cut off or replaced. */
export const QUARANTINE = 'quarantine';

const COPY_BYTES = 4 * 2 ** 20;
/** Of each stream: every crash may leave one. */
const TORN_TAILS_MAX = 16;
const TORN_TAIL = /^(main|cold)-[0-9]{10}\.log-from-[0-9]+-incarnation-([0-9]+)$/;

/**
 * Puts a copy of what `segment`, a file `name` of `size` bytes, has behind its end into quarantine, in the place of the
 * oldest that is there. Returns the name of the copy; undefined: there is no room for it.
 */
export async function keepTornTail(
  disk: Disk,
  name: string,
  segment: Segment,
  size: number,
  incarnation: number,
): Promise<string | undefined> {
  await removeOldTornTails(disk, name);
  const kept = `${QUARANTINE}/${name}-from-${segment.end}-incarnation-${incarnation}`;
  const temporary = `${name}${TEMPORARY_SUFFIX}`;
  try {
    await copyAside(disk, segment.file, segment.end, size, temporary, kept);
    return kept;
  } catch (error) {
    if (!isFull(error)) throw error;
    // What it began takes room. It is not there when not even that was possible.
    if ((await disk.list()).includes(temporary)) await disk.remove(temporary);
    return undefined;
  }
}

/** Makes sure that one more is not too many. */
async function removeOldTornTails(disk: Disk, segmentName: string): Promise<void> {
  const tails = (await disk.list(QUARANTINE)).flatMap((name) => {
    const [, stream, incarnation] = TORN_TAIL.exec(name) ?? [];
    return stream !== undefined && segmentName.startsWith(stream)
      ? { name, incarnation: Number(incarnation) }
      : [];
  });
  tails.sort((a, b) => b.incarnation - a.incarnation);
  for (const { name } of tails.slice(TORN_TAILS_MAX - 1)) await disk.remove(`${QUARANTINE}/${name}`);
}

/** Puts a copy of bytes `from` to `to` of `file` into the file `kept`, by way of the file `temporary`. */
export async function copyAside(
  disk: Disk,
  file: DiskFile,
  from: number,
  to: number,
  temporary: string,
  kept: string,
): Promise<void> {
  const copy = await disk.create(temporary);
  try {
    await copyRange(file, from, to, copy);
    await copy.sync();
  } finally {
    await copy.close();
  }
  await disk.rename(temporary, kept);
}

/** Replaces `file` by its first `end` bytes and `seal` behind them, in one step. */
export async function replaceSegment(
  disk: Disk,
  file: DiskFile,
  end: number,
  seal: Uint8Array,
): Promise<void> {
  const temporary = `${file.name}${TEMPORARY_SUFFIX}`;
  const copy = await disk.create(temporary);
  try {
    await copyRange(file, 0, end, copy);
    await copy.write([seal], end);
    await copy.sync();
  } finally {
    await copy.close();
  }
  await disk.rename(temporary, file.name);
  await disk.syncDirectory();
}

/** `to` begins with bytes `start` to `end` of `from`. */
async function copyRange(from: DiskFile, start: number, end: number, to: DiskFile): Promise<void> {
  const buffer = new Uint8Array(Math.min(COPY_BYTES, end - start));
  for (let at = start; at < end; ) {
    const part = buffer.subarray(0, Math.min(buffer.length, end - at));
    const readBytes = await from.read(part, at);
    if (readBytes === 0) throw new Error(`${from.name} ends at ${at}: it was ${end} bytes long before`);
    await to.write([part.subarray(0, readBytes)], at - start);
    at += readBytes;
  }
}
