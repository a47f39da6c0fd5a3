import { beforeEach, describe, expect, test } from 'vitest';
import { messageTo, RuntimeUnderTest, SurvivingRuntime } from '../../../test/core/runtime-under-test.ts';
import type { QueueArguments } from '../arguments/queue-arguments.ts';
import { appendMessageRecord, NO_EXPIRATION } from '../message/message-record.ts';
import { Publication } from '../message/publication.ts';
import { Consumer, type DeliveryTarget } from './consumer.ts';
import { Queue } from './queue.ts';
import { REACH_STEP } from './reach.ts';

const DELIVERIES_PER_TURN = 16_384;
const EXPIRIES_PER_TURN = 2048;

let host: RuntimeUnderTest;
let delivered: number;

beforeEach(() => {
  host = new RuntimeUnderTest();
  delivered = 0;
});

function queueWith(count: number, settings: Partial<QueueArguments>): Queue {
  const properties = {
    name: 'q',
    durable: false,
    autoDelete: false,
    exclusiveOwner: undefined,
    arguments: new Map(),
  };
  const vhost = { name: '/', removeQueue: () => {}, deadLetter: () => {}, keepOutcome: () => {} };
  const queue = new Queue(host.runtime, vhost, properties, {
    type: 'classic',
    ...settings,
  } as QueueArguments);
  for (let index = 0; index < count; index++) {
    const lane = queue.laneFor(0);
    const position = appendMessageRecord(
      host.log,
      messageTo('q', 'm'),
      [lane],
      0,
      1,
      false,
      host.runtime.now(),
    );
    queue.enqueue(lane, position, 1, NO_EXPIRATION);
  }
  return queue;
}

function consume(queue: Queue): void {
  const target: DeliveryTarget = {
    canDeliver: true,
    hasGlobalCredit: true,
    deliver: () => {
      delivered++;
    },
    onQueueDeleted: () => {},
  };
  const settings = { consumerTag: 'c', noAck: true, exclusive: false, prefetchCount: 0 };
  queue.addConsumer(new Consumer(target, queue, { ...settings, priority: 0, arguments: new Map() }));
}

test('a pump says how many messages moved, with a TTL as without', () => {
  for (const settings of [{}, { messageTtlMs: 1000 }]) {
    const queue = queueWith(3, settings);
    expect(queue.pump()).toBe(0);
    consume(queue);
    expect(queue.pump()).toBe(3);
    expect(queue.pump()).toBe(0);
  }
  const queue = queueWith(3, { messageTtlMs: 1000 });
  host.clock.moveTo(1000);
  host.runtime.endTurn();
  expect(queue.pump()).toBe(3);
});

test('a queue with a TTL delivers as many messages in a turn as one without', () => {
  const queue = queueWith(DELIVERIES_PER_TURN + 1, { messageTtlMs: 1000 });
  consume(queue);
  expect(queue.pump()).toBe(DELIVERIES_PER_TURN);
  expect(delivered).toBe(DELIVERIES_PER_TURN);
  expect(queue.due).toBe(true);
});

test('no more messages expire in a turn than a bounded number, and the rest in the next ones', () => {
  for (const atMs of [1000, 1001]) {
    host.runtime.endTurn();
    const queue = queueWith(EXPIRIES_PER_TURN + 10, { messageTtlMs: 1000 });
    host.clock.moveTo(host.runtime.now() + atMs);
    host.runtime.endTurn();
    expect(queue.pump()).toBe(EXPIRIES_PER_TURN);
    expect(queue.readyCount).toBe(10);
    expect(queue.due).toBe(true);
    expect(queue.pump()).toBe(10);
    expect(queue.due).toBe(false);
  }
});

test('a limit that is lowered drops what is over it in several turns', () => {
  const queue = queueWith(EXPIRIES_PER_TURN + 10, {});
  queue.applySettings({ ...queue.settings, maxLength: 5 });
  expect(queue.readyCount).toBe(10);
  expect(queue.due).toBe(true);
  expect(queue.pump()).toBe(5);
  expect(queue.readyCount).toBe(5);
});

test('only a queue that refuses when it is full makes no room, after its consumers took what they could', () => {
  const queue = queueWith(2, { maxLength: 2, overflow: 'reject-publish' });
  expect(queue.makeRoom(1)).toBe(false);
  consume(queue);
  expect(queue.makeRoom(1)).toBe(true);
  expect(delivered).toBe(2);
  expect(queueWith(2, { maxLength: 2 }).makeRoom(1)).toBe(true);
});

test('a purge leaves what is unacked, and what comes afterwards', () => {
  const queue = queueWith(5, {});
  const lane = queue.laneFor(0);
  const taken: number[] = [];
  expect(queue.get({ deliverGet: (_lane, seq) => taken.push(seq) }, false)).toBe('delivered');
  expect(queue.purge()).toBe(4);
  expect([queue.readyCount, queue.readyBytes, queue.unackedCount]).toEqual([0, 0, 1]);
  queue.requeue(lane, taken[0] as number, 'returned');
  expect(queue.readyCount).toBe(1);
  host.advanceTo(0);
  queue.get({ deliverGet: (_lane, seq) => taken.push(seq) }, true);
  expect(taken).toEqual([0, 0]);
  expect(queue.get({ deliverGet: (_lane, seq) => taken.push(seq) }, true)).toBe('empty');
  expect(host.log.liveBytes).toBe(0);
});

describe('a queue that survives', () => {
  const NO_VHOST = { name: '/', removeQueue: () => {}, deadLetter: () => {}, keepOutcome: () => {} };
  let surviving: SurvivingRuntime;
  let queue: Queue;
  let received: { seq: number; redelivered: boolean }[];

  beforeEach(() => {
    surviving = SurvivingRuntime.start();
    queue = makeQueue({});
    received = [];
  });

  function makeQueue(settings: Partial<QueueArguments>, laneId?: number): Queue {
    const declaration = {
      name: 'q',
      durable: true,
      autoDelete: false,
      exclusiveOwner: undefined,
      arguments: new Map(),
    };
    const declared = { type: 'classic', ...settings } as QueueArguments;
    return new Queue(surviving.runtime, NO_VHOST, declaration, declared, laneId);
  }

  function fill(count: number, priority = 0, publication = messageTo('q', 'm')): void {
    const { runtime, log } = surviving;
    const lane = queue.laneFor(priority);
    for (let index = 0; index < count; index++) {
      const position = appendMessageRecord(log, publication, [lane], 0, 1, true, runtime.now());
      queue.enqueue(lane, position, 1, publication.expirationMs);
    }
  }

  function subscribe(noAck = false): Consumer {
    const target: DeliveryTarget = {
      canDeliver: true,
      hasGlobalCredit: true,
      deliver: (_consumer, _lane, seq, redelivered) => received.push({ seq, redelivered }),
      onQueueDeleted: () => {},
    };
    const settings = { consumerTag: 'c', noAck, exclusive: false, prefetchCount: 0, priority: 0 };
    const consumer = new Consumer(target, queue, { ...settings, arguments: new Map() });
    queue.addConsumer(consumer);
    return consumer;
  }

  async function restart(settings: Partial<QueueArguments> = {}, startMs = 0): Promise<void> {
    surviving.turn();
    surviving = await surviving.restart(startMs);
    queue = makeQueue(settings, queue.laneId);
    received = [];
  }

  /** Runs turns, with what is read in the background between them, until nothing is due. Returns how many. */
  async function runTurns(): Promise<number> {
    for (let turns = 0; turns < 100; turns++) {
      if (!surviving.runtime.hasDueQueues) return turns;
      surviving.turn();
      for (let round = 0; round < 5; round++) await Promise.resolve();
    }
    throw new Error('the queue is due in every turn');
  }

  test('is recorded when it is durable, not exclusive, and the store survives', () => {
    expect(queue.isRecorded).toBe(true);
    expect(queueWith(0, {}).isRecorded).toBe(false);
    const declaration = { name: 'q', autoDelete: false, arguments: new Map() };
    const owner = { ownQueue: () => {}, disownQueue: () => {} };
    for (const other of [
      { durable: false, exclusiveOwner: undefined },
      { durable: true, exclusiveOwner: owner },
    ]) {
      const properties = { ...declaration, ...other };
      const made = new Queue(surviving.runtime, NO_VHOST, properties, { type: 'classic' } as QueueArguments);
      expect(made.isRecorded).toBe(false);
    }
  });

  test('delivers below its durable reach only, and runs no turns while it waits for more', () => {
    surviving.engine.isSlow = true;
    fill(REACH_STEP + 5);
    subscribe();
    for (let turn = 0; turn < 4; turn++) surviving.turn();
    expect(received).toHaveLength(REACH_STEP);
    expect(surviving.runtime.hasDueQueues).toBe(false);
    surviving.engine.complete();
    surviving.turn();
    expect(received).toHaveLength(REACH_STEP + 5);
    expect(queue.readyCount).toBe(0);
  });

  test('answers basic.get only below its durable reach', () => {
    surviving.engine.isSlow = true;
    fill(REACH_STEP + 1);
    subscribe();
    surviving.turn();
    surviving.turn();
    const got: number[] = [];
    const target = { deliverGet: (_lane: unknown, seq: number) => got.push(seq) };
    expect(queue.get(target, false)).toBe('wait');
    surviving.turn();
    surviving.engine.complete();
    surviving.runtime.onDurable(surviving.log.durableBlock);
    expect(queue.get(target, false)).toBe('delivered');
    expect(got).toEqual([REACH_STEP]);
    expect(queue.get(target, false)).toBe('empty');
  });

  test('is there again after a restart with what was not settled, in its order', async () => {
    fill(6);
    const consumer = subscribe();
    surviving.turn();
    queue.removeConsumer(consumer);
    queue.acknowledge(queue.laneFor(0), 1);
    queue.acknowledge(queue.laneFor(0), 4);
    await restart();
    expect([queue.readyCount, queue.readyBytes, queue.unackedCount]).toEqual([4, 4, 0]);
    subscribe();
    await runTurns();
    expect(received).toEqual([0, 2, 3, 5].map((seq) => ({ seq, redelivered: true })));
  });

  test('waits for the disk without a turn, and leaves the turn to the consumer whose it is', async () => {
    fill(3);
    await restart();
    subscribe();
    expect(surviving.engine.loads).toBe(0);
    surviving.turn();
    expect(received).toEqual([]);
    expect(surviving.runtime.hasDueQueues).toBe(false);
    expect(surviving.engine.loads).toBe(0);
    await Promise.resolve();
    await Promise.resolve();
    expect(surviving.runtime.hasDueQueues).toBe(true);
    surviving.turn();
    expect(received).toHaveLength(3);
    expect(surviving.engine.loads).toBe(1);
  });

  test('reads what basic.get asks for at once', async () => {
    fill(1);
    await restart();
    expect(queue.get({ deliverGet: (_lane, seq) => received.push({ seq, redelivered: true }) }, true)).toBe(
      'delivered',
    );
    expect([received.length, surviving.engine.loads]).toEqual([1, 1]);
  });

  test('lets messages expire that it has to read first', async () => {
    fill(2, 0, Publication.of('', 'q', { expiration: '100' }, Uint8Array.of(1)));
    fill(1);
    await restart({}, 50);
    await runTurns();
    expect(queue.readyCount).toBe(3);
    expect(surviving.runtime.deadlines.nextMs).toBe(100);
    surviving.runtime.endTurn();
    surviving.clock.moveTo(51);
    surviving.turn();
    await runTurns();
    expect(queue.readyCount).toBe(1);
  });

  test('knows after a restart how often a message came back, and until when it is held', async () => {
    const settings: Partial<QueueArguments> = {
      type: 'quorum',
      delayedRetry: { type: 'all', minMs: 1000, maxMs: 1000 },
    };
    queue = makeQueue(settings);
    fill(2);
    const consumer = subscribe();
    surviving.turn();
    queue.removeConsumer(consumer);
    const lane = queue.laneFor(0);
    queue.requeue(lane, 0, 'returned');
    queue.requeue(lane, 1, 'returned');
    expect(queue.heldCount).toBe(2);
    await restart(settings, 400);
    expect([queue.readyCount, queue.heldCount, queue.readyBytes]).toEqual([0, 2, 0]);
    expect(queue.laneFor(0).returnCount(1)).toBe(1);
    surviving.clock.moveTo(599);
    surviving.turn();
    expect(queue.heldCount).toBe(2);
    surviving.clock.moveTo(600);
    surviving.turn();
    expect([queue.readyCount, queue.heldCount, queue.readyBytes]).toEqual([2, 0, 2]);
  });

  test('releases what was held until a time that passed while it was away', async () => {
    const settings: Partial<QueueArguments> = { delayedRetry: { type: 'all', minMs: 10, maxMs: 10 } };
    queue = makeQueue(settings);
    fill(1);
    const consumer = subscribe();
    surviving.turn();
    queue.removeConsumer(consumer);
    queue.requeue(queue.laneFor(0), 0, 'returned');
    await restart(settings, 5000);
    expect(surviving.turnsRequested).toBeGreaterThan(0);
    surviving.turn();
    expect([queue.readyCount, queue.heldCount]).toEqual([1, 0]);
  });

  test('takes its lanes of all priorities back', async () => {
    queue = makeQueue({ maxPriority: 2 });
    for (const priority of [0, 2, 1, 2]) fill(1, priority);
    await restart({ maxPriority: 2 });
    const lanes = [0, 1, 2].map((priority) => queue.laneFor(priority).id);
    expect(lanes).toEqual([0, 1, 2].map((index) => queue.laneId + index));
    const order: number[] = [];
    for (let index = 0; index < 4; index++)
      queue.get({ deliverGet: (lane) => order.push(lanes.indexOf(lane.id)) }, true);
    expect(order).toEqual([2, 2, 1, 0]);
  });

  test('is without the messages that were taken out of its middle after a restart, and with all others', async () => {
    fill(6);
    surviving.turn();
    expect(queue.moveAt({ priority: 0, seq: 2 }, () => true)).toBe('moved');
    expect(queue.moveAt({ priority: 0, seq: 3 }, () => false)).toBe('kept');
    expect(queue.dropAt({ priority: 0, seq: 4 })).toBe('dropped');
    await restart();
    expect([queue.readyCount, queue.readyBytes]).toEqual([4, 4]);
    subscribe();
    await runTurns();
    expect(received.map(({ seq }) => seq)).toEqual([0, 1, 3, 5]);
  });

  test('keeps a message in its middle whose move was not committed', async () => {
    fill(3);
    surviving.turn();
    queue.moveAt({ priority: 0, seq: 1 }, () => true);
    surviving = await surviving.restart();
    queue = makeQueue({}, queue.laneId);
    expect(queue.readyCount).toBe(3);
  });

  test('moves and drops nothing that it has to read first, and says so', async () => {
    fill(2);
    await restart();
    const place = { priority: 0, seq: 1 };
    expect([queue.moveAt(place, () => true), queue.dropAt(place)]).toEqual(['wait', 'wait']);
    const { fetchPosition } = queue.browser().browse(place, 1, () => true);
    surviving.log.fetch(fetchPosition as number, () => {});
    for (let round = 0; round < 5; round++) await Promise.resolve();
    expect(queue.dropAt(place)).toBe('dropped');
    expect(queue.readyCount).toBe(1);
  });

  test('goes on with a purge, and with nothing after it is deleted', async () => {
    fill(5);
    queue.purge();
    fill(2);
    await restart();
    expect(queue.readyCount).toBe(2);
    queue.dispose();
    surviving.turn();
    expect(surviving.log.liveBytes).toBe(0);
  });
});

describe('a message that is taken out of its place', () => {
  const TARGET = { deliverGet: () => {} };

  test('is not there meanwhile, and is again when it is kept', () => {
    const queue = queueWith(3, {});
    const seen = queue.moveAt({ priority: 0, seq: 1 }, () => {
      expect([queue.readyCount, queue.readyBytes, queue.messageCount]).toEqual([2, 2, 3]);
      for (let count = 0; count < 2; count++) queue.get(TARGET, true);
      expect(queue.get(TARGET, true)).toBe('empty');
      return false;
    });
    expect([seen, queue.readyCount, queue.readyBytes]).toEqual(['kept', 1, 1]);
    expect(queue.get(TARGET, true)).toBe('delivered');
    expect(host.log.liveBytes).toBe(0);
  });

  test('is where it was, as never delivered, when moving it throws', () => {
    const queue = queueWith(3, {});
    const move = () =>
      queue.moveAt({ priority: 0, seq: 0 }, () => {
        throw new Error('not there');
      });
    expect(move).toThrow('not there');
    expect([queue.readyCount, queue.unackedCount]).toEqual([3, 0]);
    expect([queue.laneFor(0).peek(), queue.laneFor(0).nextIsReturned]).toEqual([0, false]);
  });

  test('gives its room back, and what is no message, unacked or gone is left alone', () => {
    const queue = queueWith(2, {});
    queue.get(TARGET, false);
    for (const [priority, seq] of [
      [0, 0],
      [0, 2],
      [1, 0],
      [0, 1e15],
    ] as const) {
      expect(queue.dropAt({ priority, seq })).toBe('gone');
      expect(queue.moveAt({ priority, seq }, () => true)).toBe('gone');
    }
    expect(queue.dropAt({ priority: 0, seq: 1 })).toBe('dropped');
    expect(queue.dropAt({ priority: 0, seq: 1 })).toBe('gone');
    expect([queue.readyCount, queue.readyBytes, queue.unackedCount]).toEqual([0, 0, 1]);
    queue.acknowledge(queue.laneFor(0), 0);
    expect(host.log.liveBytes).toBe(0);
    queue.dispose();
    expect(queue.dropAt({ priority: 0, seq: 1 })).toBe('gone');
  });

  test('leaves the others to expire in their time', () => {
    const queue = queueWith(3, { messageTtlMs: 1000 });
    queue.dropAt({ priority: 0, seq: 1 });
    queue.dropAt({ priority: 0, seq: 0 });
    host.clock.moveTo(1001);
    host.runtime.endTurn();
    expect(queue.pump()).toBe(1);
    expect(queue.readyCount).toBe(0);
  });
});

test('a browser says where the next messages of each priority will be', () => {
  const queue = queueWith(2, { maxPriority: 1 });
  expect(queue.browser().ends).toEqual([
    { priority: 1, seq: 0 },
    { priority: 0, seq: 2 },
  ]);
});

describe('a paused queue', () => {
  test('gives nothing to its consumers, and all of it once it goes on', () => {
    const queue = queueWith(3, {});
    queue.pause();
    consume(queue);
    expect(queue.pump()).toBe(0);
    expect(queue.readyCount).toBe(3);
    queue.resume();
    expect(queue.due).toBe(true);
    expect(queue.pump()).toBe(3);
    expect(delivered).toBe(3);
  });

  test('gives nothing to basic.get', () => {
    const queue = queueWith(1, {});
    let got = 0;
    const target = { deliverGet: () => got++ };
    queue.pause();
    expect(queue.get(target, true)).toBe('empty');
    queue.resume();
    expect(queue.get(target, true)).toBe('delivered');
    expect(got).toBe(1);
  });

  test('lets its messages expire', () => {
    const queue = queueWith(3, { messageTtlMs: 1000 });
    queue.pause();
    host.clock.moveTo(1001);
    host.runtime.endTurn();
    expect(queue.pump()).toBe(3);
    expect(queue.readyCount).toBe(0);
  });
});
