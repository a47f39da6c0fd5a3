import fc from 'fast-check';
import { beforeEach, expect, test } from 'vitest';
import { Deadline, Deadlines } from './deadlines.ts';

const NEVER = Number.POSITIVE_INFINITY;
const ALL = 1000;
let deadlines: Deadlines;
let ran: string[];

beforeEach(() => {
  deadlines = new Deadlines();
  ran = [];
});

function deadline(name: string): Deadline {
  return new Deadline((nowMs) => ran.push(`${name} at ${nowMs}`));
}

test('a deadline runs once, when its time has come', () => {
  deadlines.set(deadline('a'), 10);
  expect(deadlines.nextMs).toBe(10);
  deadlines.runDue(9, ALL);
  expect(ran).toEqual([]);
  deadlines.runDue(10, ALL);
  deadlines.runDue(11, ALL);
  expect(ran).toEqual(['a at 10']);
  expect(deadlines.nextMs).toBe(NEVER);
});

test('deadlines of one time run in the order in which they were set', () => {
  const [a, b, c] = [deadline('a'), deadline('b'), deadline('c')];
  deadlines.set(b, 5);
  deadlines.set(c, 5);
  deadlines.set(a, 5);
  deadlines.set(c, 5);
  deadlines.runDue(5, ALL);
  expect(ran).toEqual(['b at 5', 'c at 5', 'a at 5']);
});

test('a deadline can be moved both ways', () => {
  const [a, b] = [deadline('a'), deadline('b')];
  deadlines.set(a, 10);
  deadlines.set(b, 20);
  deadlines.set(a, 30);
  expect(deadlines.nextMs).toBe(20);
  deadlines.set(a, 15);
  expect(deadlines.nextMs).toBe(15);
  deadlines.runDue(40, ALL);
  expect(ran).toEqual(['a at 40', 'b at 40']);
});

test('a deadline that is withdrawn does not run, and clearing it again is harmless', () => {
  const a = deadline('a');
  deadlines.set(a, 10);
  deadlines.clear(a);
  deadlines.clear(a);
  expect(deadlines.nextMs).toBe(NEVER);
  deadlines.runDue(20, ALL);
  expect(ran).toEqual([]);
});

test('a deadline may set itself again while it runs', () => {
  const again: Deadline = new Deadline((nowMs) => {
    ran.push(`again at ${nowMs}`);
    deadlines.set(again, nowMs + 5);
  });
  deadlines.set(again, 5);
  deadlines.runDue(5, ALL);
  deadlines.runDue(10, ALL);
  expect(ran).toEqual(['again at 5', 'again at 10']);
  expect(deadlines.nextMs).toBe(15);
});

test('a deadline that sets itself to a time that has passed waits for the next run, behind nobody', () => {
  const again: Deadline = new Deadline(() => {
    ran.push('again');
    deadlines.set(again, 1);
  });
  deadlines.set(again, 5);
  deadlines.set(deadline('b'), 6);
  deadlines.runDue(10, ALL);
  expect(ran).toEqual(['again', 'b at 10']);
  expect(deadlines.nextMs).toBe(1);
  deadlines.runDue(10, ALL);
  expect(ran).toEqual(['again', 'b at 10', 'again']);
});

test('what was set while others ran can be moved and withdrawn before its time', () => {
  const [a, b] = [deadline('a'), deadline('b')];
  const first = new Deadline(() => {
    for (const each of [a, b]) deadlines.set(each, 1);
    deadlines.clear(a);
    deadlines.set(b, 2);
    deadlines.set(b, 30);
    deadlines.set(b, 3);
  });
  deadlines.set(first, 5);
  deadlines.runDue(10, ALL);
  expect([deadlines.nextMs, ran]).toEqual([3, []]);
  deadlines.runDue(10, ALL);
  expect(ran).toEqual(['b at 10']);
  expect(deadlines.nextMs).toBe(NEVER);
});

test('a time between two milliseconds is the later one: the clock of a broker shows whole ones', () => {
  const a = deadline('a');
  deadlines.set(a, 9.5);
  expect(deadlines.nextMs).toBe(10);
  deadlines.runDue(9, ALL);
  expect(ran).toEqual([]);
  deadlines.runDue(10, ALL);
  expect(ran).toEqual(['a at 10']);
});

test('no more run at once than were allowed, and the rest is still due', () => {
  for (const name of ['a', 'b', 'c']) deadlines.set(deadline(name), 1);
  deadlines.runDue(1, 2);
  expect(ran).toEqual(['a at 1', 'b at 1']);
  expect(deadlines.nextMs).toBe(1);
  deadlines.runDue(1, 2);
  expect(ran).toHaveLength(3);
});

test('any mixture of setting, moving, withdrawing and running keeps times and order', () => {
  const command = fc.oneof(
    fc.record({ index: fc.nat(9), atMs: fc.nat(30) }),
    fc.record({ index: fc.nat(9), atMs: fc.constant(NEVER) }),
    fc.record({ runMs: fc.nat(30) }),
  );
  fc.assert(
    fc.property(fc.array(command, { maxLength: 100, size: 'max' }), (commands) => {
      const heap = new Deadlines();
      const seen: number[] = [];
      const all = Array.from({ length: 10 }, (_, index) => new Deadline(() => seen.push(index)));
      const model = new Map<number, { atMs: number; order: number }>();
      let order = 0;
      for (const each of commands) {
        if ('runMs' in each) {
          heap.runDue(each.runMs, ALL);
          const due = [...model]
            .filter(([, entry]) => entry.atMs <= each.runMs)
            .sort(([, a], [, b]) => a.atMs - b.atMs || a.order - b.order)
            .map(([index]) => index);
          for (const index of due) model.delete(index);
          expect(seen.splice(0)).toEqual(due);
        } else {
          heap.set(all[each.index] as Deadline, each.atMs);
          if (each.atMs === NEVER) model.delete(each.index);
          else if (model.get(each.index)?.atMs !== each.atMs)
            model.set(each.index, { atMs: each.atMs, order: order++ });
        }
        expect(heap.nextMs).toBe(Math.min(NEVER, ...[...model.values()].map((entry) => entry.atMs)));
      }
    }),
  );
});
