import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { fileStamp } from './file-stamp.ts';

test('a stamp changes with its file, and one that cannot be looked at has one, too', () => {
  const directory = mkdtempSync(join(tmpdir(), 'leveret-stamp-'));
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
  const path = join(directory, 'file');
  expect(fileStamp(path)).toBe('ENOENT');
  writeFileSync(path, 'a');
  const stamp = fileStamp(path);
  expect(fileStamp(path)).toBe(stamp);
  writeFileSync(path, 'ab');
  expect(fileStamp(path)).not.toBe(stamp);
  expect(fileStamp(join(path, 'below'))).toBe('ENOTDIR');
  expect(fileStamp(join(directory, 'x'.repeat(300)))).toBe('ENAMETOOLONG');
});
