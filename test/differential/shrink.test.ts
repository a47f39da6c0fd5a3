import { describe, expect, test } from 'vitest';
import { shrink } from './shrink.ts';

describe('shrink', () => {
  test('keeps only what the failure needs', async () => {
    const sequence = Array.from({ length: 50 }, (_, i) => i);
    const fails = async (shorter: readonly number[]) => shorter.includes(7) && shorter.includes(33);
    expect(await shrink(sequence, fails, 500)).toEqual([7, 33]);
  });

  test('stops after its attempts', async () => {
    let asked = 0;
    const fails = async (): Promise<boolean> => {
      asked += 1;
      return false;
    };
    expect(await shrink([1, 2, 3, 4], fails, 3)).toEqual([1, 2, 3, 4]);
    expect(asked).toBe(3);
  });
});
