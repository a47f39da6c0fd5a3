import { beforeEach, expect, test } from 'vitest';
import { RuntimeUnderTest } from '../../../test/core/runtime-under-test.ts';
import { HeldMessages } from './held-messages.ts';
import type { Lane } from './lane.ts';

let host: RuntimeUnderTest;
let lane: Lane;
let held: HeldMessages;
let released: number[];

beforeEach(() => {
  host = new RuntimeUnderTest();
  lane = host.runtime.makeLane(undefined);
  released = [];
  held = new HeldMessages(host.runtime, [host.runtime.makeLane(undefined), lane], (from, seq) => {
    expect(from).toBe(lane);
    released.push(seq);
  });
});

test('a message is held until its time', () => {
  held.add(lane, 3, 100);
  host.advanceTo(99);
  expect(released).toEqual([]);
  expect(held.count).toBe(1);
  host.advanceTo(100);
  expect(released).toEqual([3]);
  expect(held.count).toBe(0);
});

test('messages are released by time, those of one time in the order in which they came to the queue', () => {
  held.add(lane, 9, 200);
  held.add(lane, 5, 100);
  held.add(lane, 4, 100);
  host.advanceTo(300);
  expect(released).toEqual([4, 5, 9]);
});

test('messages of a time that has passed once can be held for the same time again', () => {
  held.add(lane, 1, 100);
  host.advanceTo(100);
  held.add(lane, 2, 100);
  expect(held.count).toBe(1);
  host.advanceTo(100);
  expect(released).toEqual([1, 2]);
});

test('after clear nothing is released any more', () => {
  held.add(lane, 1, 100);
  held.add(lane, 2, 200);
  held.clear();
  expect(held.count).toBe(0);
  host.advanceTo(300);
  expect(released).toEqual([]);
  expect(host.runtime.deadlines.nextMs).toBe(Number.POSITIVE_INFINITY);
});

test('no more are released in one turn than a bounded number, and the rest in the next ones', () => {
  for (let seq = 0; seq < 1500; seq++) held.add(lane, seq, 100);
  host.advanceTo(100);
  expect(released).toHaveLength(1024);
  expect(held.count).toBe(476);
  expect(host.runtime.deadlines.nextMs).toBe(100);
  host.advanceTo(100);
  expect(released).toEqual(Array.from({ length: 1500 }, (_, seq) => seq));
});
