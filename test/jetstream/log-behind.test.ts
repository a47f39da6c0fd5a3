import { expect, test } from 'vitest';
import type {
  AppendResult,
  ReplicatedLog,
  ReplicatedLogState,
} from '../../src/storage/jetstream/replicated-log.ts';
import { LogBehind } from './log-behind.ts';

/** Says what it was asked. */
class AskedLog implements ReplicatedLog {
  readonly name = 'stream of tests';
  readonly entryBytesMax = 1000;
  readonly asked: string[] = [];
  readonly #state: ReplicatedLogState;

  constructor(state: ReplicatedLogState) {
    this.#state = state;
  }

  async state(): Promise<ReplicatedLogState> {
    return this.#state;
  }

  async append(sequence: number): Promise<AppendResult> {
    this.asked.push(`append ${sequence}`);
    return { kind: 'appended' };
  }

  async entry(sequence: number): Promise<Uint8Array | undefined> {
    this.asked.push(`entry ${sequence}`);
    return undefined;
  }

  async read(
    from: number,
    to: number,
    onEntry: (sequence: number, bytes: Uint8Array) => void,
  ): Promise<void> {
    this.asked.push(`read ${from} to ${to}`);
    for (let sequence = from; sequence <= to; sequence++) onEntry(sequence, new Uint8Array());
  }

  async trim(sequence: number): Promise<void> {
    this.asked.push(`trim ${sequence}`);
  }
}

test('a log behind all entries of another is empty', async () => {
  const behind = new LogBehind(new AskedLog({ first: 3, last: 10, storedBytes: 5 }), 10);
  expect(await behind.state()).toEqual({ first: 1, last: 0, storedBytes: 5 });
});

test('a log that lost its front has the numbers of what is left', async () => {
  const behind = new LogBehind(new AskedLog({ first: 14, last: 20, storedBytes: 5 }), 10);
  expect(await behind.state()).toEqual({ first: 4, last: 10, storedBytes: 5 });
});

test('its entries are numbered from 1, and those of the log behind which it is go on', async () => {
  const log = new AskedLog({ first: 1, last: 12, storedBytes: 5 });
  const behind = new LogBehind(log, 10);
  const read: number[] = [];
  await behind.append(1, new Uint8Array());
  await behind.entry(2);
  await behind.read(1, 2, (sequence) => void read.push(sequence));
  await behind.trim(2);
  expect(log.asked).toEqual(['append 11', 'entry 12', 'read 11 to 12', 'trim 12']);
  expect(read).toEqual([1, 2]);
});
