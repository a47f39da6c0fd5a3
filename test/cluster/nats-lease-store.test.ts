import { expect, test } from 'vitest';
import { VACANT_LEASE } from '../../src/cluster/lease-record.ts';
import type { LeaseEntry, LeaseRecord, LeaseStore } from '../../src/cluster/lease-store.ts';
import { openLeaseStore } from '../../src/cluster/nats-lease-store.ts';
import type { NodeEntry, NodeRecords } from '../../src/cluster/node-records.ts';
import type { NatsConnection } from '../../src/storage/jetstream/nats-connection.ts';
import { bucketName, bucketStreamName } from '../../src/storage/jetstream/nats-names.ts';
import { describeWithNats } from '../servers/nats.ts';
import { natsUnderTest, until } from './nats-under-test.ts';

const ROUNDS = 150;
const STEP_DOWN_EVERY = 10;

function recordOf(owner: string, epoch = 1): LeaseRecord {
  return { ...VACANT_LEASE, owner, term: `${owner}-${epoch}`, leaseMs: 3_000, epoch };
}

describeWithNats('a lease store in NATS', () => {
  const nats = natsUnderTest();

  interface Opened {
    readonly connection: NatsConnection;
    readonly cluster: string;
    readonly store: LeaseStore & NodeRecords;
  }

  async function opened(): Promise<Opened> {
    const connection = await nats.connect();
    const cluster = await nats.newCluster(connection);
    return { connection, cluster, store: await openLeaseStore(connection, cluster) };
  }

  test('has nothing at first', async () => {
    const { store } = await opened();
    expect(await store.read()).toBeUndefined();
  });

  test('is refused where nobody made it', async () => {
    const connection = await nats.connect();
    await expect(openLeaseStore(connection, 'nobody')).rejects.toMatchObject({
      code: 'NATS_UNSAFE',
      message: expect.stringContaining('there is no stream KV_LEVERET_nobody'),
    });
  });

  test('writes behind the revision that it is given, and behind no other', async () => {
    const { store } = await opened();
    const first = await store.write(recordOf('a'), 0);
    expect(first).toBeGreaterThan(0);
    expect(await store.write(recordOf('b'), 0)).toBeUndefined();
    expect(await store.read()).toEqual({ record: recordOf('a'), revision: first });
    const second = await store.write(recordOf('b'), first ?? 0);
    expect(second).toBeGreaterThan(first ?? 0);
    expect(await store.write(recordOf('c'), first ?? 0)).toBeUndefined();
    expect(await store.write(recordOf('c'), (second ?? 0) + 1)).toBeUndefined();
    expect(await store.read()).toEqual({ record: recordOf('b'), revision: second });
  });

  test('is written behind what is a deletion, and belongs to nobody then', async () => {
    const { connection, cluster, store } = await opened();
    await store.write(recordOf('a'), 0);
    const { kv } = await connection.link(1_000);
    await (await kv.open(bucketName(cluster))).delete('lease');
    const entry = await store.read();
    expect(entry?.record).toEqual(VACANT_LEASE);
    expect(await store.write(recordOf('b'), entry?.revision ?? 0)).toBeGreaterThan(0);
  });

  test('does not take what is no lease for one', async () => {
    const { connection, cluster, store } = await opened();
    const { kv } = await connection.link(1_000);
    await (await kv.open(bucketName(cluster))).put('lease', '{"owner":7,"peerToken":"secret"}');
    // Without what is there: the token of a term would be told with it.
    await expect(store.read()).rejects.toMatchObject({
      code: 'NATS_UNSAFE',
      message: expect.stringMatching(/^the key lease of bucket LEVERET_test-\d+ is no lease (?!.*secret)/),
    });
  });

  test('is a bucket for every client of NATS', async () => {
    const { connection, cluster, store } = await opened();
    await store.write(recordOf('a'), 0);
    await store.putNode('n1', 'here');
    const { kv } = await connection.link(1_000);
    const bucket = await kv.open(bucketName(cluster));
    expect((await bucket.get('lease'))?.json()).toEqual(recordOf('a'));
    expect((await bucket.get('node.n1'))?.string()).toBe('here');
    expect(await bucket.status()).toMatchObject({ replicas: 3, history: 1, ttl: 0, storage: 'file' });
  });

  test('hands out what is there, and each change soon after it was made', async () => {
    const { cluster, store } = await opened();
    const other = await openLeaseStore(await nats.connect(), cluster);
    let revision = await store.write(recordOf('a'), 0);
    const seen: LeaseEntry[] = [];
    const end = other.watch((entry) => seen.push(entry));
    await until('the first is seen', () => seen.length === 1);
    const delaysMs: number[] = [];
    for (let epoch = 2; epoch <= 11; epoch++) {
      revision = await store.write(recordOf('a', epoch), revision ?? 0);
      const writtenMs = performance.now();
      await until('the change is seen', () => seen.at(-1)?.revision === revision);
      delaysMs.push(performance.now() - writtenMs);
    }
    end();
    expect(seen.map(({ record }) => record.epoch)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]);
    // Without hints it would be a quarter of a second on average.
    expect(delaysMs.sort((a, b) => a - b)[5]).toBeLessThan(150);
  });

  test('goes on watching when its server dies', async () => {
    const { connection, cluster, store } = await opened();
    const [url = ''] = nats.servers.urls.filter((each) => each !== `nats://${connection.server}`);
    const other = await openLeaseStore(await nats.connect({ servers: [url] }), cluster);
    const seen: number[] = [];
    const end = store.watch(({ record }) => seen.push(record.epoch));
    await other.write(recordOf('a', 1), 0);
    await until('the first is seen', () => seen.includes(1));
    await nats.servers.kill(nats.servers.urls.indexOf(`nats://${connection.server}`));
    // Where the server led the bucket, there is no leader at first.
    await until('it is written again', async () => {
      const entry = await other.read().catch(() => undefined);
      if (entry?.record.epoch === 2) return true;
      return (await other.write(recordOf('a', 2), entry?.revision ?? 0).catch(() => undefined)) !== undefined;
    });
    await until('the second is seen', () => seen.at(-1) === 2);
    end();
  });

  test('does not know whether it was written when nobody answers', async () => {
    const { store } = await opened();
    await store.write(recordOf('a'), 0);
    for (const server of [0, 1, 2]) nats.servers.pause(server);
    await expect(store.write(recordOf('b'), 1)).rejects.toMatchObject({ code: 'NATS_UNREACHABLE' });
    await expect(store.read()).rejects.toMatchObject({ code: 'NATS_UNREACHABLE' });
  });

  test('has one winner for each revision, whatever its leader does', async () => {
    const { cluster, store } = await opened();
    const stores = [store];
    while (stores.length < 4) stores.push(await openLeaseStore(await nats.connect(), cluster));
    const counted = { won: 0, lost: 0, unknown: 0, unknownThatWon: 0, stepDowns: 0 };
    let after = 0;
    for (let round = 1; round <= ROUNDS; round++) {
      const stepDown =
        round % STEP_DOWN_EVERY === 0
          ? nats.servers.stepDown(bucketStreamName(cluster))
          : Promise.resolve(false);
      const results = await Promise.allSettled(
        stores.map((each, index) => each.write(recordOf(`w${index}`, round), after)),
      );
      if (await stepDown) counted.stepDowns += 1;
      const winners = results.flatMap((each, index) =>
        each.status === 'fulfilled' && each.value !== undefined
          ? [{ owner: `w${index}`, revision: each.value }]
          : [],
      );
      expect(winners.length).toBeLessThanOrEqual(1);
      counted.won += winners.length;
      counted.unknown += results.filter(({ status }) => status === 'rejected').length;
      counted.lost += results.filter(
        (each) => each.status === 'fulfilled' && each.value === undefined,
      ).length;
      const entry = await settledEntry(store, after);
      if (winners[0] !== undefined) {
        expect({ owner: entry?.record.owner, revision: entry?.revision }).toEqual(winners[0]);
      } else if (entry !== undefined && entry.revision !== after) {
        // Nobody heard that it had won: then one of those won who heard nothing.
        const unknown = results.flatMap(({ status }, index) => (status === 'rejected' ? [`w${index}`] : []));
        expect(unknown).toContain(entry.record.owner);
        counted.unknownThatWon += 1;
      }
      after = entry?.revision ?? 0;
    }
    console.log('compare and set:', counted);
    expect(counted.stepDowns).toBeGreaterThan(ROUNDS / STEP_DOWN_EVERY / 2);
    expect(counted.won).toBeGreaterThan(ROUNDS / 2);
  });

  /** What is there once somebody answers. */
  async function settledEntry(store: LeaseStore, after: number): Promise<LeaseEntry | undefined> {
    let entry: LeaseEntry | undefined;
    await until(`something is known behind revision ${after}`, async () => {
      try {
        entry = await store.read();
        return true;
      } catch {
        return false;
      }
    });
    return entry;
  }

  test('keeps the records of nodes by any name, and tells of those that go', async () => {
    const { cluster, store } = await opened();
    const other = await openLeaseStore(await nats.connect(), cluster);
    const names = ['n1', 'host.example.org', 'Wörter und =25', '..', '*'];
    await store.putNode('n1', 'first');
    const seen = new Map<string, NodeEntry>();
    const end = other.watchNodes((entry) => seen.set(entry.name, entry));
    await until('the one that is there is seen', () => seen.get('n1')?.text === 'first');
    for (const name of names) await store.putNode(name, `of ${name}`);
    await until('all are seen', () => names.every((name) => seen.get(name)?.text === `of ${name}`));
    await store.removeNode('n1');
    await store.removeNode('never there');
    await until('one goes', () => seen.get('n1')?.text === undefined);
    await store.putNode('n1', 'again');
    await until('one comes back', () => seen.get('n1')?.text === 'again');
    end();
    expect(await store.read()).toBeUndefined();
  });
});
