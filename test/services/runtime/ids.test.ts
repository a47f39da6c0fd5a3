import { expect, it } from 'vitest';
import { batchId, derivedId } from '../../../src/services/runtime/derived-id.ts';

it('ids of what a message sends are fixed: an instance of another version makes the same', () => {
  expect(derivedId('m', 'orders', 'orders.place', 1)).toBe('B_H5U3D59SjHi-Bdv20gS-wphoSjnNFA');
  expect(batchId(['a', 'b'])).toBe('fhj3NzEbLcOy8mndeDlrA1HxT7Zu-oef');
});

it('ids differ in each of what they are made of', () => {
  const ids = [
    derivedId('m', 's', 'p', 1),
    derivedId('n', 's', 'p', 1),
    derivedId('m', 't', 'p', 1),
    derivedId('m', 's', 'q', 1),
    derivedId('m', 's', 'p', 2),
    batchId(['m']),
    batchId(['m', 'n']),
  ];
  expect(new Set(ids).size).toBe(ids.length);
});
