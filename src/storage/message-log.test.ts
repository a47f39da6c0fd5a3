import fc from 'fast-check';
import { beforeEach, describe, expect, test } from 'vitest';
import { appendMessageRecord, MessageRecord } from '../core/message/message-record.ts';
import { PAGE_SPAN, type RecordOwner } from '../core/message/message-store.ts';
import { Publication } from '../core/message/publication.ts';
import { Lane } from '../core/queue/lane.ts';
import { MemoryEngine } from './memory-engine.ts';
import { MessageLog } from './message-log.ts';

const KIB = 1024;
const MIB = 1024 * KIB;
/** The largest page, but for those that hold one larger record. */
const PAGE_BYTES_MAX = 4 * MIB;
/** Dead bytes in memory that are not worth cleaning. */
const DEAD_BYTES_ALLOWED = 32 * MIB;
/** One for all: only its first bytes are looked at. */
const BODY = new Uint8Array(12 * MIB);

let log: MessageLog;
let lanes: Lane[];
let owner: RecordOwner;

beforeEach(() => {
  log = new MessageLog(new MemoryEngine());
  lanes = [new Lane(0, undefined), new Lane(1, undefined), new Lane(2, undefined)];
  owner = {
    relocate: (laneId, seq, from, to) => lanes[laneId]?.relocate(seq, from, to) ?? false,
    returnCountOf: () => undefined,
    reachOf: () => undefined,
    recordDefinitions: () => {},
  };
});

/** Stores a message whose body begins with `mark`; it is unacked in all of `into`. */
function store(mark: number, bodyBytes: number, into: readonly Lane[] = [lanes[0] as Lane]): number {
  new DataView(BODY.buffer).setUint32(0, mark);
  const publication = Publication.of('', 'q', {}, new Uint8Array(0));
  publication.setBody(BODY, 0, Math.max(4, bodyBytes));
  const position = appendMessageRecord(log, publication, into, 0, into.length, false, 0);
  for (const lane of into) {
    lane.push(position);
    lane.take();
  }
  return position;
}

function markAt(position: number): number {
  const record = new MessageRecord();
  record.read(log.pageOf(position), position);
  return new DataView(record.bytes.buffer, record.bytes.byteOffset).getUint32(record.bodyStart);
}

function settle(lane: Lane, seq: number): void {
  const position = lane.position(seq);
  lane.settle(seq);
  log.settle(lane.id, seq, position);
}

describe('the log', () => {
  test('costs little while it is empty', () => {
    expect(log.memoryBytes).toBe(0);
    store(1, 100);
    expect(log.memoryBytes).toBe(64 * KIB);
    settle(lanes[0] as Lane, 0);
    expect(log.liveBytes).toBe(0);
  });

  test('finds each record at the position that it was given', () => {
    const positions = Array.from({ length: 1000 }, (_, mark) => store(mark, 1000));
    expect(positions.map(markAt)).toEqual(positions.map((_, mark) => mark));
    expect(new Set(positions).size).toBe(1000);
    expect(positions).toEqual(positions.toSorted((a, b) => a - b));
  });

  test('grows by pages that double up to the largest', () => {
    for (let mark = 0; mark < 300; mark++) store(mark, 60 * KIB);
    // 64, 128, ..., 2048 KiB, and then 4 MiB each.
    const small = 64 * KIB * (2 ** 6 - 1);
    expect((log.memoryBytes - small) % PAGE_BYTES_MAX).toBe(0);
    expect(log.memoryBytes).toBeLessThan(log.liveBytes + 2 * PAGE_BYTES_MAX);
  });

  test('takes a record that is larger than any page', () => {
    store(1, 100);
    const position = store(2, 10 * MIB);
    const after = store(3, 100);
    expect([markAt(position), markAt(after)]).toEqual([2, 3]);
    settle(lanes[0] as Lane, 1);
    expect(log.memoryBytes).toBeLessThan(6 * MIB);
  });

  test('does not know a position in a page that is gone, and says which it was', () => {
    const position = store(1, 100 * KIB);
    store(2, 100 * KIB);
    settle(lanes[0] as Lane, 0);
    expect(() => log.pageOf(position)).toThrow(`no page holds position ${position}`);
    expect(() => log.pageOf(999 * PAGE_SPAN)).toThrow('no page holds position');
  });
});

describe('a record', () => {
  test('is alive until every queue has settled it', () => {
    store(1, 100, lanes);
    const bytes = log.liveBytes;
    expect(bytes).toBeGreaterThan(100);
    settle(lanes[0] as Lane, 0);
    settle(lanes[2] as Lane, 0);
    expect(log.liveBytes).toBeGreaterThan(0);
    settle(lanes[1] as Lane, 0);
    expect(log.liveBytes).toBe(0);
  });

  test('that is the last in its page takes the page along', () => {
    for (let mark = 0; mark < 200; mark++) store(mark, 100 * KIB);
    const before = log.memoryBytes;
    for (let seq = 0; seq < 200; seq++) settle(lanes[0] as Lane, seq);
    expect(before).toBeGreaterThan(20 * MIB);
    expect(log.memoryBytes).toBeLessThanOrEqual(PAGE_BYTES_MAX);
    expect(log.liveBytes).toBe(0);
  });
});

test('messages that come and go at once do not make the log grow', () => {
  for (let seq = 0; seq < 2000; seq++) {
    store(seq, 100 * KIB);
    settle(lanes[0] as Lane, seq);
  }
  expect(log.memoryBytes).toBeLessThanOrEqual(2 * PAGE_BYTES_MAX);
});

describe('cleaning', () => {
  /** Keeps one message of `every` of `count`, of 100 KiB each. */
  function storeSparsely(count: number, every: number): void {
    for (let seq = 0; seq < count; seq++) store(seq, 100 * KIB);
    for (let seq = 0; seq < count; seq++) if (seq % every !== 0) settle(lanes[0] as Lane, seq);
  }

  function cleanAll(): number {
    let steps = 1;
    while (log.clean(owner)) steps++;
    return steps;
  }

  test('does nothing while little is dead', () => {
    storeSparsely(300, 2);
    const before = log.memoryBytes;
    expect(log.clean(owner)).toBe(false);
    expect(log.memoryBytes).toBe(before);
  });

  test('does nothing while most is alive', () => {
    store(0, 4);
    for (let seq = 1; seq < 1200; seq++) store(seq, 100 * KIB);
    for (let seq = 0; seq < 1200; seq++) if (seq % 3 === 0) settle(lanes[0] as Lane, seq);
    const before = log.memoryBytes;
    expect(before - log.liveBytes).toBeGreaterThan(DEAD_BYTES_ALLOWED);
    expect(log.clean(owner)).toBe(false);
    expect(log.memoryBytes).toBe(before);
  });

  test('frees what few old messages kept, and loses none of them', () => {
    storeSparsely(800, 20);
    const { liveBytes } = log;
    expect(log.memoryBytes).toBeGreaterThan(70 * MIB);
    expect(cleanAll()).toBeGreaterThan(1);
    expect(log.liveBytes).toBe(liveBytes);
    expect(log.memoryBytes - log.liveBytes).toBeLessThanOrEqual(DEAD_BYTES_ALLOWED + PAGE_BYTES_MAX);
    for (let seq = 0; seq < 800; seq += 20) expect(markAt((lanes[0] as Lane).position(seq))).toBe(seq);
  });

  test('moves a record once for all the queues that still hold it', () => {
    store(7, 100 * KIB, lanes);
    settle(lanes[1] as Lane, 0);
    const from = (lanes[0] as Lane).position(0);
    for (let seq = 1; seq < 800; seq++) store(seq, 100 * KIB);
    for (let seq = 1; seq < 800; seq++) if (seq % 20 !== 0) settle(lanes[0] as Lane, seq);
    cleanAll();
    const to = (lanes[0] as Lane).position(0);
    expect(to).toBeGreaterThan(from);
    expect((lanes[2] as Lane).position(0)).toBe(to);
    const { liveBytes } = log;
    settle(lanes[0] as Lane, 0);
    expect(markAt((lanes[2] as Lane).position(0))).toBe(7);
    settle(lanes[2] as Lane, 0);
    expect(log.liveBytes).toBeLessThan(liveBytes);
  });

  test('stops when a live record belongs to nobody: the books are wrong', () => {
    storeSparsely(800, 20);
    owner = { ...owner, relocate: () => false };
    expect(() => cleanAll()).toThrow('belong to no queue');
  });

  test('keeps every message through any mixture of publishing, settling and cleaning', () => {
    const command = fc.oneof(
      fc.record({
        kind: fc.constant('store' as const),
        count: fc.integer({ min: 1, max: 60 }),
        bodyBytes: fc.constantFrom(0, 50 * KIB, 500 * KIB, 3 * MIB, 5 * MIB),
        laneMask: fc.integer({ min: 1, max: 7 }),
      }),
      // Of what is unsettled, all but each `every`-th, from the share `at` on.
      fc.record({
        kind: fc.constant('settle' as const),
        at: fc.double({ min: 0, max: 1, noNaN: true }),
        every: fc.integer({ min: 2, max: 30 }),
      }),
      fc.record({ kind: fc.constant('clean' as const) }),
    );
    fc.assert(
      fc.property(fc.array(command, { maxLength: 20, size: 'max' }), (commands) => {
        log = new MessageLog(new MemoryEngine());
        lanes = [0, 1, 2].map((id) => new Lane(id, undefined));
        const held: { readonly lane: Lane; readonly seq: number; readonly mark: number }[] = [];
        let mark = 0;
        for (const each of commands) {
          if (each.kind === 'store') {
            // Bounded, so that a run does not need more than a few hundred megabytes.
            const count = Math.min(each.count, Math.floor((30 * MIB) / Math.max(each.bodyBytes, KIB)));
            for (let index = 0; index < count; index++) {
              const into = lanes.filter((lane) => (each.laneMask & (1 << lane.id)) !== 0);
              store(++mark, each.bodyBytes, into);
              for (const lane of into) held.push({ lane, seq: lane.nextSeq - 1, mark });
            }
          } else if (each.kind === 'settle') {
            const from = Math.floor(each.at * held.length);
            const tail = held.splice(from);
            for (const [index, entry] of tail.entries()) {
              if (index % each.every === 0) held.push(entry);
              else settle(entry.lane, entry.seq);
            }
          } else {
            cleanAll();
            const dead = log.memoryBytes - log.liveBytes;
            // Large records leave room at the ends of their pages.
            const room = log.memoryBytes / 4 + PAGE_BYTES_MAX;
            expect(dead).toBeLessThanOrEqual(Math.max(DEAD_BYTES_ALLOWED, log.liveBytes) + room);
          }
        }
        for (const entry of held) expect(markAt(entry.lane.position(entry.seq))).toBe(entry.mark);
        for (const entry of held) settle(entry.lane, entry.seq);
        expect(log.liveBytes).toBe(0);
      }),
      { numRuns: 25 },
    );
  });
});
