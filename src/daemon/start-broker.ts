import { inspect } from 'node:util';
import { callListener } from '../client/call-listener.ts';
import {
  type DirectConnection,
  type DirectConnectionOptions,
  openDirectConnection,
} from '../client/direct-connection.ts';
import { Broker } from '../core/broker.ts';
import type { BrokerEvent } from '../core/environment.ts';
import type { BrokerSettings } from '../core/settings.ts';
import { AmqpListener, type ListenerAddress } from '../server/amqp-listener.ts';
import { hostAndPort } from '../server/peer-address.ts';
import { MemoryEngine } from '../storage/memory-engine.ts';
import { MessageLog } from '../storage/message-log.ts';
import { BrokerDefect } from './broker-defect.ts';
import { brokerSettings } from './broker-settings.ts';
import { collectGarbage } from './collect-garbage.ts';
import { MemoryWatch, watermarkBytes } from './memory-watch.ts';
import { nodeClock } from './node-clock.ts';
import { NodeRandom } from './node-random.ts';
import { NodeScheduler } from './node-scheduler.ts';
import type { OptionName, OptionValues } from './options.ts';
import { checkOptions } from './read-options.ts';
import { saltedSha256 } from './salted-sha256.ts';

// biome-ignore lint/performance/noBarrelFile: the entry of the package, whose users want to tell these errors apart.
export { ListenError } from '../server/listen-error.ts';
export { OptionError } from './option-error.ts';

/** Peers on other machines that have not logged in: all of them (about 30 MB of memory), and those of one address. */
const UNAUTHENTICATED_MAX = 1_000;
const UNAUTHENTICATED_PER_ADDRESS_MAX = 50;
/**
 * After this much input a turn is run before more is read. Left to itself, Node reads up to 2 MiB of one busy publisher
 * (32 times 64 KiB) between two turns, and the consumers fall behind: measured, 135 k/s delivered of 2.1 M/s published.
 */
const RECEIVED_BYTES_PER_TURN = 128 * 1024;
const CLOSE_GRACE_MS = 5_000;

type SharedOptions = {
  readonly [N in Exclude<OptionName, 'amqpPort' | 'logLevel'>]?: OptionInput<N> | undefined;
};
/** A list may be a text with commas in it, and a size a text with its unit: `'64MiB'`. */
type OptionInput<N extends OptionName> = N extends 'host' | 'loopbackUsers'
  ? string | readonly string[]
  : N extends 'maxMessageSize' | 'frameMax' | 'memoryHighWatermark'
    ? number | string
    : OptionValues[N];

/** The options of `startBroker`. docs/configuration.md describes each; those that are absent have their default. */
export interface StartBrokerOptions extends SharedOptions {
  /** The port for AMQP clients, 5672 if absent. 0: any free one, see `RunningBroker.url`. false: none. */
  readonly amqpPort?: number | false | undefined;
  /** Takes what an operator may want to read in a log. Texts may hold names that strangers chose. */
  readonly onEvent?: ((event: BrokerEvent) => void) | undefined;
}

/** A broker that runs in this process. */
export interface RunningBroker {
  /** For clients on this machine, like `amqp://127.0.0.1:5672`; undefined without a port. */
  readonly url: string | undefined;
  /** Where it listens; empty without a port. */
  readonly addresses: readonly ListenerAddress[];
  /** The ports that it listens on; `amqp` is undefined without one. */
  readonly ports: { readonly amqp: number | undefined };
  /** The broker itself, for what has no shorter way. */
  readonly broker: Broker;
  /**
   * Opens an AMQP connection inside this process: the same semantics as over TCP, without a socket. It logs in as the
   * default user to the default vhost unless told otherwise.
   *
   * @throws ConnectionClosedError when the broker refuses, for instance 403 for a wrong password.
   *
   * @example
   * ```ts
   * const connection = await broker.connect();
   * const channel = await connection.createChannel();
   * await channel.queueDeclare('hello');
   * await channel.publish({ routingKey: 'hello', body: 'Hello World!' });
   * const message = await channel.get('hello', { noAck: true });
   * ```
   */
  connect(options?: DirectConnectionOptions): Promise<DirectConnection>;
  /**
   * Takes no more connections, tells every client connection.close 320 (CONNECTION_FORCED), and resolves when all have
   * gone. Those that are still there after `graceMs` (5000 if absent) are cut off. Calling it again is harmless.
   */
  close(options?: { readonly graceMs?: number }): Promise<void>;
  /** `close()`, for `await using`. */
  [Symbol.asyncDispose](): Promise<void>;
}

/**
 * Starts an AMQP 0-9-1 broker in this process. Any number of them can run at the same time, each on a port of its own
 * or on none. A listening broker keeps the process alive; one without a port does not.
 *
 * @throws OptionError (`code` BAD_OPTION) for an option that is not known or not valid.
 * @throws ListenError (`code` ADDRESS_IN_USE and others) when the port cannot be had.
 *
 * @example A broker on a free port, used by any AMQP client
 * ```ts
 * import { startBroker } from 'leveret';
 *
 * const broker = await startBroker({ amqpPort: 0 });
 * console.log(`connect to ${broker.url}`);
 * await broker.close();
 * ```
 *
 * @example A broker without any port, for this process only
 * ```ts
 * import { startBroker } from 'leveret';
 *
 * const broker = await startBroker({ amqpPort: false });
 * const connection = await broker.connect();
 * await connection.close();
 * await broker.close();
 * ```
 */
export async function startBroker(options: StartBrokerOptions = {}): Promise<RunningBroker> {
  const { onEvent = ignoreEvent, amqpPort, ...others } = options;
  const values = checkOptions({ ...others, amqpPort: amqpPort === false ? undefined : amqpPort });
  const running = new NodeBroker(values, (event) => callListener(() => onEvent(event)));
  if (amqpPort !== false) await running.listen();
  return running;
}

function ignoreEvent(): void {}

/** Wires core, storage and server to Node.js. */
class NodeBroker implements RunningBroker {
  readonly broker: Broker;
  readonly #values: OptionValues;
  readonly #settings: BrokerSettings;
  readonly #onEvent: (event: BrokerEvent) => void;
  readonly #scheduler: NodeScheduler;
  readonly #memoryWatch: MemoryWatch;
  #listener: AmqpListener | undefined;
  /** Since the last turn. */
  #receivedBytes = 0;
  #closed: Promise<void> | undefined;

  constructor(values: OptionValues, onEvent: (event: BrokerEvent) => void) {
    this.#values = values;
    this.#onEvent = onEvent;
    this.#settings = brokerSettings(values);
    this.#scheduler = new NodeScheduler(() => this.#turn());
    const store = new MessageLog(new MemoryEngine());
    const environment = { clock: nodeClock, random: new NodeRandom(), credentials: saltedSha256 };
    this.broker = new Broker({ ...environment, scheduler: this.#scheduler, store, onEvent }, this.#settings);
    this.#memoryWatch = new MemoryWatch({
      highWatermarkBytes: watermarkBytes(values.memoryHighWatermark),
      sample: process.memoryUsage.rss,
      storeBytes: () => store.memoryBytes,
      reclaim: collectGarbage,
      setAlarm: (on) => this.broker.setAlarm('memory', on),
    });
  }

  async listen(): Promise<void> {
    try {
      this.#listener = await AmqpListener.open(this.broker, {
        hosts: this.#values.host,
        port: this.#values.amqpPort,
        connectionsMax: this.#settings.connectionsMax,
        unauthenticatedMax: UNAUTHENTICATED_MAX,
        unauthenticatedPerAddressMax: UNAUTHENTICATED_PER_ADDRESS_MAX,
        onEvent: this.#onEvent,
        onReceived: (byteCount) => this.#onReceived(byteCount),
      });
    } catch (error) {
      this.#stop();
      throw error;
    }
  }

  get addresses(): readonly ListenerAddress[] {
    return this.#listener?.addresses ?? [];
  }

  get ports(): { readonly amqp: number | undefined } {
    return { amqp: this.addresses[0]?.port };
  }

  get url(): string | undefined {
    const address = this.addresses[0];
    return address && urlOf(address);
  }

  connect(options: DirectConnectionOptions = {}): Promise<DirectConnection> {
    const { defaultUser: username, defaultPassword: password, defaultVhost: vhost } = this.#values;
    return openDirectConnection(this.broker, { username, password, vhost, ...options });
  }

  close({ graceMs = CLOSE_GRACE_MS }: { readonly graceMs?: number } = {}): Promise<void> {
    this.#closed ??= this.#close(graceMs);
    return this.#closed;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  /** What console.log shows: no internals, of which there are many. */
  [inspect.custom](): unknown {
    return { url: this.url, addresses: this.addresses, connectionCount: this.broker.connectionCount };
  }

  async #close(graceMs: number): Promise<void> {
    this.#listener?.close();
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, graceMs);
      this.broker.shutdown(() => {
        clearTimeout(timer);
        resolve();
      });
    });
    this.#stop();
  }

  #stop(): void {
    this.#listener?.close();
    this.#listener?.destroyConnections('the broker stopped');
    this.#memoryWatch.stop();
    this.#scheduler.stop();
  }

  #onReceived(byteCount: number): void {
    this.#receivedBytes += byteCount;
    if (this.#receivedBytes >= RECEIVED_BYTES_PER_TURN) this.#scheduler.runPendingTurn();
  }

  /** What the input of one connection breaks is that connection's; here the whole broker is in doubt. */
  #turn(): void {
    this.#receivedBytes = 0;
    try {
      this.broker.turn();
    } catch (error) {
      this.#stop();
      throw new BrokerDefect(error);
    }
  }
}

/** What a client on this machine connects to: an address that stands for all of them is no address to connect to. */
export function urlOf({ host, port }: ListenerAddress): string {
  const reachable = host === '0.0.0.0' ? '127.0.0.1' : host === '::' ? '::1' : host;
  return `amqp://${hostAndPort(reachable, port)}`;
}
