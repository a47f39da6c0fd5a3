import { expect, test } from 'vitest';
import { readLeaseRecord, VACANT_LEASE } from './lease-record.ts';
import type { LeaseRecord } from './lease-store.ts';

const RECORD: LeaseRecord = {
  owner: 'a',
  successor: '',
  term: 'x',
  leaseMs: 3_000,
  peerAddress: 'a:25672',
  peerToken: 'secret',
  epoch: 7,
  isServing: true,
};

test('a record comes back from its text', () => {
  expect(readLeaseRecord(JSON.stringify(RECORD))).toEqual(RECORD);
});

test('a field that is not known is left out', () => {
  expect(readLeaseRecord(JSON.stringify({ ...RECORD, later: 1 }))).toEqual(RECORD);
});

test('what lacks a field, or has one of another kind, is no record', () => {
  for (const field of Object.keys(VACANT_LEASE)) {
    expect(readLeaseRecord(JSON.stringify({ ...RECORD, [field]: undefined })), field).toBeUndefined();
    expect(readLeaseRecord(JSON.stringify({ ...RECORD, [field]: null })), field).toBeUndefined();
  }
  for (const text of ['', 'x', 'null', '7', '[]', '"a"']) expect(readLeaseRecord(text), text).toBeUndefined();
});
