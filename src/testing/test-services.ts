import type { DirectConnectionOptions } from '../client/direct-connection.ts';
import type { EmbeddedBroker } from '../client/direct-transport.ts';
import type { CallOptions } from '../services/context.ts';
import type { AnyCommand, AnyContract, AnyEvent, GotBy, ReplyGotFrom, SentBy } from '../services/contract.ts';
import type { App, EmitAppOptions, ResultOptions, RunOptions, SentCommand } from '../services/runtime/app.ts';
import type { Environment } from '../services/runtime/environment.ts';
import { runWith } from '../services/runtime/run.ts';
import type { ServiceEvent } from '../services/runtime/service-event.ts';
import { validated } from '../services/schema.ts';
import type { Unit } from '../services/service.ts';
import type { Database } from '../services/store/database.ts';
import { openStore } from '../services/store/open-store.ts';
import type { Store } from '../services/store/store.ts';
import { type DeadLetter, readDeadLetters, replayDeadLetters } from './dead-letters.ts';
import { durationMs } from './duration.ts';
import { type FaultOptions, injectedFaults } from './injected-faults.ts';
import { MessageTap } from './message-tap.ts';
import { SeededRandom } from './seeded-random.ts';
import { type TestBroker, type TestClock, VirtualBroker } from './test-broker.ts';
import { WorkUnderWay } from './work-under-way.ts';

/** Real milliseconds in which nothing begins or ends, after which `settled` gives up. */
const SETTLE_MS = 5_000;
/** Timers without a delay in one wait after which something goes round for ever. */
const TIMERS_PER_MOMENT_MAX = 10_000;
/** By the clock of the test: what `close` lets services take. */
const CLOSE_SECONDS = 60;
/** Real milliseconds that sockets of a database get to close, before each second of the clock. */
const CLOSE_PAUSE_MS = 20;
/** Distinguishes the random numbers of services from those of their broker, which has the same seed. */
const SERVICES_SALT = 0x5eed;

/** Options of `testServices`. */
export interface TestServicesOptions extends FaultOptions {
  /** Decides all that is random. Another one each time unless given; `TestServices.seed` tells which, and so do errors. */
  readonly seed?: number;
  /** The time of day when the test begins. 2026-01-01 00:00 UTC unless given. */
  readonly startTime?: Date;
  /** With `allowed` a dead letter is no failure of the test. */
  readonly deadLetters?: 'allowed';
  /** The database of a service. SQLite in memory unless given. */
  readonly databaseUrl?: RunOptions['databaseUrl'];
  readonly cacheUrl?: RunOptions['cacheUrl'];
  readonly onEvent?: RunOptions['onEvent'];
}

/** What should not happen in a test: a dead letter, or trouble such as a database that cannot be reached. */
export type ServiceFailure = Extract<ServiceEvent, { readonly type: 'dead-letter' | 'trouble' }>;

/**
 * Services in a test, with a broker and a clock of their own. Made by `testServices`. What is of `App` does the same; but `result()`
 * of what was sent waits until nothing is under way before it asks.
 */
export interface TestServices
  extends AsyncDisposable,
    Pick<App, 'send' | 'call' | 'publish' | 'result' | 'database'> {
  /** Run the test with this seed to have it the same way again. */
  readonly seed: number;
  readonly clock: TestClock;
  /** For what is not a service: programs in other languages, or queues to look at. */
  readonly broker: TestBroker;
  /**
   * Resolves when nothing is left to do until the clock moves: no message under way, no handler, nothing to be sent, no attempt at
   * once. Rejects when there was a dead letter, unless those are allowed, or trouble.
   */
  settled(): Promise<void>;
  /** What a service gave up. They stay where they are. */
  deadLetters(unit: Unit): Promise<readonly DeadLetter[]>;
  /** Gives the dead letters of a service to the handlers that failed, once more. Resolves with how many there were. */
  replayDeadLetters(unit: Unit): Promise<number>;
  /** What was sent of a contract so far, by whomever, each message once: as a handler would get it. */
  published<C extends AnyContract>(contract: C): Promise<GotBy<C>[]>;
  /** Dead letters and trouble so far. */
  readonly failures: readonly ServiceFailure[];
  /** Runs more services, or another instance of one, on the same broker. They end with the test, or before. */
  run(units: readonly Unit[]): Promise<App>;
  /** Ends all. Rejects for failures that nobody heard of. Calling it again is harmless. */
  close(): Promise<void>;
}

/**
 * Runs services in this process, with a broker in memory, databases in memory, and a clock that stands still until the test moves
 * it. Hundreds can run at the same time: there are neither sockets nor files nor timers.
 *
 * With a body, it is closed when that ends, and what the body throws says with which seed it happens again.
 *
 * @example
 * const t = await testServices([ordersUnit, paymentsUnit]);
 * await t.send(placeOrder, { orderId: 'a', total: 12.5 });
 * await t.settled();
 * expect(await t.published(orderPlaced)).toEqual([{ orderId: 'a', total: 12.5 }]);
 * await t.clock.advance('15m');
 * await t.close();
 *
 * @example
 * await testServices([ordersUnit], { duplicates: true, shuffle: true }, async (t) => {
 *   await t.call(placeOrder, { orderId: 'a', total: 12.5 });
 * });
 */
export function testServices(units: readonly Unit[], options?: TestServicesOptions): Promise<TestServices>;
export function testServices(
  units: readonly Unit[],
  options: TestServicesOptions,
  body: (t: TestServices) => Promise<void>,
): Promise<void>;
export async function testServices(
  units: readonly Unit[],
  options: TestServicesOptions = {},
  body?: (t: TestServices) => Promise<void>,
): Promise<unknown> {
  const services = new VirtualServices(options);
  await services.start(units);
  if (body === undefined) return services;
  return services.finish(body);
}

/** The URL of databases in memory, before their name. */
const IN_MEMORY = 'file::memory:';
/** Distinguishes the databases of tests that run at the same time. */
let lastId = 0;

class VirtualServices implements TestServices {
  readonly seed: number;
  readonly broker: VirtualBroker;
  readonly clock: TestClock;
  readonly failures: ServiceFailure[] = [];
  readonly #options: TestServicesOptions;
  readonly #random: SeededRandom;
  readonly #underWay: WorkUnderWay = new WorkUnderWay();
  readonly #environment: Environment;
  readonly #address: EmbeddedBroker;
  readonly #apps: App[] = [];
  readonly #databases: Map<string, Store> = new Map();
  readonly #id: number = ++lastId;
  #tap: MessageTap | undefined;
  #toldCount = 0;
  #closed: Promise<void> | undefined;

  constructor(options: TestServicesOptions) {
    const { seed, startTime } = options;
    this.#options = options;
    this.broker = new VirtualBroker({
      ...(seed !== undefined && { seed }),
      ...(startTime !== undefined && { startTime }),
    });
    this.seed = this.broker.seed;
    this.#random = new SeededRandom(this.seed ^ SERVICES_SALT);
    const { broker } = this;
    this.clock = {
      get now() {
        return broker.clock.now;
      },
      advance: async (duration) => {
        await broker.advance(durationMs(duration), () => this.#calm());
        this.#throwFailures();
      },
    };
    this.#address = {
      connect: (connection: DirectConnectionOptions = {}) =>
        broker.connect({ ...connection, handlerObserver: this.#underWay }),
    };
    this.#environment = this.#makeEnvironment();
  }

  async start(units: readonly Unit[]): Promise<void> {
    this.broker.broker.vhosts.get('/')?.setMetadata({ tracing: true });
    this.#tap = await MessageTap.open(await (await this.broker.connect()).createChannel());
    try {
      await this.run(units);
    } catch (error) {
      await this.broker.close();
      throw error;
    }
  }

  /** Runs a test to its end. What it throws comes before what closing has to say. */
  async finish(body: (t: TestServices) => Promise<void>): Promise<void> {
    try {
      await body(this);
    } catch (error) {
      await this.close().catch(() => undefined);
      throw this.#withSeed(error);
    }
    await this.close();
  }

  get #app(): App {
    return this.#apps[0] as App;
  }

  async run(units: readonly Unit[]): Promise<App> {
    const { cacheUrl, onEvent } = this.#options;
    for (const unit of units) await this.#keepDatabase(unit);
    const app = await runWith(
      units,
      {
        broker: this.#address,
        databaseUrl: this.#databaseUrl,
        ...(cacheUrl !== undefined && { cacheUrl }),
        onEvent: (event) => {
          if (event.type === 'dead-letter' || event.type === 'trouble') this.failures.push(event);
          onEvent?.(event);
        },
      },
      this.#environment,
    );
    this.#apps.push(app);
    return app;
  }

  /** A database in memory ends with the last one who has it open: this one lives as long as the test. */
  async #keepDatabase({ name, options }: Unit): Promise<void> {
    const url = this.#databaseUrl(name);
    if (options.database === undefined || !url.startsWith(IN_MEMORY) || this.#databases.has(name)) return;
    this.#databases.set(name, await openStore(url, { name }));
  }

  readonly #databaseUrl = (service: string): string =>
    this.#options.databaseUrl?.(service) ?? `${IN_MEMORY}${this.#id} ${service}`;

  async send<C extends AnyCommand>(
    command: C,
    payload: SentBy<C>,
    options?: EmitAppOptions,
  ): Promise<SentCommand<ReplyGotFrom<C>>> {
    const sent = await this.#app.send(command, payload, options);
    return {
      messageId: sent.messageId,
      result: async (patience) => {
        await this.#quiet();
        return sent.result(patience);
      },
    };
  }

  call<C extends AnyCommand>(
    command: C,
    payload: SentBy<C>,
    options?: CallOptions,
  ): Promise<ReplyGotFrom<C>> {
    return this.#app.call(command, payload, options);
  }

  publish<E extends AnyEvent>(event: E, payload: SentBy<E>, options?: EmitAppOptions): Promise<string> {
    return this.#app.publish(event, payload, options);
  }

  async result<C extends AnyCommand>(
    command: C,
    messageId: string,
    options?: ResultOptions,
  ): Promise<ReplyGotFrom<C>> {
    await this.#quiet();
    return this.#app.result(command, messageId, options);
  }

  async settled(): Promise<void> {
    await this.#quiet();
    this.#throwFailures();
  }

  database(unit: Unit): Database {
    return this.#app.database(unit);
  }

  async deadLetters(unit: Unit): Promise<readonly DeadLetter[]> {
    const connection = await this.broker.connect();
    const letters = await readDeadLetters(connection, unit.name);
    await connection.close();
    return letters;
  }

  async replayDeadLetters(unit: Unit): Promise<number> {
    const connection = await this.broker.connect();
    const count = await replayDeadLetters(connection, unit.name);
    await connection.close();
    return count;
  }

  async published<C extends AnyContract>(contract: C): Promise<GotBy<C>[]> {
    await this.broker.quiet();
    const messages = this.#tap?.to(contract.name) ?? [];
    return Promise.all(
      messages.map(async ({ body }) => {
        const payload: unknown = JSON.parse(new TextDecoder().decode(body));
        return (await validated(`a message of '${contract.name}'`, contract.schema, payload)) as GotBy<C>;
      }),
    );
  }

  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  async #close(): Promise<void> {
    let isClosed = false;
    const closing = Promise.all(this.#apps.map((app) => app.close())).finally(() => {
      isClosed = true;
    });
    // whoever waits for the clock is waited for by it
    for (let second = 0; !isClosed && second < CLOSE_SECONDS; second += 1) {
      await this.#calm();
      await Promise.race([closing, realPause(CLOSE_PAUSE_MS)]);
      if (!isClosed) await this.broker.advance(1_000, () => this.#calm());
    }
    await this.broker.close();
    for (const store of this.#databases.values()) await store.close();
    if (isClosed) await closing;
    else throw this.#failure(`services were not closed within ${CLOSE_SECONDS} s of the clock`);
    this.#throwFailures();
  }

  /** Until nothing is under way. */
  async #quiet(): Promise<void> {
    await this.#still();
    while (this.#underWay.count > 0) {
      if (!(await this.#underWay.changed(SETTLE_MS))) {
        throw this.#failure(
          `${this.#underWay.count} handlers are still under way, and nothing has moved for ${SETTLE_MS} ms; a handler that waits for something outside, or for the clock, must get that first`,
        );
      }
      await this.#still();
    }
  }

  /** Until nothing is under way but what does not come to its end before the clock moves. */
  async #calm(): Promise<void> {
    await this.#still();
    while (this.#underWay.isBusy) {
      await this.#underWay.changedOrStuck();
      await this.#still();
    }
  }

  /** The broker has nothing to do, and no timer is due now: one without a delay is no reason to move the clock. */
  async #still(): Promise<void> {
    let timerCount = 0;
    do {
      if (timerCount > TIMERS_PER_MOMENT_MAX) {
        throw this.#failure(
          `not quiet after ${timerCount} timers of this moment: something is tried again and again`,
        );
      }
      timerCount += 1;
      await this.broker.quiet();
    } while (this.broker.timers.runNext());
  }

  #makeEnvironment(): Environment {
    const { timers } = this.broker;
    const { workBegan, workEnded, mayGoOn } = this.#underWay;
    return {
      clock: {
        nowMs: () => timers.nowMs(),
        setTimer: (delayMs, run) =>
          timers.setTimer(delayMs, () => {
            mayGoOn();
            run();
          }),
      },
      random: () => this.#random.uint32() / 2 ** 32,
      faults: injectedFaults(this.#options, this.seed),
      workBegan,
      workEnded,
      pausesBetweenAttempts: false,
    };
  }

  /** Each failure is told once. */
  #throwFailures(): void {
    const { deadLetters } = this.#options;
    const untold = this.failures.slice(this.#toldCount);
    this.#toldCount = this.failures.length;
    const unexpected = untold.filter(({ type }) => deadLetters !== 'allowed' || type !== 'dead-letter');
    const [first] = unexpected;
    if (first === undefined) return;
    throw this.#failure(unexpected.map(textOf).join('\n'), first.error);
  }

  #failure(text: string, cause?: unknown): Error {
    return new Error(`${text}\n${this.#seedText}`, { cause });
  }

  get #seedText(): string {
    return `seed ${this.seed}: testServices(units, { seed: ${this.seed} }) has the same random numbers again`;
  }

  #withSeed(error: unknown): unknown {
    if (error instanceof Error && !error.message.includes(this.#seedText)) {
      error.message += `\n${this.#seedText}`;
    }
    return error;
  }
}

function textOf(failure: ServiceFailure): string {
  if (failure.type === 'trouble')
    return `service '${failure.service}': ${failure.text}: ${failure.error.message}`;
  const { service, part, messageId, attempts, error } = failure;
  return `service '${service}' gave up message ${messageId} for '${part}' after ${attempts} ${attempts === 1 ? 'attempt' : 'attempts'}: ${error.message}; with { deadLetters: 'allowed' } that is no failure`;
}

function realPause(delayMs: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, delayMs));
}
