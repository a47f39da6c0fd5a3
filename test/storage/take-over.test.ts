import { beforeEach, describe, expect, test } from 'vitest';
import {
  appendMessageRecord,
  destinationCountAt,
  destinationSeq,
  MessageRecord,
} from '../../src/core/message/message-record.ts';
import type { Page, RecordOwner, RecordVisitor } from '../../src/core/message/message-store.ts';
import { Publication } from '../../src/core/message/publication.ts';
import { MessageLog } from '../../src/storage/message-log.ts';
import { SeededRandom } from '../../src/testing/seeded-random.ts';
import { SimulatedCluster, type SimulatedNode } from './simulated-cluster.ts';
import type { RequestFault } from './simulated-replicated-log.ts';

const KIB = 1024;
const LANE = 7;
const PAGES = { pageBytesFirst: 4 * KIB, pageBytesMax: 4 * KIB, deadBytesAllowed: 16 * KIB };
const RESIDENT_BYTES_MAX = 64 * KIB;
const RUNS = Number(process.env['LEVERET_TAKE_OVER_RUNS'] ?? 50);
const SEED_FIRST = Number(process.env['LEVERET_TAKE_OVER_SEED'] ?? 1);

/** A message log on the streams of a cluster, and what the queue on it knows: where its messages are. */
class Owner implements RecordOwner, RecordVisitor {
  readonly positions = new Map<number, number>();
  readonly node: SimulatedNode;
  readonly log: MessageLog;
  #firstCounts = false;

  private constructor(node: SimulatedNode) {
    this.node = node;
    const { main, cold, spill } = node.engines;
    this.log = new MessageLog(main, { cold, spill, ...PAGES, residentBytesMax: RESIDENT_BYTES_MAX });
  }

  static async takeOver(cluster: SimulatedCluster): Promise<Owner> {
    const node = cluster.node();
    await cluster.time.ends(node.open());
    const owner = new Owner(node);
    await cluster.time.ends(owner.log.recover(owner));
    return owner;
  }

  get seqs(): number[] {
    return [...this.positions.keys()].sort((a, b) => a - b);
  }

  store(seq: number, text: string): void {
    const publication = Publication.of('', 'q', { deliveryMode: 2 }, new TextEncoder().encode(text));
    const position = appendMessageRecord(this.log, publication, [{ id: LANE, nextSeq: seq }], 0, 1, true, 0);
    this.positions.set(seq, position);
  }

  settle(seq: number): void {
    this.log.settle(LANE, seq, this.positions.get(seq) as number);
    this.positions.delete(seq);
  }

  /** Reads it back when it is not in memory. */
  text(seq: number): string {
    const record = new MessageRecord();
    const position = this.positions.get(seq) as number;
    record.read(this.log.pageOf(position), position);
    return new TextDecoder().decode(record.bytes.subarray(record.bodyStart, record.bodyEnd));
  }

  relocate(_laneId: number, seq: number, from: number, to: number): boolean {
    if (this.positions.get(seq) !== from) return false;
    this.positions.set(seq, to);
    return true;
  }

  returnCountOf(): undefined {}
  reachOf(): undefined {}
  recordDefinitions(): void {}

  onOlderCopies(): void {
    this.#firstCounts = true;
  }

  onMessage(page: Page, position: number): number {
    const offset = position - page.base;
    expect(destinationCountAt(page, offset)).toBe(1);
    const seq = destinationSeq(page, offset, 0);
    const former = this.positions.get(seq);
    if (former !== undefined && this.#firstCounts) return 0;
    if (former !== undefined) this.log.release(former);
    this.positions.set(seq, position);
    return 1;
  }

  onSettled(_laneId: number, from: number, to: number): void {
    for (let seq = from; seq < to; seq++) {
      const position = this.positions.get(seq);
      if (position !== undefined) this.log.release(position);
      this.positions.delete(seq);
    }
  }

  onNote(): void {}
  onReach(): void {}
  onDefinitionsVoid(): void {}
  onDefinition(): void {}
}

let cluster: SimulatedCluster;
let owner: Owner;

beforeEach(async () => {
  cluster = new SimulatedCluster(16 * KIB);
  owner = await Owner.takeOver(cluster);
});

function textOf(seq: number): string {
  return `message ${seq}`.padEnd(100);
}

describe('a message log whose owner is gone', () => {
  test('is found with its messages by the next one', async () => {
    for (let seq = 0; seq < 2000; seq++) {
      owner.store(seq, textOf(seq));
      if (seq % 10 === 0) owner.log.commit();
    }
    for (let seq = 0; seq < 1000; seq++) owner.settle(seq);
    owner.log.commit();
    await owner.node.settled();
    owner.node.pause();
    owner = await Owner.takeOver(cluster);
    expect(owner.seqs).toEqual(Array.from({ length: 1000 }, (_, index) => index + 1000));
    for (const seq of owner.seqs) expect(owner.text(seq)).toBe(textOf(seq));
  });

  test('is no larger for all that has come and gone', async () => {
    for (let round = 0; round < 100; round++) {
      for (let seq = round * 100; seq < round * 100 + 100; seq++) owner.store(seq, textOf(seq));
      owner.log.commit();
      for (let seq = round * 100; seq < round * 100 + 100; seq++) if (seq % 50 > 0) owner.settle(seq);
      owner.log.commit();
      await owner.node.settled();
      while (owner.log.clean(owner));
    }
    await cluster.time.pass(5000);
    expect(cluster.main.storedBytes + cluster.cold.storedBytes).toBeLessThan(200 * KIB);
    owner.node.pause();
    owner = await Owner.takeOver(cluster);
    expect(owner.seqs).toEqual(Array.from({ length: 200 }, (_, index) => index * 50));
  });
});

test('a backlog is in memory only as far as there is room for it, and reads nothing from the streams', async () => {
  for (let seq = 0; seq < 5000; seq++) {
    owner.store(seq, textOf(seq));
    if (seq % 50 > 0) continue;
    owner.log.commit();
    await cluster.time.pass(20);
  }
  await owner.node.settled();
  for (let turns = 0; turns < 5; turns++) {
    owner.log.commit();
    await cluster.time.pass(20);
  }
  expect(owner.log.memoryBytes).toBeLessThanOrEqual(RESIDENT_BYTES_MAX);
  owner.node.main.isCutOff = true;
  for (let seq = 0; seq < 5000; seq += 7) expect(owner.text(seq)).toBe(textOf(seq));
});

test('what is not durable yet stays in memory', async () => {
  owner.node.main.isCutOff = true;
  for (let seq = 0; seq < 2000; seq++) owner.store(seq, textOf(seq));
  owner.log.commit();
  await cluster.time.pass(2000);
  owner.log.commit();
  expect(owner.log.memoryBytes).toBeGreaterThan(200 * KIB);
  expect(owner.log.pendingBytes).toBeGreaterThan(200 * KIB);
  expect(owner.text(0)).toBe(textOf(0));
  owner.node.main.isCutOff = false;
  await owner.node.settled();
  expect(owner.log.pendingBytes).toBe(0);
});

/** What happened to a message, by the block of main that says so; Infinity: it was not committed. */
interface Fate {
  readonly text: string;
  stored: number;
  settled: number | undefined;
}

/** Stores, settles, cleans and reads; owners end anywhere, and sometimes go on although they have ended. */
class Mixture {
  readonly #random: SeededRandom;
  readonly #cluster: SimulatedCluster;
  #owner!: Owner;
  readonly #fates = new Map<number, Fate>();
  #nextSeq = 0;

  constructor(seed: number) {
    this.#random = new SeededRandom(seed);
    this.#cluster = new SimulatedCluster(2 * KIB + this.#below(16 * KIB), seed);
  }

  async go(): Promise<void> {
    this.#owner = await Owner.takeOver(this.#cluster);
    const steps = 20 + this.#below(80);
    for (let step = 0; step < steps; step++) {
      await this.#act();
      this.#commit();
      await this.#cluster.time.pass(this.#below(3) * this.#below(15));
    }
    await this.#takeOver();
  }

  async #act(): Promise<void> {
    const action = this.#below(20);
    if (action < 8) this.#store(1 + this.#below(60));
    else if (action < 13) this.#settle(1 + this.#below(9));
    else if (action < 16) this.#clean();
    else if (action < 18) this.#read();
    else if (action === 18) await this.#cluster.time.pass(this.#below(3000));
    else await this.#takeOver();
  }

  #store(count: number): void {
    for (let index = 0; index < count; index++) {
      const seq = this.#nextSeq++;
      const text = `${seq} `.padEnd(this.#below(20) === 0 ? 6000 : 100, 'x');
      this.#owner.store(seq, text);
      this.#fates.set(seq, { text, stored: Number.POSITIVE_INFINITY, settled: undefined });
    }
  }

  #settle(every: number): void {
    for (const seq of this.#owner.seqs) {
      if (seq % every > 0) continue;
      this.#owner.settle(seq);
      (this.#fates.get(seq) as Fate).settled = Number.POSITIVE_INFINITY;
    }
  }

  #clean(): void {
    for (let count = 0; count < 100 && this.#owner.log.clean(this.#owner); count++);
  }

  #read(): void {
    for (const seq of this.#owner.seqs) {
      if (this.#below(10) === 0) expect(this.#owner.text(seq)).toBe(this.#fates.get(seq)?.text);
    }
  }

  #commit(): void {
    const block = this.#owner.log.commit();
    for (const fate of this.#fates.values()) {
      fate.stored = Math.min(fate.stored, block);
      if (fate.settled !== undefined) fate.settled = Math.min(fate.settled, block);
    }
  }

  /** What the former owner calls durable from now on counts for nothing, because it hears of nothing. */
  async #takeOver(): Promise<void> {
    const former = this.#owner;
    former.node.pause();
    const { durableBlock } = former.log;
    this.#owner = await Owner.takeOver(this.#cluster);
    for (const log of [this.#owner.node.main, this.#owner.node.cold]) log.fault = () => this.#fault();
    for (const [seq, fate] of this.#fates) this.#check(seq, fate, durableBlock);
    former.node.resume();
    former.log.commit();
  }

  #check(seq: number, { text, stored, settled }: Fate, durableBlock: number): void {
    const isThere = this.#owner.positions.has(seq);
    if (isThere && settled !== undefined && settled <= durableBlock) throw new Error(`${seq} came back`);
    if (!isThere && settled === undefined && stored <= durableBlock) throw new Error(`${seq} is lost`);
    if (isThere && this.#owner.text(seq) !== text) throw new Error(`${seq} is another one`);
    // Whatever this owner found is durable, and what it did not find is gone.
    if (isThere) this.#fates.set(seq, { text, stored: 0, settled: undefined });
    else this.#fates.delete(seq);
  }

  #fault(): RequestFault {
    const faults: readonly RequestFault[] = ['lost', 'late', 'answer-lost', 'twice', 'behind'];
    return faults[this.#below(60)] ?? 'sound';
  }

  #below(limit: number): number {
    return this.#random.uint32() % limit;
  }
}

test(`${RUNS} mixtures of publishing, settling, cleaning and taking over lose nothing and bring nothing back`, async () => {
  for (let seed = SEED_FIRST; seed < SEED_FIRST + RUNS; seed++) {
    try {
      await new Mixture(seed).go();
    } catch (error) {
      throw new Error(`LEVERET_TAKE_OVER_SEED=${seed} LEVERET_TAKE_OVER_RUNS=1`, { cause: error });
    }
  }
}, 600_000);
