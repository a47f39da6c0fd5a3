import type { OutgoingRecord } from './store.ts';

/** A row of the outbox that was claimed. */
export interface ClaimedRow {
  /** In the order in which rows were written. */
  readonly seq: number;
  readonly record: OutgoingRecord;
}

/** `update ... returning` gives rows in no order. */
export function inSendingOrder(rows: readonly ClaimedRow[]): readonly OutgoingRecord[] {
  return [...rows]
    .sort((left, right) => left.record.dueMs - right.record.dueMs || left.seq - right.seq)
    .map(({ record }) => record);
}
