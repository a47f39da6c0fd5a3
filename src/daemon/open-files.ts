import { readFileSync } from 'node:fs';

/** Where the limit cannot be read (not Linux), and where there is none. */
const ASSUMED_MAX = 10_000;
/** Kept for the listeners, files and libraries of the process. */
const RESERVED = 100;

/** How many sockets this process may open. Node raises the soft limit to the hard one when it starts. */
export function socketsMax(limitsFile = '/proc/self/limits'): number {
  const softLimit = /^Max open files\s+(\d+)/m.exec(readLimits(limitsFile));
  return Math.max(RESERVED, Number(softLimit?.[1] ?? ASSUMED_MAX) - RESERVED);
}

function readLimits(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return ''; // no /proc on this system
  }
}
