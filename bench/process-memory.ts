import { readFileSync, writeFileSync } from 'node:fs';

/** What a process has of the machine's memory, in bytes. */
export interface ProcessMemory {
  /** Resident now. */
  readonly rssBytes: number;
  /** The most that was resident, ever or since `forgetPeakMemory`. */
  readonly peakRssBytes: number;
}

/** Linux only. Throws when there is no such process. */
export function processMemory(pid: number): ProcessMemory {
  return memoryOf(readFileSync(`/proc/${pid}/status`, 'utf8'));
}

/** Lets the peak begin anew with what is resident now. Linux only, for processes of the same user. */
export function forgetPeakMemory(pid: number): void {
  writeFileSync(`/proc/${pid}/clear_refs`, '5');
}

/** From the text of /proc/PID/status: `VmRSS:     1234 kB`, where a kB is 1024 bytes. */
export function memoryOf(status: string): ProcessMemory {
  return { rssBytes: bytesOf(status, 'VmRSS'), peakRssBytes: bytesOf(status, 'VmHWM') };
}

function bytesOf(status: string, name: string): number {
  const kilobytes = new RegExp(`^${name}:\\s+(\\d+) kB$`, 'm').exec(status)?.[1];
  if (kilobytes === undefined) {
    throw new Error(`no line '${name}: <number> kB' in /proc/PID/status: '${status.slice(0, 200)}'`);
  }
  return Number(kilobytes) * 1024;
}
