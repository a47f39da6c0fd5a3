/**
 * The broker as a state machine: bytes of clients and the passing of time go in, bytes to clients come out. It has no
 * socket, no file, no timer and no clock of its own; see environment.ts for what it asks its host for.
 *
 * One turn, which the host runs once per turn of its event loop:
 *
 *     deadlines that are due -> pump queues -> commit the log -> confirms -> flush connections
 *       -> release what was purged -> clean the log
 */

import { AccessControl } from './access/access-control.ts';
import type { Channel } from './channel/channel.ts';
import { ReplyConsumers } from './channel/reply-consumers.ts';
import { Connection, type ConnectionHost } from './connection/connection.ts';
import type { Credentials, Environment, Peer, Transport } from './environment.ts';
import { connectionForced, notAllowed } from './failures.ts';
import { isAtLimit } from './operator-limit.ts';
import { Runtime } from './runtime.ts';
import { type BrokerSettings, DEFAULT_SETTINGS, type InitialSettings } from './settings.ts';
import { VirtualHost } from './vhost/virtual-host.ts';

/** Deadlines that run in one turn. */
const DEADLINES_PER_TURN = 1024;
/** Messages that all queues together deliver in one turn: what a turn may take is what everybody else waits. */
const DELIVERIES_PER_TURN = 32_768;

/** Messages of purged and deleted queues that are released in one turn: about 5 ms. */
const DISCARDED_PER_TURN = 16_384;

/** A resource that is short; publishers wait until it is not. */
export type Alarm = 'memory' | 'disk';

export class Broker implements ConnectionHost {
  readonly runtime: Runtime;
  readonly settings: BrokerSettings;
  readonly access: AccessControl;
  readonly vhosts: Map<string, VirtualHost> = new Map<string, VirtualHost>();
  readonly replyConsumers: ReplyConsumers;
  readonly #connections = new Set<Connection>();
  /** Connections with output to flush at the end of the turn. */
  #filling: Connection[] = [];
  /** Channels that published in this turn what is to be answered once it is durable. */
  #published: Channel[] = [];
  /** Channels with answers that wait for a block to be durable. */
  readonly #unanswered = new Set<Channel>();
  readonly #alarms = new Set<Alarm>();
  #shutdownDone: (() => void) | undefined;
  #closing = false;

  constructor(environment: Environment, initial: Partial<InitialSettings> = {}) {
    const { defaultPassword, ...settings } = { ...DEFAULT_SETTINGS, ...initial };
    this.settings = Object.freeze(settings);
    this.runtime = new Runtime(environment);
    this.access = new AccessControl(() => {
      this.runtime.topologyVersion++;
    });
    this.replyConsumers = new ReplyConsumers(this.runtime);
    environment.store.onDurable = () => this.runtime.requestTurn();
    this.#addDefaults(defaultPassword);
  }

  get credentials(): Credentials {
    return this.runtime.environment.credentials;
  }

  get connections(): ReadonlySet<Connection> {
    return this.#connections;
  }

  get connectionCount(): number {
    return this.#connections.size;
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
    runtime.pumpQueues(DELIVERIES_PER_TURN);
    this.#answerPublishers(runtime.store.commit());
    this.#flush();
    runtime.releaseDiscarded(DISCARDED_PER_TURN);
    const mustClean = runtime.store.clean(runtime);
    const { nextMs } = runtime.deadlines;
    if (mustClean || runtime.hasDueQueues || runtime.hasDiscarded || nextMs <= runtime.now())
      runtime.requestTurn();
    runtime.endTurn();
    // Whoever sets a deadline outside of a turn asks for one (Runtime.now): the host hears of all of them here.
    runtime.environment.scheduler.requestTurnAt(nextMs);
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

  // ---- vhosts and users ----

  addVhost(name: string): VirtualHost {
    const existing = this.vhosts.get(name);
    if (existing !== undefined) return existing;
    const vhost = new VirtualHost(this.runtime, name);
    this.vhosts.set(name, vhost);
    return vhost;
  }

  /** Removes a vhost with all it holds, and closes the connections to it. Returns false when there is none. */
  deleteVhost(name: string): boolean {
    const vhost = this.vhosts.get(name);
    if (vhost === undefined) return false;
    this.#closeWhere((connection) => connection.session?.vhost === vhost, `vhost '${name}' is deleted`);
    this.vhosts.delete(name);
    this.access.vhostDeleted(name);
    vhost.dispose();
    return true;
  }

  /** Adds a user or changes it. */
  putUser(name: string, password: string, tags: Iterable<string> = []): void {
    const passwordHash = this.runtime.environment.credentials.hash(password);
    this.access.putUser({ name, passwordHash, tags });
  }

  /** Removes a user and closes its connections. Returns false when there is none. */
  deleteUser(name: string): boolean {
    if (!this.access.deleteUser(name)) return false;
    this.#closeWhere((connection) => connection.session?.username === name, `user '${name}' is deleted`);
    return true;
  }

  // ---- alarms ----

  setAlarm(alarm: Alarm, on: boolean): void {
    if (this.#alarms.has(alarm) === on) return;
    if (on) this.#alarms.add(alarm);
    else this.#alarms.delete(alarm);
    this.runtime.environment.onEvent({
      level: 'warn',
      text: `${alarm} alarm ${on ? 'set: publishers wait' : 'cleared'}`,
    });
    const reason = this.alarmReason;
    for (const connection of this.#connections) {
      if (reason === undefined) connection.unblock();
      else connection.block(reason);
    }
  }

  /** What publishers are told while an alarm is on, as RabbitMQ says it. */
  get alarmReason(): string | undefined {
    if (this.#alarms.size === 0) return undefined;
    return `low on ${[...this.#alarms].join(' & ')}`;
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

  forget(connection: Connection): void {
    this.#connections.delete(connection);
    this.#checkShutdown();
  }

  // ---- inside ----

  #addDefaults(defaultPassword: string): void {
    const { defaultVhost, defaultUser } = this.settings;
    this.addVhost(defaultVhost);
    this.putUser(defaultUser, defaultPassword, ['administrator']);
    this.access.setPermission({
      user: defaultUser,
      vhost: defaultVhost,
      configure: '.*',
      write: '.*',
      read: '.*',
    });
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

  #answer(channel: Channel): void {
    const { confirms } = channel.publisher;
    const upTo = confirms.takeDurable(this.runtime.store.durableBlock);
    if (channel.state !== 'open' || upTo === 0) return;
    confirms.answer(channel.connection.output.writer(), channel.number, upTo);
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
    done();
  }
}
