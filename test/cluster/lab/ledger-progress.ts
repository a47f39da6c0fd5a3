import { closeSync, existsSync, openSync, readSync, statSync } from 'node:fs';
import { join } from 'node:path';

const POLL_MS = 10;
const CHUNK_BYTES = 1 << 16;

/** One ledger, from where it ended when the watch began. */
interface WatchedLedger {
  readonly name: string;
  readonly path: string;
  /** Undefined while it is not there. */
  file: number | undefined;
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
  /** The first delivery on a connection that was made since. */
  firstReconnectedDeliveryMs: number | undefined;
  /** For how long nobody got any. */
  readonly confirms: Silence = new Silence();
  readonly deliveries: Silence = new Silence();
  readonly #startedMs: number = performance.now();
  readonly #ledgers: readonly WatchedLedger[];
  /** Messages and transactions that were begun since. */
  readonly #begun = new Set<string>();
  readonly #timer: NodeJS.Timeout;
  #whenAll: ((ms: number) => void) | undefined;

  constructor(directory: string, names: readonly string[]) {
    // publishers before consumers: what is delivered was seen to be published
    const sorted = [...names].sort().reverse();
    this.#ledgers = sorted.map((name) => {
      const path = join(directory, name);
      const offset = existsSync(path) ? statSync(path).size : 0;
      return { name, path, file: undefined, offset, rest: '', hasReconnected: false, hasProgress: false };
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
    for (const silence of [this.confirms, this.deliveries]) silence.interrupt(this.elapsedMs);
    clearInterval(this.#timer);
    for (const { file } of this.#ledgers) if (file !== undefined) closeSync(file);
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
        this.confirms.interrupt(this.elapsedMs);
        if (this.#begun.has(id)) ledger.hasProgress = true;
        return;
      case 'delivered':
        this.deliveries.interrupt(this.elapsedMs);
        if (ledger.hasReconnected) this.firstReconnectedDeliveryMs ??= this.elapsedMs;
        if (ledger.hasReconnected || this.#begun.has(id)) ledger.hasProgress = true;
        return;
      case 'declared':
        ledger.hasProgress = true;
    }
  }

  #lateText(withinMs: number): string {
    const stuck = this.#ledgers.filter(({ hasProgress }) => !hasProgress).map(({ name }) => name);
    return `after ${withinMs} ms these clients had got nothing done yet: ${stuck.join(', ')}`;
  }
}

/** The longest time between two of something. */
class Silence {
  longestMs = 0;
  #sinceMs = 0;

  interrupt(nowMs: number): void {
    this.longestMs = Math.max(this.longestMs, nowMs - this.#sinceMs);
    this.#sinceMs = nowMs;
  }
}

/** Whole lines that were written since the last time. */
function newLines(ledger: WatchedLedger): string[] {
  if (ledger.file === undefined && existsSync(ledger.path)) ledger.file = openSync(ledger.path, 'r');
  if (ledger.file === undefined) return [];
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
