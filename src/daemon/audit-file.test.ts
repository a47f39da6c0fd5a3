import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test, vi } from 'vitest';
import { type AuditEntry, auditEntryJson } from '../management/audit-log.ts';
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
  expect(lines).toEqual([JSON.stringify(auditEntryJson(ENTRY)), '']);
  expect(events).toEqual([]);
});

test('a file that cannot be written is told once', async () => {
  const events: { readonly text: string }[] = [];
  const file = new AuditFile('/dev/full', (event) => events.push(event));
  file.add(ENTRY);
  await vi.waitFor(() => expect(events).toHaveLength(1));
  for (let i = 0; i < 3; i++) file.add(ENTRY);
  await file.close();
  expect(events.map(({ text }) => text)).toEqual([expect.stringMatching(/is not complete: ENOSPC/)]);
});

test('a file that cannot be opened is refused at the start', () => {
  expect(() => new AuditFile(directory(), () => {})).toThrow(/^--audit-log: .* cannot be written \(EISDIR/);
});
