import { expect, it } from 'vitest';
import { openCache } from '../../../src/services/cache/open-cache.ts';
import { ManualClock } from '../recurring/manual-clock.ts';
import { describeCache } from './cache-suite.ts';

const clock = new ManualClock('2026-01-01T00:00:00Z');
const host = {
  clock,
  onTrouble: (text: string): void => {
    throw new Error(text);
  },
};

describeCache('the process', {
  open: (service, options = {}) => openCache(service, options, host),
  pass: (ms) => clock.advance(ms),
});

it('drops what nobody asked for the longest time when it is full', async () => {
  const cache = await openCache('orders', { entriesMax: 2 }, host);
  await cache.set('a', 1);
  await cache.set('b', 2);
  await cache.get('a');
  await cache.set('c', 3);
  expect([await cache.get('a'), await cache.get('b'), await cache.get('c')]).toEqual([1, undefined, 3]);
});

it.each([0, 1.5, -1])('refuses room for %d entries', async (entriesMax) => {
  await expect(openCache('orders', { entriesMax }, host)).rejects.toThrow(
    `found ${entriesMax}; allowed: a whole`,
  );
});

it.each([
  ['http://user:secret@host', "a URL of 'http:'"],
  ['user:secret@host', "a URL of 'user:'"],
  ['secret', 'no URL'],
])('refuses the address %s, and does not show it', async (url, found) => {
  const refused = openCache('orders', { url }, host);
  await expect(refused).rejects.toThrow(`found ${found}; allowed: redis://`);
  await expect(refused).rejects.not.toThrow('secret');
});
