import { readFileSync } from 'node:fs';

/** Where the limit cannot be read (not Linux), and where there is none. */
const ASSUMED_MAX = 10_000;
/** Kept for the listeners, files and libraries of the process. */
const RESERVED = 100;

const LIMITS_FILE = '/proc/self/limits';

/** How many sockets this process may open. */
export function socketsMax(limitsFile: string = LIMITS_FILE): number {
  return Math.max(RESERVED, openFilesMax(limitsFile) - RESERVED);
}

/** How many files and sockets this process may open. Node raises the soft limit to the hard one when it starts. */
export function openFilesMax(limitsFile: string = LIMITS_FILE): number {
  const softLimit = /^Max open files\s+(\d+)/m.exec(readLimits(limitsFile));
  return Number(softLimit?.[1] ?? ASSUMED_MAX);
}

function readLimits(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return ''; // no /proc on this system
  }
}
