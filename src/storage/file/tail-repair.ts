import type { Disk, DiskFile } from './disk.ts';

/** Of files that count for nothing until they are renamed. */
export const TEMPORARY_SUFFIX = '.new';

const COPY_BYTES = 4 * 2 ** 20;

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
