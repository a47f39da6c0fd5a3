import { decodeUtf8 } from '../../src/codec/bytes.ts';
import { plainTable } from '../../src/codec/field-table.ts';
import type { Method } from '../../src/codec/methods.ts';
import type { BasicProperties } from '../../src/codec/properties.ts';
import {
  type Closed,
  ClosedError,
  type RawChannel,
  RawClient,
  type Received,
} from '../servers/raw-client.ts';
import { EXCHANGES, QUEUES } from './generator.ts';
import type { Call, Operation, Settle } from './operation.ts';

const CONNECTIONS = 2;
/** A channel of each connection that only looks, for the counts of queues that are exclusive to that connection. */
const WATCHING_CHANNEL = 9;

/** A delivery that waits to be settled. */
interface Unsettled {
  readonly deliveryTag: number;
  readonly step: number;
  readonly consumerTag: string;
}

/** One channel of a sequence, with what an application would remember of it. */
class DrivenChannel {
  readonly raw: RawChannel;
  readonly label: string;
  readonly noAckConsumers = new Set<string>();
  unsettled: Unsettled[] = [];
  /** Settled in a transaction that is open: back in `unsettled` after tx.rollback. */
  settledInTransaction: Unsettled[] = [];
  transactional = false;
  /** Publishes that await a confirm: delivery tags from `confirmsNext` on are not confirmed as a whole yet. */
  confirming = false;
  published = 0;
  readonly unconfirmed = new Set<number>();
  closeSeen = false;

  constructor(raw: RawChannel, label: string) {
    this.raw = raw;
    this.label = label;
  }
}

interface DrivenConnection {
  readonly client: RawClient;
  readonly channels: Map<number, DrivenChannel>;
}

/**
 * Runs operations on one broker and writes down everything that an application could see, in a form that does not
 * depend on timing: lines of one step, in an order that no broker promises otherwise, are sorted.
 */
export class Driver {
  readonly name: string;
  #port: number;
  #monitor: RawClient | undefined;
  #connections: (DrivenConnection | undefined)[] = [];
  #step = 0;
  /** What the step's operation led to so far. */
  #lines: string[] = [];
  #queuesDeclared = new Set<string>();

  constructor(name: string, port: number) {
    this.name = name;
    this.#port = port;
  }

  /** Sends one operation and waits for its reply, if it has one. */
  async run(operation: Operation, step: number): Promise<void> {
    this.#step = step;
    this.#lines = [];
    const connection = await this.#connection(operation.connection);
    const channel = await this.#channel(connection, operation);
    switch (operation.do) {
      case 'call':
        return this.#call(channel, operation);
      case 'publish':
        return this.#publish(channel, operation);
      case 'basic.ack':
      case 'basic.nack':
      case 'basic.reject':
        return this.#settle(channel, operation);
      case 'settle-tag':
        channel.raw.send('basic.ack', operation);
        this.#forgetUnsettled(channel, channel.unsettled);
        return;
      case 'close-channel':
        await channel.raw.call('channel.close', { replyCode: 200 });
        connection.channels.delete(operation.channel);
        return;
      case 'close-connection':
        this.#connections[operation.connection] = undefined;
        return connection.client.close();
      case 'cut-connection':
        this.#connections[operation.connection] = undefined;
        connection.client.destroy();
        return connection.client.whenEnded;
    }
  }

  /**
   * Makes a round trip on every channel, so that what the broker sent before is here, and returns everything that was
   * seen since the operation: the lines, and how many messages and consumers each queue has.
   */
  async observe(): Promise<string[]> {
    await Promise.all(this.#openChannels().map((channel) => this.#settleChannel(channel)));
    for (const channel of this.#openChannels()) this.#collect(channel);
    for (const [at, connection] of this.#connections.entries()) this.#collectClose(at, connection);
    return [...sorted(this.#lines), ...(await this.#snapshot())];
  }

  /** Ends every connection and removes everything a sequence may have left. */
  async cleanUp(): Promise<void> {
    for (const connection of this.#connections) await connection?.client.close();
    await this.#monitor?.close();
    this.#connections = [];
    this.#monitor = undefined;
    this.#queuesDeclared.clear();
    const cleaning = await RawClient.connect({ port: this.#port });
    for (const queue of QUEUES)
      await eventually(cleaning, (channel) => channel.call('queue.delete', { queue }));
    for (const exchange of EXCHANGES) {
      await eventually(cleaning, (channel) => channel.call('exchange.delete', { exchange }));
    }
    await cleaning.close();
  }

  async #call(channel: DrivenChannel, { name, args }: Call): Promise<void> {
    if (name === 'queue.declare' && args.passive !== true) this.#queuesDeclared.add(args.queue ?? '');
    if (name === 'basic.consume' && args.noAck === true) channel.noAckConsumers.add(args.consumerTag ?? '');
    try {
      const reply = await channel.raw.call(name, args);
      this.#afterCall(channel, name);
      if (isGetReply(reply)) this.#gotMessage(channel, reply, args as { noAck?: boolean });
      else this.#line(channel, describeMethod(reply as Method));
    } catch (error) {
      if (!(error instanceof ClosedError)) throw error;
    }
  }

  #afterCall(channel: DrivenChannel, name: Call['name']): void {
    if (name === 'confirm.select') channel.confirming = true;
    if (name === 'tx.select') channel.transactional = true;
    if (name === 'tx.commit') channel.settledInTransaction = [];
    if (name === 'tx.rollback') {
      channel.unsettled = [...channel.settledInTransaction, ...channel.unsettled];
      channel.settledInTransaction = [];
    }
    if (name === 'basic.recover') channel.unsettled = [];
  }

  #gotMessage(channel: DrivenChannel, reply: Received, { noAck = false }: { noAck?: boolean }): void {
    const { method } = reply;
    if (method.name === 'basic.get-ok') {
      this.#line(channel, `get-ok left=${method.messageCount} ${describeMessage(reply)}`);
      if (!noAck)
        channel.unsettled.push({ deliveryTag: method.deliveryTag, step: this.#step, consumerTag: '' });
    } else {
      this.#line(channel, 'get-empty');
    }
  }

  #publish(channel: DrivenChannel, operation: Extract<Operation, { do: 'publish' }>): void {
    channel.raw.publish(operation.args, operation.properties, operation.body);
    if (!channel.confirming) return;
    channel.published += 1;
    channel.unconfirmed.add(channel.published);
  }

  #settle(channel: DrivenChannel, { do: name, which, multiple, requeue }: Settle): void {
    const { unsettled } = channel;
    const chosen = unsettled[which % Math.max(unsettled.length, 1)];
    if (chosen === undefined) return;
    if (multiple && name !== 'basic.reject') {
      // Deliveries of one step may have come in any order: settle all of them or none.
      const group = unsettled.filter(({ step }) => step <= chosen.step);
      const deliveryTag = Math.max(...group.map((delivery) => delivery.deliveryTag));
      if (name === 'basic.nack') channel.raw.send(name, { deliveryTag, multiple, requeue });
      else channel.raw.send(name, { deliveryTag, multiple });
      this.#forgetUnsettled(channel, group);
    } else {
      const { deliveryTag } = chosen;
      if (name === 'basic.ack') channel.raw.send(name, { deliveryTag });
      else channel.raw.send(name, { deliveryTag, requeue });
      this.#forgetUnsettled(channel, [chosen]);
    }
  }

  #forgetUnsettled(channel: DrivenChannel, settled: readonly Unsettled[]): void {
    if (channel.transactional) channel.settledInTransaction.push(...settled);
    const gone = new Set(settled);
    channel.unsettled = channel.unsettled.filter((delivery) => !gone.has(delivery));
  }

  async #settleChannel(channel: DrivenChannel): Promise<void> {
    if (channel.raw.closed !== undefined || channel.raw.client.closed !== undefined) return;
    try {
      await channel.raw.settle();
    } catch (error) {
      // The operation closed the channel or the connection: `#collect` writes down how.
      if (!(error instanceof ClosedError)) throw error;
    }
  }

  #collect(channel: DrivenChannel): void {
    for (const received of channel.raw.inbox.splice(0)) this.#collectOne(channel, received);
    this.#sortUnsettled(channel);
    if (channel.raw.closed !== undefined && !channel.closeSeen) {
      channel.closeSeen = true;
      channel.unsettled = [];
      this.#line(channel, describeClose(channel.raw.closed));
    }
  }

  #collectOne(channel: DrivenChannel, received: Received): void {
    const { method } = received;
    switch (method.name) {
      case 'basic.deliver': {
        const { consumerTag, deliveryTag } = method;
        this.#line(channel, `deliver to ${consumerTag} ${describeMessage(received)}`);
        if (!channel.noAckConsumers.has(consumerTag)) {
          channel.unsettled.push({ deliveryTag, step: this.#step, consumerTag });
        }
        return;
      }
      case 'basic.return':
        this.#line(channel, `return ${method.replyCode} ${method.replyText} ${describeMessage(received)}`);
        return;
      case 'basic.ack':
      case 'basic.nack':
        this.#collectConfirm(channel, method);
        return;
      case 'channel.close':
        return;
      default:
        this.#line(channel, describeMethod(method));
    }
  }

  #collectConfirm(
    channel: DrivenChannel,
    confirm: Extract<Method, { name: 'basic.ack' | 'basic.nack' }>,
  ): void {
    for (const published of channel.unconfirmed) {
      const covered = confirm.multiple ? published <= confirm.deliveryTag : published === confirm.deliveryTag;
      if (!covered) continue;
      channel.unconfirmed.delete(published);
      this.#line(channel, `publish ${published} ${confirm.name === 'basic.ack' ? 'confirmed' : 'nacked'}`);
    }
  }

  #sortUnsettled(channel: DrivenChannel): void {
    channel.unsettled.sort(
      (a, b) => a.step - b.step || compareText(a.consumerTag, b.consumerTag) || a.deliveryTag - b.deliveryTag,
    );
  }

  #collectClose(at: number, connection: DrivenConnection | undefined): void {
    const closed = connection?.client.closed;
    if (closed === undefined) return;
    // RabbitMQ closes channel by channel, and one may get for a moment what another gave back: that is nobody's any more.
    this.#lines = this.#lines.filter((line) => !(line.startsWith(`${at}.`) && line.includes(' deliver to ')));
    this.#lines.push(`${at} ${describeClose(closed)}`);
    this.#connections[at] = undefined;
  }

  #line(channel: DrivenChannel, text: string): void {
    this.#lines.push(`${channel.label} ${text}`);
  }

  async #snapshot(): Promise<string[]> {
    const lines: string[] = [];
    for (const queue of sorted([...this.#queuesDeclared])) {
      const counts = await this.#countsOf(queue);
      if (counts === undefined) this.#queuesDeclared.delete(queue);
      else lines.push(`${queue}: ${counts}`);
    }
    return lines;
  }

  /** Undefined when there is no such queue. */
  async #countsOf(queue: string): Promise<string | undefined> {
    const watching = [
      await this.#monitorClient(),
      ...this.#connections.map((connection) => connection?.client),
    ];
    for (const client of watching) {
      if (client === undefined || client.closed !== undefined) continue;
      const counts = await passiveDeclare(client, queue);
      if (counts !== 405) return counts === 404 ? undefined : counts;
    }
    return 'exclusive to nobody';
  }

  async #monitorClient(): Promise<RawClient> {
    this.#monitor ??= await RawClient.connect({ port: this.#port });
    return this.#monitor;
  }

  async #connection(at: number): Promise<DrivenConnection> {
    const connection = this.#connections[at] ?? {
      client: await RawClient.connect({ port: this.#port }),
      channels: new Map(),
    };
    this.#connections[at] = connection;
    return connection;
  }

  async #channel(connection: DrivenConnection, place: Operation): Promise<DrivenChannel> {
    const known = connection.channels.get(place.channel);
    if (known !== undefined && known.raw.closed === undefined) return known;
    const label = `${place.connection}.${place.channel}`;
    const channel = new DrivenChannel(await connection.client.openChannel(place.channel), label);
    connection.channels.set(place.channel, channel);
    return channel;
  }

  #openChannels(): DrivenChannel[] {
    const open = this.#connections
      .slice(0, CONNECTIONS)
      .flatMap((connection) => [...(connection?.channels.values() ?? [])]);
    return open.filter((channel) => !channel.closeSeen);
  }
}

async function passiveDeclare(client: RawClient, queue: string): Promise<string | 404 | 405> {
  let channel = client.channel(WATCHING_CHANNEL);
  if (channel.closed !== undefined || !openedForWatching.has(channel)) {
    channel = await client.openChannel(WATCHING_CHANNEL);
    openedForWatching.add(channel);
  }
  try {
    const { messageCount, consumerCount } = await channel.call('queue.declare', { queue, passive: true });
    return `${messageCount} messages, ${consumerCount} consumers`;
  } catch (error) {
    if (error instanceof ClosedError && (error.code === 404 || error.code === 405)) return error.code;
    throw error;
  }
}

const openedForWatching = new WeakSet<RawChannel>();

/** Repeats what may be refused for a moment, such as deleting a queue whose exclusive owner has just gone. */
async function eventually(client: RawClient, work: (channel: RawChannel) => Promise<unknown>): Promise<void> {
  for (let tries = 1; ; tries++) {
    const channel = await client.openChannel(1);
    try {
      await work(channel);
      await channel.call('channel.close', { replyCode: 200 });
      return;
    } catch (error) {
      if (!(error instanceof ClosedError) || tries === 1000) throw error;
    }
  }
}

function isGetReply(reply: object): reply is Received {
  return 'method' in reply;
}

function describeClose({ level, code, classId, methodId, text }: Closed): string {
  const words = process.env['LEVERET_COMPARE_TEXTS'] === '1' ? ` ${text}` : '';
  return `${level} closed with ${code} by ${classId}.${methodId}${words}`;
}

function describeMethod({ name, ...args }: Method): string {
  return `${name} ${JSON.stringify(args)}`;
}

function describeMessage({ method, properties = {}, body = new Uint8Array(0) }: Received): string {
  const { exchange, routingKey, redelivered } = method as Extract<Method, { name: 'basic.deliver' }>;
  const again = redelivered ? ' again' : '';
  return `'${decodeUtf8(body, 0, body.length)}'${again} ${exchange}/${routingKey} ${describeProperties(properties)}`;
}

function describeProperties({ headers, ...rest }: BasicProperties): string {
  const present = Object.entries(rest).filter(([, value]) => value !== undefined);
  const plain: Record<string, unknown> = headers === undefined ? {} : plainTable(headers);
  return JSON.stringify({ ...Object.fromEntries(sorted(present)), headers: comparable(plain) });
}

/** Without what differs from run to run (the time of a death) and what RabbitMQ 3.10 does not know (x-last-death). */
function comparable(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(comparable);
  if (typeof value !== 'object' || value === null || ArrayBuffer.isView(value)) return value;
  const entries = Object.entries(value).filter(([key]) => key !== 'time' && !key.startsWith('x-last-death-'));
  return Object.fromEntries(sorted(entries).map(([key, entry]) => [key, comparable(entry)]));
}

function sorted<T>(values: readonly T[]): T[] {
  return values.toSorted((a, b) => compareText(groupOf(a), groupOf(b)));
}

/**
 * What orders lines and entries: the text up to what came in a meaningful order. Lines of deliveries to one consumer keep
 * the order in which they came (the sort is stable).
 */
function groupOf(value: unknown): string {
  const text = Array.isArray(value) ? String(value[0]) : String(value);
  return /^\S+ (deliver to \S+|return)/.exec(text)?.[0] ?? text;
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
