import { beforeEach, describe, expect, test } from 'vitest';
import { messageTo, RuntimeUnderTest, SurvivingRuntime } from '../../test/core/runtime-under-test.ts';
import { appendMessageRecord } from './message/message-record.ts';
import type { Lane, LaneOwner } from './queue/lane.ts';
import type { Queue } from './queue/queue.ts';
import { REACH_STEP } from './queue/reach.ts';
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
    expect(runtime.wallSeconds()).toBe(Date.UTC(2020, 0, 1) / 1000 + 1);
  });
});

describe('core time', () => {
  test('goes on after a restart where the clock on the wall is, whatever the monotonic clock shows', () => {
    const later = new RuntimeUnderTest(undefined, undefined, 86_400_000);
    expect(later.runtime.now()).toBe(86_400_000);
    later.clock.moveTo(5);
    later.runtime.endTurn();
    expect(later.runtime.now()).toBe(86_400_005);
  });

  test('never begins before 2020, so that it fits into a record', () => {
    expect(new RuntimeUnderTest(undefined, undefined, -1000).runtime.now()).toBe(0);
  });

  test('is told to the host as its own clock shows it', () => {
    const later = new RuntimeUnderTest(undefined, undefined, 1000);
    later.runtime.requestTurnAt(1500);
    later.runtime.requestTurnAt(Number.POSITIVE_INFINITY);
    expect(later.turnsRequestedAt).toEqual([500, Number.POSITIVE_INFINITY]);
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

  test('that are discarded give their messages back piece by piece, and never move', () => {
    const lane = runtime.makeLane(undefined);
    for (let count = 0; count < 10; count++) {
      lane.push(appendMessageRecord(host.log, messageTo('q'), [lane], 0, 1, false, 0));
    }
    const recordBytes = host.log.liveBytes / 10;
    runtime.discard(lane);
    expect(host.turnsRequested).toBe(1);
    runtime.releaseDiscarded(4);
    expect(host.log.liveBytes).toBe(6 * recordBytes);
    expect(runtime.hasDiscarded).toBe(true);
    expect(lane.position(3)).toBe(-1);
    const position = lane.position(9);
    expect(runtime.relocate(lane.id, 9, position, position)).toBe(false);
    expect(host.log.liveBytes).toBe(5 * recordBytes);
    runtime.releaseDiscarded(6);
    runtime.releaseDiscarded(1);
    expect(host.log.liveBytes).toBe(0);
    expect(runtime.hasDiscarded).toBe(false);
    expect(runtime.relocate(lane.id, 9, position, position)).toBe(false);
  });

  test('that are purged give back what was ready, and go on', () => {
    const lane = runtime.makeLane(undefined);
    const push = () => lane.push(appendMessageRecord(host.log, messageTo('q'), [lane], 0, 1, false, 0));
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

describe('the lanes that survive', () => {
  function recordedLane(host: RuntimeUnderTest, count: number): Lane {
    const lane = host.runtime.makeRecordedLane({ onReach: () => {} } as LaneOwner);
    for (let index = 0; index < count; index++)
      lane.push(appendMessageRecord(host.log, messageTo('q'), [lane], 0, 1, true, 0));
    return lane;
  }

  test('are numbered on behind all that there were', async () => {
    const first = SurvivingRuntime.start();
    const lanes = [recordedLane(first, 1), recordedLane(first, 1)];
    first.turn();
    const { runtime } = await first.restart();
    expect(runtime.makeLane(undefined).id).toBe((lanes[1] as Lane).id + 1);
    runtime.takeRestored(40);
    expect(runtime.makeLane(undefined).id).toBe(41);
  });

  test('are dropped when nobody takes them, and need no record for it', async () => {
    const first = SurvivingRuntime.start();
    const id = recordedLane(first, 3).id;
    first.turn();
    const second = await first.restart();
    expect(second.log.liveBytes).toBeGreaterThan(0);
    second.runtime.discardRestored();
    expect(second.runtime.returnCountOf(id, 2)).toBe(0);
    second.turn();
    expect(second.runtime.returnCountOf(id, 2)).toBeUndefined();
    expect(second.log.liveBytes).toBe(0);
    expect(second.engine.lastBlock).toBe(first.engine.lastBlock);
  });

  test('are purged on record at once, however long the release takes', async () => {
    const first = SurvivingRuntime.start();
    const lane = recordedLane(first, 10);
    for (let count = 0; count < 5; count++) lane.take();
    lane.giveBack(3);
    first.runtime.discardReady(lane);
    first.runtime.onCommitted(first.log.commit());
    const { runtime } = await first.restart();
    const { lane: restored } = takeFor(runtime, lane.id);
    expect(unsettled(restored, 10)).toEqual([0, 1, 2, 4]);
  });

  test('let go of what was purged when cleaning would move it: that it was purged is on record in front of the copy', async () => {
    const first = SurvivingRuntime.start();
    const lane = recordedLane(first, 100);
    first.turn();
    lane.take();
    first.runtime.discardReady(lane);
    const liveBytes = first.log.liveBytes;
    expect(first.runtime.relocate(lane.id, 5, lane.position(5), 2 ** 30)).toBe(false);
    expect(first.log.liveBytes).toBeLessThan(liveBytes);
    expect(lane.position(5)).toBe(-1);
    for (let turn = 0; turn < 5; turn++) first.turn();
    const { runtime } = await first.restart();
    expect(unsettled(takeFor(runtime, lane.id).lane, 100)).toEqual([0]);
  });

  test('deliver on when a new reach is durable, and not before', () => {
    const host = SurvivingRuntime.start();
    host.engine.isSlow = true;
    let resumed = 0;
    const lane = host.runtime.makeRecordedLane({ onReach: () => resumed++ } as unknown as LaneOwner);
    lane.reach?.set(0);
    lane.push(0);
    host.runtime.extendReach(lane);
    host.runtime.extendReach(lane);
    expect(host.runtime.reachOf(lane.id)).toBe(REACH_STEP);
    host.turn();
    host.turn();
    expect([lane.mayDeliver, resumed]).toEqual([false, 0]);
    expect(host.engine.lastBlock).toBe(1);
    host.engine.complete();
    host.turn();
    expect([lane.mayDeliver, resumed]).toEqual([true, 1]);
  });

  test('say before a stop exactly what was delivered, if there is anything left to deliver', async () => {
    const first = SurvivingRuntime.start();
    const [busy, done] = [recordedLane(first, 10), recordedLane(first, 2)];
    for (let count = 0; count < 4; count++) busy.take();
    for (let count = 0; count < 2; count++) done.take();
    first.runtime.recordExactReach();
    first.runtime.recordExactReach();
    expect([first.runtime.reachOf(busy.id), first.runtime.reachOf(done.id)]).toEqual([4, undefined]);
    first.turn();
    const { runtime } = await first.restart();
    const { lane } = takeFor(runtime, busy.id);
    expect(redeliveredOf(lane)).toEqual([true, true, true, true, false, false, false, false, false, false]);
    expect(redeliveredOf(takeFor(runtime, done.id).lane)).toEqual([true, true]);
  });

  function takeFor(runtime: Runtime, id: number): { lane: Lane } {
    const restored = runtime.takeRestored(id);
    restored.adopt({ onReach: () => {} } as LaneOwner);
    return restored;
  }

  function unsettled(lane: Lane, count: number): number[] {
    return Array.from({ length: count }, (_, seq) => seq).filter((seq) => lane.position(seq) >= 0);
  }

  function redeliveredOf(lane: Lane): boolean[] {
    const redelivered: boolean[] = [];
    for (; lane.readyCount > 0; lane.take()) redelivered.push(lane.nextIsReturned);
    return redelivered;
  }
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
