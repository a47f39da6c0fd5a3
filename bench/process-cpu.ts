/**
 * What a process used of the processor, and which process listens on a port: read from /proc, so on Linux only.
 *
 *     /proc/PID/stat       PID (NAME) S ... field 14 utime, field 15 stime, in clock ticks
 *     /proc/net/tcp{,6}    sl local_address rem_address st ... field 10 inode       one line per socket
 *     /proc/PID/fd/N ->    socket:[INODE]
 */
import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';

/** The state of a listening socket in /proc/net/tcp. */
const LISTEN = '0A';
/** Fields of /proc/PID/stat behind the name, counted from 0. */
const USER_TICKS_FIELD = 11;
const SYSTEM_TICKS_FIELD = 12;

export function hasProc(): boolean {
  return existsSync('/proc/self/stat') && existsSync('/proc/net/tcp');
}

/** Processor time of `pid` so far, all its threads, in seconds; undefined when there is no such process. */
export function cpuSeconds(pid: number): number | undefined {
  const path = `/proc/${pid}/stat`;
  return existsSync(path) ? cpuTicks(readFileSync(path, 'utf8')) / ticksPerSecond() : undefined;
}

/** User and system ticks of a line of /proc/PID/stat. The name in it may contain spaces and parentheses. */
export function cpuTicks(stat: string): number {
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const ticks = Number(fields[USER_TICKS_FIELD]) + Number(fields[SYSTEM_TICKS_FIELD]);
  if (!Number.isFinite(ticks)) {
    throw new Error(`not a line of /proc/PID/stat: '${stat.slice(0, 200)}'`);
  }
  return ticks;
}

/** The process that listens on a TCP port of this machine; undefined when none is found that this user may look into. */
export function listeningPid(port: number): number | undefined {
  const inodes = new Set(
    ['/proc/net/tcp', '/proc/net/tcp6']
      .filter((path) => existsSync(path))
      .flatMap((path) => listeningInodes(readFileSync(path, 'utf8'), port)),
  );
  return inodes.size === 0 ? undefined : processIds().find((pid) => holdsSocket(pid, inodes));
}

/** The inodes of the sockets that listen on `port`, from the text of /proc/net/tcp. */
export function listeningInodes(table: string, port: number): string[] {
  const hexPort = port.toString(16).toUpperCase().padStart(4, '0');
  return table
    .split('\n')
    .slice(1)
    .map((line) => line.trim().split(/\s+/))
    .filter(([, local, , state]) => local?.endsWith(`:${hexPort}`) && state === LISTEN)
    .map((fields) => fields[9])
    .filter((inode): inode is string => inode !== undefined);
}

function processIds(): number[] {
  return readdirSync('/proc')
    .map(Number)
    .filter((pid) => Number.isInteger(pid));
}

function holdsSocket(pid: number, inodes: ReadonlySet<string>): boolean {
  try {
    return readdirSync(`/proc/${pid}/fd`).some((descriptor) => {
      const inode = /^socket:\[(\d+)\]$/.exec(readlinkSync(`/proc/${pid}/fd/${descriptor}`))?.[1];
      return inode !== undefined && inodes.has(inode);
    });
  } catch (error) {
    // another user's process, or one that has just ended
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'EACCES' || code === 'ENOENT' || code === 'EPERM') {
      return false;
    }
    throw error;
  }
}

let cachedTicksPerSecond: number | undefined;

function ticksPerSecond(): number {
  cachedTicksPerSecond ??= Number(execFileSync('getconf', ['CLK_TCK'], { encoding: 'utf8' }));
  return cachedTicksPerSecond;
}
