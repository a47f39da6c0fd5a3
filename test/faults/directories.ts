import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';

/** Whether this user may mount; in CI it must be so. */
export const CAN_MOUNT: boolean = process.getuid?.() === 0 && existsSync('/usr/bin/mount');

/** A directory that is removed when the test is over. */
export async function temporaryDirectory(): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'leveret-fault-'));
  onTestFinished(() => rm(directory, { recursive: true, force: true }));
  return directory;
}

/** A file system of its own in memory, which is unmounted when the test is over. */
export async function smallFileSystem(megabytes: number): Promise<string> {
  const directory = await temporaryDirectory();
  mounted(['-t', 'tmpfs', '-o', `size=${megabytes}m,mode=0700`, 'tmpfs', directory]);
  // before the directory is removed: what was registered last runs first
  onTestFinished(() => {
    spawnSync('/usr/bin/umount', ['--lazy', directory]);
  });
  return directory;
}

/** Lets nobody write in a file system of `smallFileSystem` any more. */
export function becomeReadOnly(directory: string): void {
  mounted(['-o', 'remount,ro', directory]);
}

function mounted(args: readonly string[]): void {
  const { status, stderr } = spawnSync('/usr/bin/mount', args, { encoding: 'utf8' });
  if (status !== 0) throw new Error(`mount ${args.join(' ')}: exit code ${status}: ${stderr}`);
}
