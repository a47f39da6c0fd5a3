import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import type { AuditEntry } from '../management/audit-log.ts';
import { AuditFile } from './audit-file.ts';

const ENTRY: AuditEntry = {
  atMs: 0,
  username: 'ann',
  remoteAddress: '10.0.0.1',
  operation: 'login',
  object: '',
  result: 'refused',
  detail: 'no "quotes"\nno lines',
};

function directory(): string {
  const path = mkdtempSync(join(tmpdir(), 'leveret-audit-'));
  onTestFinished(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

test('entries are lines of JSON, and what comes after the end is left out without a word', async () => {
  const path = join(directory(), 'audit.log');
  const events: unknown[] = [];
  const file = new AuditFile(path, (event) => events.push(event));
  file.add(ENTRY);
  await Promise.all([file.close(), file.close()]);
  file.add(ENTRY);
  const lines = readFileSync(path, 'utf8').split('\n');
  expect(lines).toEqual([JSON.stringify({ at: '1970-01-01T00:00:00.000Z', ...ENTRY, atMs: undefined }), '']);
  expect(events).toEqual([]);
});

test('a file that cannot be written is told once', async () => {
  const events: { readonly text: string }[] = [];
  const file = new AuditFile(directory(), (event) => events.push(event));
  for (let i = 0; i < 3; i++) file.add(ENTRY);
  await file.close();
  expect(events.map(({ text }) => text)).toEqual([expect.stringMatching(/is not complete: EISDIR/)]);
});
