import fc from 'fast-check';
import { beforeEach, describe, expect, test } from 'vitest';
import { SurvivingEngine } from '../../test/storage/surviving-engine.ts';
import {
  appendMessageRecord,
  destinationCountAt,
  destinationLane,
  destinationSeq,
  MessageRecord,
} from '../core/message/message-record.ts';
import type { Page, RecordOwner, RecordVisitor } from '../core/message/message-store.ts';
import { Publication } from '../core/message/publication.ts';
import type { LogPage } from './log-page.ts';
import { MessageLog, type MessageLogOptions } from './message-log.ts';

const KIB = 1024;
const LANE = 7;
const OTHER_LANE = 8;
const SMALL = { pageBytesFirst: 4 * KIB, pageBytesMax: 4 * KIB, deadBytesAllowed: 16 * KIB };

/** What a queue would know: the position of each message of each lane, by `lane:seq`. */
class Books implements RecordOwner, RecordVisitor {
  readonly positions = new Map<string, number>();
  readonly notes = new Map<string, string>();
  readonly reaches = new Map<number, number>();
  definitions: string[] = [];
  log: MessageLog | undefined;
  #firstCounts = false;

  onOlderCopies(): void {
    this.#firstCounts = true;
  }

  relocate(laneId: number, seq: number, from: number, to: number): boolean {
    if (this.positions.get(`${laneId}:${seq}`) !== from) return false;
    this.positions.set(`${laneId}:${seq}`, to);
    return true;
  }

  returnCountOf(laneId: number, seq: number): number | undefined {
    const key = `${laneId}:${seq}`;
    return this.positions.has(key) ? Number(this.notes.get(key)?.split(' ')[0] ?? 0) : undefined;
  }

  reachOf(laneId: number): number | undefined {
    return this.reaches.get(laneId);
  }

  recordDefinitions(): void {
    for (const text of this.definitions) define(text);
  }

  onMessage(page: Page, position: number): number {
    let held = 0;
    for (let index = 0; index < destinationCountAt(page, position - page.base); index++) {
      const laneId = destinationLane(page, position - page.base, index);
      const seq = destinationSeq(page, position - page.base, index);
      const former = this.positions.get(`${laneId}:${seq}`);
      if (former !== undefined && this.#firstCounts) continue;
      if (former !== undefined) this.log?.release(former);
      this.positions.set(`${laneId}:${seq}`, position);
      held++;
    }
    return held;
  }

  onSettled(laneId: number, from: number, to: number): void {
    for (let seq = from; seq < to; seq++) {
      const position = this.positions.get(`${laneId}:${seq}`);
      if (position !== undefined) this.log?.release(position);
      this.positions.delete(`${laneId}:${seq}`);
    }
  }

  onNote(laneId: number, seq: number, returnCount: number, heldUntilMs: number): void {
    this.notes.set(`${laneId}:${seq}`, `${returnCount} ${heldUntilMs}`);
  }

  onReach(laneId: number, upTo: number): void {
    this.reaches.set(laneId, upTo);
  }

  onDefinitionsVoid(): void {
    this.definitions = [];
  }

  onDefinition(bytes: Uint8Array, start: number, end: number): void {
    this.definitions.push(new TextDecoder().decode(bytes.subarray(start, end)));
  }
}

let main: SurvivingEngine;
let cold: SurvivingEngine;
let log: MessageLog;
let books: Books;
const nextSeqs = new Map<number, number>();

beforeEach(() => {
  main = new SurvivingEngine();
  cold = new SurvivingEngine();
  log = new MessageLog(main, { cold, ...SMALL });
  books = new Books();
  nextSeqs.clear();
});

/** Stores a message of `bytes` for the lanes; returns its seq in the first. */
function store(text: string, bytes = 100, laneIds: readonly number[] = [LANE]): number {
  const body = new TextEncoder().encode(text.padEnd(bytes));
  const lanes = laneIds.map((id) => ({ id, nextSeq: nextSeqs.get(id) ?? 0 }));
  const publication = Publication.of('', 'q', { deliveryMode: 2 }, body);
  const position = appendMessageRecord(log, publication, lanes, 0, lanes.length, true, 0);
  for (const { id, nextSeq } of lanes) {
    books.positions.set(`${id}:${nextSeq}`, position);
    nextSeqs.set(id, nextSeq + 1);
  }
  return lanes[0]?.nextSeq as number;
}

function settle(seq: number, laneId: number = LANE): void {
  log.settle(laneId, seq, books.positions.get(`${laneId}:${seq}`) as number);
  books.positions.delete(`${laneId}:${seq}`);
}

function define(text: string): void {
  const bytes = new TextEncoder().encode(text);
  log.define(bytes, 0, bytes.length);
}

function textOf(seq: number, laneId: number = LANE): string {
  const record = new MessageRecord();
  const position = books.positions.get(`${laneId}:${seq}`) as number;
  record.read(log.pageOf(position), position);
  return new TextDecoder().decode(record.bytes.subarray(record.bodyStart, record.bodyEnd)).trim();
}

function cleanAll(): void {
  log.commit();
  for (let steps = 0; log.clean(books); steps++) {
    if (steps > 1000) throw new Error('cleaning does not end');
  }
}

function isCold(position: number): boolean {
  return (log.pageOf(position) as LogPage).stream === 'cold';
}

/** What the next run finds when this one ends now. */
async function restart(options: MessageLogOptions = SMALL): Promise<Books> {
  [main, cold] = [main.reopened(), cold.reopened()];
  log = new MessageLog(main, { ...options, cold });
  books = new Books();
  books.log = log;
  await log.recover(books);
  return books;
}

function seqs(laneId: number = LANE): number[] {
  const own = [...books.positions.keys()].filter((key) => key.startsWith(`${laneId}:`));
  return own.map((key) => Number(key.split(':')[1])).sort((a, b) => a - b);
}

describe('a restart', () => {
  test('finds the messages that were not settled, and their bytes', async () => {
    for (let seq = 0; seq < 200; seq++) store(`message ${seq}`);
    log.commit();
    for (let seq = 0; seq < 100; seq++) settle(seq);
    log.commit();
    await restart();
    expect(seqs()).toEqual(Array.from({ length: 100 }, (_, index) => index + 100));
    expect([textOf(100), textOf(199)]).toEqual(['message 100', 'message 199']);
  });

  test('finds nothing of a group that was not closed', async () => {
    store('closed');
    log.commit();
    store('open');
    await restart();
    expect(seqs()).toEqual([0]);
  });

  test('finds notes, reaches and definitions, the last of each', async () => {
    store('a');
    log.note(LANE, 0, 1, 0);
    log.note(LANE, 0, 2, 1234);
    log.reach(LANE, 100);
    log.reach(LANE, 200);
    define('a queue');
    log.commit();
    await restart();
    expect(books.notes.get(`${LANE}:0`)).toBe('2 1234');
    expect(books.reaches.get(LANE)).toBe(200);
    expect(books.definitions).toEqual(['a queue']);
  });

  test('does not find a message that a range settled', async () => {
    for (let seq = 0; seq < 10; seq++) store('x');
    log.settleRange(LANE, 2, 9);
    log.commit();
    await restart();
    expect(seqs()).toEqual([0, 1, 9]);
  });

  test('goes on behind what was there', async () => {
    store('before');
    log.commit();
    await restart();
    nextSeqs.set(LANE, 1);
    store('after');
    log.commit();
    await restart();
    expect(seqs().map((seq) => textOf(seq))).toEqual(['before', 'after']);
  });
});

test('a consumer that acknowledges in order makes one small record', () => {
  for (let seq = 0; seq < 100; seq++) store('x');
  log.commit();
  const before = log.appendedBytes;
  for (let seq = 0; seq < 100; seq++) settle(seq);
  log.commit();
  expect(log.appendedBytes - before).toBe(19);
});

test('what is transient is never handed to the engine', () => {
  const publication = Publication.of('', 'q', {}, new Uint8Array(100));
  appendMessageRecord(log, publication, [{ id: LANE, nextSeq: 0 }], 0, 1, false, 0);
  log.commit();
  expect(main.lastBlock).toBe(0);
});

describe('a block', () => {
  test('holds what was appended since the one before', () => {
    store('1');
    expect(log.commit()).toBe(1);
    expect(log.commit()).toBe(1);
    store('2');
    store('3');
    expect(log.commit()).toBe(2);
    expect(log.durableBlock).toBe(2);
  });

  test('is durable when the engine says so, and the owner of the log is told', () => {
    main.isSlow = true;
    const told: number[] = [];
    log.onDurable = () => told.push(log.durableBlock);
    store('1');
    log.commit();
    store('2');
    log.commit();
    expect(log.durableBlock).toBe(0);
    main.complete(1);
    main.complete(2);
    expect(told).toEqual([1, 2]);
  });
});

describe('cleaning', () => {
  /** Of `count` messages every `every`-th stays. */
  function storeSparsely(count: number, every: number): void {
    const first = nextSeqs.get(LANE) ?? 0;
    for (let seq = first; seq < first + count; seq++) store(`message ${seq}`);
    log.commit();
    for (let seq = first; seq < first + count; seq++) if (seq % every !== 0) settle(seq);
    log.commit();
  }

  /** The position of the oldest message in main. */
  function firstInMain(): number {
    return Math.min(...[...books.positions.values()].filter((position) => !isCold(position)));
  }

  test('moves to cold what lives, and drops the rest', async () => {
    storeSparsely(1000, 10);
    cleanAll();
    expect(cold.storedBytes).toBeGreaterThan(0);
    expect(main.storedBytes).toBeLessThan(2 * SMALL.deadBytesAllowed);
    await restart();
    expect(seqs()).toEqual(Array.from({ length: 100 }, (_, index) => index * 10));
    expect(textOf(990)).toBe('message 990');
  });

  test('lets go of a page of main only once its messages are durable in cold', async () => {
    storeSparsely(1000, 10);
    cold.isSlow = true;
    const pages = main.pageCount;
    cleanAll();
    expect(main.pageCount).toBe(pages);
    cold.complete();
    expect(main.pageCount).toBeLessThan(pages / 2);
  });

  test('a message that is found in cold and in main is the one in cold', async () => {
    storeSparsely(1000, 10);
    cleanAll();
    // These share a page of cold with those before, but only these are in main as well after the crash.
    storeSparsely(1000, 10);
    const first = seqs().find((seq) => books.positions.get(`${LANE}:${seq}`) === firstInMain()) as number;
    const uncleaned = main.reopened();
    cleanAll();
    main = uncleaned;
    await restart();
    nextSeqs.set(LANE, 2000);
    settle(first);
    for (let round = 0; round < 20; round++) {
      storeSparsely(300, 100_000);
      cleanAll();
    }
    const expected = seqs();
    await restart();
    expect(seqs()).toEqual(expected);
  });

  test('keeps the settlement of a message in cold as long as its copy is there', async () => {
    storeSparsely(1000, 10);
    cleanAll();
    for (let seq = 0; seq < 1000; seq += 20) settle(seq);
    // Main goes on, until the pages with these settlements have gone.
    for (let round = 0; round < 20; round++) {
      storeSparsely(300, 1000);
      cleanAll();
    }
    const expected = seqs();
    await restart();
    expect(seqs()).toEqual(expected);
  });

  test('cleans cold, too, when most of it is dead', async () => {
    storeSparsely(4000, 4);
    cleanAll();
    const before = cold.storedBytes;
    for (let seq = 0; seq < 4000; seq += 4) if (seq % 40 !== 0) settle(seq);
    cleanAll();
    expect(cold.storedBytes).toBeLessThan(before / 2);
    const expected = seqs();
    await restart();
    expect(seqs()).toEqual(expected);
  });

  test('records definitions and reaches again before they go', async () => {
    books.definitions = ['vhost /', 'queue q'];
    books.recordDefinitions();
    log.reach(LANE, 500);
    books.reaches.set(LANE, 500);
    storeSparsely(1000, 1000);
    cleanAll();
    await restart();
    expect(books.definitions).toEqual(['vhost /', 'queue q']);
    expect(books.reaches.get(LANE)).toBe(500);
  });

  function note(seq: number, returnCount: number, heldUntilMs: number): void {
    log.note(LANE, seq, returnCount, heldUntilMs);
    books.notes.set(`${LANE}:${seq}`, `${returnCount} ${heldUntilMs}`);
  }

  test('keeps the newest note of a message that still lives, and no other', async () => {
    store('noted');
    store('settled');
    note(0, 1, 0);
    note(1, 3, 0);
    note(0, 2, 5555);
    settle(1);
    for (let round = 0; round < 10; round++) {
      storeSparsely(1000, 10_000 + round);
      cleanAll();
    }
    await restart();
    expect(books.notes.get(`${LANE}:0`)).toBe('2 5555');
    expect(books.notes.get(`${LANE}:1`)).toBeUndefined();
  });

  test('ends, however much of the log is notes', () => {
    for (let seq = 0; seq < 50; seq++) store(`${seq}`);
    for (let returnCount = 1; returnCount <= 400; returnCount++) {
      for (let seq = 0; seq < 50; seq++) note(seq, returnCount, 0);
      log.commit();
    }
    cleanAll();
    expect(main.storedBytes).toBeLessThan(3 * SMALL.deadBytesAllowed);
  });

  test('ends, however large the definitions are and however short the disk is', () => {
    books.definitions = Array.from({ length: 2000 }, (_, index) => `queue ${index} ${'x'.repeat(200)}`);
    books.recordDefinitions();
    log.commit();
    log.setSpaceShort(true);
    for (let turn = 0; turn < 20; turn++) {
      storeSparsely(1000, 100_000 + turn);
      cleanAll();
    }
    expect(main.storedBytes).toBeLessThan(8 * 1024 * KIB);
  });

  test('reads back what it cleans, in the background', async () => {
    log = new MessageLog(main, { cold, ...SMALL, residentBytesMax: 16 * KIB });
    books.definitions = ['vhost /'];
    books.recordDefinitions();
    storeSparsely(2000, 10);
    main.loadNow = () => expect.unreachable('cleaning must not wait for the disk');
    for (let turn = 0; turn < 1000; turn++) {
      log.commit();
      log.clean(books);
      await Promise.resolve();
    }
    expect(main.storedBytes).toBeLessThan(2 * SMALL.deadBytesAllowed);
    const expected = seqs();
    await restart();
    expect(seqs()).toEqual(expected);
    expect(books.definitions).toEqual(['vhost /']);
  });

  test('waits while cold does not store what it is given', () => {
    log = new MessageLog(main, { cold, deadBytesAllowed: 16 * KIB });
    storeSparsely(1000, 2);
    for (let seq = nextSeqs.get(LANE) as number; seq < 1700; seq++) store('large', 100 * KIB);
    log.commit();
    for (let seq = 1000; seq < 1700; seq++) if (seq % 20 < 13) settle(seq);
    log.commit();
    cold.isSlow = true;
    const copied = log.copiedBytes;
    cleanAll();
    expect(log.copiedBytes - copied).toBeLessThan(48 * 1024 * KIB);
    expect(log.copiedBytes - copied).toBeGreaterThan(0);
    expect(log.clean(books)).toBe(false);
  });

  test('copies a message for those queues only that still hold it', async () => {
    store('shared', 100, [LANE, OTHER_LANE]);
    log.commit();
    settle(0, LANE);
    nextSeqs.set(LANE, 1);
    storeSparsely(1000, 5000);
    cleanAll();
    for (let round = 0; round < 5; round++) {
      storeSparsely(1000, 100_000);
      cleanAll();
    }
    await restart();
    expect([seqs(LANE), seqs(OTHER_LANE)]).toEqual([[], [0]]);
  });

  test('a backlog that stays is rewritten once, whatever comes and goes', () => {
    storeSparsely(2000, 4);
    cleanAll();
    const copied = log.copiedBytes;
    for (let round = 0; round < 30; round++) {
      storeSparsely(500, 100_000);
      cleanAll();
    }
    expect(log.copiedBytes - copied).toBeLessThan(log.appendedBytes / 100);
  });

  test('gives room back at once while the disk is short of it', () => {
    log = new MessageLog(main, { cold, pageBytesFirst: 4096, pageBytesMax: 1024 * KIB });
    for (let seq = 0; seq < 100; seq++) store('x', 100 * KIB);
    log.commit();
    for (let seq = 0; seq < 99; seq++) settle(seq);
    store('last', 100 * KIB);
    define('keeps its page');
    cleanAll();
    log.setSpaceShort(true);
    cleanAll();
    expect(main.storedBytes).toBeLessThan(5 * 1024 * KIB);
  });
});

describe('memory', () => {
  test('holds a bounded share of a backlog, and reads back the rest', () => {
    log = new MessageLog(main, { cold, ...SMALL, residentBytesMax: 64 * KIB });
    for (let seq = 0; seq < 5000; seq++) {
      store(`message ${seq}`);
      if (seq % 50 === 0) log.commit();
    }
    log.commit();
    expect(main.storedBytes).toBeGreaterThan(500 * KIB);
    expect(log.memoryBytes).toBeLessThanOrEqual(64 * KIB);
    for (let seq = 0; seq < 5000; seq += 7) expect(textOf(seq)).toBe(`message ${seq}`);
    log.commit();
    expect(log.memoryBytes).toBeLessThanOrEqual(64 * KIB);
  });

  test('never lets go of what is not durable yet', () => {
    main.isSlow = true;
    log = new MessageLog(main, { cold, ...SMALL, residentBytesMax: 64 * KIB });
    for (let seq = 0; seq < 2000; seq++) store(`message ${seq}`);
    log.commit();
    expect(log.memoryBytes).toBeGreaterThan(200 * KIB);
    expect(textOf(0)).toBe('message 0');
    expect(main.loads).toBe(0);
    main.complete();
    store('one more page', 5000);
    log.commit();
    expect(log.memoryBytes).toBeLessThanOrEqual(64 * KIB);
  });

  test('is read into in the background, with what comes behind', async () => {
    log = new MessageLog(main, { cold, ...SMALL, residentBytesMax: 64 * KIB });
    for (let seq = 0; seq < 2000; seq++) store(`message ${seq}`);
    log.commit();
    store('one more page', 5000);
    log.commit();
    const position = books.positions.get(`${LANE}:0`) as number;
    expect(log.residentPage(position)).toBeUndefined();
    await new Promise<void>((resolve) => log.fetch(position, resolve));
    expect(log.residentPage(position)).toBeDefined();
    expect(main.loads).toBe(3);
  });

  test('has room for what many consumers are reading, so that each page is read about once', async () => {
    const options = { ...SMALL, residentBytesMax: 256 * KIB };
    const queues = 20;
    const each = 150;
    for (let seq = 0; seq < queues * each; seq++) store(`message ${seq}`);
    log.commit();
    await restart(options);
    const pages = log.storedBytes / (4 * KIB);
    for (let index = 0; index < each; index++) {
      for (let queue = 0; queue < queues; queue++) {
        const position = books.positions.get(`${LANE}:${queue * each + index}`) as number;
        if (log.residentPage(position) === undefined)
          await new Promise<void>((resolve) => log.fetch(position, resolve));
        log.commit();
      }
    }
    expect(main.loads).toBeLessThan(1.5 * pages);
  });

  test('reads a bounded number of pages at a time, and counts them from the start', async () => {
    for (let seq = 0; seq < 3000; seq++) store(`message ${seq}`);
    log.commit();
    await restart();
    const waiting = seqs()
      .filter((seq) => seq % 100 === 0)
      .map((seq) => books.positions.get(`${LANE}:${seq}`) as number)
      .filter((position) => log.residentPage(position) === undefined)
      .map((position) => new Promise<void>((resolve) => log.fetch(position, resolve)));
    expect(waiting.length).toBeGreaterThan(20);
    expect(log.memoryBytes).toBe(8 * 4 * KIB);
    await Promise.all(waiting);
  });

  test('is given back when the disk has caught up', () => {
    main.isSlow = true;
    log = new MessageLog(main, { cold, ...SMALL, residentBytesMax: 64 * KIB });
    for (let seq = 0; seq < 2000; seq++) store(`message ${seq}`);
    log.commit();
    log.commit();
    main.complete();
    log.commit();
    expect(log.memoryBytes).toBeLessThanOrEqual(64 * KIB);
  });

  test('tells the owner of the log when a page cannot be read, whoever asked for it', () => {
    const failures: Error[] = [];
    const onFailure = (error: Error) => failures.push(error);
    log = new MessageLog(main, { cold, ...SMALL, residentBytesMax: 8 * KIB, onFailure });
    for (let seq = 0; seq < 2000; seq++) store(`message ${seq}`);
    log.commit();
    main.loadNow = () => {
      throw new Error('a bad sector');
    };
    expect(() => textOf(0)).toThrow('a bad sector');
    expect(failures.map(({ message }) => message)).toEqual(['a bad sector']);
  });

  test('puts transient messages on the disk when it is short, and reads them back', () => {
    const spill = new SurvivingEngine();
    log = new MessageLog(main, { cold, spill, ...SMALL, residentBytesMax: 64 * KIB });
    const positions: number[] = [];
    for (let seq = 0; seq < 2000; seq++) {
      const body = new TextEncoder().encode(`message ${seq}`.padEnd(100));
      const publication = Publication.of('', 'q', {}, body);
      positions.push(appendMessageRecord(log, publication, [{ id: LANE, nextSeq: seq }], 0, 1, false, 0));
      books.positions.set(`${LANE}:${seq}`, positions[seq] as number);
      log.commit();
    }
    expect(log.memoryBytes).toBeLessThanOrEqual(64 * KIB + 2 * SMALL.pageBytesMax);
    expect(textOf(0)).toBe('message 0');
    for (const [seq, position] of positions.entries()) log.settle(LANE, seq, position);
    expect(spill.pageCount).toBe(0);
    expect(main.lastBlock).toBe(0);
  });
});

test('any mixture of publishing, settling, cleaning and restarting loses nothing and brings nothing back', async () => {
  const command = fc.oneof(
    fc.record({
      kind: fc.constant('store' as const),
      count: fc.integer({ min: 1, max: 80 }),
      both: fc.boolean(),
    }),
    fc.record({
      kind: fc.constant('settle' as const),
      every: fc.integer({ min: 1, max: 9 }),
      lane: fc.boolean(),
    }),
    fc.record({ kind: fc.constant('clean' as const) }),
    fc.record({ kind: fc.constant('restart' as const) }),
  );
  await fc.assert(
    fc.asyncProperty(fc.array(command, { maxLength: 40, size: 'max' }), async (commands) => {
      main = new SurvivingEngine();
      cold = new SurvivingEngine();
      log = new MessageLog(main, { cold, ...SMALL });
      books = new Books();
      nextSeqs.clear();
      for (const each of commands) {
        if (each.kind === 'store') {
          for (let count = 0; count < each.count; count++) {
            const seq = nextSeqs.get(LANE) ?? 0;
            store(`${seq}`, 100, each.both ? [LANE, OTHER_LANE] : [LANE]);
          }
        } else if (each.kind === 'settle') {
          const laneId = each.lane ? LANE : OTHER_LANE;
          for (const seq of seqs(laneId)) if (seq % each.every === 0) settle(seq, laneId);
        } else if (each.kind === 'clean') {
          cleanAll();
        }
        log.commit();
        if (each.kind !== 'restart') continue;
        const expected = [seqs(LANE), seqs(OTHER_LANE)];
        await restart();
        expect([seqs(LANE), seqs(OTHER_LANE)]).toEqual(expected);
        for (const seq of seqs(LANE)) expect(textOf(seq)).toBe(`${seq}`);
      }
    }),
    { numRuns: 200 },
  );
});
