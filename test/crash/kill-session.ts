import { join } from 'node:path';
import { DurableLeveret } from '../servers/durable-leveret.ts';
import { portForRestarts } from '../servers/port-for-restarts.ts';
import { Dice, pause } from './kill-client.ts';
import { KillLoad } from './kill-load.ts';
import { judge, type KillVerdict } from './kill-verdict.ts';

export interface KillSessionOptions {
  /** Takes the data directory and the ledgers. */
  readonly directory: string;
  readonly seed: number;
  readonly cycles: number;
}

/** Processes of clients, and connections of each. */
const CLIENT_PROCESSES = 2;
const CONNECTIONS = 4;
/** Without rests the ledgers would grow by two million messages a minute. */
const PAUSE_MS_MAX = 80;
/** How long the broker runs before it is killed, and how long its start takes where that is interrupted. */
const RUN_MS_MAX = 2500;
const START_MS_MAX = 500;
/** Starts of a hundred that are interrupted by another kill. */
const KILLED_STARTS = 20;

/**
 * One broker, killed and started again on the same data directory while clients in processes of their own use it. Then the
 * clients stop, all queues are emptied, the broker is killed once more, and what the clients wrote down is judged.
 */
export class KillSession {
  readonly #options: KillSessionOptions;
  readonly #dice: Dice;
  readonly #broker: DurableLeveret;
  readonly #load: KillLoad;

  private constructor(options: KillSessionOptions, port: number) {
    this.#options = options;
    this.#dice = new Dice(options.seed);
    // in every other session most messages are on disk only
    const memory = options.seed % 2 === 0 ? [] : ['--memory-budget', '32MiB'];
    const dataDir = join(options.directory, 'data');
    const broker = new DurableLeveret({ dataDir, port, args: memory });
    this.#broker = broker;
    this.#load = new KillLoad({
      brokers: [`amqp://127.0.0.1:${port}?heartbeat=0`],
      connect: () => broker.connect(),
      directory: options.directory,
      seed: options.seed,
      processes: CLIENT_PROCESSES,
      connections: CONNECTIONS,
      pauseMsMax: PAUSE_MS_MAX,
    });
  }

  static async run(options: KillSessionOptions): Promise<KillVerdict> {
    const session = new KillSession(options, await portForRestarts());
    try {
      return await session.#run();
    } finally {
      await session.#load.kill();
      await session.#broker.kill();
    }
  }

  async #run(): Promise<KillVerdict> {
    await this.#broker.start();
    await this.#load.declare();
    this.#load.start();
    for (let cycle = 0; cycle < this.#options.cycles; cycle++) await this.#killAndRestart();
    await this.#load.finish();
    await this.#broker.kill();
    await this.#broker.start();
    const verdict = judge(await this.#load.readLedgers());
    const violations = [...verdict.violations, ...(await this.#load.wrongAtTheEnd(verdict))];
    await this.#broker.stop();
    return { ...verdict, violations };
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
}
