import { expect, test } from 'vitest';
import { findingsOf, type Snapshot } from './status-snapshot.ts';

const QUIET: Snapshot = { overview: {}, nodes: [{}], queues: [], oldestSeconds: [], blockedConnections: 0 };

function queue(name: string, fields: object): object {
  return { name, messages_ready: 10, consumers: 0, ...fields };
}

function textsOf(snapshot: Partial<Snapshot>): string[] {
  return findingsOf({ ...QUIET, ...snapshot }).map(({ text }) => text);
}

test('a broker that has nothing to complain about', () => {
  expect(findingsOf(QUIET)).toEqual([]);
  const queues = [queue('level', { consumers: 1, message_stats: { deliver_get_details: { rate: 5 } } })];
  expect(textsOf({ queues: [...queues, queue('parked', {})] })).toEqual([]);
});

test('alarms say how much there is, and who waits', () => {
  const memory = { mem_alarm: true, mem_used: 2 ** 30, mem_limit: 2 ** 30 };
  const disk = { disk_free_alarm: true, disk_free: 2 ** 20, disk_free_limit: 2 ** 29 };
  expect(findingsOf({ ...QUIET, nodes: [memory], blockedConnections: 2 })).toEqual([
    { isAlarm: true, text: 'memory is short, 1.00 GiB of 1.00 GiB used: 2 connections blocked' },
  ]);
  expect(textsOf({ nodes: [disk] })).toEqual([
    'the disk is nearly full, 1.00 MiB free of at least 512 MiB: publishers have to wait',
  ]);
});

test('queues that grow, are stuck or paused are named, the first three of a kind', () => {
  const growing = { messages_details: { rate: 2.5 } };
  const consumed = { consumers: 2, message_stats: { deliver_get_details: { rate: 1 } } };
  const queues = [
    ...['a', 'b', 'c', 'd', 'e'].map((name) => queue(name, growing)),
    queue('slow', { ...growing, ...consumed }),
    queue('stuck', { consumers: 1 }),
    queue('asleep', { consumers: 1, state: 'paused' }),
  ];
  expect(textsOf({ queues })).toEqual([
    "queue 'a' has no consumers and grows by 2.5/s",
    "queue 'b' has no consumers and grows by 2.5/s",
    "queue 'c' has no consumers and grows by 2.5/s",
    'and 2 other queues like it',
    "queue 'slow' grows by 2.5/s: its 2 consumers cannot keep up",
    "queue 'stuck' has 10 ready and consumers, and delivers nothing: see leveret explain queue",
    "queue 'asleep' is paused",
  ]);
});

test('messages that lead nowhere and file descriptors that run out', () => {
  const overview = { message_stats: { drop_unroutable_details: { rate: 3 } } };
  expect(textsOf({ overview, nodes: [{ fd_used: 950, fd_total: 1000 }] })).toEqual([
    '950 of 1 000 file descriptors are in use',
    '3.0/s are dropped, because they lead to no queue: see leveret explain route',
  ]);
});
