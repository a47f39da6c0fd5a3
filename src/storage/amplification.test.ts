/**
 * What cleaning costs: bytes written for each byte of messages (write amplification), and bytes stored for each byte that
 * lives (space amplification), for backlogs of different habits. The log is scaled down: pages of 4 KiB instead of 4 MiB.
 */
import { expect, test } from 'vitest';
import { SurvivingEngine } from '../../test/storage/surviving-engine.ts';
import { appendMessageRecord } from '../core/message/message-record.ts';
import type { RecordOwner } from '../core/message/message-store.ts';
import { Publication } from '../core/message/publication.ts';
import { SeededRandom } from '../testing/seeded-random.ts';
import { MessageLog } from './message-log.ts';

const KIB = 1024;
const DEAD_BYTES_ALLOWED = 128 * KIB;
const MESSAGES = 60_000;
const BODY = new Uint8Array(100);
const LANE = 1;
const SETTLED_PER_TURN = 50;

interface Habit {
  readonly name: string;
  /** How many messages are published between a message and its settlement, drawn at random; Infinity: it stays. */
  lifetime(random: () => number): number;
  /** Bytes written for each byte of messages, as measured. */
  readonly written: number;
}

const HABITS: readonly Habit[] = [
  { name: 'a queue whose consumer keeps up', lifetime: () => 10, written: 1 },
  { name: 'a backlog of 5000, first in, first out', lifetime: () => 5000, written: 1 },
  {
    name: 'messages that stay for very different times',
    lifetime: (random) => random() ** 4 * 20_000,
    written: 1.45,
  },
  {
    name: 'one of ten parked for good',
    lifetime: (random) => (random() < 0.1 ? Infinity : 100),
    written: 1.1,
  },
  {
    name: 'half of them parked for long',
    lifetime: (random) => (random() < 0.5 ? 20_000 : 100),
    written: 1.38,
  },
];

test.each(HABITS)('$name: a byte is written twice at most, and room is bounded', ({ lifetime, written }) => {
  const source = new SeededRandom(7);
  const random = (): number => source.uint32() / 2 ** 32;
  const log = new MessageLog(new SurvivingEngine(), {
    cold: new SurvivingEngine(),
    deadBytesAllowed: DEAD_BYTES_ALLOWED,
    pageBytesFirst: 4 * KIB,
    pageBytesMax: 4 * KIB,
  });
  const positions = new Map<number, number>();
  const owner: RecordOwner = {
    relocate: (_laneId, seq, from, to) => {
      if (positions.get(seq) !== from) return false;
      positions.set(seq, to);
      return true;
    },
    returnCountOf: () => undefined,
    reachOf: () => undefined,
    recordDefinitions: () => {},
  };
  const settledAt = new Map<number, number[]>();
  const publication = Publication.of('', 'queue', { deliveryMode: 2 }, BODY);
  let storedMax = 0;
  let liveMax = 0;
  for (let seq = 0; seq < MESSAGES; seq++) {
    positions.set(seq, appendMessageRecord(log, publication, [{ id: LANE, nextSeq: seq }], 0, 1, true, 0));
    const end = seq + 1 + Math.floor(lifetime(random));
    if (end < MESSAGES) settledAt.set(end, [...(settledAt.get(end) ?? []), seq]);
    for (const settled of settledAt.get(seq) ?? []) {
      log.settle(LANE, settled, positions.get(settled) as number);
      positions.delete(settled);
    }
    settledAt.delete(seq);
    if (seq % SETTLED_PER_TURN !== 0) continue;
    log.commit();
    // A turn is 7 KiB here, and cleans a page; of a real log, 128 KiB and a page of 4 MiB.
    for (let pages = 0; pages < 4 && log.clean(owner); pages++);
    storedMax = Math.max(storedMax, log.storedBytes);
    liveMax = Math.max(liveMax, log.liveBytes);
  }
  const writeAmplification = (log.appendedBytes + log.copiedBytes) / log.appendedBytes;
  const spaceAmplification = storedMax / (liveMax + 2 * DEAD_BYTES_ALLOWED);
  // What docs/performance.md says.
  expect(writeAmplification).toBeCloseTo(written, 2);
  expect(writeAmplification).toBeLessThan(2);
  expect(spaceAmplification).toBeLessThan(2);
});
