import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { socketsMax } from './open-files.ts';

function withLimits(content: string): number {
  const directory = mkdtempSync(join(tmpdir(), 'leveret-limits-'));
  const path = join(directory, 'limits');
  writeFileSync(path, content);
  try {
    return socketsMax(path);
  } finally {
    rmSync(directory, { recursive: true });
  }
}

test('leaves some of the open files that the system allows to others than sockets', () => {
  expect(
    withLimits('Max processes  1  1  processes\nMax open files            1024     4096     files\n'),
  ).toBe(924);
});

test('a tiny limit still leaves some connections', () => {
  expect(withLimits('Max open files            64     64     files\n')).toBe(100);
});

test('assumes a limit where none can be read', () => {
  expect(socketsMax('/absent/limits')).toBe(9900);
  expect(withLimits('Max open files            unlimited     unlimited     files\n')).toBe(9900);
});
