import { test } from 'vitest';
import { StorageError } from '../../src/storage/file/storage-error.ts';
import { type EntryStream, readEntry } from '../../src/storage/jetstream/entry.ts';
import type { LogEngine } from '../../src/storage/log-engine.ts';
import type { LogPage } from '../../src/storage/log-page.ts';
import { SeededRandom } from '../../src/testing/seeded-random.ts';
import { appendBlock, newPage, type ReplayedPages } from './log-engine-suite.ts';
import { SimulatedCluster, type SimulatedNode } from './simulated-cluster.ts';
import type { RequestFault, SimulatedStream } from './simulated-replicated-log.ts';

const RUNS = Number(process.env['LEVERET_WRITERS_RUNS'] ?? 1000);
const SEED_FIRST = Number(process.env['LEVERET_WRITERS_SEED'] ?? 1);
const STREAMS: readonly EntryStream[] = ['main', 'cold'];
const FAULTS: readonly RequestFault[] = ['lost', 'late', 'answer-lost', 'twice', 'behind'];
/** Room for three short blocks, so that many batches go in parts. */
const ENTRY_BYTES_MAX = 200;

/** A block, and what became of it as far as its writer said. */
interface Written {
  readonly text: string;
  readonly block: number;
  readonly page: LogPage;
}

interface Replay {
  readonly epoch: number;
  readonly texts: readonly string[];
}

/** What must be true of a stream, whoever wrote to it. */
class StreamRecord {
  readonly stream: SimulatedStream;
  /** The number that each block has that was ever called durable. */
  readonly durable = new Map<string, number>();
  /** The highest epoch whose owner let go of the text. */
  readonly dropped = new Map<string, number>();
  readonly replays: Replay[] = [];

  constructor(stream: SimulatedStream) {
    this.stream = stream;
    const trim = stream.trim.bind(stream);
    stream.trim = (sequence) => {
      this.checkTrim(sequence);
      trim(sequence);
    };
  }

  /** What is removed was announced by an entry that is there. */
  checkTrim(sequence: number): void {
    const { last, entries } = this.stream;
    const newest = readEntry(entries.get(last) as Uint8Array, this.#place(last));
    const isAnnounced = newest.kind === 'sound' && newest.header.oldest >= sequence;
    check(isAnnounced, `removing what is before entry ${sequence} was not announced`);
  }

  /** From fence to fence, what is in between is of one writer. */
  checkEpochs(): void {
    let [epoch, writer] = [0, 0];
    for (let sequence = this.stream.first; sequence <= this.stream.last; sequence++) {
      const reading = readEntry(this.stream.entries.get(sequence) as Uint8Array, this.#place(sequence));
      if (reading.kind !== 'sound') throw new Error(`entry ${sequence} is ${reading.kind}`);
      const { header } = reading;
      const isNext =
        header.kind === 'fence'
          ? header.epoch > epoch
          : epoch === 0 || (header.epoch === epoch && header.writer === writer);
      check(isNext, `entry ${sequence} of epoch ${header.epoch} is behind one of epoch ${epoch}`);
      [epoch, writer] = [header.epoch, header.writer];
    }
  }

  addReplay(epoch: number, { pages, texts }: ReplayedPages): void {
    this.#checkBlocks(pages, texts);
    this.#checkOrder(texts);
    const found = new Set(texts);
    check(found.size === texts.length, 'something is there twice');
    for (const text of this.durable.keys()) {
      const isOlder = epochOf(text) < epoch;
      check(!isOlder || this.dropped.has(text) || found.has(text), `${text} was durable, and is lost`);
    }
    for (const earlier of this.replays) if (earlier.epoch < epoch) this.#checkKept(earlier, found);
    this.replays.push({ epoch, texts });
  }

  #checkKept({ epoch, texts }: Replay, found: ReadonlySet<string>): void {
    for (const text of texts) {
      const droppedBy = this.dropped.get(text) ?? 0;
      check(droppedBy >= epoch || found.has(text), `${text} was there in epoch ${epoch}, and is lost`);
    }
  }

  #checkBlocks(pages: readonly LogPage[], texts: readonly string[]): void {
    const numbers: number[] = [];
    for (const page of pages) {
      for (let block = page.firstBlock; block <= page.lastBlock; block++) numbers.push(block);
    }
    check(numbers.length === texts.length, 'a block is there without its number, or the other way round');
    for (const [index, text] of texts.entries()) {
      const block = numbers[index] as number;
      check(block === (numbers[0] as number) + index, `block ${block} is out of its order`);
      check((this.durable.get(text) ?? block) === block, `${text} is block ${block} by now`);
    }
  }

  /** Epochs, and blocks within an epoch, in the order in which they were appended, and only whole groups. */
  #checkOrder(texts: readonly string[]): void {
    let [epoch, index] = [0, 0];
    for (const [at, text] of texts.entries()) {
      const { epoch: nextEpoch, index: nextIndex, rest } = partsOf(text);
      const isNext = nextEpoch > epoch || (nextEpoch === epoch && nextIndex === index + 1);
      check(isNext, `${text} is out of its order`);
      [epoch, index] = [nextEpoch, nextIndex];
      const isWhole = rest === 0 || partsOf(texts[at + 1] ?? '0:0:0').rest === rest - 1;
      check(isWhole, `the group of ${text} is not whole`);
    }
  }

  #place(sequence: number): { stream: EntryStream; sequence: number; identity: undefined } {
    return { stream: this.stream.name.endsWith('main') ? 'main' : 'cold', sequence, identity: undefined };
  }
}

/** `epoch:index:rest`, and filling: block `index` of a writer, with `rest` more blocks of its group. */
function partsOf(text: string): { readonly epoch: number; readonly index: number; readonly rest: number } {
  const [epoch = 0, index = 0, rest = 0] = text.split(':').map((part) => Number.parseInt(part, 10));
  return { epoch, index, rest };
}

function epochOf(text: string): number {
  return partsOf(text).epoch;
}

/** A node that has taken over, until it learns that it has not. */
class Writer {
  readonly node: SimulatedNode;
  readonly epoch: number;
  readonly #records: Readonly<Record<EntryStream, StreamRecord>>;
  readonly #written: Record<EntryStream, Written[]> = { main: [], cold: [] };
  readonly #pages: Record<EntryStream, { page: LogPage; texts: string[] }[]>;
  readonly #counts: Record<EntryStream, number> = { main: 0, cold: 0 };
  readonly #said: Record<EntryStream, number>;

  constructor(node: SimulatedNode, records: Readonly<Record<EntryStream, StreamRecord>>) {
    this.node = node;
    this.#records = records;
    this.epoch = node.engines.epoch;
    this.#pages = { main: pagesOf(node.replayed), cold: pagesOf(node.replayedCold) };
    this.#said = { main: this.engine('main').durableBlock, cold: this.engine('cold').durableBlock };
    for (const stream of STREAMS) this.engine(stream).onDurable = () => this.#onDurable(stream);
  }

  get isOver(): boolean {
    return this.node.failures.length > 0;
  }

  engine(stream: EntryStream): LogEngine {
    return this.node.engines[stream];
  }

  append(stream: EntryStream, blockCount: number, fillBytes: number): void {
    let own = this.#pages[stream].at(-1);
    if (own === undefined || !own.page.isResident || own.texts.length > 5) {
      own = { page: newPage(8192), texts: [] };
      this.#pages[stream].push(own);
    }
    for (let rest = blockCount - 1; rest >= 0; rest--) {
      const text = `${this.epoch}:${++this.#counts[stream]}:${rest}:${'x'.repeat(fillBytes)}`;
      const block = appendBlock(this.engine(stream), own.page, [text], rest > 0);
      own.texts.push(text);
      this.#written[stream].push({ text, block, page: own.page });
    }
  }

  /** Lets go of the oldest page. */
  drop(stream: EntryStream): void {
    const engine = this.engine(stream);
    const [oldest] = this.#pages[stream];
    if (oldest === undefined || this.#pages[stream].length < 2) return;
    if (oldest.page.lastBlock > engine.durableBlock) return;
    this.#pages[stream].shift();
    for (const text of oldest.texts) {
      const before = this.#records[stream].dropped.get(text) ?? 0;
      this.#records[stream].dropped.set(text, Math.max(before, this.epoch));
    }
    engine.drop(oldest.page);
  }

  #onDurable(stream: EntryStream): void {
    check(this.node.hasLease, 'something became durable without a lease');
    check(!this.isOver, 'something became durable after the end');
    const { durableBlock } = this.engine(stream);
    check(durableBlock > this.#said[stream], `block ${durableBlock} became durable twice`);
    this.#said[stream] = durableBlock;
    for (const { text, block } of this.#written[stream]) {
      if (block <= durableBlock) this.#records[stream].durable.set(text, block);
    }
  }
}

function pagesOf({ pages, texts }: ReplayedPages): { page: LogPage; texts: string[] }[] {
  let at = 0;
  return pages.map((page) => {
    const from = at;
    at += page.lastBlock - page.firstBlock + 1;
    return { page, texts: texts.slice(from, at) };
  });
}

/** One run: nodes that come, append, stand still, lose their lease, are cut off, and go, while requests go wrong. */
class Run {
  readonly #random: SeededRandom;
  readonly #cluster: SimulatedCluster;
  readonly #records: Readonly<Record<EntryStream, StreamRecord>>;
  readonly #writers: Writer[] = [];
  readonly #nodes = new Set<SimulatedNode>();
  readonly #faultShares: readonly (readonly [RequestFault, number])[];
  readonly #writersMax: number;
  #opening = 0;
  #problem: unknown;
  readonly #epochs = new Set<number>();

  constructor(seed: number) {
    this.#random = new SeededRandom(seed);
    this.#cluster = new SimulatedCluster(ENTRY_BYTES_MAX, seed);
    const { main, cold } = this.#cluster;
    this.#records = { main: new StreamRecord(main), cold: new StreamRecord(cold) };
    this.#writersMax = 1 + this.#below(4);
    // Each kind of fault is absent from half of the runs.
    this.#faultShares = FAULTS.map((fault) => [fault, this.#below(2) * this.#below(20)]);
  }

  async go(): Promise<void> {
    const steps = 10 + this.#below(60);
    for (let step = 0; step < steps; step++) {
      this.#act();
      const events = this.#below(8);
      for (let count = 0; count < events; count++) await this.#event();
    }
    await this.#end();
  }

  #act(): void {
    const writer = this.#any(this.#writers);
    const stream = this.#below(3) === 0 ? 'cold' : 'main';
    const action = this.#below(20);
    if (writer === undefined || action === 0) this.#begin();
    else if (action < 12)
      writer.append(stream, 1 + this.#below(3), this.#below(4) === 0 ? this.#below(400) : 0);
    else if (action < 15) writer.drop(stream);
    else if (action === 15) writer.node.pause();
    else if (action === 16) writer.node.resume();
    else if (action === 17 && this.#below(3) === 0) writer.node.hasLease = false;
    else if (action === 18) writer.node[stream].isCutOff = !writer.node[stream].isCutOff;
    else this.#fill(stream);
  }

  /** Another node takes over, whatever the others believe. */
  #begin(): void {
    if (this.#opening + this.#writers.filter(({ isOver }) => !isOver).length >= this.#writersMax) return;
    this.#opening++;
    const node = this.#cluster.node();
    node.main.fault = () => this.#fault();
    node.cold.fault = () => this.#fault();
    this.#nodes.add(node);
    node
      .takeOver()
      .then(() => this.#began(node), expectOwnershipLost)
      .catch((error: unknown) => {
        this.#problem ??= error;
      })
      .finally(() => this.#opening--);
  }

  #began(node: SimulatedNode): void {
    const { epoch } = node.engines;
    check(!this.#epochs.has(epoch), `epoch ${epoch} has two owners`);
    this.#epochs.add(epoch);
    this.#records.main.addReplay(epoch, node.replayed);
    this.#records.cold.addReplay(epoch, node.replayedCold);
    this.#writers.push(new Writer(node, this.#records));
  }

  #fill(stream: EntryStream): void {
    const it = this.#records[stream].stream;
    it.bytesMax = this.#below(2) === 0 ? Number.POSITIVE_INFINITY : it.storedBytes + this.#below(400);
  }

  #fault(): RequestFault {
    let share = this.#below(100);
    for (const [fault, percent] of this.#faultShares) {
      if (share < percent) return fault;
      share -= percent;
    }
    return 'sound';
  }

  async #event(): Promise<void> {
    await new Promise((resolve) => setImmediate(resolve));
    this.#cluster.time.runNext();
    if (this.#problem !== undefined) throw this.#problem;
  }

  /** All faults end; whoever comes last finds what must be there, and can work. */
  async #end(): Promise<void> {
    for (const stream of STREAMS) this.#records[stream].stream.bytesMax = Number.POSITIVE_INFINITY;
    for (const node of this.#nodes) {
      node.resume();
      for (const log of [node.main, node.cold]) {
        log.isCutOff = false;
        log.fault = () => 'sound';
      }
    }
    await this.#cluster.time.runUntil(() => this.#opening === 0);
    const last = this.#cluster.node();
    await this.#cluster.time.ends(last.takeOver());
    this.#began(last);
    const writer = this.#writers.at(-1) as Writer;
    for (const stream of STREAMS) {
      writer.append(stream, 2, 300);
      await last.settled(last.engines[stream]);
      check(
        last.engines[stream].durableBlock === last.engines[stream].lastBlock,
        'the last node cannot work',
      );
    }
    for (let rounds = 0; rounds < 50; rounds++) await this.#event();
    await this.#cluster.time.ends(last.close());
    for (const node of this.#nodes) for (const failure of node.failures) expectOwnershipLost(failure);
    for (const stream of STREAMS) this.#records[stream].checkEpochs();
    const after = this.#cluster.node();
    await this.#cluster.time.ends(after.takeOver());
    this.#began(after);
  }

  #any<T>(items: readonly T[]): T | undefined {
    return items[this.#below(items.length || 1)];
  }

  #below(limit: number): number {
    return this.#random.uint32() % limit;
  }
}

function check(isTrue: boolean, otherwise: string): void {
  if (!isTrue) throw new Error(otherwise);
}

function expectOwnershipLost(error: unknown): void {
  if (!(error instanceof StorageError && error.code === 'OWNERSHIP_LOST')) throw error;
}

test(`${RUNS} runs of nodes that all believe to own the log lose nothing that was durable`, async () => {
  for (let seed = SEED_FIRST; seed < SEED_FIRST + RUNS; seed++) {
    try {
      await new Run(seed).go();
    } catch (error) {
      throw new Error(`LEVERET_WRITERS_SEED=${seed} LEVERET_WRITERS_RUNS=1`, { cause: error });
    }
  }
}, 600_000);
