import { callListener } from '../client/call-listener.ts';
import {
  type DirectConnection,
  type DirectConnectionOptions,
  openDirectConnection,
} from '../client/direct-connection.ts';
import { Broker } from '../core/broker.ts';
import type { MessageStore } from '../core/message/message-store.ts';
import type { BrokerImage } from '../core/recovery/broker-image.ts';
import { brokerSettings } from '../daemon/broker-settings.ts';
import { OptionError } from '../daemon/option-error.ts';
import type { OptionValues } from '../daemon/options.ts';
import { checkOptions } from '../daemon/read-options.ts';
import { saltedSha256 } from '../daemon/salted-sha256.ts';
import type { StartBrokerOptions } from '../daemon/start-broker.ts';
import { urlOf } from '../daemon/url-of.ts';
import { AmqpListener } from '../server/amqp-listener.ts';
import { MemoryEngine } from '../storage/memory-engine.ts';
import { MessageLog } from '../storage/message-log.ts';
import { type Duration, durationMs } from './duration.ts';
import { HandlersUnderWay } from './handlers-under-way.ts';
import { SeededRandom } from './seeded-random.ts';
import { VirtualClock } from './virtual-clock.ts';
import { VirtualScheduler } from './virtual-scheduler.ts';
import { VirtualTimers } from './virtual-timers.ts';

/** Rounds of the event loop without a turn after which the broker and its in-process clients are quiet. */
const QUIET_ROUNDS = 2;
/** Turns in one wait after which something goes round for ever. */
const TURNS_MAX = 50_000;
/** Turns at one moment of the virtual clock after which time does not go on. */
const TURNS_PER_MOMENT_MAX = 10_000;
/** Real milliseconds that clients on sockets have to answer the broker's connection.close. */
const CLOSE_GRACE_MS = 2_000;
/** Of clients that have not logged in: a test may open many at once, all from one address. */
const UNAUTHENTICATED_MAX = 1_000;
const DEFAULT_START = new Date('2026-01-01T00:00:00Z');

/** A test broker keeps messages in memory: a disk has a clock of its own. */
type DiskOption = 'storage' | 'dataDir' | 'memoryBudget' | 'diskFreeLimit' | 'onFailure';

/**
 * The options of `startTestBroker`: those of `startBroker`, but for the port and what is about a disk, and what makes a run
 * repeatable.
 */
export interface TestBrokerOptions extends Omit<StartBrokerOptions, 'amqpPort' | DiskOption> {
  /** A port for AMQP clients: 0 takes a free one. No port unless given. */
  readonly amqpPort?: number | undefined;
  /** Decides all that is random in the broker. Another one each time unless given; `TestBroker.seed` tells which. */
  readonly seed?: number | undefined;
  /** The time of day when the broker starts, as in x-death headers. 2026-01-01 00:00 UTC unless given. */
  readonly startTime?: Date | undefined;
}

/** The clock of a test broker. */
export interface TestClock {
  /** The time of day in the broker. */
  readonly now: Date;
  /**
   * Moves the clock forward. Everything that falls due on the way (TTLs, delays, expiry, heartbeats) happens in order, each
   * at its own time, with the in-process clients' answers in between.
   *
   * @throws RangeError for what is no duration.
   */
  advance(duration: Duration): Promise<void>;
}

/** A broker for tests: in this process, with a clock that the test moves. */
export interface TestBroker {
  /** Start a broker with this seed to get the same random numbers again. */
  readonly seed: number;
  readonly clock: TestClock;
  /** The broker itself, for what has no shorter way. */
  readonly broker: Broker;
  /** For AMQP clients of any kind; undefined when no port was asked for. */
  readonly url: string | undefined;
  /** Opens an in-process connection, as the default user to the default vhost unless told otherwise. */
  connect(options?: DirectConnectionOptions): Promise<DirectConnection>;
  /**
   * Resolves when nothing is left to do until the clock moves: the broker has no work, in-process clients have read
   * everything, and no handler of theirs is under way. Do not wait here for a handler that itself waits for the clock. Clients
   * on sockets are not seen.
   */
  settled(): Promise<void>;
  /** Closes all connections with 320 and stops the broker. Calling it again is harmless. */
  close(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}

/**
 * Starts a broker whose clock stands still until the test moves it. Hundreds can run at the same time; without a port one
 * takes neither sockets nor timers.
 *
 * @example
 * ```ts
 * import { startTestBroker } from 'leveret/testing';
 *
 * const broker = await startTestBroker();
 * const channel = await (await broker.connect()).createChannel();
 * await channel.queueDeclare('reminders', { arguments: { 'x-message-ttl': 600_000 } });
 * await channel.publish({ routingKey: 'reminders', body: new Uint8Array(1) });
 * await broker.clock.advance('10m');
 * await channel.get('reminders'); // undefined: it has expired
 * await broker.close();
 * ```
 */
export async function startTestBroker(options: TestBrokerOptions = {}): Promise<TestBroker> {
  const running = new VirtualBroker(options);
  if (options.amqpPort !== undefined) {
    await running.listen(options.amqpPort);
  }
  return running;
}

/** What a virtual broker keeps messages in, when not in memory. It goes by real time: the clock waits for it. */
export interface VirtualStorage {
  readonly store: MessageStore;
  /** What was there before. */
  readonly image: BrokerImage;
  /** Resolves when all that was committed is durable, and whoever waited for it was told. */
  whenStored(): Promise<void>;
  close(): Promise<void>;
}

/** What `startTestBroker` returns, with what else may wait for its clock. */
export class VirtualBroker implements TestBroker {
  readonly seed: number;
  readonly clock: TestClock;
  readonly broker: Broker;
  /** Timers of programs in this process that go by the clock of the broker. */
  readonly timers: VirtualTimers;
  readonly #values: OptionValues;
  readonly #startMs: number;
  readonly #clock: VirtualClock;
  readonly #scheduler: VirtualScheduler;
  readonly #handlers: HandlersUnderWay = new HandlersUnderWay();
  readonly #onEvent: NonNullable<StartBrokerOptions['onEvent']>;
  readonly #storage: VirtualStorage | undefined;
  #listener: AmqpListener | undefined;
  #closed: Promise<void> | undefined;

  constructor(options: TestBrokerOptions, storage?: VirtualStorage) {
    const { seed, startTime = DEFAULT_START, onEvent = () => {}, amqpPort: _port, ...others } = options;
    this.seed = seed ?? Math.floor(Math.random() * 2 ** 32);
    this.#values = checkOptions(others);
    if (this.#values.storage === 'file') {
      throw new OptionError(
        'a test broker keeps messages in memory; to test with a disk, use startBroker with a temporary dataDir',
      );
    }
    this.#startMs = startTime.getTime();
    this.#clock = new VirtualClock(this.#startMs);
    this.#scheduler = new VirtualScheduler(() => this.#turn());
    this.#onEvent = (event) => callListener(() => onEvent(event));
    this.broker = new Broker(
      {
        clock: this.#clock,
        random: new SeededRandom(this.seed),
        scheduler: this.#scheduler,
        store: storage?.store ?? new MessageLog(new MemoryEngine()),
        credentials: saltedSha256,
        onEvent: this.#onEvent,
      },
      brokerSettings(this.#values),
      storage?.image,
    );
    this.#storage = storage;
    const clock = this.#clock;
    this.timers = new VirtualTimers(() => clock.wallMs());
    this.clock = {
      get now() {
        return new Date(clock.wallMs());
      },
      advance: async (duration) => this.advance(durationMs(duration), () => this.quiet()),
    };
  }

  get url(): string | undefined {
    const address = this.#listener?.addresses[0];
    return address && urlOf(address);
  }

  async listen(port: number): Promise<void> {
    const { connectionsMax } = brokerSettings(this.#values);
    this.#listener = await AmqpListener.open(this.broker, {
      hosts: ['127.0.0.1'],
      port,
      connectionsMax,
      unauthenticatedMax: UNAUTHENTICATED_MAX,
      unauthenticatedPerAddressMax: UNAUTHENTICATED_MAX,
      onEvent: this.#onEvent,
      onReceived: () => {},
    });
  }

  connect(options: DirectConnectionOptions = {}): Promise<DirectConnection> {
    const { defaultUser: username, defaultPassword: password, defaultVhost: vhost } = this.#values;
    const handlerObserver = this.#handlers;
    return openDirectConnection(this.broker, { username, password, vhost, handlerObserver, ...options });
  }

  async settled(): Promise<void> {
    await this.quiet();
    while (this.#handlers.count > 0) {
      await this.#handlers.none();
      await this.quiet();
    }
  }

  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  async #close(): Promise<void> {
    this.#listener?.close();
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, CLOSE_GRACE_MS);
      this.broker.shutdown(() => {
        clearTimeout(timer);
        resolve();
      });
    });
    this.#listener?.destroyConnections('the broker stopped');
    await this.#storage?.whenStored();
    this.#scheduler.stop();
    this.timers.clear();
    await this.#storage?.close();
  }

  /** Moves the clock. `calm` waits, at each moment at which something happened, until it may go on. */
  async advance(ms: number, calm: () => Promise<void>): Promise<void> {
    const targetMs = this.#clock.nowMs() + ms;
    await calm();
    let stepsAtThisMoment = 0;
    for (let dueMs = this.#nextMs(); dueMs <= targetMs; dueMs = this.#nextMs()) {
      stepsAtThisMoment = dueMs > this.#clock.nowMs() ? 0 : stepsAtThisMoment + 1;
      if (stepsAtThisMoment > TURNS_PER_MOMENT_MAX) {
        throw this.failure(
          `the clock stands still at ${this.#clock.nowMs()} ms: a deadline is asked for again and again`,
        );
      }
      this.#clock.moveTo(dueMs);
      if (this.#scheduler.deadlineMs <= dueMs) this.#scheduler.runDeadline();
      else this.timers.runNext();
      await calm();
    }
    this.#clock.moveTo(targetMs);
    this.#scheduler.runTurn();
    await calm();
  }

  /** When the broker, or a timer, is due next. */
  #nextMs(): number {
    return Math.min(this.#scheduler.deadlineMs, this.timers.nextMs - this.#startMs);
  }

  /** Bytes between broker and in-process clients travel in microtasks: a round of the event loop without a turn has none left. */
  async quiet(): Promise<void> {
    const startTurnCount = this.#scheduler.turnCount;
    let quietRounds = 0;
    while (quietRounds < QUIET_ROUNDS) {
      const before = this.#scheduler.turnCount;
      await this.#storage?.whenStored();
      await new Promise((resolve) => setImmediate(resolve));
      const busy = this.#scheduler.turnIsDue || this.#scheduler.turnCount !== before;
      quietRounds = busy ? 0 : quietRounds + 1;
      if (this.#scheduler.turnCount - startTurnCount > TURNS_MAX) {
        throw this.failure(`not quiet after ${TURNS_MAX} turns: does a consumer requeue all that it gets?`);
      }
    }
  }

  /** Nobody awaits a turn: what it throws fails the test as an uncaught exception. */
  #turn(): void {
    try {
      this.broker.turn();
    } catch (error) {
      this.#scheduler.stop();
      throw this.failure(`a defect in the broker, which is stopped: ${String(error)}`, error);
    }
  }

  failure(text: string, cause?: unknown): Error {
    return new Error(`test broker with seed ${this.seed}: ${text}`, { cause });
  }
}
