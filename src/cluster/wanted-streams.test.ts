import type { StreamConfig, StreamInfo } from '@nats-io/jetstream';
import { expect, test } from 'vitest';
import { configOf, differencesOf, faultsOf, type WantedStream, wantedStreams } from './wanted-streams.ts';

const [main, , bucket] = wantedStreams('orders') as [WantedStream, WantedStream, WantedStream];

function infoOf(wanted: WantedStream, change: Partial<Record<keyof StreamConfig, unknown>> = {}): StreamInfo {
  return { config: { ...configOf(wanted, 3, -1), ...change } } as unknown as StreamInfo;
}

test('a cluster has two logs and a bucket', () => {
  expect(wantedStreams('orders').map(({ name, subject }) => [name, subject])).toEqual([
    ['LEVERET_orders_main', 'leveret.orders.main'],
    ['LEVERET_orders_cold', 'leveret.orders.cold'],
    ['KV_LEVERET_orders', '$KV.LEVERET_orders.>'],
  ]);
});

test('a name that streams, subjects and files do not all allow is refused', () => {
  for (const name of ['', 'a.b', 'a b', 'a_b', '*', '../x', 'x'.repeat(65)]) {
    expect(() => wantedStreams(name), name).toThrow(
      /the name of the cluster is ".*": up to 64 letters, digits and hyphens/s,
    );
  }
});

test('what is made has no fault', () => {
  for (const wanted of wantedStreams('orders')) expect(faultsOf(wanted, infoOf(wanted), 3)).toEqual([]);
});

const FAULTS: readonly (readonly [Partial<Record<keyof StreamConfig, unknown>>, string])[] = [
  [
    { storage: 'memory' },
    'has storage memory: it must be on disk (storage file), which cannot be changed later',
  ],
  [{ num_replicas: 1 }, 'has 1 replica: set num_replicas to 3 or more'],
  [{ num_replicas: 2 }, 'has 2 replicas: set num_replicas to 3 or more'],
  [{ retention: 'workqueue' }, 'has retention workqueue: it must be limits, which cannot be changed later'],
  [{ discard: 'old' }, 'discards old messages when it is full: set discard to new'],
  [{ max_age: 60_000_000_000 }, 'forgets messages after 60 s: set max_age to 0'],
  [{ max_msgs: 10 }, 'keeps 10 messages at most: set max_msgs to -1'],
  [{ max_msg_size: 10 }, 'takes messages up to 10 bytes only: set max_msg_size to -1'],
  [{ subjects: ['a', 'b'] }, 'has the subjects a, b: it must have leveret.orders.main and no other'],
  [{ subject_transform: { src: 'a', dest: 'b' } }, 'transforms subjects: remove subject_transform'],
  [{ republish: { src: 'a', dest: 'b' } }, 'republishes: remove republish'],
  [{ mirror: { name: 'x' } }, 'is a mirror: it must be a stream of its own'],
  [{ sources: [{ name: 'x' }] }, 'has sources: remove them, only the owner writes to it'],
  [{ sealed: true }, 'is sealed: nothing can be appended to it any more'],
  [{ no_ack: true }, 'does not acknowledge: set no_ack to false'],
  [{ persist_mode: 'async' }, 'acknowledges before it writes: persist_mode must not be async'],
  [{ deny_purge: true }, 'denies purges: set deny_purge to false, or its room is never given back'],
  [{ deny_delete: false }, 'lets messages be deleted one by one: set deny_delete to true'],
  [{ allow_direct: false }, 'cannot be read from its replicas: set allow_direct to true'],
  [{ max_msgs_per_subject: 5 }, 'keeps 5 messages of a subject at most: set max_msgs_per_subject to -1'],
];

test.each(FAULTS)('a stream with %j has a fault', (change, text) => {
  expect(faultsOf(main, infoOf(main, change), 3)).toEqual([`stream LEVERET_orders_main ${text}`]);
});

test('a bucket keeps the last message of each key, and that is no fault', () => {
  expect(infoOf(bucket).config.max_msgs_per_subject).toBe(1);
  expect(faultsOf(bucket, infoOf(bucket, { max_age: 1e9 }), 3)).toEqual([
    'bucket LEVERET_orders forgets messages after 1 s: set max_age to 0',
  ]);
});

test('what was asked for otherwise is a difference', () => {
  const info = infoOf(main, { max_bytes: 1_000, num_replicas: 5 });
  expect(differencesOf(main, info, 5, 1_000)).toEqual([]);
  expect(differencesOf(main, info, 3, -1)).toEqual([
    'stream LEVERET_orders_main has num_replicas 5, and 3 was asked for',
    'stream LEVERET_orders_main has max_bytes 1000, and -1 was asked for',
  ]);
});
