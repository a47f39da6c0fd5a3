import { createWriteStream, openSync, type WriteStream } from 'node:fs';
import type { BrokerEvent } from '../core/environment.ts';
import { type AuditEntry, auditEntryJson } from '../management/audit-log.ts';
import { OptionError } from './option-error.ts';

/** Entries that wait for the disk; those behind them are not written, which is told. */
const WAITING_BYTES_MAX = 2 ** 20;

/** Adds entries of the audit log to a file, as lines of JSON. What cannot be written is told once, until it can be again. */
export class AuditFile {
  readonly #path: string;
  readonly #onEvent: (event: BrokerEvent) => void;
  readonly #stream: WriteStream;
  #isFailing = false;
  #isClosed = false;

  /** Throws OptionError for a file that cannot be opened. */
  constructor(path: string, onEvent: (event: BrokerEvent) => void) {
    this.#path = path;
    this.#onEvent = onEvent;
    this.#stream = createWriteStream(path, { fd: openForAppending(path) });
    this.#stream.on('error', (error) => this.#fail(error.message));
  }

  /** Does nothing once it is closed: what ends later, a log-in that was cut off say, has come to nobody. */
  add(entry: AuditEntry): void {
    if (this.#isClosed) return;
    if (this.#stream.destroyed || this.#stream.writableLength > WAITING_BYTES_MAX) {
      this.#fail('the disk is slower than the entries come');
      return;
    }
    this.#isFailing = false;
    this.#stream.write(`${JSON.stringify(auditEntryJson(entry))}\n`);
  }

  /** Resolves when what was added is written. */
  close(): Promise<void> {
    this.#isClosed = true;
    return new Promise((resolve) => {
      if (this.#stream.destroyed) resolve();
      else this.#stream.end(() => resolve());
    });
  }

  #fail(reason: string): void {
    if (this.#isFailing) return;
    this.#isFailing = true;
    this.#onEvent({
      level: 'error',
      text: `the audit log ${this.#path} is not complete: ${reason}; make room for it or name another file in audit-log`,
    });
  }
}

function openForAppending(path: string): number {
  try {
    return openSync(path, 'a', 0o600);
  } catch (error) {
    const { message } = error as Error;
    throw new OptionError(
      `--audit-log: ${path} cannot be written (${message}); name a file in a folder that is there`,
    );
  }
}
