/**
 * A replicated stream that is in this process, and the ways that nodes have to it. Requests take time, and go wrong as those to a
 * real one do:
 *
 *     sound          the request arrives, and so does the answer
 *     lost           it never arrives; the node hears nothing
 *     late           the node hears nothing, gives up, and then it arrives
 *     answer-lost    it arrives, and the node hears nothing
 *     twice          it arrives, the answer, too, and then it arrives once more
 *     behind         a server answers that does not know what is newest
 */

import { StorageError } from '../../src/storage/file/storage-error.ts';
import type { StorageTimer } from '../../src/storage/file/storage-timer.ts';
import type {
  AppendResult,
  ReplicatedLog,
  ReplicatedLogState,
} from '../../src/storage/jetstream/replicated-log.ts';

export type RequestFault = 'sound' | 'lost' | 'late' | 'answer-lost' | 'twice' | 'behind';
export type RequestKind = 'append' | 'entry' | 'read' | 'state' | 'trim';

/** Milliseconds. */
const TRAVEL_MS = 1;
/** From when an entry is there until that is known: a majority has to sync it. */
const SYNC_MS = 5;
const TIMEOUT_MS = 40;
/** Behind the time-out. */
const LATE_MS = 60;

/** What is in a stream. */
export class SimulatedStream {
  readonly name: string;
  entryBytesMax: number;
  bytesMax: number = Number.POSITIVE_INFINITY;
  first = 1;
  last = 0;
  readonly entries = new Map<number, Uint8Array>();

  constructor(name: string, entryBytesMax: number = 64 * 1024) {
    this.name = name;
    this.entryBytesMax = entryBytesMax;
  }

  get storedBytes(): number {
    let bytes = 0;
    for (const entry of this.entries.values()) bytes += entry.length;
    return bytes;
  }

  append(sequence: number, bytes: Uint8Array): AppendResult {
    if (bytes.length > this.entryBytesMax) throw new Error(`an entry of ${bytes.length} bytes`);
    if (sequence !== this.last + 1) return { kind: 'refused' };
    if (this.storedBytes + bytes.length > this.bytesMax) return { kind: 'full', reason: 'no room' };
    this.last = sequence;
    this.entries.set(sequence, bytes);
    return { kind: 'appended' };
  }

  trim(sequence: number): void {
    for (; this.first < sequence && this.first <= this.last; this.first++) this.entries.delete(this.first);
  }

  /** The stream as it is now, for a damage that must not spoil this one. */
  clone(): SimulatedStream {
    const copy = new SimulatedStream(this.name, this.entryBytesMax);
    copy.first = this.first;
    copy.last = this.last;
    for (const [sequence, entry] of this.entries) copy.entries.set(sequence, entry);
    return copy;
  }
}

/** The way of one node to a stream. */
export class SimulatedLog implements ReplicatedLog {
  readonly name: string;
  readonly entryBytesMax: number;
  /** Decides about each request. */
  fault: (kind: RequestKind) => RequestFault = () => 'sound';
  /** Nothing of this node arrives, and it hears nothing. */
  isCutOff = false;
  /** The appends that it was asked for. */
  readonly appends: { readonly sequence: number; readonly bytes: Uint8Array }[] = [];
  readonly trims: number[] = [];
  readonly #stream: SimulatedStream;
  readonly #time: StorageTimer;
  readonly #serverTime: StorageTimer;

  /** `time`: of the node. When that stands still, no answer reaches it; the requests under way arrive. */
  constructor(stream: SimulatedStream, time: StorageTimer, serverTime: StorageTimer = time) {
    this.name = stream.name;
    this.entryBytesMax = stream.entryBytesMax;
    this.#stream = stream;
    this.#time = time;
    this.#serverTime = serverTime;
  }

  async append(sequence: number, given: Uint8Array): Promise<AppendResult> {
    const bytes = given.slice();
    this.appends.push({ sequence, bytes });
    const answer = await this.#request('append', () => this.#stream.append(sequence, bytes), {
      ifBehind: { kind: 'refused' },
    });
    return answer ?? { kind: 'unknown', reason: 'no answer' };
  }

  async state(): Promise<ReplicatedLogState> {
    const now = (): ReplicatedLogState => {
      const { first, last, storedBytes } = this.#stream;
      return { first, last, storedBytes };
    };
    const before = { ...now(), last: Math.max(this.#stream.last - 1, 0) };
    return this.#answered(await this.#request('state', now, { ifBehind: before }));
  }

  async entry(sequence: number): Promise<Uint8Array | undefined> {
    const found = await this.#request('entry', () => ({ bytes: this.#stream.entries.get(sequence) }), {
      ifBehind: { bytes: undefined },
    });
    return this.#answered(found).bytes;
  }

  async read(
    from: number,
    to: number,
    onEntry: (sequence: number, bytes: Uint8Array) => Promise<void> | void,
  ): Promise<void> {
    for (let sequence = from; sequence <= to; sequence++) {
      const found = await this.#request('read', () => ({ bytes: this.#stream.entries.get(sequence) }), {
        ifBehind: undefined,
      });
      const { bytes } = this.#answered(found);
      if (bytes === undefined) {
        throw new StorageError('DATA_DAMAGED', `${this.name}: entry ${sequence} is not there`);
      }
      await onEntry(sequence, bytes.slice());
    }
  }

  async trim(sequence: number): Promise<void> {
    this.trims.push(sequence);
    const serve = (): true => {
      this.#stream.trim(sequence);
      return true;
    };
    this.#answered(await this.#request('trim', serve, { ifBehind: undefined }));
  }

  #answered<T>(answer: T | undefined): T {
    if (answer !== undefined) return answer;
    throw new StorageError('NATS_UNREACHABLE', `${this.name}: nobody answers`);
  }

  /** What `serve` returns where the request arrives; undefined: no answer came. */
  async #request<T>(
    kind: RequestKind,
    serve: () => T,
    { ifBehind }: { ifBehind: T | undefined },
  ): Promise<T | undefined> {
    const fault = this.isCutOff ? 'lost' : this.fault(kind);
    const arrive = (ms: number): Promise<T> =>
      new Promise((resolve) => {
        this.#serverTime.after(ms, () => resolve(serve()));
      });
    switch (fault) {
      case 'sound':
        return this.#hear(kind, arrive(TRAVEL_MS));
      case 'twice': {
        const answer = arrive(TRAVEL_MS);
        void arrive(LATE_MS);
        return this.#hear(kind, answer);
      }
      case 'lost':
        return this.#nothing(TIMEOUT_MS);
      case 'late':
        void arrive(LATE_MS);
        return this.#nothing(TIMEOUT_MS);
      case 'answer-lost':
        void arrive(TRAVEL_MS);
        return this.#nothing(TIMEOUT_MS);
      case 'behind':
        await this.#nothing(TRAVEL_MS);
        return ifBehind;
    }
  }

  async #hear<T>(kind: RequestKind, answer: Promise<T>): Promise<T | undefined> {
    const result = await answer;
    await this.#nothing(kind === 'append' ? SYNC_MS + TRAVEL_MS : TRAVEL_MS);
    return this.isCutOff ? undefined : result;
  }

  #nothing(ms: number): Promise<undefined> {
    return new Promise((resolve) => {
      this.#time.after(ms, () => resolve(undefined));
    });
  }
}
