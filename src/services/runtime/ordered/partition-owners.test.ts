import fc from 'fast-check';
import { expect, test } from 'vitest';
import { partitionOwners } from './partition-owners.ts';

const members = fc.uniqueArray(fc.string({ minLength: 1, maxLength: 12 }), { minLength: 1, maxLength: 20 });

function counts(owners: readonly string[], among: readonly string[]): number[] {
  return among.map((member) => owners.filter((owner) => owner === member).length);
}

test('one member has everything', () => {
  expect(partitionOwners(['a'], 8)).toEqual(Array(8).fill('a'));
});

test('partitions are shared as equally as can be, whoever there is', () => {
  fc.assert(
    fc.property(members, (all) => {
      const owned = counts(partitionOwners(all, 8), all);
      expect(owned.reduce((sum, count) => sum + count)).toBe(8);
      expect(Math.max(...owned) - Math.min(...owned)).toBeLessThanOrEqual(1);
    }),
  );
});

test('all who know of the same members come to the same result', () => {
  fc.assert(
    fc.property(members, (all) => {
      expect(partitionOwners([...all].reverse(), 8)).toEqual(partitionOwners(all, 8));
    }),
  );
});

test('one that comes moves few partitions', () => {
  const names = Array.from({ length: 200 }, (_, index) => `instance-${index}`);
  let moved = 0;
  for (let index = 0; index + 4 < names.length; index += 4) {
    const before = partitionOwners(names.slice(index, index + 3), 8);
    const after = partitionOwners(names.slice(index, index + 4), 8);
    moved += after.filter((owner, partition) => owner !== before[partition]).length;
  }
  // two of eight have to; sharing them out anew would move six
  expect(moved / 49).toBeLessThan(3.5);
});
