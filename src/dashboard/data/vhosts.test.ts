import { expect, test } from 'vitest';
import { connectionCounts, ratesOf, type VhostRow } from './vhosts.ts';

test('connections are counted by vhost, whatever its name', () => {
  const counts = connectionCounts([{ vhost: '/' }, { vhost: '__proto__' }, { vhost: '/' }]);
  expect([...counts]).toEqual([
    ['/', 2],
    ['__proto__', 1],
  ]);
});

test('a vhost without messages has no rates', () => {
  const quiet: VhostRow = { name: 'x', description: '', tags: [], default_queue_type: 'classic' };
  expect(ratesOf(quiet)).toEqual({});
  expect(ratesOf({ ...quiet, message_stats: { publish_details: { rate: 0 } } })).toEqual({ in: 0 });
});
