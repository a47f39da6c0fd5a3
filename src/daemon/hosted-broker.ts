import type { IncomingMessage, ServerResponse } from 'node:http';
import type { FastifyInstance } from 'fastify';
import { Broker } from '../core/broker.ts';
import type { BrokerEvent, TokenVerifier } from '../core/environment.ts';
import type { MessageTracer } from '../core/message/message-tracer.ts';
import type { BrokerImage } from '../core/recovery/broker-image.ts';
import { RestoreError } from '../core/restore-definitions.ts';
import type { BrokerSettings } from '../core/settings.ts';
import type { ManagementHost } from '../management/management-host.ts';
import { StorageError } from '../storage/file/storage-error.ts';
import type { StorageEvents } from '../storage/file/storage-events.ts';
import { BrokerDefect } from './broker-defect.ts';
import type { BrokerStorage, OpenedStorage } from './broker-storage.ts';
import { collectGarbage } from './collect-garbage.ts';
import { type DiskState, DiskWatch } from './disk-watch.ts';
import { memorySize } from './memory-size.ts';
import { MemoryWatch } from './memory-watch.ts';
import { nodeClock } from './node-clock.ts';
import { NodeCredentials } from './node-credentials.ts';
import { NodeRandom } from './node-random.ts';
import { NodeScheduler } from './node-scheduler.ts';
import { OPTIONS, type OptionValues } from './options.ts';
import { amountText, sizeText } from './size-text.ts';

/**
 * After this much input a turn is run before more is read. Left to itself, Node reads up to 2 MiB of one busy publisher
 * (32 times 64 KiB) between two turns, and the consumers fall behind: measured, 135 k/s delivered of 2.1 M/s published.
 */
const RECEIVED_BYTES_PER_TURN = 128 * 1024;

/** What a broker gets of the process that it runs in, and that may outlive it. */
export interface HostedBrokerOptions {
  readonly values: OptionValues;
  readonly settings: BrokerSettings;
  readonly tokens: TokenVerifier | undefined;
  readonly messageTracer: MessageTracer | undefined;
  /** Absent: always. False when asked at the start of a turn: somebody else may have the log, and the broker stops there. */
  readonly mayRun?: () => boolean;
  onEvent(event: BrokerEvent): void;
  /** The broker has stopped where it was, because of its storage. Nothing that it confirmed is lost. */
  onFailure(reason: StorageError): void;
  /** The broker stopped where it was: for `onFailure`, or for a defect, which is thrown. Called first. */
  onHalt(): void;
}

/** A core broker with what it needs of Node.js, from the opening of its storage to the end. */
export class HostedBroker {
  readonly broker: Broker;
  readonly #options: HostedBrokerOptions;
  readonly #storage: BrokerStorage;
  readonly #scheduler: NodeScheduler;
  readonly #memoryWatch: MemoryWatch;
  readonly #diskWatch: DiskWatch;
  #app: FastifyInstance | undefined;
  /** Requests that were not answered yet, or not to the end. */
  readonly #unanswered = new Set<ServerResponse>();
  /** Since the last turn. */
  #receivedBytes = 0;
  #isClosing = false;
  /** Why it stopped where it was. */
  #failure: unknown;
  #storageClosed: Promise<void> | undefined;

  /**
   * Opens the storage, and makes a broker of what is in it.
   *
   * @throws StorageError
   */
  static async open(
    options: HostedBrokerOptions,
    openStorage: (events: StorageEvents) => Promise<OpenedStorage>,
  ): Promise<HostedBroker> {
    const startMs = performance.now();
    let hosted: HostedBroker | undefined;
    let early = undefined as StorageError | undefined;
    const { storage, image } = await openStorage({
      onEvent: options.onEvent,
      onFailure: (reason) => {
        if (hosted === undefined) early ??= reason;
        else hosted.fail(reason);
      },
      onFull: (on) => hosted?.setFull(on),
    });
    try {
      if (early !== undefined) throw early;
      hosted = new HostedBroker(options, storage, image);
    } catch (error) {
      // why it could not begin counts, and not that what failed cannot be closed well
      await storage.close().catch(() => undefined);
      throw error instanceof RestoreError ? new StorageError('DATA_FORMAT', error.message, error) : error;
    }
    if (image?.isFresh === false) hosted.#tellRecovered(storage.place, performance.now() - startMs);
    return hosted;
  }

  private constructor(options: HostedBrokerOptions, storage: BrokerStorage, image: BrokerImage | undefined) {
    const { values } = options;
    this.#options = options;
    this.#storage = storage;
    this.#scheduler = new NodeScheduler(() => this.#turn());
    this.broker = this.#makeBroker(image);
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

  /** Throws when the storage fails before it is through. */
  async start(): Promise<void> {
    await this.#diskWatch.start();
    this.assertRuns();
  }

  /** Makes the HTTP application. */
  async openApi(host: ManagementHost): Promise<void> {
    // loaded only when it is wanted: a broker without HTTP does not pay for it
    const { buildApp } = await import('../management/build-app.ts');
    const app = await buildApp(host, (error, what) =>
      this.#options.onEvent({
        level: 'error',
        text: `defect in the HTTP API, at ${what}: ${error.stack ?? error.message}`,
      }),
    );
    await app.ready();
    this.#app = app;
    // it was closed, or stopped, before there was anything to close
    if (this.#isClosing || this.isHalted) await this.closeApi();
  }

  onRequest(request: IncomingMessage, response: ServerResponse): void {
    if (this.#app === undefined) {
      response.destroy();
      return;
    }
    this.#unanswered.add(response);
    response.on('close', () => this.#unanswered.delete(response));
    this.#app.routing(request, response);
  }

  /** Streams and long polls of HTTP end by it. Never throws. */
  async closeApi(): Promise<void> {
    const app = this.#app;
    this.#app = undefined;
    try {
      await app?.close();
    } catch (error) {
      this.#options.onEvent({ level: 'error', text: `while closing the HTTP API: ${String(error)}` });
    }
  }

  assertRuns(): void {
    if (this.#failure !== undefined) throw this.#failure;
  }

  get storedBytes(): number {
    return this.#storage.store.storedBytes;
  }

  get liveBytes(): number {
    return this.#storage.store.liveBytes;
  }

  /** As measured last; undefined when it never was. */
  get diskFreeBytes(): number | undefined {
    return this.#diskWatch.freeBytes;
  }

  /** The storage has no room for what it was given, or has again. */
  setFull(on: boolean): void {
    this.#diskWatch.setFull(on);
  }

  onReceived(byteCount: number): void {
    this.#receivedBytes += byteCount;
    if (this.#receivedBytes >= RECEIVED_BYTES_PER_TURN) this.#scheduler.runPendingTurn();
  }

  /**
   * Tells every AMQP client connection.close 320; calls `cutOff` when some are still there at `endMs` (of performance.now);
   * resolves when everything is durable and the storage closed.
   *
   * @throws StorageError when it does not become durable.
   */
  async close(endMs: number, cutOff: () => void): Promise<void> {
    this.#isClosing = true;
    await this.closeApi();
    await this.#farewell(endMs, cutOff);
    this.#stop();
    this.#cutRequests();
    await this.#closeStorage();
    // reading may have failed meanwhile, of which the storage knows nothing
    this.assertRuns();
  }

  /**
   * Stops where it is, because of `cause`. What earlier turns committed becomes durable if it can; nothing behind that is written,
   * because the state that it would come from is in doubt. May be called in the middle of anything that the broker does.
   */
  fail(cause: StorageError): void {
    if (this.isHalted) return;
    this.#halt(cause);
    this.#options.onFailure(cause);
  }

  /** As `fail`, for whoever has an end for it already: nobody hears of `cause`. */
  halt(cause: unknown): void {
    if (!this.isHalted) this.#halt(cause);
  }

  /**
   * Whether the broker may do something now, for what is not done in its turns. When not, it has stopped where it was, and `onHalt`
   * was called.
   */
  mayGoOn(): boolean {
    return !this.isHalted && this.#mayRun();
  }

  /** Why it stopped where it was; undefined: it did not. */
  get failure(): unknown {
    return this.#failure;
  }

  /** It stopped where it was. */
  get isHalted(): boolean {
    return this.#failure !== undefined;
  }

  /** Resolves when the storage of one that is halted has been let go of. Never throws. */
  async whenHalted(): Promise<void> {
    await this.#closeStorage().catch(() => undefined);
  }

  #farewell(endMs: number, cutOff: () => void): Promise<void> {
    return new Promise((done) => {
      const timer = setTimeout(() => this.#cutOff(cutOff), Math.max(0, endMs - performance.now()));
      this.broker.shutdown(() => {
        clearTimeout(timer);
        done();
      });
    });
  }

  /** The broker hears of it now, and not when the sockets tell: it has something to write when the last client is gone. */
  #cutOff(cutOff: () => void): void {
    cutOff();
    for (const connection of [...this.broker.connections]) connection.abandon('the broker stopped');
  }

  /** Those that wait for something to become durable hear of it in a turn, of which there is none any more. */
  #cutRequests(): void {
    for (const response of this.#unanswered) if (!response.writableEnded) response.destroy();
  }

  #closeStorage(): Promise<void> {
    this.#storageClosed ??= this.#storage.close();
    return this.#storageClosed;
  }

  #stop(): void {
    this.#memoryWatch.stop();
    this.#diskWatch.stop();
    this.#scheduler.stop();
  }

  #halt(cause: unknown): void {
    this.#failure = cause;
    this.#stop();
    this.#options.onHalt();
    this.broker.halt();
    this.#cutRequests();
    void this.closeApi();
    if (cause instanceof StorageError && cause.code === 'OWNERSHIP_LOST') this.#storage.abandon();
    if (this.#isClosing) return;
    this.#closeStorage().catch((reason: unknown) => {
      if (reason === cause) return;
      this.#options.onEvent({ level: 'error', text: `while closing the storage: ${String(reason)}` });
    });
  }

  #makeBroker(image: BrokerImage | undefined): Broker {
    const { tokens, messageTracer, onEvent, settings } = this.#options;
    const { store } = this.#storage;
    const credentials = new NodeCredentials({
      replacesCheapHashes: store.survives,
      wellKnownPassword: OPTIONS.defaultPassword.default,
      nowMs: () => nodeClock.nowMs(),
    });
    const environment = {
      clock: nodeClock,
      random: new NodeRandom(),
      scheduler: this.#scheduler,
      credentials,
      store,
      onEvent,
      ...(tokens && { tokens }),
      ...(messageTracer && { messageTracer }),
    };
    return new Broker(environment, settings, image);
  }

  #tellRecovered(place: string, durationMs: number): void {
    const queues = [...this.broker.vhosts.values()].flatMap((vhost) => [...vhost.queues.values()]);
    const messageCount = queues.reduce((sum, queue) => sum + queue.messageCount, 0);
    const what = `${amountText(messageCount, 'message')} in ${amountText(queues.length, 'queue')}`;
    const size = sizeText(this.#storage.store.storedBytes);
    this.#options.onEvent({
      level: 'info',
      text: `recovered ${what} from ${place} (${size} in ${Math.round(durationMs)} ms)`,
    });
  }

  #watchDisk(): DiskWatch {
    const { values, onEvent } = this.#options;
    const { dataDir, diskFreeLimit, storage } = values;
    return new DiskWatch({
      freeBytesMin: storage === 'memory' ? 0 : diskFreeLimit,
      freeBytes: () => this.#storage.freeBytes(),
      onState: (state, freeBytes) => this.#onDiskState(state, freeBytes),
      onUnknown: (reason) =>
        onEvent({ level: 'warn', text: `how much room ${dataDir} has is not known: ${reason.message}` }),
    });
  }

  #onDiskState(state: DiskState, freeBytes: number | undefined): void {
    const isShort = state !== 'enough';
    this.#storage.store.setSpaceShort(isShort);
    const text = `${this.#storage.place}: ${this.#diskStateText(state, freeBytes)}`;
    this.broker.setAlarm('disk', isShort, text);
  }

  #diskStateText(state: DiskState, freeBytes: number | undefined): string {
    if (state === 'full') return 'the disk is full';
    const free = freeBytes === undefined ? 'there is room again' : `${sizeText(freeBytes)} free`;
    if (state === 'enough') return free;
    return `${free}, less than --disk-free-limit (${sizeText(this.#options.values.diskFreeLimit)})`;
  }

  /** What the input of one connection breaks is that connection's; here the whole broker is in doubt. */
  #turn(): void {
    this.#receivedBytes = 0;
    if (!this.#mayRun()) return;
    try {
      this.broker.turn();
    } catch (error) {
      if (error instanceof StorageError) this.fail(error);
      // whoever stopped the broker in the middle of this turn has told its owner why
      if (this.#failure !== undefined) return;
      const defect = new BrokerDefect(error);
      this.#halt(defect);
      throw defect;
    }
  }

  #mayRun(): boolean {
    const { mayRun } = this.#options;
    if (mayRun === undefined || mayRun()) return true;
    this.fail(
      new StorageError(
        'OWNERSHIP_LOST',
        'the lease on the log has run out: nothing is confirmed or delivered any more',
      ),
    );
    return false;
  }
}
