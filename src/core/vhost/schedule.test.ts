import { beforeEach, expect, test } from 'vitest';
import {
  bodyText,
  messageTo,
  RuntimeUnderTest,
  SurvivingRuntime,
} from '../../../test/core/runtime-under-test.ts';
import { Publication } from '../message/publication.ts';
import { Schedule } from './schedule.ts';

let host: RuntimeUnderTest;
let schedule: Schedule;
let published: Publication[];

beforeEach(() => {
  host = new RuntimeUnderTest();
  published = [];
  schedule = new Schedule(host.runtime, (publication) => published.push(publication));
});

test('a message is published when its time has come, and not a millisecond before', () => {
  schedule.add(messageTo('q', 'a'), 50);
  host.advanceTo(49);
  expect(published).toEqual([]);
  expect(schedule.count).toBe(1);
  host.advanceTo(50);
  expect(published.map(bodyText)).toEqual(['a']);
  expect(schedule.count).toBe(0);
});

test('messages are published by time, those of one time in the order in which they came', () => {
  schedule.add(messageTo('q', 'late'), 90);
  schedule.add(messageTo('q', 'first'), 10);
  schedule.add(messageTo('q', 'second'), 10);
  host.advanceTo(100);
  expect(published.map(bodyText)).toEqual(['first', 'second', 'late']);
});

test('an earlier message brings the next time forward', () => {
  schedule.add(messageTo('q'), 90);
  expect(host.runtime.deadlines.nextMs).toBe(90);
  schedule.add(messageTo('q'), 10);
  expect(host.runtime.deadlines.nextMs).toBe(10);
  host.advanceTo(10);
  expect(host.runtime.deadlines.nextMs).toBe(90);
});

test('a message comes out as it went in, also when the channel has used its publication again', () => {
  const properties = { messageId: 'm1', expiration: '500', deliveryMode: 2, priority: 3 };
  const message = Publication.of('ex', 'key', properties, Uint8Array.of(1, 2, 3));
  schedule.add(message, 10);
  message.body.fill(0);
  message.replaceProperties({});
  host.advanceTo(10);
  const [out] = published;
  expect(out).toMatchObject({ exchange: 'ex', routingKey: 'key', persistent: true, expirationMs: 500 });
  expect(out?.properties()).toMatchObject(properties);
  expect([...(out?.body ?? [])]).toEqual([1, 2, 3]);
});

test('no more than a bounded number is published in one turn, and the rest in the next ones', () => {
  for (let count = 0; count < 1500; count++) schedule.add(messageTo('q', String(count)), 10);
  host.advanceTo(10);
  expect(published).toHaveLength(1024);
  expect(host.runtime.deadlines.nextMs).toBe(10);
  host.advanceTo(10);
  expect(published.map(bodyText)).toEqual(Array.from({ length: 1500 }, (_, count) => String(count)));
});

test('a message takes room in the store until it is published', () => {
  schedule.add(messageTo('q', 'a'), 10);
  expect(host.log.liveBytes).toBeGreaterThan(0);
  host.advanceTo(10);
  expect(host.log.liveBytes).toBe(0);
});

test('disposed, it does not give back again what it has published', () => {
  schedule.add(messageTo('q', 'a'), 10);
  schedule.add(messageTo('q', 'b'), 20);
  host.advanceTo(10);
  schedule.dispose();
  host.advanceTo(10);
  expect(host.log.liveBytes).toBe(0);
});

test('disposed, it gives its room back and publishes nothing', () => {
  schedule.add(messageTo('q', 'a'), 10);
  schedule.add(messageTo('q', 'b'), 20);
  schedule.dispose();
  host.advanceTo(30);
  expect(published).toEqual([]);
  expect(host.log.liveBytes).toBe(0);
});

test('persistent messages are published after a restart, what was due meanwhile at once', async () => {
  const first = SurvivingRuntime.start();
  const before = new Schedule(first.runtime, () => {});
  const persistent = (text: string): Publication =>
    Publication.of('ex', 'key', { deliveryMode: 2 }, new TextEncoder().encode(text));
  before.add(persistent('late'), 5000);
  before.add(persistent('done'), 10);
  before.add(messageTo('q', 'transient'), 20);
  before.add(persistent('missed'), 100);
  first.turn();
  first.advanceTo(15);
  first.turn();
  const second = await first.restart(1000);
  const after = new Schedule(second.runtime, (publication) => published.push(publication), before.laneId);
  expect(after.count).toBe(2);
  expect(second.turnsRequested).toBe(1);
  second.turn();
  expect(published.map(bodyText)).toEqual(['missed']);
  second.clock.moveTo(4000);
  second.turn();
  expect(published.map(bodyText)).toEqual(['missed', 'late']);
  const third = await second.restart(9000);
  expect(new Schedule(third.runtime, () => {}, before.laneId).count).toBe(0);
});

test('a restart between a message and its publishing gives its lane no number twice', async () => {
  const first = SurvivingRuntime.start();
  const before = new Schedule(first.runtime, () => {});
  before.add(Publication.of('ex', 'key', { deliveryMode: 2 }, Uint8Array.of(1)), 10);
  first.advanceTo(10);
  first.turn();
  const second = await first.restart(20);
  const after = new Schedule(second.runtime, () => {}, before.laneId);
  after.add(Publication.of('ex', 'key', { deliveryMode: 2 }, Uint8Array.of(2)), 1000);
  second.turn();
  const third = await second.restart(30);
  expect(new Schedule(third.runtime, () => {}, before.laneId).count).toBe(1);
});
