import { existsSync } from 'node:fs';
import { describe, test } from 'vitest';
import { CAN_MOUNT } from './directories.ts';

export const STRACE = '/usr/bin/strace';

/** Like vitest's `describe`, for what needs root; skipped for others, and in CI (`LEVERET_CI=1`) a failure. */
export function describeAsRoot(title: string, suite: () => void): void {
  describeWhere(CAN_MOUNT, title, 'needs root, for a file system of its own', suite);
}

/** Like vitest's `describe`, for what makes the system calls of a process fail. */
export function describeWithStrace(title: string, suite: () => void): void {
  const present = existsSync(STRACE) && process.getuid?.() === 0;
  describeWhere(present, title, 'needs root and a Debian package: apt-get install strace', suite);
}

function describeWhere(possible: boolean, title: string, need: string, suite: () => void): void {
  if (possible) {
    describe(title, suite);
  } else if (process.env['LEVERET_CI'] === '1') {
    test(`${title}: ${need}`, () => {
      throw new Error(`in CI this must be possible: ${need}`);
    });
  } else {
    test.skip(`${title}: ${need}`);
  }
}
