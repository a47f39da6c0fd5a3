/**
 * A node of a cluster: its doors are open all the time, and who is behind them changes with its role.
 *
 *                 lease acquired           log fenced and read
 *     standby ---------------------> opening -----------------> serving
 *        ^                              |                          |
 *        |                              v  lost or failed          v  lost, failed, handed over
 *        '------------------------- ending <-----------------------'
 *
 *     serving                        clients are the broker's, and so are those that other nodes pass through
 *     standby, opening, ending       clients are passed through to the owner, or wait until there is one
 *
 * `Ownership` says who has the lease. It is asked before each turn of the broker, and before anything is confirmed; the log itself
 * refuses a node that goes on all the same.
 */

import { randomUUID } from 'node:crypto';
import { inspect } from 'node:util';
import { throwUncaught } from '../client/call-listener.ts';
import {
  type DirectConnection,
  type DirectConnectionOptions,
  openDirectConnection,
} from '../client/direct-connection.ts';
import { clusterStreams, type ClusterStream as StoredStream } from '../cluster/cluster-streams.ts';
import { HttpPassThrough, type HttpPassThroughOptions } from '../cluster/http-pass-through.ts';
import { type PassTarget, passTargetOf } from '../cluster/join-owner.ts';
import type { LeaseRecord } from '../cluster/lease-store.ts';
import { NodeDirectory } from '../cluster/node-directory.ts';
import { Ownership } from '../cluster/ownership.ts';
import { PassThroughBroker } from '../cluster/pass-through-broker.ts';
import { PeerListener } from '../cluster/peer-listener.ts';
import { makeStandbyHttp } from '../cluster/standby-http.ts';
import { SwitchedBroker } from '../cluster/switched-broker.ts';
import { type RequestHandler, SwitchedHttp } from '../cluster/switched-http.ts';
import type { Broker } from '../core/broker.ts';
import type { BrokerEvent } from '../core/environment.ts';
import type {
  ClusterHost,
  ClusterNodes,
  ClusterState,
  ClusterStream,
  HandOverAnswer,
  Listener,
} from '../management/management-host.ts';
import { setPeer } from '../management/request-peer.ts';
import type { ListenerAddress } from '../server/listen-on-hosts.ts';
import { hostAndPort } from '../server/peer-address.ts';
import { StorageError } from '../storage/file/storage-error.ts';
import { nodeTimer } from '../storage/file/storage-timer.ts';
import { BrokerDefect } from './broker-defect.ts';
import { checkDataDir, openClusterStorage } from './broker-storage.ts';
import type { CertificateFiles } from './certificate-files.ts';
import { type ClusterLink, openClusterLink } from './cluster-link.ts';
import { Doors, openCertificates, wantsHttp } from './doors.ts';
import { HostedBroker } from './hosted-broker.ts';
import { nodeClock } from './node-clock.ts';
import { NodeContext, type NodeListeners } from './node-context.ts';
import { NodeRandom } from './node-random.ts';
import type { OptionValues } from './options.ts';
import { reachableHost } from './reachable-host.ts';
import { rehearseTerm } from './rehearse-term.ts';
import {
  CLOSE_GRACE_MS,
  type CloseOptions,
  HTTP_CLOSE_GRACE_MS,
  type RunningBroker,
} from './running-broker.ts';
import { standbyRoutes } from './standby-routes.ts';
import { httpUrlOf, urlOf } from './url-of.ts';
import { VERSION } from './version.ts';

/** What clients have to answer connection.close at a hand-over: nobody is served meanwhile. */
const HAND_OVER_GRACE_MS = 250;
/** How long a client waits for an owner. */
const OWNER_WAIT_MS = 15_000;

type Role =
  | { readonly kind: 'standby' }
  | { readonly kind: 'opening' }
  | { readonly kind: 'serving'; readonly hosted: HostedBroker; readonly record: LeaseRecord }
  | { readonly kind: 'ending' };

/** Starts a node of a cluster. It is there when its doors are open, whoever owns the log. */
export function startClusterNode(values: OptionValues, listeners: NodeListeners): Promise<RunningBroker> {
  return ClusterNode.start(values, listeners);
}

class ClusterNode implements RunningBroker, ClusterHost {
  readonly #context: NodeContext;
  readonly #link: ClusterLink;
  readonly #front: SwitchedBroker;
  readonly #http: SwitchedHttp;
  readonly #standbyHttp: RequestHandler;
  readonly #doors: Doors;
  readonly #certificates: CertificateFiles | undefined;
  readonly #passThrough: PassThroughBroker;
  readonly #httpPassThrough: HttpPassThrough;
  readonly #directory: NodeDirectory;
  /** From when the port for other nodes is known, which it tells them. */
  #ownership: Ownership | undefined;
  #peers: PeerListener | undefined;
  #role: Role = { kind: 'standby' };
  /** Of the last term of this node. */
  #epoch = 0;
  /** The highest that an owner said it had; 0 where loss is accepted. */
  #epochSeen = 0;
  /** The term of another node that was told of last. */
  #termTold = '';
  /** Resolves when what is opening or ending has become something else. Never rejects. */
  #settled: Promise<void> = Promise.resolve();
  readonly #onTarget: Set<() => void> = new Set();
  #closed: Promise<void> | undefined;
  /** For whoever has asked for the end: what did not become durable. */
  #closeFailure: StorageError | undefined;

  static async start(values: OptionValues, listeners: NodeListeners): Promise<ClusterNode> {
    const context = await NodeContext.open(values, listeners);
    const link = await openClusterLink(values, listeners.onEvent);
    let node: ClusterNode | undefined;
    try {
      node = new ClusterNode(context, link);
      await node.#open();
      return node;
    } catch (error) {
      await (node === undefined ? link.nats.close() : node.close());
      throw error;
    }
  }

  private constructor(context: NodeContext, link: ClusterLink) {
    const { values, settings, listeners } = context;
    this.#context = context;
    this.#link = link;
    this.#certificates = openCertificates(values, listeners.onEvent);
    const passing = this.#passing();
    this.#passThrough = new PassThroughBroker({ ...passing, waitMs: OWNER_WAIT_MS });
    this.#front = new SwitchedBroker(this.#passThrough);
    this.#httpPassThrough = new HttpPassThrough(passing);
    this.#standbyHttp = this.#makeStandbyHttp();
    this.#http = new SwitchedHttp(this.#standbyHttp);
    this.#doors = new Doors({
      values,
      settings,
      broker: this.#front,
      certificates: this.#certificates,
      onReceived: (byteCount) => this.#serving?.onReceived(byteCount),
      onRequest: this.#http.onRequest,
      onEvent: listeners.onEvent,
    });
    this.#directory = this.#makeDirectory();
  }

  // ---- what a program sees ----

  get broker(): Broker {
    if (this.#role.kind === 'serving') return this.#role.hosted.broker;
    throw new Error(
      `node '${this.#name}' does not own the log of cluster '${this.#cluster}' now, and has no broker: use connect() or the ports`,
    );
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
    const { defaultUser: username, defaultPassword: password, defaultVhost: vhost } = this.#values;
    return openDirectConnection(this.#front, { username, password, vhost, ...options });
  }

  close({ graceMs = CLOSE_GRACE_MS }: CloseOptions = {}): Promise<void> {
    this.#closed ??= this.#close(graceMs);
    return this.#closed;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  /** What console.log shows: no internals, of which there are many. */
  [inspect.custom](): unknown {
    const { url, httpUrl, addresses } = this;
    return { url, httpUrl, addresses, ...this.state() };
  }

  // ---- what the HTTP API shows ----

  state(): ClusterState {
    const record = this.#ownership?.record;
    const isOwner = this.#role.kind === 'serving';
    const isFresh = this.#ownership?.isFresh === true;
    return {
      cluster: this.#cluster,
      node: this.#name,
      role: this.#roleName(),
      owner: isOwner ? this.#name : isFresh ? this.#otherOwner : undefined,
      epoch: isOwner ? this.#epoch : (record?.epoch ?? 0),
      leaseMs: this.#values.lease,
      servesClients: isOwner || (this.#values.standby === 'pass' && isFresh && this.#target() !== undefined),
    };
  }

  async nodes(): Promise<ClusterNodes> {
    const streams = await clusterStreams(this.#link.nats, this.#cluster);
    return { nodes: this.#directory.alive(), streams: streams.map(shownStream) };
  }

  handOver(to: string | undefined): Promise<HandOverAnswer> {
    return Promise.resolve(this.#beginHandOver(to));
  }

  // ---- parts ----

  get #values(): OptionValues {
    return this.#context.values;
  }

  get #cluster(): string {
    return this.#values.clusterName;
  }

  get #name(): string {
    return this.#values.nodeName;
  }

  get #serving(): HostedBroker | undefined {
    return this.#role.kind === 'serving' ? this.#role.hosted : undefined;
  }

  /** How clients get to the owner. */
  #passing(): HttpPassThroughOptions {
    return {
      target: () => this.#target(),
      onTarget: (listener) => {
        this.#onTarget.add(listener);
        return () => this.#onTarget.delete(listener);
      },
      tls: this.#certificates,
      onEvent: this.#onEvent,
    };
  }

  #makeStandbyHttp(): RequestHandler {
    return makeStandbyHttp({
      routes: standbyRoutes(() => this.state()),
      passThrough: this.#values.standby === 'pass' ? this.#httpPassThrough : undefined,
      owner: () => this.state().owner,
    });
  }

  #makeOwnership(peerPort: number | undefined): Ownership {
    return new Ownership({
      store: this.#link.records,
      node: this.#name,
      leaseMs: this.#values.lease,
      peerAddress: this.#addressOf(peerPort),
      clock: nodeClock,
      timer: nodeTimer,
      random: new NodeRandom(),
      onChange: (record) => this.#onLeaseChange(record),
      onAcquired: (record) => this.#onAcquired(record),
      onLost: (reason) => this.#onLost(reason),
      onEvent: this.#onEvent,
    });
  }

  #makeDirectory(): NodeDirectory {
    return new NodeDirectory({
      records: this.#link.records,
      node: this.#name,
      life: randomUUID(),
      facts: () => ({
        role: this.#roleName(),
        version: VERSION,
        standbyMode: this.#values.standby,
        httpAddress: this.#addressOf(this.ports.http ?? this.ports.https),
        amqpAddress: this.#addressOf(this.ports.amqp ?? this.ports.amqps),
      }),
      clock: nodeClock,
      timer: nodeTimer,
      onEvent: this.#onEvent,
    });
  }

  async #open(): Promise<void> {
    await checkDataDir(this.#values);
    this.#context.openAuditFile();
    this.#peers = await PeerListener.open({
      hosts: this.#values.host,
      port: this.#values.clusterPort,
      tls: this.#certificates,
      token: () => (this.#role.kind === 'serving' ? this.#role.record.peerToken : undefined),
      onAmqp: (socket, peer) => this.#doors.adoptAmqp(socket, peer),
      onHttp: (socket, peer) => {
        setPeer(socket, peer);
        this.#doors.adoptHttp(socket);
      },
      onEvent: this.#onEvent,
    });
    this.#ownership = this.#makeOwnership(this.#peers.addresses[0]?.port);
    const withHttp = wantsHttp(this.#values);
    await rehearseTerm(this.#context, this.#doors, withHttp);
    if (withHttp) await this.#doors.openHttp();
    if (this.#values.standby === 'pass') await this.#doors.openAmqp();
    this.#ownership.start();
    this.#directory.start();
  }

  // ---- terms ----

  #onAcquired(record: LeaseRecord): void {
    this.#become({ kind: 'opening' });
    this.#settled = this.#openTerm(record);
  }

  async #openTerm(record: LeaseRecord): Promise<void> {
    const startMs = performance.now();
    let hosted: HostedBroker | undefined;
    try {
      hosted = await this.#openBroker((halted) => this.#onHalt(halted));
      await hosted.start();
      if (this.#values.standby === 'refuse') await this.#doors.openAmqp();
      hosted.assertRuns();
      this.#assertHolds();
    } catch (error) {
      await this.#endTerm(hosted, error);
      return;
    }
    this.#serve(hosted, record, performance.now() - startMs);
    if (wantsHttp(this.#values)) await this.#serveHttp(hosted).catch(throwUncaught);
  }

  /** Making the application takes some 100 ms, for which AMQP does not wait. */
  async #serveHttp(hosted: HostedBroker): Promise<void> {
    await hosted.openApi(this.#context.managementHost(hosted, this.#doors, this));
    if (this.#serving !== hosted) return;
    this.#http.handler = (request, response) => {
      // behind a pause of the process a request may come before the broker's next turn
      if (hosted.mayGoOn()) hosted.onRequest(request, response);
      else this.#standbyHttp(request, response);
    };
  }

  async #openBroker(onHalt: (hosted: HostedBroker | undefined) => void): Promise<HostedBroker> {
    const holdsLease = (): boolean => this.#ownership?.holds() === true;
    let hosted: HostedBroker | undefined;
    const { settings, tokens, messageTracer } = this.#context;
    hosted = await HostedBroker.open(
      {
        ...{ values: this.#values, settings, tokens, messageTracer },
        mayRun: holdsLease,
        onEvent: this.#onEvent,
        onFailure: () => {},
        onHalt: () => onHalt(hosted),
      },
      (events) =>
        openClusterStorage(
          this.#values,
          {
            ...this.#link,
            epochSeen: this.#epochSeen,
            holdsLease,
            onFenced: (epoch) => this.#onFenced(epoch),
          },
          events,
        ),
    );
    return hosted;
  }

  #onFenced(epoch: number): void {
    this.#epoch = epoch;
    this.#ownership?.announce({ epoch });
  }

  #serve(hosted: HostedBroker, record: LeaseRecord, tookMs: number): void {
    this.#become({ kind: 'serving', hosted, record });
    this.#front.becomeOwner(hosted.broker);
    this.#ownership?.announce({ isServing: true });
    const took = `${Math.round(tookMs)} ms`;
    this.#tell(
      'info',
      `node '${this.#name}' owns the log, epoch ${this.#epoch}, and serves clients after ${took}`,
    );
  }

  /** The lease is gone; a broker that serves stops at its next turn at the latest. */
  #onLost(reason: string): void {
    const hosted = this.#serving;
    if (hosted !== undefined) hosted.fail(new StorageError('OWNERSHIP_LOST', reason));
    else if (this.#role.kind === 'standby') this.#ownership?.start();
  }

  /** A broker that serves has stopped where it was. */
  #onHalt(hosted: HostedBroker | undefined): void {
    if (hosted === undefined || this.#serving !== hosted) return;
    this.#standBack('the node does not own the log any more');
    this.#settled = this.#endTerm(hosted, undefined);
  }

  /** Nobody is served here any more. */
  #standBack(reason: string): void {
    this.#leaveTheFront();
    this.#doors.destroyConnections(reason);
  }

  /** From now on clients who come are passed through, or wait. */
  #leaveTheFront(): void {
    this.#become({ kind: 'ending' });
    this.#front.becomeStandby();
    this.#http.handler = this.#standbyHttp;
    if (this.#values.standby === 'refuse') this.#doors.closeAmqp();
  }

  /** Lets go of the storage, and then of the lease, if it is still there. Goes on as a standby unless the node itself is the trouble. */
  async #endTerm(hosted: HostedBroker | undefined, error: unknown): Promise<void> {
    this.#leaveTheFront();
    hosted?.halt(error);
    await hosted?.whenHalted();
    const cause = hosted?.failure ?? error;
    await this.#ownership?.handOver('');
    if (isAnothersTurn(cause)) {
      this.#standBy();
      this.#tell('warn', `node '${this.#name}' does not own the log any more: ${cause.message}`);
    } else {
      this.#become({ kind: 'standby' });
      this.#giveUp(cause);
    }
  }

  /** The lease may have run out while the term was ended. */
  #standBy(): void {
    this.#become({ kind: 'standby' });
    if (this.#closed === undefined && this.#ownership?.state === 'resting') this.#ownership.start();
  }

  /** Another node may do better with the same log: this one stops. */
  #giveUp(cause: unknown): void {
    const isAsked = this.#closed !== undefined;
    this.#ownership?.stop();
    this.#closed ??= this.#closeDoors();
    if (cause instanceof StorageError && isAsked) this.#closeFailure = cause;
    else if (cause instanceof StorageError) this.#context.listeners.onFailure(cause);
    // a defect of a broker that serves was thrown already
    else if (!(cause instanceof BrokerDefect)) throwUncaught(cause);
  }

  #assertHolds(): void {
    if (this.#ownership?.holds()) return;
    throw new StorageError('OWNERSHIP_LOST', 'the lease ran out while the log was read');
  }

  // ---- hand-over ----

  #beginHandOver(to: string | undefined): HandOverAnswer {
    const hosted = this.#serving;
    if (hosted === undefined) return { kind: 'not-now', reason: `node '${this.#name}' does not own the log` };
    const others = this.#successors();
    const successor = to === undefined ? others[0] : others.find((name) => name === to);
    if (successor === undefined) return { kind: 'no-such-node', nodes: others };
    // whoever asked is to have the answer first
    setImmediate(() => {
      if (this.#serving === hosted) this.#settled = this.#giveAway(hosted, successor, HAND_OVER_GRACE_MS);
    });
    return { kind: 'begun', to: successor };
  }

  #successors(): string[] {
    const nodes = this.#directory.alive().filter(({ name }) => name !== this.#name);
    return nodes.map(({ name }) => name);
  }

  /** Clients are told, everything becomes durable, and then the successor may begin. */
  async #giveAway(hosted: HostedBroker, successor: string, graceMs: number): Promise<void> {
    const startMs = performance.now();
    this.#leaveTheFront();
    try {
      // whoever came meanwhile waits for the next owner, and is not cut off with those that stay
      await hosted.close(startMs + graceMs, () => {});
    } catch (error) {
      await this.#endTerm(hosted, error);
      return;
    }
    const isHandedOver = await this.#ownership?.handOver(successor);
    this.#standBy();
    const took = `${Math.round(performance.now() - startMs)} ms`;
    if (isHandedOver)
      this.#tell(
        'info',
        `the log was handed over to ${successor === '' ? 'nobody' : `'${successor}'`} in ${took}`,
      );
    else
      this.#tell(
        'warn',
        `nobody could be told of the hand-over: another node takes over when the lease is over`,
      );
  }

  // ---- the end ----

  async #close(graceMs: number): Promise<void> {
    const endMs = performance.now() + graceMs;
    this.#doors.closeAmqp();
    await this.#settle();
    const hosted = this.#serving;
    if (hosted !== undefined) {
      const [successor = ''] = this.#successors();
      const leftMs = Math.max(0, endMs - performance.now());
      await this.#giveAway(
        hosted,
        successor,
        successor === '' ? leftMs : Math.min(HAND_OVER_GRACE_MS, leftMs),
      );
    }
    // requests that run may take their time: nobody else waits for them by now
    await this.#doors.closeHttp(Math.min(HTTP_CLOSE_GRACE_MS, graceMs / 2));
    await this.#closeDoors();
    if (this.#closeFailure !== undefined) throw this.#closeFailure;
  }

  /** No term begins any more. Resolves when what was opening or ending has become something else. */
  async #settle(): Promise<void> {
    let settled: Promise<void> | undefined;
    while (settled !== this.#settled) {
      const { kind } = this.#role;
      // a hand-over that is under way still needs the lease
      if (kind === 'standby' || kind === 'opening') this.#ownership?.stop();
      settled = this.#settled;
      await settled;
    }
  }

  async #closeDoors(): Promise<void> {
    this.#ownership?.stop();
    this.#passThrough.close();
    this.#httpPassThrough.close();
    this.#peers?.close();
    this.#doors.destroy('the node stopped');
    await this.#directory.stop();
    await this.#context.close();
    await this.#link.nats.close();
  }

  // ---- who is asked ----

  #become(role: Role): void {
    this.#role = role;
    this.#directory.changed();
    for (const listener of [...this.#onTarget]) listener();
  }

  #onLeaseChange(record: LeaseRecord | undefined): void {
    if (this.#values.natsAcceptLoss === 'off')
      this.#epochSeen = Math.max(this.#epochSeen, record?.epoch ?? 0);
    this.#tellOwner(record);
    for (const listener of [...this.#onTarget]) listener();
  }

  /** Once for each term of another node. */
  #tellOwner(record: LeaseRecord | undefined): void {
    if (record?.isServing !== true || this.#otherOwner === undefined || record.term === this.#termTold)
      return;
    this.#termTold = record.term;
    this.#tell(
      'info',
      `node '${this.#name}' stands by: node '${record.owner}' owns the log, epoch ${record.epoch}`,
    );
  }

  /** The node that the lease names; undefined when that is this one, or nobody. */
  get #otherOwner(): string | undefined {
    const owner = this.#ownership?.record?.owner ?? '';
    return owner === '' || owner === this.#name ? undefined : owner;
  }

  /** Where clients are passed through to; undefined: nobody serves them now, or this node does. */
  #target(): PassTarget | undefined {
    const record = this.#ownership?.record;
    if (record === undefined || !record.isServing || this.#otherOwner === undefined) return undefined;
    return passTargetOf(record);
  }

  #roleName(): ClusterState['role'] {
    switch (this.#role.kind) {
      case 'serving':
        return 'owner';
      case 'opening':
        return 'starting';
      default:
        return this.#ownership?.record === undefined ? 'starting' : 'standby';
    }
  }

  #addressOf(port: number | undefined): string {
    return port === undefined ? '' : hostAndPort(reachableHost(this.#values), port);
  }

  get #onEvent(): (event: BrokerEvent) => void {
    return this.#context.listeners.onEvent;
  }

  #tell(level: BrokerEvent['level'], text: string): void {
    this.#onEvent({ level, text: `cluster: ${text}` });
  }
}

function shownStream({ leader, storedBytes, replicas, ...stream }: StoredStream): ClusterStream {
  return {
    ...stream,
    bytes: storedBytes,
    leader: leader ?? '',
    replicas: replicas.map(({ server, isCurrent, isOffline, lag }) => ({
      server,
      isCurrent,
      isOffline,
      lag,
    })),
  };
}

/** The node itself is sound: another one owns the log, or nobody could be reached. */
function isAnothersTurn(cause: unknown): cause is StorageError {
  return (
    cause instanceof StorageError && (cause.code === 'OWNERSHIP_LOST' || cause.code === 'NATS_UNREACHABLE')
  );
}
