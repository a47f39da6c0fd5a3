import { closeSync, openSync, readdirSync, readSync, statSync } from 'node:fs';
import { join } from 'node:path';

const POLL_MS = 10;
const CHUNK_BYTES = 1 << 16;

/** One ledger, from where it ended when the watch began. */
interface WatchedLedger {
  readonly name: string;
  readonly file: number;
  offset: number;
  rest: string;
  /** A connection was made since. */
  hasReconnected: boolean;
  /** Its client has got something done that it began since. */
  hasProgress: boolean;
}

/**
 * Watches from the outside how clients get on: what was published, asked for or connected since this was made, and then confirmed,
 * answered or delivered. Times are milliseconds since then, to 10 ms.
 */
export class LedgerProgress {
  firstConfirmMs: number | undefined;
  firstDeliveryMs: number | undefined;
  /** On a connection that was made since. */
  firstReconnectedDeliveryMs: number | undefined;
  readonly #startedMs: number = performance.now();
  readonly #ledgers: readonly WatchedLedger[];
  /** Messages and transactions that were begun since. */
  readonly #begun = new Set<string>();
  readonly #timer: NodeJS.Timeout;
  #whenAll: ((ms: number) => void) | undefined;

  constructor(directory: string) {
    // publishers before consumers: what is delivered was seen to be published
    const names = readdirSync(directory).sort().reverse();
    this.#ledgers = names.map((name) => {
      const path = join(directory, name);
      const at = { offset: statSync(path).size, rest: '', hasReconnected: false, hasProgress: false };
      return { name, file: openSync(path, 'r'), ...at };
    });
    this.#timer = setInterval(() => this.#read(), POLL_MS);
  }

  get elapsedMs(): number {
    return performance.now() - this.#startedMs;
  }

  /** Resolves to when the last of the clients got something done; throws when that takes longer. */
  async untilAllProgress(withinMs: number): Promise<number> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(new Error(this.#lateText(withinMs))), withinMs - this.elapsedMs);
    });
    try {
      return await Promise.race([late, new Promise<number>((resolve) => (this.#whenAll = resolve))]);
    } finally {
      clearTimeout(timer);
    }
  }

  end(): void {
    clearInterval(this.#timer);
    for (const { file } of this.#ledgers) closeSync(file);
  }

  #read(): void {
    for (const ledger of this.#ledgers) for (const line of newLines(ledger)) this.#onLine(ledger, line);
    if (this.#ledgers.every(({ hasProgress }) => hasProgress)) this.#whenAll?.(this.elapsedMs);
  }

  #onLine(ledger: WatchedLedger, line: string): void {
    const [kind, id = ''] = line.split(' ');
    switch (kind) {
      case 'connected':
        ledger.hasReconnected = true;
        return;
      case 'published':
      case 'began':
        this.#begun.add(id);
        return;
      case 'confirmed':
      case 'committed':
        if (this.#begun.has(id)) this.#onConfirmed(ledger);
        return;
      case 'delivered':
        if (ledger.hasReconnected || this.#begun.has(id)) this.#onDelivered(ledger);
        return;
      case 'declared':
        ledger.hasProgress = true;
    }
  }

  #onConfirmed(ledger: WatchedLedger): void {
    ledger.hasProgress = true;
    this.firstConfirmMs ??= this.elapsedMs;
  }

  #onDelivered(ledger: WatchedLedger): void {
    ledger.hasProgress = true;
    this.firstDeliveryMs ??= this.elapsedMs;
    if (ledger.hasReconnected) this.firstReconnectedDeliveryMs ??= this.elapsedMs;
  }

  #lateText(withinMs: number): string {
    const stuck = this.#ledgers.filter(({ hasProgress }) => !hasProgress).map(({ name }) => name);
    return `after ${withinMs} ms these clients had got nothing done yet: ${stuck.join(', ')}`;
  }
}

/** Whole lines that were written since the last time. */
function newLines(ledger: WatchedLedger): string[] {
  const bytes = Buffer.allocUnsafe(CHUNK_BYTES);
  for (;;) {
    const length = readSync(ledger.file, bytes, 0, CHUNK_BYTES, ledger.offset);
    ledger.offset += length;
    ledger.rest += bytes.toString('latin1', 0, length);
    if (length < CHUNK_BYTES) break;
  }
  const lines = ledger.rest.split('\n');
  ledger.rest = lines.pop() ?? '';
  return lines;
}
