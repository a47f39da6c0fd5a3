/**
 * The connection of this process to the servers of NATS: one at a time, to whichever answers.
 *
 *     dial: the next server in turn, for ever ----> connected
 *       ^                                              |
 *       `--- it closed, does not answer a ping, leaves a request unanswered for a second, or says that it will stop
 *
 * The client of NATS could reconnect by itself. It does not here, because what was asked of a connection that is gone must be known to
 * be in doubt at once, because it keeps what is published meanwhile and sends it later, and because it waits for the socket to be written out
 * before it leaves a server that has stopped reading.
 */
import { readFile } from 'node:fs/promises';
import { isIP } from 'node:net';
import { performance } from 'node:perf_hooks';
import type { JetStreamClient, JetStreamManager } from '@nats-io/jetstream';
import type { Kvm } from '@nats-io/kv';
import type {
  NatsConnection as Connection,
  NodeConnectionOptions,
  TlsOptions,
} from '@nats-io/transport-node';
import type { BrokerEvent } from '../../core/environment.ts';
import { StorageError, textOf } from '../file/storage-error.ts';
import { loadNatsPackages, type NatsPackages } from './nats-packages.ts';
import { addressesOf, greeting, type NatsAddress, type NatsServer, readNatsServers } from './nats-servers.ts';

export interface NatsOptions {
  /** `nats://user:password@host:4222`, `tls://token@host:4222`; all servers, because no others are tried. */
  readonly servers: readonly string[];
  /** A file of credentials, as `nsc` makes them. */
  readonly credentials?: string;
  /** A file with the certificates that servers are checked against. With it, no server is spoken to without TLS. */
  readonly ca?: string;
  /** What the servers show as the name of this connection. */
  readonly name?: string;
  /** How long a first server is looked for. */
  readonly withinMs?: number;
  readonly onEvent: (event: BrokerEvent) => void;
}

/** A connection to one server while it lasts. */
export interface NatsLink {
  readonly connection: Connection;
  readonly jetstream: JetStreamClient;
  readonly api: JetStreamManager;
  readonly kv: Kvm;
  readonly packages: NatsPackages;
}

const FIRST_MS = 5_000;
const GREETING_MS = 1_000;
const DIAL_MS = 2_000;
/** Between two rounds over all servers. */
const ROUND_MS = 200;
/** That another server is asked is said at most this often. */
const TELL_MS = 10_000;
/** What the interface of JetStream takes to answer, at most. */
const ANSWER_MS = 2_000;
const PING_MS = 500;
/** A ping that three beats did not bring an answer to. Beats are counted, not time, so that a pause of this process is no silence of the server. */
const PINGS_MISSED_MAX = 3;
/** A request that is not answered for so long goes to another server. */
const SILENCE_MS = 1_000;

/** Connects to one of `servers`. Rejects with a StorageError NATS_UNREACHABLE that names each server and what was wrong with it. */
export async function connectNats(options: NatsOptions): Promise<NatsConnection> {
  const servers = readNatsServers(options.servers);
  const packages = await loadNatsPackages();
  const dialler = new Dialler(servers, packages, await readSecrets(options), options.name ?? 'leveret');
  const connection = new NatsConnection(dialler, options.onEvent);
  try {
    await connection.link(options.withinMs ?? FIRST_MS);
    return connection;
  } catch (error) {
    await connection.close();
    throw error;
  }
}

interface Secrets {
  readonly credentials?: Uint8Array;
  readonly ca?: string;
}

async function readSecrets(options: NatsOptions): Promise<Secrets> {
  const { credentials, ca } = options;
  return {
    ...(credentials === undefined ? {} : { credentials: await read(credentials, '--nats-credentials') }),
    ...(ca === undefined ? {} : { ca: (await read(ca, '--nats-ca')).toString('utf8') }),
  };
}

async function read(file: string, option: string): Promise<Buffer> {
  try {
    return await readFile(file);
  } catch (error) {
    throw new StorageError('NATS_UNREACHABLE', `${option} ${file} cannot be read: ${textOf(error)}`, error);
  }
}

export class NatsConnection {
  readonly #dialler: Dialler;
  readonly #onEvent: (event: BrokerEvent) => void;
  #link: OpenLink | undefined;
  #isClosed = false;
  /** That the last server was left was told, and when. */
  #isTold = false;
  #toldMs = Number.NEGATIVE_INFINITY;
  #cancelWait: () => void = () => undefined;
  /** Called when there is a link, or never will be. */
  readonly #waiting = new Set<() => void>();
  readonly #listeners = new Set<(link: NatsLink) => void>();

  constructor(dialler: Dialler, onEvent: (event: BrokerEvent) => void) {
    this.#dialler = dialler;
    this.#onEvent = onEvent;
    this.#startDialling();
  }

  /** `host:port` of all servers, for texts. */
  get servers(): string {
    return this.#dialler.labels;
  }

  /** The hosts of the servers, as they were named. */
  get hosts(): readonly string[] {
    return this.#dialler.hosts;
  }

  /** `host:port` of the server that is spoken to; undefined: none is. */
  get server(): string | undefined {
    return this.#link?.server;
  }

  /** The largest message that the server takes; that of the one before while there is none. */
  get payloadBytesMax(): number {
    return this.#dialler.payloadBytesMax;
  }

  /** The connection. Rejects with NATS_UNREACHABLE when there is none within `withinMs`. */
  link(withinMs: number): Promise<NatsLink> {
    return this.#openLink(withinMs);
  }

  async #openLink(withinMs: number): Promise<OpenLink> {
    if (this.#link === undefined && !this.#isClosed) await this.#linkOrTime(withinMs);
    if (this.#link !== undefined) return this.#link;
    if (this.#isClosed) throw new StorageError('NATS_UNREACHABLE', 'the connection to NATS was closed');
    throw this.#dialler.unreachable(withinMs);
  }

  /**
   * Asks something, and watches whether it is answered: `topic` distinguishes what has different servers to answer it. An error of
   * JetStream is an answer, too. Rejects with what `request` rejects with, or with NATS_UNREACHABLE when there is nobody to ask.
   */
  async ask<T>(topic: string, withinMs: number, request: (link: NatsLink) => Promise<T>): Promise<T> {
    const link = await this.#openLink(withinMs);
    const askedMs = performance.now();
    try {
      const answer = await link.unlessLost(request);
      link.onAnswer(topic);
      return answer;
    } catch (error) {
      if (isAnswer(link, error)) link.onAnswer(topic);
      else if (link.silentMs(topic, askedMs) >= SILENCE_MS) this.#leave(link, `${topic} is not answered`);
      throw error;
    }
  }

  /** Calls `listener` with each connection: the one that there is, and each that follows. Returns how to end it. */
  onLink(listener: (link: NatsLink) => void): () => void {
    this.#listeners.add(listener);
    if (this.#link !== undefined) listener(this.#link);
    return () => this.#listeners.delete(listener);
  }

  /** Leaves the server for the next one. */
  reconnect(reason: string): void {
    if (this.#link !== undefined) this.#leave(this.#link, reason);
  }

  /** Ends the connection for good. What was asked and not answered is rejected. */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.#cancelWait();
    this.#wake();
    const link = this.#link;
    this.#link = undefined;
    await link?.close();
  }

  #startDialling(): void {
    // It has nothing to reject with; a defect is not to go unseen.
    this.#dial().catch((error: unknown) => this.#onEvent({ level: 'error', text: `NATS: ${textOf(error)}` }));
  }

  async #dial(): Promise<void> {
    while (!this.#isClosed) {
      const link = await this.#dialler.next((lost, reason) => this.#leave(lost, reason));
      if (link !== undefined) return this.#enter(link);
      if (this.#dialler.isAtStart && !this.#isClosed) await this.#wait(ROUND_MS);
    }
  }

  async #enter(link: OpenLink): Promise<void> {
    if (this.#isClosed) return link.close();
    this.#link = link;
    if (this.#isTold) this.#onEvent({ level: 'info', text: `going on with the NATS server ${link.server}` });
    link.start();
    for (const listener of this.#listeners) listener(link);
    this.#wake();
  }

  #leave(link: OpenLink, reason: string): void {
    if (this.#link !== link) return;
    this.#link = undefined;
    this.#tellLeaving(link, reason);
    // It ends by itself; whether that goes well changes nothing any more.
    link.close().catch(() => undefined);
    if (!this.#isClosed) this.#startDialling();
  }

  /** While a majority is away this happens once a second. */
  #tellLeaving({ server }: OpenLink, reason: string): void {
    const nowMs = performance.now();
    this.#isTold = nowMs - this.#toldMs >= TELL_MS;
    if (!this.#isTold) return;
    this.#toldMs = nowMs;
    this.#onEvent({ level: 'warn', text: `leaving the NATS server ${server}: ${reason}` });
  }

  #wake(): void {
    const waiting = [...this.#waiting];
    this.#waiting.clear();
    for (const wake of waiting) wake();
  }

  #linkOrTime(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const wake = (): void => {
        clearTimeout(timer);
        this.#waiting.delete(wake);
        resolve();
      };
      const timer = setTimeout(wake, ms);
      this.#waiting.add(wake);
    });
  }

  #wait(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, ms);
      this.#cancelWait = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }
}

function isAnswer(link: NatsLink, error: unknown): boolean {
  return error instanceof link.packages.jetstream.JetStreamApiError;
}

type OnLost = (link: OpenLink, reason: string) => void;

/** Makes connections, to one server after the other. */
class Dialler {
  readonly #servers: readonly NatsServer[];
  readonly #packages: NatsPackages;
  readonly #secrets: Secrets;
  readonly #name: string;
  /** What was wrong with each server when it was tried last. */
  readonly #faults = new Map<string, string>();
  #next: number;
  #tried = 0;
  payloadBytesMax = 0;

  constructor(servers: readonly NatsServer[], packages: NatsPackages, secrets: Secrets, name: string) {
    this.#servers = servers;
    this.#packages = packages;
    this.#secrets = secrets;
    this.#name = name;
    // So that many processes do not all begin at the same one.
    this.#next = Math.floor(Math.random() * servers.length);
  }

  get labels(): string {
    return this.#servers.map(({ label }) => label).join(', ');
  }

  get hosts(): readonly string[] {
    return this.#servers.map(({ host }) => host);
  }

  /** Whether each server was tried as often as the others. */
  get isAtStart(): boolean {
    return this.#tried % this.#servers.length === 0;
  }

  unreachable(withinMs: number): StorageError {
    const faults = this.#servers.map(
      ({ label }) => `${label}: ${this.#faults.get(label) ?? 'not tried yet'}`,
    );
    return new StorageError(
      'NATS_UNREACHABLE',
      `no NATS server took the connection within ${withinMs} ms (${faults.join('; ')}). Check --nats, the log-in, and that the servers run`,
    );
  }

  /** A connection to the next server; undefined: there is none to be had. */
  async next(onLost: OnLost): Promise<OpenLink | undefined> {
    const server = this.#servers[this.#next] as NatsServer;
    this.#next = (this.#next + 1) % this.#servers.length;
    this.#tried += 1;
    try {
      const link = await this.#connected(server, onLost);
      this.#faults.delete(server.label);
      this.payloadBytesMax = link.connection.info?.max_payload ?? this.payloadBytesMax;
      return link;
    } catch (error) {
      this.#faults.set(server.label, textOf(error));
      return undefined;
    }
  }

  async #connected(server: NatsServer, onLost: OnLost): Promise<OpenLink> {
    const address = await firstThatGreets(server);
    const { transport, jetstream, kv } = this.#packages;
    const connection = await transport.connect(this.#optionsFor(server, address));
    const client = jetstream.jetstream(connection, { timeout: ANSWER_MS });
    // Nothing is asked of the server by this: it makes the object.
    const api = await client.jetstreamManager(false);
    const link: NatsLink = {
      connection,
      jetstream: client,
      api,
      kv: new kv.Kvm(client),
      packages: this.#packages,
    };
    return new OpenLink(link, server.label, onLost);
  }

  #optionsFor(server: NatsServer, { address, speaksTls }: NatsAddress): NodeConnectionOptions {
    const { credentials, ca } = this.#secrets;
    // The client takes whatever TLS of Node.js takes; its type does not say so.
    // Without a name to be checked against, it would take the certificate of `localhost` from any address.
    const named = isIP(server.host) === 0 ? { servername: server.host } : { host: server.host };
    const tls = { ...named, ...(ca === undefined ? {} : { ca }) } as TlsOptions;
    return {
      servers: [`${address.includes(':') ? `[${address}]` : address}:${server.port}`],
      name: this.#name,
      reconnect: false,
      ignoreClusterUpdates: true,
      noAsyncTraces: true,
      resolve: false,
      timeout: DIAL_MS,
      ...(speaksTls || server.wantsTls || ca !== undefined ? { tls } : {}),
      ...(server.user === undefined ? {} : { user: server.user, pass: server.password ?? '' }),
      ...(server.token === undefined ? {} : { token: server.token }),
      ...(credentials === undefined
        ? {}
        : { authenticator: this.#packages.transport.credsAuthenticator(credentials) }),
    };
  }
}

async function firstThatGreets(server: NatsServer): Promise<NatsAddress> {
  let fault: unknown;
  for (const address of await addressesOf(server)) {
    try {
      return await greeting(address, server.port, GREETING_MS);
    } catch (error) {
      fault = error;
    }
  }
  throw fault ?? new Error('its name has no address');
}

/** A connection that tells when it is of no use any more. */
class OpenLink implements NatsLink {
  readonly connection: Connection;
  readonly jetstream: JetStreamClient;
  readonly api: JetStreamManager;
  readonly kv: Kvm;
  readonly packages: NatsPackages;
  readonly server: string;
  readonly #onLost: OnLost;
  /** Since when a topic was asked about without an answer. */
  readonly #silentSince = new Map<string, number>();
  /** Rejects what is not answered yet. */
  readonly #asked = new Set<(reason: Error) => void>();
  #beat: NodeJS.Timeout | undefined;
  #pingsMissed = 0;
  #isClosed = false;

  constructor(link: NatsLink, server: string, onLost: OnLost) {
    this.connection = link.connection;
    this.jetstream = link.jetstream;
    this.api = link.api;
    this.kv = link.kv;
    this.packages = link.packages;
    this.server = server;
    this.#onLost = onLost;
  }

  start(): void {
    this.#beat = setInterval(() => this.#onBeat(), PING_MS);
    void this.connection
      .closed()
      .then((error) =>
        this.#onLost(this, error instanceof Error ? textOf(error) : 'it closed the connection'),
      );
    this.#leaveBeforeItStops();
  }

  onAnswer(topic: string): void {
    this.#silentSince.delete(topic);
  }

  /** For how long `topic` has not been answered, now that what was asked at `askedMs` was not. */
  silentMs(topic: string, askedMs: number): number {
    const since = this.#silentSince.get(topic) ?? askedMs;
    this.#silentSince.set(topic, since);
    return performance.now() - since;
  }

  /** What `request` gives; rejects when the connection ends before. The client does not, for what is asked while it closes. */
  unlessLost<T>(request: (link: NatsLink) => Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      if (this.#isClosed) return reject(this.#lost());
      this.#asked.add(reject);
      request(this)
        .then(resolve, reject)
        .finally(() => this.#asked.delete(reject));
    });
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    clearInterval(this.#beat);
    for (const reject of this.#asked) reject(this.#lost());
    await this.connection.close();
  }

  #lost(): Error {
    return new Error(`the connection to the NATS server ${this.server} ended`);
  }

  #onBeat(): void {
    if (this.#pingsMissed >= PINGS_MISSED_MAX) {
      this.#onLost(this, `it has not answered a ping for ${PINGS_MISSED_MAX * PING_MS} ms`);
      return;
    }
    this.#pingsMissed += 1;
    const answered = (): void => {
      this.#pingsMissed = 0;
    };
    // A ping of a connection that is closed meanwhile is rejected; `closed` tells of that.
    this.connection.flush().then(answered, () => undefined);
  }

  /** A server in lame duck mode says so before it goes. */
  #leaveBeforeItStops(): void {
    const statuses = this.connection.status();
    const watch = async (): Promise<void> => {
      for await (const status of statuses) {
        if (status.type === 'ldm') this.#onLost(this, 'it is about to stop');
      }
    };
    // The statuses end with the connection.
    watch().catch(() => undefined);
  }
}
