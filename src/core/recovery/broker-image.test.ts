import fc from 'fast-check';
import { beforeEach, describe, expect, test } from 'vitest';
import { messageTo, RuntimeUnderTest, SurvivingRuntime } from '../../../test/core/runtime-under-test.ts';
import { ByteWriter } from '../../codec/byte-writer.ts';
import type { QueueArguments } from '../arguments/queue-arguments.ts';
import { type Definition, encodeDefinition } from '../definitions/definition.ts';
import { appendMessageRecord, NO_EXPIRATION } from '../message/message-record.ts';
import type { Page } from '../message/message-store.ts';
import { Publication } from '../message/publication.ts';
import { Consumer, type DeliveryTarget } from '../queue/consumer.ts';
import type { Lane, LaneOwner } from '../queue/lane.ts';
import { Queue } from '../queue/queue.ts';
import { REACH_STEP } from '../queue/reach.ts';
import { BrokerImage } from './broker-image.ts';
import type { RestoredLane } from './restored-lane.ts';

const OWNER = { onReach: () => {} } as LaneOwner;

/** Unsettled seqs of a lane, ready ones with whether they were delivered. */
function readyOf(lane: Lane): [seq: number, redelivered: boolean][] {
  const ready: [number, boolean][] = [];
  while (lane.readyCount > 0) {
    const redelivered = lane.nextIsReturned;
    ready.push([lane.take(), redelivered]);
  }
  return ready;
}

describe('an image', () => {
  let host: RuntimeUnderTest;
  let released: number[];
  let image: BrokerImage;

  beforeEach(() => {
    host = new RuntimeUnderTest();
    released = [];
    image = new BrokerImage({ release: (position) => released.push(position) });
  });

  /** A record for message `seq` of each of `laneIds`, somewhere. Returns how many lanes hold it. */
  function find(laneIds: readonly number[], seq: number, publication: Publication = messageTo('q', 'body')) {
    const lanes = laneIds.map((id) => ({ id, nextSeq: seq }));
    const position = appendMessageRecord(host.log, publication, lanes, 0, lanes.length, false, 0);
    const page: Page = host.log.pageOf(position);
    return { position, holders: image.onMessage(page, position) };
  }

  function lane(id: number): RestoredLane {
    return image.lanes.get(id) as RestoredLane;
  }

  function define(definition: Definition, removed = false): void {
    const writer = new ByteWriter();
    encodeDefinition(writer, definition, removed);
    image.onDefinition(writer.bytes, 0, writer.position);
  }

  test('holds a message for each lane that it went to', () => {
    const { position, holders } = find([3, 8], 0);
    expect(holders).toBe(2);
    for (const id of [3, 8]) expect(lane(id).lane.position(0)).toBe(position);
  });

  test('lets go of what was settled, with its bytes', () => {
    const positions = [0, 1, 2, 3].map((seq) => find([5], seq).position);
    image.onSettled(5, 1, 3);
    expect(released).toEqual([positions[1], positions[2]]);
    const held = lane(5).adopt(OWNER);
    expect(lane(5).readyBytes(held)).toBe(8);
  });

  test('counts the later one of two copies, until it hears that those that follow are older', () => {
    const first = find([5], 0).position;
    const second = find([5], 0);
    expect(second.holders).toBe(1);
    expect(released).toEqual([first]);
    image.onOlderCopies();
    expect(find([5, 6], 0).holders).toBe(1);
    expect(lane(5).lane.position(0)).toBe(second.position);
    expect(released).toEqual([first]);
    expect(lane(5).readyBytes(lane(5).adopt(OWNER))).toBe(4);
  });

  test('takes a settlement of messages that it never saw as a sign that they were there', () => {
    image.onSettled(5, 0, 30);
    lane(5).adopt(OWNER);
    expect(lane(5).lane.nextSeq).toBe(30);
  });

  test('takes the last note of a message as what holds', () => {
    for (const seq of [0, 1, 2, 3]) find([5], seq);
    image.onNote(5, 1, 1, 500);
    image.onNote(5, 1, 2, 0);
    image.onNote(5, 2, 1, 700);
    image.onNote(5, 3, 4, 900);
    image.onSettled(5, 3, 4);
    image.onReach(5, 0);
    const held = lane(5).adopt(OWNER);
    expect(held).toEqual([{ seq: 2, dueMs: 700 }]);
    expect(lane(5).readyBytes(held)).toBe(8);
    expect([0, 1, 2, 3].map((seq) => lane(5).lane.returnCount(seq))).toEqual([0, 2, 1, 0]);
    // A message with a note was delivered, and so was what came before it.
    expect(readyOf(lane(5).lane)).toEqual([
      [0, true],
      [1, true],
    ]);
  });

  test('takes what is below the last reach for delivered, and the first step without one', () => {
    for (const id of [5, 6])
      for (const seq of [0, REACH_STEP - 1, REACH_STEP, REACH_STEP + 1]) find([id], seq);
    image.onReach(6, 2 * REACH_STEP);
    image.onReach(6, REACH_STEP + 1);
    for (const id of [5, 6]) lane(id).adopt(OWNER);
    expect(readyOf(lane(5).lane).map(([, redelivered]) => redelivered)).toEqual([true, true, false, false]);
    expect(readyOf(lane(6).lane).map(([, redelivered]) => redelivered)).toEqual([true, true, true, false]);
    expect(lane(6).lane.reach?.recorded).toBe(REACH_STEP + 1);
  });

  test('gives no number again below a reach, whatever is left', () => {
    find([5], 3);
    image.onReach(5, 100);
    lane(5).adopt(OWNER);
    expect(lane(5).lane.nextSeq).toBe(100);
  });

  test('knows that a message of a lane may expire', () => {
    find([5], 0);
    expect(lane(5).sawExpiration).toBe(false);
    find([5], 1, Publication.of('', 'q', { expiration: '5' }, new Uint8Array(0)));
    expect(lane(5).sawExpiration).toBe(true);
  });

  test('numbers lanes behind all that a message, a fact or a definition names', () => {
    expect(image.nextLaneId).toBe(1);
    find([5], 0);
    expect(image.nextLaneId).toBe(6);
    image.onReach(9, 5);
    expect(image.nextLaneId).toBe(10);
    const limits = { maxConnections: undefined, maxQueues: undefined };
    define({ kind: 'vhost', name: '/', scheduleLaneId: 20, ...limits });
    expect(image.nextLaneId).toBe(21);
    define({ kind: 'queue', vhost: '/', name: 'q', autoDelete: false, laneId: 30, arguments: new Map() });
    expect(image.nextLaneId).toBe(30 + 256);
  });

  test('is fresh as long as nothing is defined', () => {
    const user = { kind: 'user', name: 'u', passwordHash: 'h', tags: [] } as const;
    const limits = { maxConnections: undefined, maxChannels: undefined };
    expect(image.isFresh).toBe(true);
    define({ ...user, ...limits });
    expect([image.isFresh, [...image.definitions].length]).toEqual([false, 1]);
    image.onDefinitionsVoid();
    expect(image.isFresh).toBe(true);
  });
});

// ---- a queue against a list of all that ever came, over restarts ----

interface Entry {
  readonly text: string;
  readonly persistent: boolean;
  state: 'ready' | 'unacked' | 'settled';
  delivered: boolean;
}

type Command =
  | { readonly kind: 'publish'; readonly persistent: boolean; readonly count: number }
  | { readonly kind: 'consume' | 'ack' | 'requeue'; readonly count: number; readonly at: number }
  | { readonly kind: 'turn' | 'purge' | 'restart' | 'stop'; readonly count: 1 };

const count = fc.integer({ min: 1, max: 60 });
const command: fc.Arbitrary<Command> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({ kind: fc.constant('publish' as const), persistent: fc.boolean(), count }),
  },
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constantFrom('consume' as const, 'ack' as const, 'ack' as const, 'requeue' as const),
      count,
      at: fc.double({ min: 0, max: 1, noNaN: true }),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constantFrom(
        'turn' as const,
        'turn' as const,
        'purge' as const,
        'restart' as const,
        'stop' as const,
      ),
      count: fc.constant(1 as const),
    }),
  },
);

class Model {
  host: SurvivingRuntime = SurvivingRuntime.start({
    deadBytesAllowed: 4096,
    pageBytesFirst: 1024,
    pageBytesMax: 1024,
  });
  queue: Queue;
  lane: Lane;
  /** By seq; what is not here was never there, or did not survive. */
  entries = new Map<number, Entry>();
  #received: [seq: number, redelivered: boolean, text: string][] = [];
  #published = 0;

  constructor() {
    this.queue = this.#makeQueue();
    this.lane = this.queue.laneFor(0);
  }

  async run(step: Command): Promise<void> {
    if (step.kind === 'publish') this.#publish(step.count, step.persistent);
    else if (step.kind === 'consume') this.#consume(step.count);
    else if (step.kind === 'ack' || step.kind === 'requeue') this.#settle(step.kind, step.at, step.count);
    else if (step.kind === 'turn') this.host.turn();
    else if (step.kind === 'purge') this.#purge();
    else await this.#restart(step.kind === 'stop');
    this.#check();
  }

  #makeQueue(laneId?: number): Queue {
    const declaration = {
      name: 'q',
      durable: true,
      autoDelete: false,
      exclusiveOwner: undefined,
      arguments: new Map(),
    };
    const vhost = { name: '/', removeQueue: () => {}, deadLetter: () => {}, keepOutcome: () => {} };
    return new Queue(this.host.runtime, vhost, declaration, { type: 'classic' } as QueueArguments, laneId);
  }

  #publish(times: number, persistent: boolean): void {
    for (let index = 0; index < times; index++) {
      const text = `message ${this.#published++}`;
      const publication = messageTo('q', text);
      const { runtime, log } = this.host;
      this.entries.set(this.lane.nextSeq, { text, persistent, state: 'ready', delivered: false });
      const position = appendMessageRecord(log, publication, [this.lane], 0, 1, persistent, runtime.now());
      this.queue.enqueue(this.lane, position, text.length, NO_EXPIRATION);
    }
  }

  /** Takes `times` messages, over several turns if it has to, and checks that they come in order. */
  #consume(times: number): void {
    let left = Math.min(times, this.queue.readyCount);
    const target: DeliveryTarget = {
      get canDeliver() {
        return left > 0;
      },
      hasGlobalCredit: true,
      deliver: (_consumer, _lane, seq, redelivered, record) => {
        left--;
        const text = new TextDecoder().decode(record.bytes.subarray(record.bodyStart, record.bodyEnd));
        this.#received.push([seq, redelivered, text]);
      },
      onQueueDeleted: () => {},
    };
    // Whatever is on the disk only: in this test it is read at once.
    for (const seq of this.entries.keys())
      if (this.lane.position(seq) >= 0) this.host.log.pageOf(this.lane.position(seq));
    const settings = { consumerTag: 'c', noAck: false, exclusive: false, prefetchCount: 0, priority: 0 };
    const consumer = new Consumer(target, this.queue, { ...settings, arguments: new Map() });
    this.queue.addConsumer(consumer);
    for (let turns = 0; left > 0 && turns < 4; turns++) this.host.turn();
    this.queue.removeConsumer(consumer);
    for (const received of this.#received) this.#deliver(...received);
    this.#received = [];
    expect(left).toBe(0);
  }

  #deliver(seq: number, redelivered: boolean, text: string): void {
    const entry = this.entries.get(seq) as Entry;
    expect({ seq, text, state: entry.state }).toEqual({ seq, text: entry.text, state: 'ready' });
    if (entry.delivered) expect({ seq, redelivered }).toEqual({ seq, redelivered: true });
    entry.state = 'unacked';
    entry.delivered = true;
  }

  #settle(kind: 'ack' | 'requeue', at: number, times: number): void {
    const unacked = [...this.entries].filter(([, { state }]) => state === 'unacked');
    const from = Math.floor(at * unacked.length);
    for (const [seq, entry] of unacked.slice(from, from + times)) {
      entry.state = kind === 'ack' ? 'settled' : 'ready';
      if (kind === 'ack') this.queue.acknowledge(this.lane, seq);
      else this.queue.requeue(this.lane, seq, 'returned');
    }
  }

  #purge(): void {
    this.queue.purge();
    for (const entry of this.entries.values()) if (entry.state === 'ready') entry.state = 'settled';
  }

  async #restart(exact: boolean): Promise<void> {
    if (exact) this.host.runtime.recordExactReach();
    this.host.turn();
    const { laneId } = this.queue;
    const cursor = this.lane.cursor;
    this.host = await this.host.restart();
    this.queue = this.#makeQueue(laneId);
    this.lane = this.queue.laneFor(0);
    for (const [seq, entry] of [...this.entries]) {
      if (entry.state === 'settled' || !entry.persistent) this.entries.delete(seq);
      else entry.state = 'ready';
    }
    if (exact) expect(this.lane.cursor).toBeGreaterThanOrEqual(Math.min(cursor, this.lane.nextSeq));
  }

  #check(): void {
    const entries = [...this.entries.values()];
    const ready = entries.filter(({ state }) => state === 'ready');
    expect(this.queue.readyCount).toBe(ready.length);
    expect(this.queue.readyBytes).toBe(ready.reduce((sum, { text }) => sum + text.length, 0));
    const unsettled = [...this.entries].filter(([, { state }]) => state !== 'settled').map(([seq]) => seq);
    expect(unsettled.filter((seq) => this.lane.position(seq) < 0)).toEqual([]);
  }
}

test('any mixture of publishing, consuming, settling, purging, cleaning and restarting keeps what is persistent', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(command, { maxLength: 40, size: 'max' }), async (steps) => {
      const model = new Model();
      for (const step of steps) await model.run(step);
      await model.run({ kind: 'restart', count: 1 });
      await model.run({ kind: 'consume', count: 100_000, at: 0 });
    }),
    { numRuns: 100 },
  );
});
