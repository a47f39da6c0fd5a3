import { describe, expect, test } from 'vitest';
import { Chance } from '../../test/cluster-simulation/chance.ts';
import { SimulatedLeaseStore } from '../../test/cluster-simulation/simulated-lease-store.ts';
import { SimulatedNode } from '../../test/cluster-simulation/simulated-node.ts';
import { SimulatedTime } from '../../test/cluster-simulation/simulated-time.ts';
import { Ownership } from './ownership.ts';

const LEASE_MS = 3_000;
/** Some questions and answers. */
const SOON_MS = 150;

/** Nodes of a cluster in which nothing goes wrong but what a test does. */
class Scene {
  readonly time: SimulatedTime = new SimulatedTime();
  readonly store: SimulatedLeaseStore;
  readonly nodes: readonly SimulatedNode[];

  constructor(names: readonly string[]) {
    const { time } = this;
    const chance = new Chance(1);
    this.store = new SimulatedLeaseStore(time, chance);
    const makeOwnership = (options: ConstructorParameters<typeof Ownership>[0]): Ownership =>
      new Ownership(options);
    const scene = { time, chance, store: this.store, leaseMs: LEASE_MS, makeOwnership };
    this.nodes = names.map((name) => new SimulatedNode(name, scene));
  }

  pass(ms: number): Promise<void> {
    return this.time.runUntil(this.time.nowMs + ms, () => {});
  }

  /** Until the lease has just been renewed. */
  async renewal(): Promise<void> {
    const { revision } = this.store.newest ?? expect.fail('nothing was written');
    while (this.store.newest?.revision === revision) await this.pass(1);
    await this.pass(20);
  }

  get owners(): string[] {
    return this.nodes.filter((node) => node.holds()).map(({ name }) => name);
  }
}

/** `a` owns the log, and all know. */
async function owned(): Promise<{ scene: Scene; a: SimulatedNode; b: SimulatedNode; c: SimulatedNode }> {
  const scene = new Scene(['a', 'b', 'c']);
  const [a, b, c] = scene.nodes as [SimulatedNode, SimulatedNode, SimulatedNode];
  a.start();
  await scene.pass(1_000);
  b.start();
  c.start();
  await scene.pass(SOON_MS);
  expect(scene.owners).toEqual(['a']);
  return { scene, a, b, c };
}

describe('a lease', () => {
  test('that nobody ever had is taken at once', async () => {
    const scene = new Scene(['a']);
    scene.nodes[0]?.start();
    await scene.pass(SOON_MS);
    expect(scene.owners).toEqual(['a']);
    expect(scene.nodes[0]?.ownership?.state).toBe('owning');
  });

  test('is renewed for as long as the owner lives, and others know who that is', async () => {
    const { scene, a, b } = await owned();
    await scene.pass(20 * LEASE_MS);
    expect(scene.owners).toEqual(['a']);
    expect(a.acquiredCount).toBe(1);
    expect(b.ownership?.record).toMatchObject({ owner: 'a', epoch: 1, isServing: true, leaseMs: LEASE_MS });
  });

  test('of an owner that was killed is waited for, and no longer', async () => {
    const { scene, a } = await owned();
    a.kill();
    await scene.pass(0.6 * LEASE_MS);
    expect(scene.owners).toEqual([]);
    await scene.pass(0.5 * LEASE_MS);
    expect(scene.owners).toHaveLength(1);
  });

  test('of a former life of the same node is waited for, too', async () => {
    const { scene, a, b, c } = await owned();
    b.kill();
    c.kill();
    a.kill();
    a.start();
    await scene.pass(0.6 * LEASE_MS);
    expect(scene.owners).toEqual([]);
    await scene.pass(0.5 * LEASE_MS);
    expect(scene.owners).toEqual(['a']);
  });

  test('is told about when it says something new, and not when it is renewed', async () => {
    const { scene, b } = await owned();
    await scene.pass(5 * LEASE_MS);
    const told = b.records.map((record) => [record?.owner, record?.epoch, record?.isServing]);
    expect(told.at(-1)).toEqual(['a', 1, true]);
    expect(told.length).toBeLessThanOrEqual(3);
  });

  test('of each term has a token of its own', async () => {
    const { scene, a } = await owned();
    const before = scene.store.newest?.record;
    a.kill();
    await scene.pass(2 * LEASE_MS);
    const after = scene.store.newest?.record;
    expect(before?.peerToken).toMatch(/^[0-9a-f]{64}$/);
    expect(after?.peerToken).not.toBe(before?.peerToken);
    expect(after?.term).not.toBe(before?.term);
  });
});

describe('an owner', () => {
  test('that cannot reach the store warns, ends before others take over, and says why', async () => {
    const { scene, a } = await owned();
    a.cut(true);
    await scene.pass(0.8 * LEASE_MS);
    expect(a.events.at(-1)).toMatch(
      /^warn cluster: the lease cannot be renewed: no answer within 375 ms; in /,
    );
    await scene.pass(0.15 * LEASE_MS);
    expect(a.losses).toEqual(['the lease ran out before it was renewed: no answer within 375 ms']);
    await scene.pass(LEASE_MS);
    expect(scene.owners).toHaveLength(1);
    expect(scene.owners).not.toContain('a');
  });

  test('that reaches the store again in time says so, and goes on', async () => {
    const { scene, a } = await owned();
    await scene.renewal();
    a.cut(true);
    await scene.pass(2_000);
    a.cut(false);
    await scene.pass(LEASE_MS);
    expect(a.events.at(-1)).toBe('info cluster: the lease is renewed again');
    expect(scene.owners).toEqual(['a']);
    expect(a.losses).toEqual([]);
  });

  test('that stood still for longer than its lease knows before anything else', async () => {
    const { scene, a } = await owned();
    a.pause();
    await scene.pass(3 * LEASE_MS);
    expect(scene.owners).toHaveLength(1);
    a.resume();
    expect(a.ownership?.holds()).toBe(false);
    await scene.pass(1);
    expect(a.losses).toEqual(['the lease ran out before it was renewed: the process stood still']);
    await scene.pass(3 * LEASE_MS);
    expect(a.acquiredCount).toBe(1);
  });

  test('that stood still for a part of its lease goes on', async () => {
    const { scene, a } = await owned();
    a.pause();
    await scene.pass(0.4 * LEASE_MS);
    a.resume();
    await scene.pass(2 * LEASE_MS);
    expect(scene.owners).toEqual(['a']);
    expect(a.losses).toEqual([]);
  });

  test('whose lease somebody has taken ends at once, and says who it is', async () => {
    const { scene, a } = await owned();
    const { record, revision } = scene.store.newest ?? expect.fail('nothing was written');
    scene.store.write({ ...record, owner: 'x', term: 'another' }, revision);
    await scene.pass(SOON_MS);
    expect(a.losses).toEqual(["node 'x' has taken the lease"]);
  });

  test('hears of a process with its own name', async () => {
    const { scene, a } = await owned();
    const { record, revision } = scene.store.newest ?? expect.fail('nothing was written');
    scene.store.write({ ...record, term: 'another' }, revision);
    await scene.pass(SOON_MS);
    expect(a.losses[0]).toMatch(/^another process has taken the lease under this node's name, 'a': give /);
  });

  test('rests after a loss until it is started again, and has not to wait for its own lease then', async () => {
    const { scene, a, b, c } = await owned();
    b.kill();
    c.kill();
    a.cut(true);
    await scene.pass(LEASE_MS);
    expect(a.losses).toHaveLength(1);
    a.cut(false);
    await scene.pass(300 + 2 * SOON_MS);
    expect(scene.owners).toEqual(['a']);
    expect(a.acquiredCount).toBe(2);
  });

  test('that is stopped says nothing any more, and owns nothing', async () => {
    const { scene, a } = await owned();
    a.ownership?.stop();
    expect(a.ownership?.holds()).toBe(false);
    await scene.pass(2 * LEASE_MS);
    expect(a.losses).toEqual([]);
    expect(scene.owners).toHaveLength(1);
    expect(scene.owners).not.toContain('a');
  });
});

describe('a hand-over', () => {
  test('takes no lease: the successor owns the log at once', async () => {
    const { scene, a, c } = await owned();
    const answer = a.ownership?.handOver('c');
    expect(scene.owners).toEqual([]);
    await scene.pass(SOON_MS);
    expect(await answer).toBe(true);
    expect(scene.owners).toEqual(['c']);
    expect(c.acquiredCount).toBe(1);
    expect(a.losses).toEqual([]);
    await scene.pass(3 * LEASE_MS);
    expect(scene.owners).toEqual(['c']);
  });

  test('to nobody in particular is for any of the others', async () => {
    const { scene, a } = await owned();
    await Promise.all([a.ownership?.handOver(''), scene.pass(SOON_MS)]);
    expect(scene.owners).toHaveLength(1);
    expect(scene.owners).not.toContain('a');
  });

  test('to a node that does not come is over after a lease', async () => {
    const { scene, a, c } = await owned();
    c.kill();
    await Promise.all([a.ownership?.handOver('c'), scene.pass(0.9 * LEASE_MS)]);
    expect(scene.owners).toEqual([]);
    await scene.pass(0.2 * LEASE_MS);
    expect(scene.owners).toHaveLength(1);
  });

  test('that cannot be told about is given up, and others wait for the lease', async () => {
    const { scene, a } = await owned();
    a.cut(true);
    const answer = a.ownership?.handOver('c');
    await scene.pass(1.2 * LEASE_MS);
    expect(await answer).toBe(false);
    expect(scene.owners).toHaveLength(1);
  });

  test('is nothing that a standby can do', async () => {
    const { b } = await owned();
    expect(await b.ownership?.handOver('c')).toBe(false);
  });
});

test('a node whose store does not answer at first keeps asking', async () => {
  const scene = new Scene(['a']);
  const [a] = scene.nodes;
  a?.start();
  a?.cut(true);
  await scene.pass(5 * LEASE_MS);
  expect(scene.owners).toEqual([]);
  a?.cut(false);
  await scene.pass(LEASE_MS);
  expect(scene.owners).toEqual(['a']);
});

test('an ownership is started once', async () => {
  const { a } = await owned();
  expect(() => a.ownership?.start()).toThrow('the ownership is owning, and was started again');
});
