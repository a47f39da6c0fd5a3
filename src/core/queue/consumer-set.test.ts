import fc from 'fast-check';
import { beforeEach, expect, test } from 'vitest';
import { type ConsumedQueue, Consumer, type DeliveryTarget } from './consumer.ts';
import { ConsumerSet } from './consumer-set.ts';

let set: ConsumerSet;

beforeEach(() => {
  set = new ConsumerSet();
});

function makeConsumer(consumerTag: string, priority = 0): Consumer {
  const settings = { consumerTag, noAck: false, exclusive: false, prefetchCount: 0, arguments: new Map() };
  return new Consumer({} as DeliveryTarget, {} as ConsumedQueue, { ...settings, priority });
}

function add(consumerTag: string, priority = 0): Consumer {
  const consumer = makeConsumer(consumerTag, priority);
  set.add(consumer);
  return consumer;
}

function take(count: number): (string | undefined)[] {
  return Array.from({ length: count }, () => set.take()?.consumerTag);
}

test('a set without consumers has no turn to give', () => {
  expect(set.take()).toBeUndefined();
  expect(set.first).toBeUndefined();
  expect(set.size).toBe(0);
});

test('consumers have their turns one after the other', () => {
  add('a');
  add('b');
  add('c');
  expect(take(4)).toEqual(['a', 'b', 'c', 'a']);
  add('d');
  expect(take(5)).toEqual(['b', 'c', 'a', 'd', 'b']);
});

test('a lower priority has its turn only while all of the higher one are parked', () => {
  add('low', -1);
  const high = add('high', 10);
  add('middle');
  expect(take(2)).toEqual(['high', 'high']);
  set.park(high);
  expect(take(2)).toEqual(['middle', 'middle']);
  expect(set.unpark(high)).toBe(true);
  expect(take(1)).toEqual(['high']);
});

test('a consumer that got nothing has its turn again', () => {
  add('a');
  const b = add('b');
  expect(take(2)).toEqual(['a', 'b']);
  set.putBack(b);
  expect(take(3)).toEqual(['b', 'a', 'b']);
});

test('a parked consumer is passed over and comes back at the end', () => {
  const a = add('a');
  add('b');
  add('c');
  set.park(a);
  set.park(a);
  expect(take(3)).toEqual(['b', 'c', 'b']);
  expect(set.unpark(a)).toBe(true);
  expect(set.unpark(a)).toBe(false);
  expect(take(3)).toEqual(['c', 'b', 'a']);
});

test('a consumer that left cannot come back', () => {
  const a = add('a');
  add('b');
  set.remove(a);
  set.remove(a);
  expect(set.unpark(a)).toBe(false);
  expect(set.size).toBe(1);
  expect(take(2)).toEqual(['b', 'b']);
  expect([...set].map((consumer) => consumer.consumerTag)).toEqual(['b']);
});

test('the first is the one that came first, whatever its priority and whether it is parked', () => {
  const a = add('a');
  const b = add('b', 5);
  set.park(a);
  expect(set.first).toBe(a);
  set.remove(a);
  expect(set.first).toBe(b);
});

test('a removal in one priority leaves the others their turns', () => {
  const high = add('high', 3);
  add('a');
  add('b');
  set.remove(high);
  expect(take(3)).toEqual(['a', 'b', 'a']);
  const low = add('low', -1);
  set.remove(low);
  expect(take(3)).toEqual(['b', 'a', 'b']);
  add('higher', 4);
  expect(take(1)).toEqual(['higher']);
});

test('any mixture of coming, leaving, parking and serving serves the right one', () => {
  const command = fc.record({
    kind: fc.constantFrom('add', 'remove', 'park', 'unpark', 'take', 'take', 'take'),
    index: fc.nat(7),
  });
  fc.assert(
    fc.property(fc.array(command, { maxLength: 120, size: 'max' }), (commands) => {
      const consumers = new ConsumerSet();
      const all = Array.from({ length: 8 }, (_, index) => makeConsumer(`c${index}`, index % 3));
      const inSet = new Set<Consumer>();
      // By priority, those that are not parked: whose turn it is comes first.
      const rings = new Map<number, Consumer[]>([2, 1, 0].map((priority) => [priority, []]));
      const ringOf = (consumer: Consumer) => rings.get(consumer.priority) ?? [];
      const leaveRing = (consumer: Consumer) => {
        const ring = ringOf(consumer);
        if (ring.includes(consumer)) ring.splice(ring.indexOf(consumer), 1);
      };
      for (const { kind, index } of commands) {
        const consumer = all[index] as Consumer;
        if (kind === 'add' && !inSet.has(consumer)) {
          consumers.add(consumer);
          inSet.add(consumer);
          ringOf(consumer).push(consumer);
        } else if (kind === 'remove') {
          consumers.remove(consumer);
          inSet.delete(consumer);
          leaveRing(consumer);
        } else if (kind === 'park') {
          consumers.park(consumer);
          leaveRing(consumer);
        } else if (kind === 'unpark') {
          const comes = inSet.has(consumer) && !ringOf(consumer).includes(consumer);
          expect(consumers.unpark(consumer)).toBe(comes);
          if (comes) ringOf(consumer).push(consumer);
        } else if (kind === 'take') {
          const ring = [...rings.values()].find((each) => each.length > 0);
          const next = ring?.shift();
          if (next !== undefined) ring?.push(next);
          expect(consumers.take()?.consumerTag).toBe(next?.consumerTag);
        }
        expect([...consumers]).toHaveLength(inSet.size);
      }
    }),
  );
});

test('the lists of a priority that comes and goes stay in order', () => {
  const consumers = [5, 1, 9, 3, 7].map((priority) => add(`p${priority}`, priority));
  for (const consumer of consumers) set.park(consumer);
  expect(set.take()).toBeUndefined();
  for (const consumer of [3, 0, 1].map((index) => consumers[index] as Consumer)) set.unpark(consumer);
  const order: string[] = [];
  for (let next = set.take(); next !== undefined; next = set.take()) {
    order.push(next.consumerTag);
    set.park(next);
  }
  expect(order).toEqual(['p5', 'p3', 'p1']);
});
