import type {
  AppendResult,
  ReplicatedLog,
  ReplicatedLogState,
} from '../../src/storage/jetstream/replicated-log.ts';

/**
 * What follows in a log behind its entry `base`, as a log of its own that begins at 1. So many logs, one after the other, are on one
 * stream: servers take 70 ms to make one, and an append takes 2.
 */
export class LogBehind implements ReplicatedLog {
  readonly #log: ReplicatedLog;
  readonly #base: number;

  constructor(log: ReplicatedLog, base: number) {
    this.#log = log;
    this.#base = base;
  }

  get name(): string {
    return this.#log.name;
  }

  get entryBytesMax(): number {
    return this.#log.entryBytesMax;
  }

  async state(): Promise<ReplicatedLogState> {
    const { first, last, storedBytes } = await this.#log.state();
    return { first: Math.max(1, first - this.#base), last: last - this.#base, storedBytes };
  }

  append(sequence: number, bytes: Uint8Array): Promise<AppendResult> {
    return this.#log.append(this.#base + sequence, bytes);
  }

  entry(sequence: number): Promise<Uint8Array | undefined> {
    return this.#log.entry(this.#base + sequence);
  }

  read(
    from: number,
    to: number,
    onEntry: (sequence: number, bytes: Uint8Array) => Promise<void> | void,
  ): Promise<void> {
    return this.#log.read(this.#base + from, this.#base + to, (sequence, bytes) =>
      onEntry(sequence - this.#base, bytes),
    );
  }

  trim(sequence: number): Promise<void> {
    return this.#log.trim(this.#base + sequence);
  }
}
