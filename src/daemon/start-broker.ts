import { join, resolve } from 'node:path';
import { inspect } from 'node:util';
import { callListener, throwUncaught } from '../client/call-listener.ts';
import {
  type DirectConnection,
  type DirectConnectionOptions,
  openDirectConnection,
} from '../client/direct-connection.ts';
import { Broker } from '../core/broker.ts';
import type { BrokerEvent, TokenVerifier } from '../core/environment.ts';
import type { MessageTracer } from '../core/message/message-tracer.ts';
import type { BrokerImage } from '../core/recovery/broker-image.ts';
import { redact } from '../core/redact.ts';
import { RestoreError } from '../core/restore-definitions.ts';
import type { BrokerSettings } from '../core/settings.ts';
import type { AuditEntry } from '../management/audit-log.ts';
import type { Listener, ManagementHost, NodeFacts } from '../management/management-host.ts';
import { AmqpListener } from '../server/amqp-listener.ts';
import type { ListenerName } from '../server/listen-error.ts';
import type { ListenerAddress } from '../server/listen-on-hosts.ts';
import { hostAndPort } from '../server/peer-address.ts';
import { StorageError } from '../storage/file/storage-error.ts';
import { AuditFile } from './audit-file.ts';
import { BrokerDefect } from './broker-defect.ts';
import { brokerSettings } from './broker-settings.ts';
import { type BrokerStorage, type OpenedStorage, openBrokerStorage } from './broker-storage.ts';
import { CertificateFiles } from './certificate-files.ts';
import { collectGarbage } from './collect-garbage.ts';
import { type DiskState, DiskWatch } from './disk-watch.ts';
import { HttpApi } from './http-api.ts';
import { memorySize } from './memory-size.ts';
import { MemoryWatch } from './memory-watch.ts';
import { nodeClock } from './node-clock.ts';
import { NodeCredentials } from './node-credentials.ts';
import { NodeFactsSource } from './node-facts.ts';
import { NodeRandom } from './node-random.ts';
import { NodeScheduler } from './node-scheduler.ts';
import { openMessageTracer, type SpanTracer } from './open-telemetry.ts';
import { openTokens } from './open-tokens.ts';
import { checkCombinations } from './option-combinations.ts';
import { OPTIONS, type OptionName, type OptionValues } from './options.ts';
import { checkListeners, checkOptions } from './read-options.ts';
import { amountText, sizeText } from './size-text.ts';

// biome-ignore lint/performance/noBarrelFile: the entry of the package, whose users want to tell these errors apart.
export { ListenError } from '../server/listen-error.ts';
export { StorageError } from '../storage/file/storage-error.ts';
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
/** What HTTP requests that run have of it at most, before the AMQP clients are told. */
const HTTP_CLOSE_GRACE_MS = 2_000;
/** HTTP has its share of the sockets that the process may open. */
const HTTP_CONNECTIONS_MAX = 4_096;
/** The build puts the page there; this file is two folders below the root as source and as output. */
const DASHBOARD_DIRECTORY = join(import.meta.dirname, '../../dist/dashboard');
/** What is said of connections that a stop cuts off. */
const STOPPED = 'the broker stopped';

type SharedOptions = {
  readonly [N in Exclude<OptionName, 'amqpPort' | 'httpPort' | 'amqpsPort' | 'httpsPort' | 'logLevel'>]?:
    | OptionInput<N>
    | undefined;
};
/** A list may be a text with commas in it, and a size a text with its unit: `'64MiB'`. */
type OptionInput<N extends OptionName> = N extends
  | 'host'
  | 'loopbackUsers'
  | 'oauthAlgorithms'
  | 'oauthUsernameClaims'
  | 'httpHostNames'
  ? string | readonly string[]
  : N extends 'maxMessageSize' | 'frameMax' | 'memoryHighWatermark' | 'memoryBudget' | 'diskFreeLimit'
    ? number | string
    : OptionValues[N];

/** The options of `startBroker`. docs/configuration.md describes each; those that are absent have their default. */
export interface StartBrokerOptions extends SharedOptions {
  /** The port for AMQP clients, 5672 if absent. 0: any free one, see `RunningBroker.url`. false: none. */
  readonly amqpPort?: number | false | undefined;
  /** The port of the HTTP API, none if absent. 0: any free one, see `RunningBroker.httpUrl`. */
  readonly httpPort?: number | false | undefined;
  /** The port for AMQP over TLS, 5671 if absent. Only with `tlsCert`. */
  readonly amqpsPort?: number | false | undefined;
  /** The port for the HTTP API over TLS, none if absent. Only with `tlsCert`. */
  readonly httpsPort?: number | false | undefined;
  /** Takes what an operator may want to read in a log. Texts may hold names that strangers chose. */
  readonly onEvent?: ((event: BrokerEvent) => void) | undefined;
  /**
   * Called when the disk failed in a way that leaves no safe way to go on: the broker has stopped then, nothing that it
   * confirmed is lost, and it can be started again. Without it the error is thrown where nobody catches it, so that the
   * process ends.
   */
  readonly onFailure?: ((reason: StorageError) => void) | undefined;
  /** A tracer of OpenTelemetry: messages with a header `traceparent` become spans of it. Needs the package `@opentelemetry/api`. */
  readonly tracer?: SpanTracer | undefined;
}

/** A broker that runs in this process. */
export interface RunningBroker {
  /** For clients on this machine, like `amqp://127.0.0.1:5672`; undefined without a port. */
  readonly url: string | undefined;
  /** Of the HTTP API, for clients on this machine, like `http://127.0.0.1:15672`, or with https when it listens with TLS only; undefined without a port. */
  readonly httpUrl: string | undefined;
  /** Where it listens for AMQP; empty without a port. */
  readonly addresses: readonly ListenerAddress[];
  /** Where it listens, for every protocol. */
  readonly listeners: readonly Listener[];
  /** The ports that it listens on; undefined where there is none. */
  readonly ports: { readonly [N in ListenerName]: number | undefined };
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
   * Takes no more connections, answers the HTTP requests that run, tells every client connection.close 320
   * (CONNECTION_FORCED), and resolves when all have gone and everything durable is on the disk. Those that are still there
   * after `graceMs` (5000 if absent; HTTP requests after 2000 at most) are cut off.
   * Calling it again is harmless.
   *
   * @throws StorageError (`code` DISK_FAILED) when the disk fails meanwhile; nothing that was confirmed is lost.
   */
  close(options?: { readonly graceMs?: number }): Promise<void>;
  /** `close()`, for `await using`. */
  [Symbol.asyncDispose](): Promise<void>;
}

/**
 * Starts an AMQP 0-9-1 broker in this process. Any number of them can run at the same time, each on a port of its own
 * or on none. A listening broker keeps the process alive; one without a port does not. Messages are kept in memory, or on
 * disk when `dataDir` is given.
 *
 * @throws OptionError (`code` BAD_OPTION) for an option that is not known or not valid.
 * @throws ListenError (`code` ADDRESS_IN_USE and others) when the port cannot be had.
 * @throws StorageError (`code` DATA_DIR_IN_USE, DATA_DAMAGED and others) when the data directory cannot be used.
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
 * @example A broker whose durable queues and persistent messages are there again after a restart
 * ```ts
 * import { startBroker } from 'leveret';
 *
 * const broker = await startBroker({ amqpPort: 0, dataDir: './queues' });
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
  const { onEvent = ignoreEvent, onFailure = throwUncaught, tracer, ...others } = options;
  checkListeners({ onEvent, onFailure });
  const values = checkOptions(others);
  checkCombinations(values);
  return NodeBroker.start(values, {
    onEvent: ({ level, text }) => callListener(() => onEvent({ level, text: redact(text) })),
    onFailure: (reason) => callListener(() => onFailure(reason)),
    ...(tracer && { tracer }),
  });
}

function ignoreEvent(): void {}

interface Listeners {
  onEvent(event: BrokerEvent): void;
  onFailure(reason: StorageError): void;
  readonly tracer?: SpanTracer;
}

/** What a broker is made of, and takes time to be had. */
interface Foundation extends OpenedStorage {
  readonly tokens: TokenVerifier | undefined;
  readonly messageTracer: MessageTracer | undefined;
}

/** Wires core, storage and server to Node.js. */
class NodeBroker implements RunningBroker {
  readonly broker: Broker;
  readonly #values: OptionValues;
  readonly #settings: BrokerSettings;
  readonly #listeners: Listeners;
  readonly #storage: BrokerStorage;
  readonly #scheduler: NodeScheduler;
  readonly #memoryWatch: MemoryWatch;
  readonly #diskWatch: DiskWatch;
  readonly #facts: NodeFactsSource = new NodeFactsSource();
  #certificates: CertificateFiles | undefined;
  #auditFile: AuditFile | undefined;
  /** In the clear, and over TLS. */
  #amqp: readonly AmqpListener[] = [];
  #http: HttpApi | undefined;
  /** Since the last turn. */
  #receivedBytes = 0;
  #closed: Promise<void> | undefined;
  /** The owner has asked for it, and hears from `#closed` what fails. */
  #isClosing = false;
  /** Why it stopped where it was. */
  #failure: unknown;
  /** The owner has it, and hears of a failure by an event; until then starting fails. */
  #isStarted = false;

  /** Throws when the disk fails before it is through. */
  static async start(values: OptionValues, listeners: Listeners): Promise<NodeBroker> {
    const running = await NodeBroker.#open(values, listeners);
    try {
      await running.#diskWatch.start();
      running.#assertRuns();
      await running.#listen();
      running.#assertRuns();
    } catch (error) {
      running.#stop();
      await running.close();
      throw error;
    }
    running.#isStarted = true;
    return running;
  }

  static async #open(values: OptionValues, listeners: Listeners): Promise<NodeBroker> {
    const startMs = performance.now();
    let running: NodeBroker | undefined;
    const tokens = await openTokens(values, listeners.onEvent);
    const { tracer, onEvent } = listeners;
    const isTraced = tracer !== undefined || values.openTelemetry === 'on';
    const messageTracer = isTraced ? await openMessageTracer(tracer, onEvent) : undefined;
    const { storage, image } = await openBrokerStorage(values, {
      onEvent: listeners.onEvent,
      onFailure: (reason) => {
        if (running !== undefined) running.#onStorageFailure(reason);
      },
      onFull: (on) => {
        if (running !== undefined) running.#diskWatch.setFull(on);
      },
    });
    try {
      running = new NodeBroker(values, listeners, { storage, image, tokens, messageTracer });
    } catch (error) {
      await storage.close();
      throw error instanceof RestoreError ? new StorageError('DATA_FORMAT', error.message, error) : error;
    }
    if (image?.isFresh === false) running.#tellRecovered(performance.now() - startMs);
    return running;
  }

  private constructor(values: OptionValues, listeners: Listeners, foundation: Foundation) {
    const { storage, image, tokens, messageTracer } = foundation;
    this.#values = values;
    this.#listeners = listeners;
    this.#storage = storage;
    this.#settings = brokerSettings(values);
    this.#scheduler = new NodeScheduler(() => this.#turn());
    this.broker = this.#makeBroker(image, tokens, messageTracer);
    this.#memoryWatch = new MemoryWatch({
      highWatermarkBytes: memorySize(values.memoryHighWatermark),
      sample: process.memoryUsage.rss,
      storeBytes: () => storage.store.memoryBytes,
      reclaim: collectGarbage,
      setAlarm: (on) => this.broker.setAlarm('memory', on),
    });
    this.#diskWatch = this.#watchDisk();
    // what a new broker begins with is to be written
    this.#scheduler.requestTurn();
  }

  async #listen(): Promise<void> {
    const { amqpPort, amqpsPort, httpPort, httpsPort } = this.#values;
    const tls = this.#openCertificates();
    const { auditLog } = this.#values;
    if (auditLog !== '') this.#auditFile = new AuditFile(resolve(auditLog), this.#listeners.onEvent);
    if (httpPort !== false || (tls && httpsPort !== false)) this.#http = await this.#openHttp(tls);
    if (amqpPort !== false) await this.#openAmqp(amqpPort);
    if (tls && amqpsPort !== false) await this.#openAmqp(amqpsPort, tls);
  }

  #openCertificates(): CertificateFiles | undefined {
    const { tlsCert: cert, tlsKey: key, tlsCa: ca, tlsVerifyPeer, tlsCertLoginFrom } = this.#values;
    if (cert === '') return undefined;
    const { onEvent } = this.#listeners;
    const paths = { cert: resolve(cert), key: resolve(key), ca: ca === '' ? '' : resolve(ca) };
    const files = { ...paths, verifyPeer: tlsVerifyPeer, nameSource: tlsCertLoginFrom, onEvent };
    this.#certificates = new CertificateFiles(files);
    return this.#certificates;
  }

  #openHttp(tls: CertificateFiles | undefined): Promise<HttpApi> {
    return HttpApi.open({
      hosts: this.#values.host,
      port: this.#values.httpPort,
      tlsPort: this.#values.httpsPort,
      tls,
      connectionsMax: Math.min(HTTP_CONNECTIONS_MAX, Math.ceil(this.#settings.connectionsMax / 2)),
      host: this.#managementHost(),
      onEvent: this.#listeners.onEvent,
    });
  }

  async #openAmqp(port: number, tls?: CertificateFiles): Promise<void> {
    const listener = await AmqpListener.open(this.broker, {
      hosts: this.#values.host,
      port,
      ...(tls && { tls }),
      connectionsMax: this.#settings.connectionsMax,
      unauthenticatedMax: UNAUTHENTICATED_MAX,
      unauthenticatedPerAddressMax: UNAUTHENTICATED_PER_ADDRESS_MAX,
      onEvent: this.#listeners.onEvent,
      onReceived: (byteCount) => this.#onReceived(byteCount),
    });
    this.#amqp = [...this.#amqp, listener];
  }

  #assertRuns(): void {
    if (this.#failure !== undefined) throw this.#failure;
  }

  get addresses(): readonly ListenerAddress[] {
    return this.listeners.filter(({ protocol }) => protocol === 'amqp');
  }

  get ports(): RunningBroker['ports'] {
    return {
      amqp: this.#first('amqp')?.port,
      amqps: this.#first('amqp/ssl')?.port,
      http: this.#first('http')?.port,
      https: this.#first('https')?.port,
    };
  }

  #first(protocol: Listener['protocol']): Listener | undefined {
    return this.listeners.find((each) => each.protocol === protocol);
  }

  get listeners(): readonly Listener[] {
    const amqp = this.#amqp.flatMap(({ addresses, isEncrypted }) =>
      addresses.map((address) => ({ protocol: isEncrypted ? 'amqp/ssl' : 'amqp', ...address }) as const),
    );
    return [...amqp, ...(this.#http?.listeners ?? [])];
  }

  #managementHost(): ManagementHost {
    return {
      broker: this.broker,
      node: () => this.#nodeFacts(),
      storage: () => ({ liveBytes: this.#storage.store.liveBytes }),
      metricsAreAnonymous: this.#values.metricsAnonymous === 'on',
      listeners: () => this.listeners,
      certificates: () => (this.#certificates ? [this.#certificates.certificate] : []),
      hostNames: this.#values.httpHostNames.map((name) => name.toLowerCase()),
      dashboardDirectory: DASHBOARD_DIRECTORY,
      onAudit: (entry) => this.#onAudit(entry),
    };
  }

  #onAudit(entry: AuditEntry): void {
    const { username, remoteAddress, operation, object, result, detail } = entry;
    this.#auditFile?.add(entry);
    this.#listeners.onEvent({
      level: result === 'done' ? 'info' : 'warn',
      text: `audit: user '${username}' from ${remoteAddress} over HTTP: ${operation} (${object}) ${result} ${detail}`,
    });
  }

  #nodeFacts(): NodeFacts {
    const { storage, dataDir, diskFreeLimit, memoryHighWatermark } = this.#values;
    return this.#facts.facts({
      memoryLimitBytes: memorySize(memoryHighWatermark),
      diskFreeBytes: this.#diskWatch.freeBytes,
      diskFreeLimitBytes: diskFreeLimit,
      storedBytes: this.#storage.store.storedBytes,
      connectionsMax: this.#settings.connectionsMax,
      dataDir: storage === 'file' ? resolve(dataDir) : undefined,
    });
  }

  get url(): string | undefined {
    const address = this.#first('amqp');
    return address && urlOf(address);
  }

  get httpUrl(): string | undefined {
    const [plain, encrypted] = [this.#first('http'), this.#first('https')];
    if (plain) return urlOf(plain, 'http');
    return encrypted && urlOf(encrypted, 'https');
  }

  connect(options: DirectConnectionOptions = {}): Promise<DirectConnection> {
    const { defaultUser: username, defaultPassword: password, defaultVhost: vhost } = this.#values;
    return openDirectConnection(this.broker, { username, password, vhost, ...options });
  }

  close({ graceMs = CLOSE_GRACE_MS }: { readonly graceMs?: number } = {}): Promise<void> {
    if (this.#closed === undefined) {
      this.#isClosing = true;
      this.#closed = this.#close(graceMs);
    }
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
    for (const listener of this.#amqp) listener.close();
    await this.#http?.close(Math.min(HTTP_CLOSE_GRACE_MS, graceMs / 2));
    await new Promise<void>((done) => {
      const timer = setTimeout(() => this.#cutOff(), endMs - performance.now());
      this.broker.shutdown(() => {
        clearTimeout(timer);
        done();
      });
    });
    this.#stop();
    await this.#auditFile?.close();
    await this.#storage.close();
    // reading may have failed meanwhile, of which the storage knows nothing
    this.#assertRuns();
  }

  /** The broker hears of it now, and not when the sockets tell: it has something to write when the last client is gone. */
  #cutOff(): void {
    for (const listener of this.#amqp) listener.destroyConnections(STOPPED);
    for (const connection of [...this.broker.connections]) connection.abandon(STOPPED);
  }

  #stop(): void {
    this.#certificates?.close();
    this.#http?.destroy();
    for (const listener of this.#amqp) {
      listener.close();
      listener.destroyConnections(STOPPED);
    }
    this.#memoryWatch.stop();
    this.#diskWatch.stop();
    this.#scheduler.stop();
  }

  /**
   * Stops where it is. What earlier turns committed becomes durable if it can; nothing behind that is written, because the
   * state that it would come from is in doubt. The owner hears of `cause`; another failure at the end is an event.
   */
  #abandon(cause: unknown): void {
    this.#failure = cause;
    this.#stop();
    this.broker.halt();
    if (this.#isClosing) return;
    void this.#auditFile?.close();
    this.#closed = this.#storage.close().catch((reason: unknown) => {
      if (reason === cause) return;
      this.#listeners.onEvent({ level: 'error', text: `while closing the storage: ${String(reason)}` });
    });
  }

  #makeBroker(
    image: BrokerImage | undefined,
    tokens: TokenVerifier | undefined,
    messageTracer: MessageTracer | undefined,
  ): Broker {
    const { store } = this.#storage;
    const { onEvent } = this.#listeners;
    const scheduler = this.#scheduler;
    const credentials = new NodeCredentials({
      replacesCheapHashes: store.survives,
      wellKnownPassword: OPTIONS.defaultPassword.default,
      nowMs: () => nodeClock.nowMs(),
    });
    const environment = {
      clock: nodeClock,
      random: new NodeRandom(),
      credentials,
      ...(tokens && { tokens }),
      ...(messageTracer && { messageTracer }),
    };
    return new Broker({ ...environment, scheduler, store, onEvent }, this.#settings, image);
  }

  #tellRecovered(durationMs: number): void {
    const queues = [...this.broker.vhosts.values()].flatMap((vhost) => [...vhost.queues.values()]);
    const messageCount = queues.reduce((sum, queue) => sum + queue.messageCount, 0);
    const what = `${amountText(messageCount, 'message')} in ${amountText(queues.length, 'queue')}`;
    const size = sizeText(this.#storage.store.storedBytes);
    this.#listeners.onEvent({
      level: 'info',
      text: `recovered ${what} from ${this.#values.dataDir} (${size} in ${Math.round(durationMs)} ms)`,
    });
  }

  #watchDisk(): DiskWatch {
    const { dataDir, diskFreeLimit, storage } = this.#values;
    const { onEvent } = this.#listeners;
    return new DiskWatch({
      freeBytesMin: storage === 'file' ? diskFreeLimit : 0,
      freeBytes: () => this.#storage.freeBytes(),
      onState: (state, freeBytes) => this.#onDiskState(state, freeBytes),
      onUnknown: (reason) =>
        onEvent({ level: 'warn', text: `how much room ${dataDir} has is not known: ${reason.message}` }),
    });
  }

  #onDiskState(state: DiskState, freeBytes: number | undefined): void {
    const isShort = state !== 'enough';
    this.#storage.store.setSpaceShort(isShort);
    this.broker.setAlarm(
      'disk',
      isShort,
      `${this.#values.dataDir}: ${this.#diskStateText(state, freeBytes)}`,
    );
  }

  #diskStateText(state: DiskState, freeBytes: number | undefined): string {
    if (state === 'full') return 'the disk is full';
    const free = freeBytes === undefined ? 'there is room again' : `${sizeText(freeBytes)} free`;
    if (state === 'enough') return free;
    return `${free}, less than --disk-free-limit (${sizeText(this.#values.diskFreeLimit)})`;
  }

  /** May be called in the middle of anything that the broker does. */
  #onStorageFailure(reason: StorageError): void {
    if (this.#failure !== undefined) return;
    this.#abandon(reason);
    // a start or a close that is under way tells its caller
    if (this.#isStarted && !this.#isClosing) this.#listeners.onFailure(reason);
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
      if (error instanceof StorageError) this.#onStorageFailure(error);
      // whoever stopped the broker in the middle of this turn has told its owner why
      if (this.#failure !== undefined) return;
      const defect = new BrokerDefect(error);
      this.#abandon(defect);
      throw defect;
    }
  }
}

/** What a client on this machine connects to: an address that stands for all of them is no address to connect to. */
export function urlOf({ host, port }: ListenerAddress, scheme: ListenerName = 'amqp'): string {
  const reachable = host === '0.0.0.0' ? '127.0.0.1' : host === '::' ? '::1' : host;
  return `${scheme}://${hostAndPort(reachable, port)}`;
}
