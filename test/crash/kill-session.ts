import { existsSync } from 'node:fs';
import { mkdir, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { PYTHON } from '../interop/debian.ts';
import { StartedProcess } from '../servers/child-process.ts';
import { DurableLeveret } from '../servers/durable-leveret.ts';
import { portForRestarts } from '../servers/port-for-restarts.ts';
import type { RawChannel } from '../servers/raw-client.ts';
import { BARRIER_QUEUE, Dice, KILL_EXCHANGE, type KillClientTask, pause } from './kill-client.ts';
import { readLedger } from './kill-ledger.ts';
import { judge, type KillVerdict } from './kill-verdict.ts';

export interface KillSessionOptions {
  /** Takes the data directory and the ledgers. */
  readonly directory: string;
  readonly seed: number;
  readonly cycles: number;
}

/** Compiled from the .ts file beside this one: Node.js 20 cannot run it as it is. */
const CLIENTS = fileURLToPath(new URL('../../build/test/crash/', import.meta.url));
const TRANSACTIONS = fileURLToPath(new URL('./kill-transactions.py', import.meta.url));

const QUEUES = Array.from({ length: 20 }, (_, index) => `kill-${index}`);
/** The first of them have no consumer until the end: their messages are cleaned and paged, and recovered again and again. */
const LATE_QUEUE_COUNT = 4;
const TRANSACTION_QUEUES = Array.from({ length: 3 }, (_, index) => `kill-x-${index}`);
const CONSUMED_QUEUES = QUEUES.slice(LATE_QUEUE_COUNT);
const LATE_QUEUES = [...QUEUES.slice(0, LATE_QUEUE_COUNT), ...TRANSACTION_QUEUES];
/** Processes of clients, and connections of each. */
const CLIENT_PROCESSES = 2;
const CONNECTIONS = 4;
/** How long the broker runs before it is killed, and how long its start takes where that is interrupted. */
const RUN_MS_MAX = 2500;
const START_MS_MAX = 500;
/** Starts of a hundred that are interrupted by another kill. */
const KILLED_STARTS = 20;
const POLL_MS = 50;
const DRAIN_MS_MAX = 60_000;
const CLIENT_STOP_MS = 20_000;
/** The last ones: each takes a connection. */
const DELETED_CHECKED_MAX = 200;

/**
 * One broker, killed and started again on the same data directory while clients in processes of their own use it. Then the
 * clients stop, all queues are emptied, the broker is killed once more, and what the clients wrote down is judged.
 */
export class KillSession {
  readonly #options: KillSessionOptions;
  readonly #dice: Dice;
  readonly #broker: DurableLeveret;
  readonly #ledgers: string;
  #producers: StartedProcess[] = [];
  #consumers: StartedProcess[] = [];

  private constructor(options: KillSessionOptions, port: number) {
    this.#options = options;
    this.#dice = new Dice(options.seed);
    this.#ledgers = join(options.directory, 'ledgers');
    // in every other session most messages are on disk only
    const memory = options.seed % 2 === 0 ? [] : ['--memory-budget', '32MiB'];
    const dataDir = join(options.directory, 'data');
    this.#broker = new DurableLeveret({ dataDir, port, args: memory });
  }

  static async run(options: KillSessionOptions): Promise<KillVerdict> {
    if (!existsSync(join(CLIENTS, 'kill-publisher.js'))) {
      throw new Error(
        `${CLIENTS} has no compiled clients: run this by npm run test:kill, which compiles them`,
      );
    }
    const session = new KillSession(options, await portForRestarts());
    try {
      return await session.#run();
    } finally {
      for (const client of [...session.#producers, ...session.#consumers]) await client.kill();
      await session.#broker.kill();
    }
  }

  async #run(): Promise<KillVerdict> {
    await mkdir(this.#ledgers, { recursive: true });
    await this.#broker.start();
    await this.#declare();
    this.#startClients();
    for (let cycle = 0; cycle < this.#options.cycles; cycle++) await this.#killAndRestart();
    await this.#finish(this.#producers);
    this.#consumers.push(this.#client('consumer', 'drain', LATE_QUEUES, 1));
    await this.#untilEmpty();
    await this.#finish(this.#consumers);
    await this.#broker.kill();
    await this.#broker.start();
    const verdict = judge(await this.#readLedgers());
    const violations = [...verdict.violations, ...(await this.#wrongAtTheEnd(verdict))];
    await this.#broker.stop();
    return { ...verdict, violations };
  }

  async #declare(): Promise<void> {
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

  #startClients(): void {
    for (let index = 0; index < CLIENT_PROCESSES; index++) {
      this.#producers.push(this.#client('publisher', `publisher${index}`, QUEUES, CONNECTIONS));
      this.#consumers.push(this.#client('consumer', `consumer${index}`, CONSUMED_QUEUES, CONNECTIONS));
    }
    this.#producers.push(this.#client('declarer', 'declarer', [], 1));
    const args = [String(this.#broker.port), String(this.#options.seed), join(this.#ledgers, 'transactions')];
    this.#producers.push(new StartedProcess(PYTHON, [TRANSACTIONS, ...args, ...TRANSACTION_QUEUES]));
  }

  #client(
    program: 'publisher' | 'consumer' | 'declarer',
    name: string,
    queues: readonly string[],
    connectionCount: number,
  ): StartedProcess {
    const task: KillClientTask = {
      port: this.#broker.port,
      seed: this.#dice.upTo(2 ** 30),
      name,
      ledgerDirectory: this.#ledgers,
      queues,
      connectionCount,
    };
    return new StartedProcess(process.execPath, [join(CLIENTS, `kill-${program}.js`), JSON.stringify(task)]);
  }

  async #killAndRestart(): Promise<void> {
    await pause(this.#dice.upTo(RUN_MS_MAX));
    await this.#broker.kill();
    if (this.#dice.upTo(100) < KILLED_STARTS) {
      this.#broker.launch();
      await pause(this.#dice.upTo(START_MS_MAX));
      await this.#broker.kill();
    }
    await this.#broker.start();
  }

  async #finish(clients: readonly StartedProcess[]): Promise<void> {
    for (const client of clients) {
      const exit = await client.stop(CLIENT_STOP_MS);
      if (exit?.code !== 0) {
        throw new Error(`a client ended with ${exit?.code ?? exit?.signal ?? 'nothing'}:\n${client.output}`);
      }
    }
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

  async #readLedgers(): Promise<ReturnType<typeof readLedger>[]> {
    const names = await readdir(this.#ledgers);
    return names.sort().map((name) => readLedger(join(this.#ledgers, name)));
  }

  /** After the last kill: all acks were durable, so nothing may be there again; all that was declared must be. */
  async #wrongAtTheEnd(verdict: KillVerdict): Promise<string[]> {
    const violations: string[] = [];
    await this.#withChannel(async (channel) => {
      for (const left of await messagesLeft(channel))
        violations.push(`${left} messages came back after their acks`);
      await channel.call('confirm.select');
      for (const queue of verdict.declaredQueues) {
        channel.publish({ exchange: KILL_EXCHANGE, routingKey: queue, mandatory: true }, {}, queue);
      }
      await channel.settle();
      for (const { method } of channel.take('basic.return')) {
        violations.push(`queue ${method.routingKey} was declared and bound, and does not get its message`);
      }
    });
    for (const queue of verdict.deletedQueues.slice(-DELETED_CHECKED_MAX)) {
      if (await this.#exists(queue)) violations.push(`queue ${queue} was deleted, and is there`);
    }
    return violations;
  }

  /** On a connection of its own: a queue that is absent closes the channel. */
  async #exists(queue: string): Promise<boolean> {
    return this.#withChannel(async (channel) => {
      try {
        await channel.call('queue.declare', { queue, passive: true });
        return true;
      } catch {
        return false;
      }
    });
  }

  async #withChannel<T>(use: (channel: RawChannel) => Promise<T>): Promise<T> {
    const client = await this.#broker.connect();
    try {
      return await use(await client.openChannel(1));
    } finally {
      await client.close();
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
