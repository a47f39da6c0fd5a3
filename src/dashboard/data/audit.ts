/** One change that somebody asked for, or a log-in. */
export interface AuditEntry {
  readonly at: string;
  /** As it said, when a log-in was refused. */
  readonly username: string;
  readonly remote_address: string;
  /** `login`, or a method and the pattern of a path. */
  readonly operation: string;
  readonly object: string;
  readonly result: AuditResult;
  /** The status of the answer; for a log-in why it was refused. */
  readonly detail: string;
}

export type AuditResult = 'done' | 'refused' | 'failed';

export interface AuditAnswer {
  readonly entries: readonly AuditEntry[];
}

/** As many as the broker keeps. */
export const AUDIT_PATH = '/v1/audit?limit=1000';

/** An entry has nothing that tells it from all others but its place, counted from the oldest on. */
export interface NumberedEntry extends AuditEntry {
  readonly number: number;
}

export function numbered(entries: readonly AuditEntry[]): readonly NumberedEntry[] {
  return entries.map((entry, at) => ({ ...entry, number: entries.length - at }));
}
