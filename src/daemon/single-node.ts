import { inspect } from 'node:util';
import {
  type DirectConnection,
  type DirectConnectionOptions,
  openDirectConnection,
} from '../client/direct-connection.ts';
import type { Broker } from '../core/broker.ts';
import type { Listener } from '../management/management-host.ts';
import type { ListenerAddress } from '../server/listen-on-hosts.ts';
import type { StorageError } from '../storage/file/storage-error.ts';
import { openBrokerStorage } from './broker-storage.ts';
import { Doors, openCertificates, wantsHttp } from './doors.ts';
import { HostedBroker } from './hosted-broker.ts';
import { NodeContext, type NodeListeners } from './node-context.ts';
import type { OptionValues } from './options.ts';
import {
  CLOSE_GRACE_MS,
  type CloseOptions,
  HTTP_CLOSE_GRACE_MS,
  type RunningBroker,
} from './running-broker.ts';
import { httpUrlOf, urlOf } from './url-of.ts';

/** What is said of connections that a stop cuts off. */
const STOPPED = 'the broker stopped';

/** Starts a broker that has its storage to itself: in memory, or in a directory. */
export function startSingleNode(values: OptionValues, listeners: NodeListeners): Promise<RunningBroker> {
  return SingleNode.start(values, listeners);
}

class SingleNode implements RunningBroker {
  readonly #context: NodeContext;
  readonly #hosted: HostedBroker;
  readonly #doors: Doors;
  #closed: Promise<void> | undefined;
  /** The owner has it, and hears of a failure by an event; until then starting fails. */
  #isStarted = false;

  /** Throws when the disk fails before it is through. */
  static async start(values: OptionValues, listeners: NodeListeners): Promise<SingleNode> {
    const context = await NodeContext.open(values, listeners);
    let node: SingleNode | undefined;
    const hosted = await HostedBroker.open(
      {
        ...context,
        onEvent: listeners.onEvent,
        onFailure: (reason) => {
          if (node !== undefined) node.#onFailure(reason);
        },
        onHalt: () => {
          if (node !== undefined) node.#onHalt();
        },
      },
      (events) => openBrokerStorage(values, events),
    );
    try {
      node = new SingleNode(context, hosted);
    } catch (error) {
      await hosted.close(performance.now(), () => {});
      throw error;
    }
    await node.#start();
    return node;
  }

  private constructor(context: NodeContext, hosted: HostedBroker) {
    const { values, settings, listeners } = context;
    this.#context = context;
    this.#hosted = hosted;
    this.#doors = new Doors({
      values,
      settings,
      broker: hosted.broker,
      certificates: openCertificates(values, listeners.onEvent),
      onReceived: (byteCount) => hosted.onReceived(byteCount),
      onRequest: (request, response) => hosted.onRequest(request, response),
      onEvent: listeners.onEvent,
    });
  }

  async #start(): Promise<void> {
    try {
      await this.#hosted.start();
      await this.#open();
      this.#hosted.assertRuns();
    } catch (error) {
      this.#doors.destroy(STOPPED);
      await this.close();
      throw error;
    }
    this.#isStarted = true;
  }

  async #open(): Promise<void> {
    this.#context.openAuditFile();
    if (wantsHttp(this.#context.values)) {
      await this.#hosted.openApi(this.#context.managementHost(this.#hosted, this.#doors));
      await this.#doors.openHttp();
    }
    await this.#doors.openAmqp();
  }

  get broker(): Broker {
    return this.#hosted.broker;
  }

  get addresses(): readonly ListenerAddress[] {
    return this.listeners.filter(({ protocol }) => protocol === 'amqp');
  }

  get ports(): RunningBroker['ports'] {
    return this.#doors.ports;
  }

  get listeners(): readonly Listener[] {
    return this.#doors.listeners;
  }

  get url(): string | undefined {
    const address = this.#doors.first('amqp');
    return address && urlOf(address);
  }

  get httpUrl(): string | undefined {
    return httpUrlOf(this.#doors);
  }

  connect(options: DirectConnectionOptions = {}): Promise<DirectConnection> {
    const { defaultUser: username, defaultPassword: password, defaultVhost: vhost } = this.#context.values;
    return openDirectConnection(this.broker, { username, password, vhost, ...options });
  }

  close({ graceMs = CLOSE_GRACE_MS }: CloseOptions = {}): Promise<void> {
    // one that has stopped where it was has said goodbye to nobody, and will not
    this.#closed ??= this.#hosted.isHalted ? this.#hosted.whenHalted() : this.#close(graceMs);
    return this.#closed;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  /** What console.log shows: no internals, of which there are many. */
  [inspect.custom](): unknown {
    const { url, httpUrl, addresses } = this;
    return { url, httpUrl, addresses, connectionCount: this.broker.connectionCount };
  }

  async #close(graceMs: number): Promise<void> {
    const endMs = performance.now() + graceMs;
    this.#doors.closeAmqp();
    const http = this.#doors.closeHttp(Math.min(HTTP_CLOSE_GRACE_MS, graceMs / 2));
    await Promise.all([this.#hosted.closeApi(), http]);
    try {
      await this.#hosted.close(endMs, () => this.#doors.destroyConnections(STOPPED));
    } finally {
      this.#doors.destroy(STOPPED);
      await this.#context.close();
    }
  }

  #onHalt(): void {
    this.#doors.destroy(STOPPED);
    if (this.#closed === undefined) void this.#context.close();
  }

  #onFailure(reason: StorageError): void {
    // a start or a close that is under way tells its caller
    if (this.#isStarted && this.#closed === undefined) this.#context.listeners.onFailure(reason);
  }
}
