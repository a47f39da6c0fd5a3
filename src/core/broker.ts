/**
 * The broker as a state machine: bytes of clients and the passing of time go in, bytes to clients come out. It has no
 * socket, no file, no timer and no clock of its own; see environment.ts for what it asks its host for.
 *
 * One turn, which the host runs once per turn of its event loop:
 *
 *     deadlines that are due -> answers that waited for the disk, and the frames behind them -> pump queues
 *       -> commit the log -> confirms -> flush connections -> release what was purged -> clean the log
 */

import { AccessControl } from './access/access-control.ts';
import type { Identity } from './access/identity.ts';
import type { LoginAttempts } from './access/login-attempts.ts';
import { type LoginAttempt, type LoginResult, Logins } from './access/logins.ts';
import type { Channel } from './channel/channel.ts';
import { ReplyConsumers } from './channel/reply-consumers.ts';
import { Connection, type ConnectionHost } from './connection/connection.ts';
import type { Definition, VhostPartDefinition } from './definitions/definition.ts';
import { DefinitionLog } from './definitions/definition-log.ts';
import type { DefinitionSet } from './definitions/definition-set.ts';
import { Parameters } from './definitions/parameters.ts';
import type { Environment, Peer, Transport } from './environment.ts';
import { connectionForced, notAllowed, notFound } from './failures.ts';
import { Leases } from './lease/leases.ts';
import type { RecordOwner } from './message/message-store.ts';
import { isAtLimit } from './operator-limit.ts';
import type { BrokerImage } from './recovery/broker-image.ts';
import { restoreDefinitions } from './restore-definitions.ts';
import { Runtime } from './runtime.ts';
import { type BrokerSettings, DEFAULT_SETTINGS, type InitialSettings } from './settings.ts';
import { HostActivity } from './statistics/flow-activity.ts';
import type { MessageCounters } from './statistics/message-counters.ts';
import type { Statistics } from './statistics/statistics.ts';
import { Totals } from './statistics/totals.ts';
import { VirtualHost } from './vhost/virtual-host.ts';

/** Deadlines that run in one turn. */
const DEADLINES_PER_TURN = 1024;
/** Messages that all queues together deliver in one turn: what a turn may take is what everybody else waits. */
const DELIVERIES_PER_TURN = 32_768;

/** Frames that were held until something was durable and are handled in one turn. */
const HELD_FRAMES_PER_TURN = 16_384;

/** Messages of purged and deleted queues that are released in one turn: about 5 ms. */
const DISCARDED_PER_TURN = 16_384;

/**
 * Bytes that may wait for the disk: who publishes without waiting for confirms would fill the memory where the disk is
 * slower. Publishers are read from again when half of it is left.
 */
const PENDING_BYTES_MAX = 64 * 2 ** 20;

/** A resource that is short; publishers wait until it is not. */
export type Alarm = 'memory' | 'disk';

export class Broker implements ConnectionHost {
  readonly runtime: Runtime;
  readonly settings: BrokerSettings;
  readonly access: AccessControl;
  readonly parameters: Parameters;
  readonly vhosts: Map<string, VirtualHost> = new Map<string, VirtualHost>();
  readonly replyConsumers: ReplyConsumers;
  readonly activity: HostActivity;
  /** Of vhosts that are gone. */
  readonly #gone = new Totals();
  readonly leases: Leases;
  readonly #logins: Logins;
  readonly #definitions: DefinitionLog;
  readonly #recordOwner: RecordOwner;
  readonly #connections = new Set<Connection>();
  /** Connections with output to flush at the end of the turn. */
  #filling: Connection[] = [];
  /** Channels that published in this turn what is to be confirmed once it is durable. */
  #published: Channel[] = [];
  /** Channels with confirms that wait for a block to be durable. */
  readonly #unanswered = new Set<Channel>();
  /** Connections that go on once what happened in this turn is durable. */
  #holding: Connection[] = [];
  /** Connections that go on once a block is durable, with its number. **Invariant:** in the order of the blocks. */
  readonly #blockAwaitedBy = new Map<Connection, number>();
  /** Those that are on, with what their event said. */
  readonly #alarms = new Map<Alarm, string>();
  /** To be called once what happened in this turn is durable. */
  #awaiting: (() => void)[] = [];
  /** To be called once a block is durable. **Invariant:** in the order of the blocks. */
  readonly #awaited: { readonly block: number; readonly waiting: readonly (() => void)[] }[] = [];
  #storeIsBehind = false;
  #shutdownDone: (() => void) | undefined;
  #closing = false;
  #isHalted = false;

  /** `image`: what the store has kept of an earlier run. */
  constructor(environment: Environment, initial: Partial<InitialSettings> = {}, image?: BrokerImage) {
    const { defaultPassword, ...settings } = { ...DEFAULT_SETTINGS, ...initial };
    this.settings = Object.freeze(settings);
    this.runtime = new Runtime(environment, image);
    if (!this.settings.statistics) this.runtime.statistics.switchOff();
    this.activity = new HostActivity(this.runtime.statistics, this, 2);
    this.#definitions = new DefinitionLog(environment.store, () => this.runtime.requestTurn());
    this.access = new AccessControl(() => {
      this.runtime.topologyVersion++;
    }, this.#definitions);
    this.parameters = new Parameters(this.#definitions);
    this.#logins = new Logins(this.access, this.runtime, this.settings.loopbackUsers);
    this.#recordOwner = this.#makeRecordOwner();
    this.replyConsumers = new ReplyConsumers(this.runtime);
    this.leases = new Leases(this.runtime);
    environment.store.onDurable = () => this.runtime.requestTurn();
    if (image === undefined || image.isFresh) {
      this.addVhost(this.settings.defaultVhost);
      this.#addDefaultUser(defaultPassword);
    } else {
      this.#restoreDefinitions(image.definitions);
      if (this.access.users.size === 0) this.#replaceLostUsers(defaultPassword);
    }
    for (const vhost of this.vhosts.values()) vhost.finishRestore();
    this.runtime.discardRestored();
  }

  logIn(attempt: LoginAttempt, done: (result: LoginResult) => void): void {
    this.#logins.logIn(attempt, done);
  }

  renewSecret(identity: Identity, secret: string, done: (refused: string | undefined) => void): void {
    this.#logins.renew(identity, secret, done);
  }

  /** How often somebody tried to log in, and from where. */
  get loginAttempts(): LoginAttempts {
    return this.#logins.attempts;
  }

  get statistics(): Statistics {
    return this.runtime.statistics;
  }

  /** What happened to messages since the start, in vhosts that are gone, too. A sum over all that there is. */
  get counters(): MessageCounters {
    return this.totals().counters;
  }

  /** The sum over all vhosts, those that are gone included: for each look, and not for the hot path. */
  totals(): Totals {
    const totals = new Totals();
    totals.add(this.#gone);
    for (const vhost of this.vhosts.values()) totals.add(vhost.totals());
    return totals;
  }

  get connections(): ReadonlySet<Connection> {
    return this.#connections;
  }

  get connectionCount(): number {
    return this.#connections.size;
  }

  /** False while it stops. */
  get isAcceptingConnections(): boolean {
    return !this.#closing;
  }

  /** A client has connected. */
  accept(transport: Transport, peer: Peer): Connection {
    const connection = new Connection(this, transport, peer);
    this.#connections.add(connection);
    const { connectionsMax } = this.settings;
    if (this.#closing) connection.abandon('broker is shutting down');
    else if (this.#connections.size > connectionsMax)
      connection.abandon(`connection limit (${connectionsMax}) reached`);
    return connection;
  }

  /** Does what can be done now, a bounded amount, and asks for another turn when something is left. */
  turn(): void {
    const { runtime } = this;
    runtime.beginTurn();
    runtime.deadlines.runDue(runtime.now(), DEADLINES_PER_TURN);
    runtime.onDurable(runtime.store.durableBlock);
    this.#resumeConnections();
    runtime.pumpQueues(DELIVERIES_PER_TURN);
    const block = runtime.store.commit();
    runtime.onCommitted(block);
    this.#checkStore();
    this.#sealHolding(block);
    this.#answerPublishers(block);
    this.#answerAwaiting(block);
    this.#flush();
    runtime.releaseDiscarded(DISCARDED_PER_TURN);
    const mustClean = runtime.store.clean(this.#recordOwner);
    const { nextMs } = runtime.deadlines;
    if (mustClean || runtime.hasDueQueues || runtime.hasDiscarded || nextMs <= runtime.now())
      runtime.requestTurn();
    runtime.endTurn();
    // Whoever sets a deadline outside of a turn asks for one (Runtime.now): the host hears of all of them here.
    runtime.requestTurnAt(nextMs);
  }

  /** Closes all connections with 320; `done` is called when the last one is gone. New ones are not accepted. */
  shutdown(done: () => void): void {
    this.#closing = true;
    this.#shutdownDone = done;
    for (const connection of [...this.#connections]) {
      connection.fail(connectionForced("broker forced connection closure with reason 'shutdown'"));
    }
    this.#checkShutdown();
  }

  /**
   * Stops where it is, when what it stands on failed and its state is in doubt: streams end, and nothing that comes in is
   * handled any more. The host runs no turn after this. May be called in the middle of anything.
   */
  halt(): void {
    this.#closing = true;
    this.#isHalted = true;
    for (const connection of this.#connections) connection.halt();
    this.#connections.clear();
    this.#checkShutdown();
  }

  /**
   * Calls `done` once all that happened by now is durable: in a turn, and at the end of it when nothing has to be waited for.
   * It is never called when the broker stops before.
   */
  whenDurable(done: () => void): void {
    this.#awaiting.push(done);
    if (this.#awaiting.length === 1) this.runtime.requestTurn();
  }

  // ---- vhosts and users ----

  addVhost(name: string): VirtualHost {
    const existing = this.vhosts.get(name);
    if (existing !== undefined) return existing;
    const vhost = new VirtualHost(this.runtime, name, this.#definitions);
    vhost.activity.parent = this.activity;
    this.vhosts.set(name, vhost);
    this.#definitions.put(vhost.definition);
    return vhost;
  }

  /** Removes a vhost with all it holds, and closes the connections to it. Returns false when there is none. */
  deleteVhost(name: string): boolean {
    const vhost = this.vhosts.get(name);
    if (vhost === undefined) return false;
    this.#closeWhere((connection) => connection.session?.vhost === vhost, `vhost '${name}' is deleted`);
    this.vhosts.delete(name);
    this.access.vhostDeleted(name);
    this.parameters.vhostDeleted(name);
    vhost.dispose();
    this.#gone.add(vhost.totals());
    vhost.activity.end();
    this.#definitions.remove(vhost.definition);
    return true;
  }

  /**
   * Makes the hash of a new password, for `access.putUser`. Calls `done` exactly once, maybe before it returns: with undefined
   * when there are too many to make.
   */
  hashPassword(password: string, done: (passwordHash: string | undefined) => void): void {
    const { credentials } = this.runtime.environment;
    if (credentials.hashSlowly === undefined) done(credentials.hash(password));
    else credentials.hashSlowly(password, done);
  }

  /** Adds a user or changes it, at once: its hash is the cheap one (`Credentials.hash`). */
  putUser(name: string, password: string, tags: Iterable<string> = []): void {
    const passwordHash = this.runtime.environment.credentials.hash(password);
    this.access.putUser({ name, passwordHash, tags });
  }

  /** Removes a user and closes its connections. Returns false when there is none. */
  deleteUser(name: string): boolean {
    if (!this.access.deleteUser(name)) return false;
    this.#closeWhere((connection) => connection.session?.username === name, `user '${name}' is deleted`);
    this.leases.abandonAllOf(name);
    return true;
  }

  // ---- alarms ----

  /** `cause`: what an operator is to read about it. An alarm that stays on for another cause is told again. */
  setAlarm(alarm: Alarm, on: boolean, cause?: string): void {
    const told = `${alarm} alarm ${on ? 'set: publishers wait' : 'cleared'}${cause === undefined ? '' : `; ${cause}`}`;
    if (this.#alarms.get(alarm) === (on ? told : undefined)) return;
    if (on) this.#alarms.set(alarm, told);
    else this.#alarms.delete(alarm);
    this.runtime.environment.onEvent({ level: on ? 'warn' : 'info', text: told });
    const reason = this.alarmReason;
    for (const connection of this.#connections) {
      if (reason === undefined) connection.unblock();
      else connection.block(reason);
    }
  }

  /** Those that are on. */
  get alarms(): ReadonlySet<Alarm> {
    return new Set(this.#alarms.keys());
  }

  hasAlarm(alarm: Alarm): boolean {
    return this.#alarms.has(alarm);
  }

  /** What publishers are told while an alarm is on, as RabbitMQ says it. */
  get alarmReason(): string | undefined {
    if (this.#alarms.size === 0) return undefined;
    return `low on ${[...this.#alarms.keys()].join(' & ')}`;
  }

  get storeIsBehind(): boolean {
    return this.#storeIsBehind;
  }

  /** Lets publishers wait while too much waits for the disk. */
  #checkStore(): void {
    const { pendingBytes } = this.runtime.store;
    const isBehind = pendingBytes > (this.#storeIsBehind ? PENDING_BYTES_MAX / 2 : PENDING_BYTES_MAX);
    if (isBehind === this.#storeIsBehind) return;
    this.#storeIsBehind = isBehind;
    for (const connection of this.#connections) {
      if (isBehind) connection.storeBehind();
      else connection.storeCaughtUp();
    }
  }

  // ---- limits ----

  /** 530 when the vhost or the user has as many connections as it may. */
  assertRoomForConnection(vhost: VirtualHost, username: string): void {
    const { maxConnections } = vhost.limits;
    if (isAtLimit(vhost.connectionCount, maxConnections)) {
      throw notAllowed(
        `access to vhost '${vhost.name}' refused for user '${username}': connection limit (${maxConnections}) is reached`,
      );
    }
    const userMax = this.access.users.get(username)?.limits.maxConnections;
    const connections = this.#countOf(username, () => 1);
    if (isAtLimit(connections, userMax)) {
      throw notAllowed(
        `connection refused for user '${username}': user connection limit (${userMax}) is reached`,
      );
    }
  }

  /** 530 when the user has as many channels as it may. */
  assertRoomForChannel(username: string): void {
    const userMax = this.access.users.get(username)?.limits.maxChannels;
    const channels = this.#countOf(username, (connection) => connection.channels.size);
    if (!isAtLimit(channels, userMax)) return;
    throw notAllowed(
      `number of channels opened for user '${username}' has reached the maximum allowed limit of (${userMax})`,
    );
  }

  // ---- from connections ----

  /** `connection` has something to flush. */
  onFilling(connection: Connection): void {
    this.#filling.push(connection);
    if (this.#filling.length === 1) this.runtime.requestTurn();
  }

  awaitDurable(channel: Channel): void {
    channel.awaitsDurable = true;
    this.#published.push(channel);
    if (this.#published.length === 1) this.runtime.requestTurn();
  }

  answerDurable(channel: Channel): void {
    if (!channel.awaitsDurable) return;
    channel.publisher.confirms.seal(this.runtime.store.commit());
    this.#answer(channel);
  }

  resumeWhenDurable(connection: Connection): void {
    this.#holding.push(connection);
    this.runtime.requestTurn();
  }

  forget(connection: Connection): void {
    this.#connections.delete(connection);
    this.#blockAwaitedBy.delete(connection);
    this.#checkShutdown();
  }

  // ---- inside ----

  /** It may do everything in every vhost that there is. */
  #addDefaultUser(defaultPassword: string): void {
    const { defaultUser } = this.settings;
    this.putUser(defaultUser, defaultPassword, ['administrator']);
    for (const vhost of this.vhosts.keys()) {
      this.access.setPermission({ user: defaultUser, vhost, configure: '.*', write: '.*', read: '.*' });
    }
  }

  /** A broker that nobody can log in to is of no use. Salvage of a damaged log may have lost the users, or an operator removed them. */
  #replaceLostUsers(defaultPassword: string): void {
    this.#addDefaultUser(defaultPassword);
    const text =
      `no user is left, and nobody could log in: user '${this.settings.defaultUser}' is made again with the default ` +
      'password and all permissions; give it another password, or add a user of your own and remove it';
    this.runtime.environment.onEvent({ level: 'warn', text });
  }

  /** The runtime has the lanes, and the broker the definitions. */
  #makeRecordOwner(): RecordOwner {
    const { runtime } = this;
    return {
      relocate: (laneId, seq, from, to) => runtime.relocate(laneId, seq, from, to),
      returnCountOf: (laneId, seq) => runtime.returnCountOf(laneId, seq),
      reachOf: (laneId) => runtime.reachOf(laneId),
      recordDefinitions: () => this.#recordDefinitions(),
    };
  }

  /** Records every definition that holds: the store is about to drop what was recorded before. */
  #recordDefinitions(): void {
    for (const vhost of this.vhosts.values()) this.#definitions.put(vhost.definition);
    this.access.recordDefinitions();
    this.parameters.recordDefinitions();
    for (const vhost of this.vhosts.values()) vhost.recordDefinitions();
    this.#definitions.recordKept();
  }

  /** Makes again what was there before the restart. What cannot be made is reported and left out; it stays on record if it may hold in another version. */
  #restoreDefinitions(definitions: DefinitionSet): void {
    const { environment } = this.runtime;
    this.#replaceLostVhosts(definitions);
    this.#definitions.whileRestoring(() => {
      restoreDefinitions(
        definitions,
        (definition) => this.#restore(definition),
        ({ definition, text, isDangling }) => {
          if (!isDangling) this.#definitions.keep(definition);
          environment.onEvent({ level: 'warn', text });
        },
      );
    });
  }

  /** Salvage of a damaged log may save a queue or an exchange and not its vhost: the vhost is made again. */
  #replaceLostVhosts(definitions: DefinitionSet): void {
    const kept = [...definitions];
    const vhosts = new Set(kept.flatMap((each) => (each.kind === 'vhost' ? [each.name] : [])));
    for (const each of kept) {
      if (each.kind !== 'queue' && each.kind !== 'exchange') continue;
      if (vhosts.has(each.vhost) || this.vhosts.has(each.vhost)) continue;
      this.addVhost(each.vhost);
      const text = `vhost '${each.vhost}' was lost, but not all that is in it: it is made again, without its limits`;
      this.runtime.environment.onEvent({ level: 'warn', text });
    }
  }

  #restore(definition: Definition): void {
    switch (definition.kind) {
      case 'vhost': {
        const vhost = new VirtualHost(this.runtime, definition.name, this.#definitions, definition);
        vhost.activity.parent = this.activity;
        this.vhosts.set(vhost.name, vhost);
        break;
      }
      case 'user':
      case 'permission':
      case 'topic-permission':
        this.access.restore(definition);
        break;
      case 'parameter':
      case 'global-parameter':
        this.parameters.restore(definition);
        break;
      default:
        this.#restoreInVhost(definition);
    }
  }

  #restoreInVhost(definition: VhostPartDefinition): void {
    const vhost = this.vhosts.get(definition.vhost);
    if (vhost === undefined) throw notFound(`no vhost '${definition.vhost}'`);
    vhost.restore(definition);
  }

  /** Lets connections go on that waited for what is durable by now, about as many as have HELD_FRAMES_PER_TURN frames. */
  #resumeConnections(): void {
    const { durableBlock } = this.runtime.store;
    let left = HELD_FRAMES_PER_TURN;
    for (const [connection, block] of this.#blockAwaitedBy) {
      if (block > durableBlock) return;
      if (left <= 0) {
        this.runtime.requestTurn();
        return;
      }
      this.#blockAwaitedBy.delete(connection);
      left -= this.#resume(connection);
    }
  }

  /**
   * What the frames of one connection break is that connection's, in a turn as elsewhere; but a broker that was stopped by it
   * must not go on to commit. Returns how many it handled.
   */
  #resume(connection: Connection): number {
    try {
      return connection.onDurable();
    } catch (defect) {
      if (this.#isHalted) throw defect;
      const what = defect instanceof Error ? (defect.stack ?? defect.message) : String(defect);
      connection.log('error', `defect in the broker: ${what}`);
      connection.abandon('a defect in the broker');
      return 0;
    }
  }

  /** What connections hold their frames for is in `block`, or an earlier one. */
  #sealHolding(block: number): void {
    if (this.#holding.length === 0) return;
    for (const connection of this.#holding) {
      if (!connection.isClosed) this.#blockAwaitedBy.set(connection, block);
    }
    this.#holding = [];
    if (block <= this.runtime.store.durableBlock) this.runtime.requestTurn();
  }

  /** What was published in this turn is in `block`. Answers whatever is durable by now. */
  #answerPublishers(block: number): void {
    for (const channel of this.#published) {
      channel.awaitsDurable = false;
      channel.publisher.confirms.seal(block);
      this.#unanswered.add(channel);
    }
    if (this.#published.length > 0) this.#published = [];
    for (const channel of this.#unanswered) {
      this.#answer(channel);
      const done = channel.publisher.confirms.outstanding === 0 || channel.state !== 'open';
      if (done) this.#unanswered.delete(channel);
    }
  }

  /** What is waited for since the last turn is in `block`, or an earlier one. Calls all whose block is durable. */
  #answerAwaiting(block: number): void {
    if (this.#awaiting.length > 0) {
      this.#awaited.push({ block, waiting: this.#awaiting });
      this.#awaiting = [];
    }
    const { durableBlock } = this.runtime.store;
    const awaited = this.#awaited;
    for (let first = awaited[0]; first !== undefined && first.block <= durableBlock; first = awaited[0]) {
      awaited.shift();
      for (const done of first.waiting) done();
    }
  }

  #answer(channel: Channel): void {
    const { confirms } = channel.publisher;
    const upTo = confirms.takeDurable(this.runtime.store.durableBlock);
    if (channel.state !== 'open' || upTo === 0) return;
    const confirmed = confirms.answer(channel.connection.output.writer(), channel.number, upTo);
    channel.counters.confirm += confirmed;
    channel.session.vhost.answers.confirm += confirmed;
  }

  /** Flushing may end a connection, and that may make others write. */
  #flush(): void {
    while (this.#filling.length > 0) {
      const filling = this.#filling;
      this.#filling = [];
      for (const connection of filling) connection.flush();
    }
  }

  #closeWhere(applies: (connection: Connection) => boolean, reason: string): void {
    for (const connection of [...this.#connections]) {
      if (applies(connection)) connection.fail(connectionForced(reason));
    }
  }

  #countOf(username: string, count: (connection: Connection) => number): number {
    let total = 0;
    for (const connection of this.#connections) {
      if (connection.session?.username === username) total += count(connection);
    }
    return total;
  }

  #checkShutdown(): void {
    if (this.#shutdownDone === undefined || this.#connections.size > 0) return;
    const done = this.#shutdownDone;
    this.#shutdownDone = undefined;
    if (!this.#isHalted) {
      this.runtime.recordExactReach();
      this.runtime.store.commit();
    }
    done();
  }
}
