import fc from 'fast-check';
import { expect, test } from 'vitest';
import { TagWindow } from './tag-window.ts';

test('tags count from 1, and each is taken once', () => {
  const window = new TagWindow<{ name: string }>();
  expect([window.add({ name: 'a' }), window.add({ name: 'b' })]).toEqual([1, 2]);
  expect([window.take(0), window.take(3), window.take(2)?.name, window.take(2)]).toEqual([
    undefined,
    undefined,
    'b',
    undefined,
  ]);
  expect([window.count, window.lowTag]).toEqual([1, 1]);
  expect(window.takeAll()).toEqual([{ name: 'a' }]);
  expect([window.count, window.lowTag]).toEqual([0, 3]);
});

test('it behaves as a map by tag does, however large it grows', () => {
  const steps = fc.array(
    fc.oneof(
      fc.record({ kind: fc.constant('add' as const), count: fc.integer({ min: 1, max: 100 }) }),
      fc.record({ kind: fc.constant('take' as const), offset: fc.nat(200) }),
      fc.record({ kind: fc.constant('upTo' as const), offset: fc.nat(200) }),
    ),
  );
  fc.assert(
    fc.property(steps, (all) => {
      const window = new TagWindow<{ tag: number }>();
      const model = new Map<number, { tag: number }>();
      let next = 1;
      for (const step of all) {
        const low = Math.min(next, ...model.keys());
        if (step.kind === 'add') {
          for (let count = 0; count < step.count; count++) {
            const value = { tag: next };
            expect(window.add(value)).toBe(next);
            model.set(next, value);
            next += 1;
          }
        } else if (step.kind === 'take') {
          expect(window.take(low + step.offset)).toBe(model.get(low + step.offset));
          model.delete(low + step.offset);
        } else {
          const taken: number[] = [];
          window.takeUpTo(low + step.offset, ({ tag }) => taken.push(tag));
          const expected = [...model.keys()].filter((tag) => tag <= low + step.offset);
          expect(taken).toEqual(expected);
          for (const tag of expected) model.delete(tag);
        }
        expect(window.find(({ tag }) => tag % 3 === 0)).toBe(
          [...model.values()].find(({ tag }) => tag % 3 === 0),
        );
        expect(window.count).toBe(model.size);
        expect(window.lowTag).toBe(Math.min(next, ...model.keys()));
      }
    }),
  );
});
