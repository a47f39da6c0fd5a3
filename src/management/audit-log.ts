import { redact } from '../core/redact.ts';

/** Who changed what: for `GET /v1/audit`, and for whatever the host does with it. */
export interface AuditEntry {
  /** Milliseconds since 1970. */
  readonly atMs: number;
  /** As it said, when it is not who it said to be. */
  readonly username: string;
  readonly remoteAddress: string;
  /** `login`, or a method and the pattern of a path: `PUT /api/users/:name`. */
  readonly operation: string;
  /** What the pattern stands for: `name bob`. */
  readonly object: string;
  readonly result: 'done' | 'refused' | 'failed';
  /** The status of the answer; for a log-in why it was refused. */
  readonly detail: string;
}

/** As it is shown and written down. */
export function auditEntryJson({ atMs, remoteAddress, ...entry }: AuditEntry): Record<string, string> {
  return { at: new Date(atMs).toISOString(), remote_address: remoteAddress, ...entry };
}

/** Enough for an afternoon of changes; a host may keep all of them elsewhere. */
const ENTRIES_MAX = 1_000;
const TEXT_CHARACTERS_MAX = 1_024;

export class AuditLog {
  readonly #onEntry: (entry: AuditEntry) => void;
  /** A ring: the entry after the latest one is the oldest. */
  readonly #entries: AuditEntry[] = [];
  #next = 0;

  constructor(onEntry: (entry: AuditEntry) => void) {
    this.#onEntry = onEntry;
  }

  add(entry: AuditEntry): void {
    const { username, object, detail } = entry;
    const kept = { ...entry, username: shown(username), object: shown(object), detail: shown(detail) };
    this.#entries[this.#next] = kept;
    this.#next = (this.#next + 1) % ENTRIES_MAX;
    this.#onEntry(kept);
  }

  /** The latest ones, the newest first. */
  latest(countMax: number): readonly AuditEntry[] {
    const older = this.#entries.slice(this.#next);
    const newer = this.#entries.slice(0, this.#next);
    return [...older, ...newer].reverse().slice(0, countMax);
  }
}

/** Strangers choose names, and some give their password for one. */
function shown(text: string): string {
  const cut = text.length <= TEXT_CHARACTERS_MAX ? text : `${text.slice(0, TEXT_CHARACTERS_MAX)}...`;
  return redact(cut);
}
