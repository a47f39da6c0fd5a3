import { beforeEach, describe, expect, test } from 'vitest';
import { messageTo, RuntimeUnderTest } from '../../test/core/runtime-under-test.ts';
import { appendMessageRecord } from './message/message-record.ts';
import type { Queue } from './queue/queue.ts';
import type { Runtime } from './runtime.ts';

const ALL = 1_000_000;
let host: RuntimeUnderTest;
let runtime: Runtime;

beforeEach(() => {
  host = new RuntimeUnderTest();
  runtime = host.runtime;
});

describe('the time', () => {
  test('is the same from the first question to the end of the turn', () => {
    host.clock.moveTo(100);
    expect(runtime.now()).toBe(100);
    host.clock.moveTo(150);
    expect(runtime.now()).toBe(100);
    runtime.endTurn();
    expect(runtime.now()).toBe(150);
  });

  test('is not asked for without a turn in which it passes', () => {
    runtime.now();
    runtime.now();
    expect(host.turnsRequested).toBe(1);
    runtime.beginTurn();
    runtime.now();
    runtime.endTurn();
    expect(host.turnsRequested).toBe(1);
    runtime.beginTurn();
    runtime.now();
    runtime.endTurn();
    expect(host.turnsRequested).toBe(1);
    runtime.now();
    expect(host.turnsRequested).toBe(2);
  });

  test('is in whole milliseconds, and for people in whole seconds since 1970', () => {
    host.clock.moveTo(1999.9);
    expect(runtime.now()).toBe(1999);
    expect(runtime.wallSeconds()).toBe(Date.UTC(2026, 0, 1) / 1000 + 1);
  });
});

describe('the lanes', () => {
  test('have numbers of their own, which are not used again', () => {
    const [first, second] = [runtime.makeLane(undefined), runtime.makeLane(undefined)];
    runtime.discard(second);
    runtime.releaseDiscarded(ALL);
    const third = runtime.makeLane(undefined);
    expect(new Set([first.id, second.id, third.id]).size).toBe(3);
  });

  test('are told when a record of theirs moved, as long as they are there', () => {
    const lane = runtime.makeLane(undefined);
    lane.push(5);
    expect(runtime.relocate(lane.id, 0, 5, 9)).toBe(true);
    expect(lane.position(0)).toBe(9);
    expect(runtime.relocate(lane.id, 0, 5, 11)).toBe(false);
  });

  test('that are discarded give their messages back piece by piece, and are told of moves until then', () => {
    const lane = runtime.makeLane(undefined);
    for (let count = 0; count < 10; count++) {
      lane.push(appendMessageRecord(host.log, messageTo('q'), [lane], 0, 1, 0));
    }
    const recordBytes = host.log.liveBytes / 10;
    runtime.discard(lane);
    expect(host.turnsRequested).toBe(1);
    runtime.releaseDiscarded(4);
    expect(host.log.liveBytes).toBe(6 * recordBytes);
    expect(runtime.hasDiscarded).toBe(true);
    expect(lane.position(3)).toBe(-1);
    const position = lane.position(9);
    expect(runtime.relocate(lane.id, 9, position, position)).toBe(true);
    runtime.releaseDiscarded(6);
    runtime.releaseDiscarded(1);
    expect(host.log.liveBytes).toBe(0);
    expect(runtime.hasDiscarded).toBe(false);
    expect(runtime.relocate(lane.id, 9, position, position)).toBe(false);
  });

  test('that are purged give back what was ready, and go on', () => {
    const lane = runtime.makeLane(undefined);
    const push = () => lane.push(appendMessageRecord(host.log, messageTo('q'), [lane], 0, 1, 0));
    for (let count = 0; count < 10; count++) push();
    const recordBytes = host.log.liveBytes / 10;
    for (let count = 0; count < 4; count++) lane.take();
    lane.giveBack(1);
    lane.giveBack(2);
    runtime.discardReady(lane);
    expect(lane.readyCount).toBe(0);
    push();
    expect(lane.take()).toBe(10);
    for (let turn = 0; turn < 5; turn++) runtime.releaseDiscarded(2);
    expect(runtime.hasDiscarded).toBe(false);
    expect(host.log.liveBytes).toBe(3 * recordBytes);
    expect([0, 1, 2, 3, 4, 9].map((seq) => lane.position(seq) >= 0)).toEqual([
      true,
      false,
      false,
      true,
      false,
      false,
    ]);
    lane.giveBack(3);
    expect(lane.take()).toBe(3);
  });
});

describe('the queues that are due', () => {
  /** A queue with `messages` to deliver, at most `perTurn` at a time. */
  class PumpedQueue {
    due = false;
    messages: number;
    readonly perTurn: number;
    pumps = 0;

    constructor(messages: number, perTurn = 10) {
      this.messages = messages;
      this.perTurn = perTurn;
    }

    pump(): number {
      this.due = false;
      this.pumps++;
      const delivered = Math.min(this.messages, this.perTurn);
      this.messages -= delivered;
      if (this.messages > 0) runtime.markDue(asQueue(this));
      return delivered;
    }
  }

  function asQueue(queue: PumpedQueue): Queue {
    return queue as unknown as Queue;
  }

  function due(...queues: PumpedQueue[]): void {
    for (const queue of queues) runtime.markDue(asQueue(queue));
  }

  test('ask for one turn together', () => {
    const [first, second] = [new PumpedQueue(1), new PumpedQueue(1)];
    due(first, first, second);
    expect(host.turnsRequested).toBe(1);
    runtime.pumpQueues(100);
    expect([first.messages, second.messages]).toEqual([0, 0]);
    expect(first.pumps).toBe(1);
    expect(runtime.hasDueQueues).toBe(false);
    due(first);
    expect(host.turnsRequested).toBe(2);
  });

  test('each have their turn once, and what is left waits for the next one', () => {
    const [busy, other] = [new PumpedQueue(25), new PumpedQueue(5)];
    due(busy, other);
    runtime.pumpQueues(100);
    expect([busy.messages, other.messages]).toEqual([15, 0]);
    expect(runtime.hasDueQueues).toBe(true);
  });

  test('for which a turn has no room are the first in the next one', () => {
    const busy = [new PumpedQueue(1000), new PumpedQueue(1000)];
    const patient = [new PumpedQueue(1), new PumpedQueue(1)];
    due(...busy, ...patient);
    runtime.pumpQueues(20);
    expect(patient.map(({ messages }) => messages)).toEqual([1, 1]);
    expect(runtime.hasDueQueues).toBe(true);
    runtime.pumpQueues(20);
    expect(patient.map(({ messages }) => messages)).toEqual([0, 0]);
  });

  test('all come round, however many of them always have more', () => {
    const queues = Array.from({ length: 7 }, () => new PumpedQueue(1000));
    due(...queues);
    for (let turn = 0; turn < 7; turn++) runtime.pumpQueues(20);
    expect(queues.map(({ messages }) => 1000 - messages)).toEqual([20, 20, 20, 20, 20, 20, 20]);
  });
});

test('random names have the length asked for, in characters that any client takes', () => {
  const names = Array.from({ length: 50 }, () => runtime.randomName(22));
  for (const name of names) expect(name).toMatch(/^[A-Za-z0-9_-]{22}$/);
  expect(new Set(names).size).toBe(50);
});
