import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type ConsumedQueue, Consumer, type DeliveryTarget } from '../queue/consumer.ts';
import { Lane } from '../queue/lane.ts';
import { Unacked } from './unacked.ts';

const NEVER = Number.POSITIVE_INFINITY;
const lane = new Lane(1, undefined);
const consumer = new Consumer({} as DeliveryTarget, {} as ConsumedQueue, {
  consumerTag: 'c',
  noAck: false,
  exclusive: false,
  priority: 0,
  prefetchCount: 0,
  arguments: new Map(),
});

test('tags count from 1, those of deliveries without ack too', () => {
  const unacked = new Unacked();
  expect(unacked.push(lane, 7, consumer, NEVER)).toBe(1);
  expect(unacked.skip()).toBe(2);
  expect(unacked.push(lane, 8, undefined, NEVER)).toBe(3);
  expect(unacked.count).toBe(2);
  expect(unacked.tagsBelow(unacked.nextTag)).toEqual([1, 3]);
});

test('a tag leads to the lane, the seq and the consumer of its message until it is removed', () => {
  const unacked = new Unacked();
  const tag = unacked.push(lane, 7, consumer, NEVER);
  expect([unacked.laneOf(tag), unacked.seqOf(tag), unacked.consumerOf(tag)]).toEqual([lane, 7, consumer]);
  unacked.remove(tag);
  expect(unacked.laneOf(tag)).toBeUndefined();
  expect(unacked.count).toBe(0);
});

test('a tag that was never given leads to nothing', () => {
  const unacked = new Unacked();
  unacked.push(lane, 7, consumer, NEVER);
  expect([0, 2, 17, 2 ** 53].map((tag) => unacked.laneOf(tag))).toEqual([
    undefined,
    undefined,
    undefined,
    undefined,
  ]);
});

test('the oldest is the first that is outstanding, 0 when none is', () => {
  const unacked = new Unacked();
  expect(unacked.oldest).toBe(0);
  for (let seq = 0; seq < 4; seq++) unacked.push(lane, seq, consumer, NEVER);
  unacked.remove(2);
  unacked.remove(1);
  expect(unacked.oldest).toBe(3);
  unacked.remove(3);
  unacked.remove(4);
  expect(unacked.oldest).toBe(0);
});

test('two messages that are never acked survive a hundred thousand others', () => {
  const unacked = new Unacked();
  unacked.push(lane, 1000, consumer, NEVER);
  unacked.push(lane, 1001, undefined, NEVER);
  for (let count = 0; count < 100_000; count++) unacked.remove(unacked.push(lane, count, consumer, NEVER));
  expect(unacked.count).toBe(2);
  expect(unacked.tagsBelow(unacked.nextTag)).toEqual([1, 2]);
  expect([unacked.seqOf(1), unacked.seqOf(2)]).toEqual([1000, 1001]);
  expect([unacked.consumerOf(1), unacked.consumerOf(2)]).toEqual([consumer, undefined]);
  unacked.remove(1);
  expect(unacked.oldest).toBe(2);
});

test('deliveries without ack are settled from the start, also in the place of one that is not', () => {
  const unacked = new Unacked();
  unacked.push(lane, 7, consumer, NEVER);
  for (let count = 0; count < 300; count++) unacked.skip();
  expect(unacked.count).toBe(1);
  expect(unacked.tagsBelow(unacked.nextTag)).toEqual([1]);
});

// ---- against a map of what is outstanding ----

type Command =
  | { readonly kind: 'push' | 'skip' | 'pass'; readonly count: number }
  | { readonly kind: 'remove'; readonly at: number; readonly count: number };

const command: fc.Arbitrary<Command> = fc.oneof(
  fc.record({ kind: fc.constant('push'), count: fc.integer({ min: 1, max: 40 }) }),
  fc.record({ kind: fc.constantFrom('skip', 'pass'), count: fc.integer({ min: 1, max: 400 }) }),
  fc.record({
    kind: fc.constant('remove'),
    at: fc.double({ min: 0, max: 1, noNaN: true }),
    count: fc.integer({ min: 1, max: 60 }),
  }),
);

function run(unacked: Unacked, model: Map<number, number>, step: Command): void {
  if (step.kind === 'remove') {
    const tags = [...model.keys()];
    const from = Math.floor(step.at * tags.length);
    for (const tag of tags.slice(from, from + step.count)) {
      unacked.remove(tag);
      model.delete(tag);
    }
    return;
  }
  for (let count = 0; count < step.count; count++) {
    const seq = unacked.nextTag * 3;
    if (step.kind === 'skip') unacked.skip();
    else if (step.kind === 'push') model.set(unacked.push(lane, seq, consumer, NEVER), seq);
    else unacked.remove(unacked.push(lane, seq, consumer, NEVER));
  }
}

function check(unacked: Unacked, model: ReadonlyMap<number, number>): void {
  const tags = [...model.keys()];
  expect(unacked.count).toBe(tags.length);
  expect(unacked.oldest).toBe(tags[0] ?? 0);
  expect(unacked.tagsBelow(unacked.nextTag)).toEqual(tags);
  const middle = tags[tags.length >> 1] ?? 0;
  expect(unacked.tagsBelow(middle)).toEqual(tags.filter((tag) => tag < middle));
  for (let tag = 0; tag <= unacked.nextTag; tag++) {
    const seq = unacked.laneOf(tag) === undefined ? undefined : unacked.seqOf(tag);
    if (seq !== model.get(tag)) expect({ tag, seq }).toEqual({ tag, seq: model.get(tag) });
  }
}

test('any mixture of deliveries and settlements keeps exactly what is outstanding', () => {
  fc.assert(
    fc.property(fc.array(command, { maxLength: 40, size: 'max' }), (steps) => {
      const unacked = new Unacked();
      const model = new Map<number, number>();
      for (const step of steps) {
        run(unacked, model, step);
        check(unacked, model);
      }
    }),
  );
});

test('the room that a flood took is given back once everything is settled', () => {
  const unacked = new Unacked();
  for (let seq = 0; seq < 100_000; seq++) unacked.push(lane, seq, consumer, NEVER);
  expect(unacked.slotCount).toBe(131_072);
  for (let tag = 1; tag <= 100_000; tag++) unacked.remove(tag);
  expect(unacked.slotCount).toBe(1024);
  expect(unacked.push(lane, 5, consumer, NEVER)).toBe(100_001);
  expect([unacked.oldest, unacked.seqOf(100_001)]).toEqual([100_001, 5]);
});

test('a straggler that is settled last gives the room back, too', () => {
  const unacked = new Unacked();
  for (let seq = 0; seq < 5000; seq++) unacked.push(lane, seq, consumer, NEVER);
  for (let tag = 2; tag <= 5000; tag++) unacked.remove(tag);
  for (let seq = 0; seq < 10_000; seq++) unacked.remove(unacked.push(lane, seq, consumer, NEVER));
  unacked.remove(1);
  expect(unacked.slotCount).toBe(1024);
});
