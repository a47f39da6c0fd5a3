import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Lane } from './lane.ts';
import { Reach } from './reach.ts';

/** Seqs in one of the lane's chunks of positions. */
const CHUNK = 512;

function laneWith(count: number): Lane {
  const lane = new Lane(1, undefined);
  for (let seq = 0; seq < count; seq++) lane.push(seq * 10);
  return lane;
}

/** Chunks that the lane holds. What it needs to find them is less than one. */
function chunksOf(lane: Lane): number {
  return Math.floor(lane.memoryBytes / (8 * CHUNK));
}

function takeAll(lane: Lane): number[] {
  const seqs: number[] = [];
  while (lane.readyCount > 0) seqs.push(lane.take());
  return seqs;
}

test('messages are taken in the order in which they came', () => {
  const lane = laneWith(3);
  expect(lane.peek()).toBe(0);
  expect(takeAll(lane)).toEqual([0, 1, 2]);
  expect(lane.position(2)).toBe(20);
});

test('a message is taken out of any place, and the others are taken around it', () => {
  const lane = laneWith(6);
  for (let count = 0; count < 3; count++) lane.take();
  for (const seq of [0, 1, 2]) lane.giveBack(seq);
  expect([0, 2, 4, 5, 6].map((seq) => lane.isReady(seq))).toEqual([true, true, true, true, false]);
  expect([lane.takeAt(1), lane.takeAt(4), lane.takeAt(3)]).toEqual([10, 40, 30]);
  expect([lane.readyCount, lane.position(4), lane.isReady(4), lane.isReady(1)]).toEqual([
    3,
    -1,
    false,
    false,
  ]);
  for (const seq of [1, 4, 3]) lane.settle(seq);
  expect(lane.readyFrom(0, 10)).toEqual([0, 2, 5]);
  lane.push(60);
  expect(takeAll(lane)).toEqual([0, 2, 5, 6]);
});

test('a message that was taken out can be put back as if nothing had happened', () => {
  const lane = laneWith(5);
  lane.take();
  lane.giveBack(0);
  for (const seq of [0, 1, 3]) {
    const wasReturned = seq < lane.cursor;
    lane.putBack(seq, lane.takeAt(seq), wasReturned);
  }
  expect([lane.readyCount, lane.position(3), lane.cursor]).toEqual([5, 30, 1]);
  expect(lane.nextIsReturned).toBe(true);
  expect(takeAll(lane)).toEqual([0, 1, 2, 3, 4]);
});

test('the cursor does not turn back for a message that is put back when others were taken meanwhile', () => {
  const lane = laneWith(3);
  const position = lane.takeAt(0);
  expect(lane.take()).toBe(1);
  lane.putBack(0, position, false);
  expect([lane.nextIsReturned, lane.take(), lane.take(), lane.readyCount]).toEqual([true, 0, 2, 0]);
});

test('a lane of which all was taken out holds no chunk, and goes on', () => {
  const lane = laneWith(3 * CHUNK);
  for (let seq = 3 * CHUNK - 1; seq >= 0; seq--) {
    lane.takeAt(seq);
    lane.settle(seq);
  }
  expect([lane.readyCount, chunksOf(lane), lane.cursor]).toEqual([0, 0, 3 * CHUNK]);
  lane.push(7);
  expect([lane.peek(), lane.take()]).toEqual([3 * CHUNK, 3 * CHUNK]);
});

test('a purge passes over what was taken out', () => {
  const lane = laneWith(4);
  lane.takeAt(2);
  lane.settle(2);
  expect(lane.discardReady()).toEqual([0, 4]);
  const positions: number[] = [];
  lane.releaseDiscarded(100, (position) => positions.push(position));
  expect(positions.sort((a, b) => a - b)).toEqual([0, 10, 30]);
});

test('messages that came back are served first, oldest first, and are known as such', () => {
  const lane = laneWith(5);
  for (let count = 0; count < 4; count++) lane.take();
  lane.giveBack(2);
  lane.giveBack(0);
  expect(lane.readyCount).toBe(3);
  expect(lane.nextIsReturned).toBe(true);
  expect(lane.peek()).toBe(0);
  expect([lane.take(), lane.take()]).toEqual([0, 2]);
  expect(lane.nextIsReturned).toBe(false);
  expect(lane.take()).toBe(4);
});

test('a settled message has no position, and neither has one that never came', () => {
  const lane = laneWith(2);
  takeAll(lane);
  lane.settle(1);
  expect([lane.position(0), lane.position(1), lane.position(2)]).toEqual([0, -1, -1]);
  lane.settle(0);
  expect(lane.position(0)).toBe(-1);
});

test('a record that moved is found at its new position, if it is still the one', () => {
  const lane = laneWith(2);
  expect(lane.relocate(1, 10, 999)).toBe(true);
  expect(lane.position(1)).toBe(999);
  expect(lane.relocate(1, 10, 5)).toBe(false);
  expect(lane.relocate(7, 70, 5)).toBe(false);
  takeAll(lane);
  lane.settle(0);
  expect(lane.relocate(0, 0, 5)).toBe(false);
});

test('it counts how often a message came back, until the message ends', () => {
  const lane = laneWith(1);
  lane.take();
  expect(lane.returnCount(0)).toBe(0);
  expect(lane.countReturn(0)).toBe(1);
  expect(lane.countReturn(0)).toBe(2);
  expect(lane.returnCount(0)).toBe(2);
  lane.settle(0);
  expect(lane.returnCount(0)).toBe(0);
});

test('a lane that was emptied in the middle of a chunk goes on there', () => {
  const lane = laneWith(10);
  for (const seq of takeAll(lane)) lane.settle(seq);
  lane.push(777);
  expect(lane.position(10)).toBe(777);
  expect(lane.take()).toBe(10);
  lane.settle(10);
  expect(lane.position(10)).toBe(-1);
});

test('lanes that use each other’s freed chunks do not see each other’s positions', () => {
  const first = laneWith(CHUNK);
  for (const seq of takeAll(first)) first.settle(seq);
  const second = new Lane(2, undefined);
  second.push(5);
  first.push(6);
  expect([second.position(0), second.position(1)]).toEqual([5, -1]);
  expect(first.position(CHUNK)).toBe(6);
});

test('one old message keeps its place while a hundred thousand pass by', () => {
  const lane = laneWith(1);
  lane.take();
  for (let seq = 1; seq <= 100_000; seq++) {
    lane.push(seq * 10);
    lane.settle(lane.take());
  }
  expect(lane.position(0)).toBe(0);
  lane.settle(0);
  lane.push(42);
  expect(lane.position(100_001)).toBe(42);
  const positions: number[] = [];
  lane.discardAll();
  expect(lane.releaseDiscarded(1_000_000, (position) => positions.push(position))).toBeGreaterThan(0);
  expect(positions).toEqual([42]);
  expect(lane.hasDiscarded).toBe(false);
});

test('messages that stay for long cost the chunks that they lie in, and not those of the messages behind them', () => {
  const lane = laneWith(0);
  const stay: number[] = [];
  for (let seq = 0; seq < 400 * CHUNK; seq++) {
    lane.push(seq * 10);
    lane.take();
    if (seq === 0 || seq === 3 * CHUNK + 7 || seq === 200 * CHUNK) stay.push(seq);
    else lane.settle(seq);
  }
  expect(chunksOf(lane)).toBe(3);
  for (const seq of stay) expect(lane.position(seq)).toBe(seq * 10);
  expect(lane.relocate(0, 0, 5)).toBe(true);
  expect([lane.position(0), lane.position(CHUNK + 3), lane.position(300 * CHUNK)]).toEqual([5, -1, -1]);
  for (const seq of stay) lane.settle(seq);
  expect(chunksOf(lane)).toBe(0);
  lane.push(77);
  expect(lane.position(400 * CHUNK)).toBe(77);
});

// ---- discarding ----

test('a purge says which messages it took, as ranges, and knows them until they are released', () => {
  const lane = laneWith(10);
  for (let count = 0; count < 6; count++) lane.take();
  for (const seq of [4, 1, 2]) lane.giveBack(seq);
  expect(lane.discardReady()).toEqual([1, 3, 4, 5, 6, 10]);
  expect([0, 1, 2, 3, 4, 5, 9].map((seq) => lane.isDiscarded(seq))).toEqual([
    false,
    true,
    true,
    false,
    true,
    false,
    true,
  ]);
  const positions: number[] = [];
  expect(lane.releaseDiscarded(100, (position) => positions.push(position))).toBe(93);
  expect(positions.sort((a, b) => a - b)).toEqual([10, 20, 40, 60, 70, 80, 90]);
  expect(lane.hasDiscarded).toBe(false);
  expect(lane.discardReady()).toEqual([]);
});

test('a purge behind a purge is released together with it', () => {
  const lane = laneWith(4);
  lane.take();
  lane.discardReady();
  lane.giveBack(0);
  lane.push(40);
  expect(lane.discardReady()).toEqual([0, 1, 4, 5]);
  const positions: number[] = [];
  lane.releaseDiscarded(100, (position) => positions.push(position));
  expect(positions.sort((a, b) => a - b)).toEqual([0, 10, 20, 30, 40]);
});

// ---- after a restart ----

const NONE_HELD = (): boolean => false;

test('a restored lane serves what may have been delivered first, and as such, and then the rest', () => {
  const lane = new Lane(1, undefined);
  for (const seq of [3, 4, 5, 6]) lane.restore(seq, seq * 10);
  lane.finishRestore(0, 5, NONE_HELD);
  expect([lane.readyCount, lane.nextSeq, lane.cursor]).toEqual([4, 7, 5]);
  const redelivered = Array.from({ length: 4 }, () => [lane.nextIsReturned, lane.take()]);
  expect(redelivered).toEqual([
    [true, 3],
    [true, 4],
    [false, 5],
    [false, 6],
  ]);
  lane.push(70);
  expect([lane.take(), lane.position(7)]).toEqual([7, 70]);
});

test('messages that did not survive leave gaps, which are stepped over', () => {
  const lane = new Lane(1, undefined);
  const seqs = [2, 3, 9, 5 * CHUNK, 5 * CHUNK + 1, 900 * CHUNK + 7];
  for (const seq of seqs) lane.restore(seq, seq);
  lane.finishRestore(1000 * CHUNK, 0, NONE_HELD);
  expect([lane.readyCount, lane.peek()]).toEqual([6, 2]);
  lane.push(77);
  expect(takeAll(lane)).toEqual([...seqs, 1000 * CHUNK]);
  for (const seq of [...seqs, 1000 * CHUNK]) lane.settle(seq);
  expect(lane.memoryBytes).toBeLessThan(8 * CHUNK);
});

test('messages that are found far apart cost their own chunks, in whatever order they are found', () => {
  const lane = new Lane(1, undefined);
  const seqs = [10_000_000 * CHUNK, 7, 5_000_000 * CHUNK + 3, 20_000_000 * CHUNK, 8];
  for (const seq of seqs) lane.restore(seq, seq + 1);
  expect(chunksOf(lane)).toBe(4);
  lane.finishRestore(0, Number.POSITIVE_INFINITY, NONE_HELD);
  expect(takeAll(lane)).toEqual(seqs.sort((a, b) => a - b));
});

test('of two copies the later one counts, and the earlier one is handed back', () => {
  const lane = new Lane(1, undefined);
  expect(lane.restore(0, 10)).toBe(-1);
  expect(lane.restore(0, 90)).toBe(10);
  lane.finishRestore(0, 0, NONE_HELD);
  expect([lane.readyCount, lane.position(0)]).toEqual([1, 90]);
});

test('what was settled is forgotten, seen or not, and its numbers are not given again', () => {
  const lane = new Lane(1, undefined);
  for (let seq = 0; seq < 3 * CHUNK; seq++) lane.restore(seq, seq * 10);
  const forgotten: number[] = [];
  lane.forget(5, 2 * CHUNK, (seq, position) => {
    expect(position).toBe(seq * 10);
    forgotten.push(seq);
  });
  lane.forget(3 * CHUNK - 1, 1_000_000 * CHUNK, (seq) => forgotten.push(seq));
  expect(forgotten).toHaveLength(2 * CHUNK - 5 + 1);
  lane.finishRestore(0, 0, NONE_HELD);
  expect(lane.readyCount).toBe(CHUNK + 4);
  expect(lane.nextSeq).toBe(1_000_000 * CHUNK);
  expect(chunksOf(lane)).toBe(2);
});

test('a message that is held is neither ready nor forgotten', () => {
  const lane = new Lane(1, undefined);
  for (const seq of [0, 1, 2]) lane.restore(seq, seq);
  lane.finishRestore(0, 2, (seq) => seq === 1);
  expect(lane.readyCount).toBe(2);
  expect(takeAll(lane)).toEqual([0, 2]);
  lane.giveBack(1);
  expect(lane.take()).toBe(1);
});

test('a lane delivers only below its durable reach, but what came back at any time', () => {
  const lane = new Lane(1, undefined, new Reach());
  lane.reach?.set(2);
  for (let seq = 0; seq < 4; seq++) lane.push(seq);
  expect(lane.mayDeliver).toBe(true);
  expect([lane.take(), lane.take()]).toEqual([0, 1]);
  expect(lane.mayDeliver).toBe(false);
  lane.giveBack(0);
  expect(lane.mayDeliver).toBe(true);
  lane.take();
  lane.reach?.set(3);
  expect(lane.mayDeliver).toBe(true);
});

// ---- the lane against a list of all that ever came ----

interface Entry {
  position: number;
  state: 'new' | 'unacked' | 'returned' | 'settled';
}

type Command =
  | { readonly kind: 'push' | 'take'; readonly count: number }
  /** Of the messages that it is about, `count` from the share `at` on. */
  | { readonly kind: Change; readonly at: number; readonly count: number };

/** Of unacked messages; the last two of ready ones, wherever they are. */
type Change = 'settle' | 'giveBack' | 'relocate' | 'takeAt' | 'putBack';

const command: fc.Arbitrary<Command> = fc.oneof(
  fc.record({ kind: fc.constantFrom('push', 'take'), count: fc.integer({ min: 1, max: 2 * CHUNK }) }),
  fc.record({
    kind: fc.constantFrom<Change>('settle', 'settle', 'giveBack', 'relocate', 'takeAt', 'putBack'),
    at: fc.double({ min: 0, max: 1, noNaN: true }),
    count: fc.integer({ min: 1, max: 2 * CHUNK }),
  }),
);

class Model {
  readonly lane = new Lane(1, undefined);
  readonly entries: Entry[] = [];
  #nextPosition = 0;

  run(step: Command): void {
    if ('at' in step) for (const seq of this.#chosen(step)) this.#change(step.kind, seq);
    else if (step.kind === 'push') for (let count = 0; count < step.count; count++) this.#push();
    else for (let count = 0; count < step.count; count++) this.#take();
    this.check();
  }

  check(): void {
    const { lane, entries } = this;
    const ready = entries.filter(({ state }) => state === 'new' || state === 'returned').length;
    expect(lane.readyCount).toBe(ready);
    if (ready > 0) expect(lane.peek()).toBe(this.#next());
    for (const [seq, entry] of entries.entries()) {
      const expected = entry.state === 'settled' ? -1 : entry.position;
      if (lane.position(seq) !== expected) expect({ seq, position: lane.position(seq) }).toBe(expected);
    }
    const chunks = new Set(
      [...entries.keys()]
        .filter((seq) => entries[seq]?.state !== 'settled')
        .map((seq) => Math.floor(seq / CHUNK)),
    );
    // The last one may be waiting for more.
    expect(chunksOf(lane)).toBeGreaterThanOrEqual(chunks.size);
    expect(chunksOf(lane)).toBeLessThanOrEqual(chunks.size === 0 ? 0 : chunks.size + 1);
  }

  #next(): number {
    const returned = this.entries.findIndex(({ state }) => state === 'returned');
    return returned >= 0 ? returned : this.entries.findIndex(({ state }) => state === 'new');
  }

  #push(): void {
    const position = this.#nextPosition++;
    this.lane.push(position);
    this.entries.push({ position, state: 'new' });
  }

  #take(): void {
    const next = this.#next();
    if (next < 0) return;
    const entry = this.entries[next] as Entry;
    expect(this.lane.nextIsReturned).toBe(entry.state === 'returned');
    expect(this.lane.take()).toBe(next);
    entry.state = 'unacked';
  }

  #chosen({ kind, at, count }: Extract<Command, { at: number }>): number[] {
    const isOfReady = kind === 'takeAt' || kind === 'putBack';
    const states = isOfReady ? ['new', 'returned'] : ['unacked'];
    const chosen = [...this.entries.keys()].filter((seq) => states.includes(this.entries[seq]?.state ?? ''));
    const from = Math.floor(at * chosen.length);
    return chosen.slice(from, from + count);
  }

  #change(kind: Change, seq: number): void {
    const entry = this.entries[seq] as Entry;
    if (kind === 'takeAt' || kind === 'putBack') {
      expect(this.lane.isReady(seq)).toBe(true);
      const wasReturned = seq < this.lane.cursor;
      expect(wasReturned).toBe(entry.state === 'returned');
      expect(this.lane.takeAt(seq)).toBe(entry.position);
      expect([this.lane.isReady(seq), this.lane.position(seq)]).toEqual([false, -1]);
      if (kind === 'putBack') {
        this.lane.putBack(seq, entry.position, wasReturned);
        return;
      }
      this.lane.settle(seq);
      entry.state = 'settled';
    } else if (kind === 'settle') {
      this.lane.settle(seq);
      entry.state = 'settled';
    } else if (kind === 'giveBack') {
      this.lane.giveBack(seq);
      entry.state = 'returned';
    } else {
      const to = this.#nextPosition++;
      expect(this.lane.relocate(seq, entry.position, to)).toBe(true);
      entry.position = to;
    }
  }
}

test('any mixture of publishing, delivering, requeueing, settling and moving keeps every message', () => {
  fc.assert(
    fc.property(fc.array(command, { maxLength: 25, size: 'max' }), (steps) => {
      const model = new Model();
      for (const step of steps) model.run(step);
    }),
    { numRuns: 60 },
  );
});

test('ready messages are listed from any place in the order in which they would be taken', () => {
  const lane = laneWith(8);
  for (let count = 0; count < 5; count++) lane.take();
  lane.giveBack(3);
  lane.giveBack(1);
  expect(lane.readyFrom(0, 10)).toEqual([1, 3, 5, 6, 7]);
  expect(lane.readyFrom(2, 2)).toEqual([3, 5]);
  expect(lane.readyFrom(6, 10)).toEqual([6, 7]);
  expect(lane.readyFrom(8, 10)).toEqual([]);
  expect(takeAll(lane)).toEqual([1, 3, 5, 6, 7]);
});

test('the gaps that a restart left are not listed', () => {
  const lane = new Lane(1, undefined);
  for (const seq of [2, 3, 2000, 5000]) lane.restore(seq, seq * 10);
  lane.finishRestore(6000, 3, () => false);
  lane.push(60_000);
  expect(lane.readyFrom(0, 10)).toEqual([2, 3, 2000, 5000, 6000]);
  expect(lane.readyFrom(4, 2)).toEqual([2000, 5000]);
});
