import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { JsonValue } from './field-json.ts';
import { compareValues, type Keyed, sortInSlices } from './sort-in-slices.ts';
import { SlicedWork } from './work-slices.ts';

test('as many as there are, the order is that of a stable sort', async () => {
  const work = await SlicedWork.begin();
  const lists = fc.array(fc.tuple(fc.integer({ min: 0, max: 50 }), fc.string({ maxLength: 2 })), {
    maxLength: 3000,
    size: 'max',
  });
  await fc.assert(
    fc.asyncProperty(lists, async (list) => {
      const entries: Keyed<number>[] = list.map(([number, text], item) => ({ keys: [number, text], item }));
      const expected = [...list.keys()].sort((a, b) => {
        const [numberA, textA] = list[a] as [number, string];
        const [numberB, textB] = list[b] as [number, string];
        return numberA - numberB || (textA < textB ? -1 : Number(textA > textB)) || a - b;
      });
      expect((await sortInSlices(entries, work)).map(({ item }) => item)).toEqual(expected);
    }),
    { numRuns: 30 },
  );
});

test('values of different kinds are in the order of Erlang terms', () => {
  const values: JsonValue[] = ['b', { x: 1 }, true, 3, null, 'a', -1, false];
  expect(values.sort(compareValues).map((value) => JSON.stringify(value))).toEqual([
    '-1',
    '3',
    ...values.slice(2, 5).map((value) => JSON.stringify(value)),
    '{"x":1}',
    '"a"',
    '"b"',
  ]);
  expect(values.slice(2, 5)).toEqual(expect.arrayContaining([true, false, null]));
});
