import { beforeEach, expect, test } from 'vitest';
import { messageTo, RuntimeUnderTest } from '../../../test/core/runtime-under-test.ts';
import type { MessageLog } from '../../storage/message-log.ts';
import { Lane } from '../queue/lane.ts';
import {
  appendMessageRecord,
  bodyBytesOf,
  copyMessageRecord,
  destinationCountAt,
  destinationLane,
  destinationSeq,
  MessageRecord,
  NO_EXPIRATION,
  RECORD_MESSAGE,
  recordBytesAt,
  recordKindAt,
} from './message-record.ts';
import type { Page } from './message-store.ts';
import { Publication } from './publication.ts';

let log: MessageLog;
const record = new MessageRecord();

beforeEach(() => {
  log = new RuntimeUnderTest().log;
});

function laneAt(id: number, nextSeq: number): Lane {
  const lane = new Lane(id, undefined);
  lane.nextSeq = nextSeq;
  return lane;
}

function append(publication: Publication, lanes: readonly Lane[], nowMs = 0): [Page, number] {
  const position = appendMessageRecord(log, publication, lanes, 0, lanes.length, false, nowMs);
  return [log.pageOf(position), position];
}

function text(start: number, end: number): string {
  return new TextDecoder().decode(record.bytes.subarray(start, end));
}

test('the parts of a message lie one behind the other', () => {
  const publication = Publication.of('ex', 'key', { deliveryMode: 2 }, new TextEncoder().encode('hello'));
  append(messageTo('before'), [laneAt(1, 0)]);
  const [page, position] = append(publication, [laneAt(1, 0)]);
  record.read(page, position);
  expect(text(record.addressStart, record.addressEnd)).toBe('\u0002ex\u0003key');
  expect([...record.bytes.subarray(record.addressEnd, record.bodyStart)]).toEqual([0x10, 0, 2]);
  expect(text(record.bodyStart, record.bodyEnd)).toBe('hello');
  expect(bodyBytesOf(page, position)).toBe(5);
});

test('a small message takes the 52 bytes that the memory budget counts on', () => {
  const publication = Publication.of('', 'queue', { deliveryMode: 2 }, new Uint8Array(16));
  const [page, position] = append(publication, [laneAt(1, 0)]);
  expect(recordBytesAt(page, position - page.base)).toBe(52);
});

test('an expiration is kept', () => {
  const properties = { deliveryMode: 2, expiration: '4294967295' };
  record.read(...append(Publication.of('', 'q', properties, new Uint8Array(3)), [laneAt(1, 0)]));
  expect(record).toMatchObject({ expirationMs: 4_294_967_295 });
  expect(record.bodyEnd - record.bodyStart).toBe(3);
  record.read(...append(Publication.of('', 'q', { expiration: '0' }, new Uint8Array(0)), [laneAt(1, 0)]));
  expect(record).toMatchObject({ expirationMs: 0 });
  record.read(...append(messageTo('q'), [laneAt(1, 0)]));
  expect(record).toMatchObject({ expirationMs: NO_EXPIRATION });
});

test('the lowest bit of the flags says whether the message is persistent', () => {
  for (const deliveryMode of [1, 2]) {
    const publication = Publication.of('', 'q', { deliveryMode }, new Uint8Array(0));
    const [page, position] = append(publication, [laneAt(1, 0)]);
    expect((page.bytes[position - page.base + 4] as number) & 1).toBe(deliveryMode - 1);
  }
});

test.each([0, 1, 2 ** 31, 2 ** 32 - 1, 2 ** 32, 2 ** 40 - 1])('an arrival at %d ms is kept', (nowMs) => {
  record.read(...append(messageTo('q'), [laneAt(1, 0)], nowMs));
  expect(record.arrivalMs).toBe(nowMs);
});

test.each(['60', undefined])(
  'every destination is listed with its lane and seq, expiration %s',
  (expiration) => {
    const lanes = [laneAt(7, 0), laneAt(2 ** 32 - 1, 2 ** 32 + 5), laneAt(9, 2 ** 47)];
    const properties = expiration === undefined ? {} : { expiration };
    const [page, position] = append(Publication.of('e', 'k', properties, new Uint8Array(9)), lanes);
    const offset = position - page.base;
    expect(destinationCountAt(page, offset)).toBe(3);
    for (const [index, lane] of lanes.entries()) {
      expect(destinationLane(page, offset, index)).toBe(lane.id);
      expect(destinationSeq(page, offset, index)).toBe(lane.nextSeq);
    }
    record.read(page, position);
    expect(text(record.addressStart, record.addressEnd)).toBe('\u0001e\u0001k');
  },
);

test('a part of the lanes can be written', () => {
  const lanes = [laneAt(1, 10), laneAt(2, 20), laneAt(3, 30)];
  const position = appendMessageRecord(log, messageTo('q'), lanes, 1, 2, false, 0);
  const page = log.pageOf(position);
  const offset = position - page.base;
  expect(destinationCountAt(page, offset)).toBe(2);
  expect([destinationLane(page, offset, 0), destinationSeq(page, offset, 0)]).toEqual([2, 20]);
  expect([destinationLane(page, offset, 1), destinationSeq(page, offset, 1)]).toEqual([3, 30]);
});

test('a record says of which kind it is', () => {
  const [page, position] = append(messageTo('q'), [laneAt(1, 0)]);
  expect(recordKindAt(page, position - page.base)).toBe(RECORD_MESSAGE);
});

test.each([
  { kept: [1, 2, 3], expiration: '60' },
  { kept: [2], expiration: undefined },
  { kept: [], expiration: '60' },
])('a copy for lanes $kept has those destinations, and all else', ({ kept, expiration }) => {
  const properties = expiration === undefined ? {} : { expiration };
  const publication = Publication.of('ex', 'key', properties, new TextEncoder().encode('body'));
  const [page, position] = append(publication, [laneAt(1, 10), laneAt(2, 20), laneAt(3, 2 ** 40)], 99);
  const bytes = recordBytesAt(page, position - page.base);
  const to = log.tail(bytes, false);
  const held = copyMessageRecord(page, position - page.base, to, (laneId) => kept.includes(laneId));
  expect(held).toBe(kept.length);
  expect(recordBytesAt(to, to.end)).toBe(bytes - 10 * (3 - kept.length));
  expect(destinationCountAt(to, to.end)).toBe(kept.length);
  const seqs = kept.map((_, index) => destinationSeq(to, to.end, index));
  expect(seqs).toEqual(kept.map((laneId) => [0, 10, 20, 2 ** 40][laneId]));
  record.read(to, to.base + to.end);
  expect(text(record.addressStart, record.addressEnd)).toBe('\u0002ex\u0003key');
  expect(text(record.bodyStart, record.bodyEnd)).toBe('body');
  expect([record.arrivalMs, record.expirationMs]).toEqual([
    99,
    expiration === undefined ? NO_EXPIRATION : 60,
  ]);
});
