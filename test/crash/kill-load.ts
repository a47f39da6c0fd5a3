import { existsSync } from 'node:fs';
import { mkdir, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { PYTHON } from '../interop/debian.ts';
import { StartedProcess } from '../servers/child-process.ts';
import type { RawChannel, RawClient } from '../servers/raw-client.ts';
import { BARRIER_QUEUE, Dice, KILL_EXCHANGE, type KillClientTask, pause } from './kill-client.ts';
import { type LedgerLine, readLedger } from './kill-ledger.ts';
import type { KillVerdict } from './kill-verdict.ts';

export interface KillLoadOptions {
  /** AMQP URLs. A client goes on with the next one when one does not answer. */
  readonly brokers: readonly string[];
  /** A new connection to the broker, of the test itself. */
  readonly connect: () => Promise<RawClient>;
  /** Takes the ledgers. */
  readonly directory: string;
  readonly seed: number;
  /** Processes of publishers, and as many of consumers. */
  readonly processes: number;
  /** Connections of each. */
  readonly connections: number;
  /** A publisher's longest rest between two bursts. */
  readonly pauseMsMax: number;
  /** A command in front of the clients', for example one that moves them into another network. */
  readonly prefix?: readonly string[];
}

/** Compiled from the .ts file beside this one: Node.js 20 cannot run it as it is. */
const CLIENTS = fileURLToPath(new URL('../../build/test/crash/', import.meta.url));
const TRANSACTIONS = fileURLToPath(new URL('./kill-transactions.py', import.meta.url));

const QUEUES = Array.from({ length: 20 }, (_, index) => `kill-${index}`);
/** The first of them have no consumer until the end: their messages are cleaned and paged, and recovered again and again. */
const LATE_QUEUE_COUNT = 4;
/** The next ones have one consumer each, which gives nothing back: their order is known. */
const ORDERED_QUEUE_COUNT = 2;
const TRANSACTION_QUEUES = Array.from({ length: 3 }, (_, index) => `kill-x-${index}`);
const ORDERED_QUEUES = QUEUES.slice(LATE_QUEUE_COUNT, LATE_QUEUE_COUNT + ORDERED_QUEUE_COUNT);
const SHARED_QUEUES = QUEUES.slice(LATE_QUEUE_COUNT + ORDERED_QUEUE_COUNT);
const LATE_QUEUES = [...QUEUES.slice(0, LATE_QUEUE_COUNT), ...TRANSACTION_QUEUES];
const POLL_MS = 50;
const DRAIN_MS_MAX = 60_000;
const CLIENT_STOP_MS = 20_000;
/** Connections of the test itself may break as those of clients do. */
const TRIES_MAX = 10;
/** The last ones: each takes a connection. */
const DELETED_CHECKED_MAX = 200;

/** Clients in processes of their own that use a broker, or several that are one, whatever happens to them, and what they wrote down. */
export class KillLoad {
  readonly ledgerDirectory: string;
  /** Of the ledgers of clients that were started. They write into them from their first connection on. */
  readonly ledgerNames: string[] = [];
  readonly #options: KillLoadOptions;
  readonly #dice: Dice;
  #producers: StartedProcess[] = [];
  #consumers: StartedProcess[] = [];

  constructor(options: KillLoadOptions) {
    if (!existsSync(join(CLIENTS, 'kill-publisher.js'))) {
      throw new Error(`${CLIENTS} has no compiled clients: run this by its npm script, which compiles them`);
    }
    this.#options = options;
    this.#dice = new Dice(options.seed);
    this.ledgerDirectory = join(options.directory, 'ledgers');
  }

  /** Declares what the clients use. */
  async declare(): Promise<void> {
    await mkdir(this.ledgerDirectory, { recursive: true });
    await this.#withChannel(async (channel) => {
      await channel.call('exchange.declare', { exchange: KILL_EXCHANGE, type: 'direct', durable: true });
      for (const queue of QUEUES) {
        await channel.call('queue.declare', { queue, durable: true });
        await channel.call('queue.bind', { queue, exchange: KILL_EXCHANGE, routingKey: queue });
      }
      for (const queue of TRANSACTION_QUEUES) await channel.call('queue.declare', { queue, durable: true });
      const onlyTheLast = { 'x-max-length': 1 };
      await channel.call('queue.declare', { queue: BARRIER_QUEUE, durable: true, arguments: onlyTheLast });
    });
  }

  start(): void {
    const { brokers, seed, processes, connections } = this.#options;
    const many = { connectionCount: connections };
    for (let index = 0; index < processes; index++) {
      const [publisher, consumer] = [`publisher${index}`, `consumer${index}`];
      this.#producers.push(this.#client('publisher', publisher, QUEUES, many));
      this.#consumers.push(this.#client('consumer', consumer, SHARED_QUEUES, many));
      for (let each = 0; each < connections; each++)
        this.ledgerNames.push(`${publisher}-${each}`, `${consumer}-${each}`);
    }
    for (const queue of ORDERED_QUEUES) {
      this.#consumers.push(this.#client('consumer', `ordered-${queue}`, [queue], { isOnly: true }));
      this.ledgerNames.push(`ordered-${queue}-0`);
    }
    this.#producers.push(this.#client('declarer', 'declarer', [], {}));
    const args = [brokers.join(), String(seed), join(this.ledgerDirectory, 'transactions')];
    this.ledgerNames.push('declarer', 'transactions');
    this.#producers.push(this.#launch(PYTHON, [TRANSACTIONS, ...args, ...TRANSACTION_QUEUES]));
  }

  /** Ends the publishers, empties all queues, and ends the consumers. */
  async finish(): Promise<void> {
    await stopClients(this.#producers);
    this.#consumers.push(this.#client('consumer', 'drain', LATE_QUEUES, { isOnly: true }));
    await this.#untilEmpty();
    await stopClients(this.#consumers);
  }

  /** What the clients printed: they do so only when something is wrong. */
  get output(): string {
    return [...this.#producers, ...this.#consumers].map(({ output }) => output).join('\n');
  }

  async kill(): Promise<void> {
    for (const client of [...this.#producers, ...this.#consumers]) await client.kill();
  }

  async readLedgers(): Promise<LedgerLine[][]> {
    const names = await readdir(this.ledgerDirectory);
    return names.sort().map((name) => readLedger(join(this.ledgerDirectory, name)));
  }

  /** After one more kill: all acks were durable, so nothing may be there again; all that was declared must be. */
  async wrongAtTheEnd(verdict: KillVerdict): Promise<string[]> {
    const violations = await this.#withChannel(async (channel) => {
      const found: string[] = [];
      for (const left of await messagesLeft(channel))
        found.push(`${left} messages came back after their acks`);
      await channel.call('confirm.select');
      for (const queue of verdict.declaredQueues) {
        channel.publish({ exchange: KILL_EXCHANGE, routingKey: queue, mandatory: true }, {}, queue);
      }
      await channel.settle();
      for (const { method } of channel.take('basic.return')) {
        found.push(`queue ${method.routingKey} was declared and bound, and does not get its message`);
      }
      return found;
    });
    for (const queue of verdict.deletedQueues.slice(-DELETED_CHECKED_MAX)) {
      if (await this.#exists(queue)) violations.push(`queue ${queue} was deleted, and is there`);
    }
    return violations;
  }

  #client(
    program: 'publisher' | 'consumer' | 'declarer',
    name: string,
    queues: readonly string[],
    { connectionCount = 1, isOnly = false },
  ): StartedProcess {
    const task: KillClientTask = {
      brokers: this.#options.brokers,
      seed: this.#dice.upTo(2 ** 30),
      name,
      ledgerDirectory: this.ledgerDirectory,
      queues,
      connectionCount,
      pauseMsMax: this.#options.pauseMsMax,
      isOnly,
    };
    return this.#launch(process.execPath, [join(CLIENTS, `kill-${program}.js`), JSON.stringify(task)]);
  }

  #launch(program: string, args: readonly string[]): StartedProcess {
    const [command, ...all] = [...(this.#options.prefix ?? []), program, ...args];
    return new StartedProcess(command as string, all);
  }

  async #untilEmpty(): Promise<void> {
    await this.#withChannel(async (channel) => {
      const startedMs = performance.now();
      for (;;) {
        const left = await messagesLeft(channel);
        if (left.length === 0) return;
        if (performance.now() - startedMs > DRAIN_MS_MAX) {
          throw new Error(`after ${DRAIN_MS_MAX} ms queues still had messages: ${left.join(', ')}`);
        }
        await pause(POLL_MS);
      }
    });
  }

  /** On a connection of its own: a queue that is absent closes the channel. */
  async #exists(queue: string): Promise<boolean> {
    return this.#withChannel(async (channel) => {
      try {
        await channel.call('queue.declare', { queue, passive: true });
        return true;
      } catch (error) {
        if (channel.closed === undefined) throw error;
        return false;
      }
    });
  }

  /** When the connection breaks, `use` is called again with another one. */
  async #withChannel<T>(use: (channel: RawChannel) => Promise<T>): Promise<T> {
    for (let tries = 1; ; tries++) {
      const client = await this.#options.connect();
      try {
        return await use(await client.openChannel(1));
      } catch (error) {
        const isBroken = client.ended || client.closed !== undefined;
        if (!isBroken || tries === TRIES_MAX) throw error;
      } finally {
        await client.close();
      }
    }
  }
}

async function stopClients(clients: readonly StartedProcess[]): Promise<void> {
  for (const client of clients) {
    const exit = await client.stop(CLIENT_STOP_MS);
    if (exit?.code !== 0) {
      throw new Error(`a client ended with ${exit?.code ?? exit?.signal ?? 'nothing'}:\n${client.output}`);
    }
  }
}

/** `QUEUE: COUNT` for each queue that is not empty. */
async function messagesLeft(channel: RawChannel): Promise<string[]> {
  const left: string[] = [];
  for (const queue of [...QUEUES, ...TRANSACTION_QUEUES]) {
    const { messageCount } = await channel.call('queue.declare', { queue, passive: true });
    if (messageCount > 0) left.push(`${queue}: ${messageCount}`);
  }
  return left;
}
