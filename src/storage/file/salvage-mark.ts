/**
 * A salvage replaces the segments of a stream by renaming, one after the other. Meanwhile a mark lies beside them:
 *
 *     write main-*.log.new, all of them -> make the mark -> rename each to main-*.log -> remove the mark
 *
 * Without the mark a `.new` file counts for nothing. With it they are all there, but for those that are renamed already, and
 * what is in them may be in no other file: then nothing but finishing this makes sense of the data.
 */

import type { Disk } from './disk.ts';
import type { StoragePlace } from './log-survey.ts';
import type { FileStream } from './segment-header.ts';
import { dataDamaged } from './storage-error.ts';
import { TEMPORARY_SUFFIX } from './tail-repair.ts';

function salvageMark(stream: FileStream): string {
  return `${stream}-salvage.mark`;
}

export async function isSalvageUnfinished(disk: Disk, stream: FileStream): Promise<boolean> {
  return (await disk.list()).includes(salvageMark(stream));
}

/** @throws StorageError DATA_DAMAGED when a salvage of `stream` was interrupted. */
export async function checkNoSalvageUnfinished(disk: Disk, stream: FileStream): Promise<void> {
  if (!(await isSalvageUnfinished(disk, stream))) return;
  const { file, text } = unfinishedSalvage(stream);
  throw dataDamaged(disk.path, `${file} is there: ${text}`);
}

/** All `.new` files of `stream` are written and synced. What they replace is in quarantine. */
export async function markSalvage(disk: Disk, stream: FileStream): Promise<void> {
  await disk.syncDirectory();
  const mark = await disk.create(salvageMark(stream));
  await mark.close();
  await disk.syncDirectory();
}

/** Puts the `.new` files of `stream` in their places, if a salvage has got so far. */
export async function finishSalvage(disk: Disk, stream: FileStream): Promise<void> {
  if (!(await isSalvageUnfinished(disk, stream))) return;
  for (const name of await temporariesOf(disk, stream)) {
    await disk.rename(name, name.slice(0, -TEMPORARY_SUFFIX.length));
  }
  await disk.syncDirectory();
  await disk.remove(salvageMark(stream));
  await disk.syncDirectory();
}

/** Files of `stream` that count for nothing, unless a salvage is to be finished. */
export async function temporariesOf(disk: Disk, stream: FileStream): Promise<string[]> {
  const names = await disk.list();
  return names.filter((name) => name.startsWith(`${stream}-`) && name.endsWith(TEMPORARY_SUFFIX));
}

export function unfinishedSalvage(stream: FileStream): StoragePlace {
  const text = 'a salvage was interrupted, and has to be run again: it is finished first';
  return { file: salvageMark(stream), offset: 0, bytes: 0, text };
}

export function wholeStream(stream: FileStream): StoragePlace {
  return { file: `${stream}-*.log`, offset: 0, bytes: 0, text: 'all files are missing or empty' };
}
