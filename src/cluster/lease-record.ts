import type { LeaseRecord } from './lease-store.ts';

/** Nobody owns the log, and anybody may try. */
export const VACANT_LEASE: LeaseRecord = {
  owner: '',
  successor: '',
  term: '',
  leaseMs: 0,
  peerAddress: '',
  peerToken: '',
  epoch: 0,
  isServing: false,
};

/** The record in `json`; undefined when there is none in it. Fields that are unknown here are those of a newer version, and left out. */
export function readLeaseRecord(json: string): LeaseRecord | undefined {
  const read = parsed(json);
  const record: Record<string, unknown> = {};
  for (const [field, example] of Object.entries(VACANT_LEASE)) {
    const value = read?.get(field);
    if (typeof value !== typeof example) return undefined;
    record[field] = value;
  }
  return record as unknown as LeaseRecord;
}

function parsed(json: string): ReadonlyMap<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(json);
    return typeof value === 'object' && value !== null ? new Map(Object.entries(value)) : undefined;
  } catch {
    return undefined;
  }
}
