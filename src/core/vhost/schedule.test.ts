import { beforeEach, expect, test } from 'vitest';
import {
  bodyText,
  messageTo,
  RuntimeUnderTest,
  SurvivingRuntime,
} from '../../../test/core/runtime-under-test.ts';
import { Publication } from '../message/publication.ts';
import { Schedule, type ScheduledMessage } from './schedule.ts';

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

function listed(from: number, count: number): Promise<ScheduledMessage[]> {
  return new Promise((resolve) => schedule.entries(from, count, resolve));
}

function found(id: string): Promise<ScheduledMessage | undefined> {
  return new Promise((resolve) => schedule.find(id, resolve));
}

test('what waits is listed by time, a piece of it at a time', async () => {
  schedule.add(messageTo('q', 'late'), 90);
  schedule.add(Publication.of('ex', 'key', { messageId: 'm' }, Uint8Array.of(1, 2, 3)), 10);
  schedule.add(messageTo('q', 'middle'), 50);
  expect(await listed(0, 1)).toEqual([
    {
      id: '10-1',
      dueAtMs: Date.UTC(2020, 0, 1) + 10,
      exchange: 'ex',
      routingKey: 'key',
      properties: expect.objectContaining({ messageId: 'm' }),
      bodyBytes: 3,
    },
  ]);
  expect((await listed(1, 10)).map(({ dueAtMs }) => dueAtMs - Date.UTC(2020, 0, 1))).toEqual([50, 90]);
  expect(await listed(3, 10)).toEqual([]);
});

test('a message that is cancelled is not published, and takes no room', async () => {
  schedule.add(messageTo('q', 'a'), 10);
  schedule.add(messageTo('q', 'b'), 10);
  const [first] = await listed(0, 1);
  expect(schedule.cancel(first?.id as string)).toBe(true);
  expect(schedule.cancel(first?.id as string)).toBe(false);
  for (const id of ['10-7', '11-1', 'x', '', '10', '10-1-1', ' 10-1'])
    expect(schedule.cancel(id)).toBe(false);
  host.advanceTo(10);
  expect(published.map(bodyText)).toEqual(['b']);
  expect(host.log.liveBytes).toBe(0);
});

test('a durable message that is cancelled stays so after a restart, and the others keep their ids', async () => {
  const first = SurvivingRuntime.start();
  schedule = new Schedule(first.runtime, () => {});
  for (const text of ['a', 'b']) {
    schedule.add(Publication.of('', 'q', { deliveryMode: 2 }, new TextEncoder().encode(text)), 500);
  }
  const [cancelled, kept] = await listed(0, 2);
  schedule.cancel(cancelled?.id as string);
  first.turn();
  const second = await first.restart(100);
  schedule = new Schedule(second.runtime, (publication) => published.push(publication), schedule.laneId);
  expect((await listed(0, 5)).map(({ id }) => id)).toEqual([kept?.id]);
  expect(await found(cancelled?.id as string)).toBeUndefined();
  expect((await found(kept?.id as string))?.bodyBytes).toBe(1);
});
