import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { ByteWriter } from '../../src/codec/byte-writer.ts';
import { encodeUtf8 } from '../../src/codec/bytes.ts';
import { type FieldTable, type PlainValue, tableOf } from '../../src/codec/field-table.ts';
import {
  FRAME_BODY,
  FRAME_HEADER,
  FRAME_HEARTBEAT,
  FRAME_METHOD,
  FRAME_OVERHEAD,
  FrameParser,
  type FrameSink,
} from '../../src/codec/frame.ts';
import { decodeMethod, writeMethodFrame } from '../../src/codec/method-codec.ts';
import {
  type Domain,
  METHODS,
  type Method,
  type MethodArguments,
  type MethodName,
} from '../../src/codec/methods.ts';
import {
  type BasicProperties,
  decodeProperties,
  writeContentFrames,
  writeContentHeaderFrame,
} from '../../src/codec/properties.ts';

/*
 * A test client that does exactly what it is told, right or wrong, and tells everything it got:
 *
 *   const client = await RawClient.connect({ port });
 *   const channel = await client.openChannel(1);
 *   await channel.call('queue.declare', { queue: 'q' });                 // resolves to queue.declare-ok
 *   channel.publish({ routingKey: 'q', mandatory: true }, {}, 'hello');
 *   const returned = await channel.expect('basic.return');               // .method, .properties, .body
 *   await expect(channel.call('queue.declare', { queue: 'x', passive: true })).rejects.toMatchObject({ code: 404 });
 *   channel.closed                                                       // { level: 'channel', code: 404, text, ... }
 */

/** What came in on one channel: a method, with its content where it has some. */
export interface Received<N extends MethodName = MethodName> {
  readonly method: Extract<Method, { name: N }>;
  readonly properties?: BasicProperties;
  readonly body?: Uint8Array;
}

/** A received method that carries content. */
export interface ReceivedContent<N extends MethodName = MethodName> extends Received<N> {
  readonly properties: BasicProperties;
  readonly body: Uint8Array;
}

type ContentMethod = 'basic.deliver' | 'basic.get-ok' | 'basic.return' | 'basic.publish';
type ReceivedAs<N extends MethodName> = N extends ContentMethod ? ReceivedContent<N> : Received<N>;

/** Why the broker closed a channel or the connection. */
export interface Closed {
  readonly level: 'channel' | 'connection';
  readonly code: number;
  readonly text: string;
  readonly classId: number;
  readonly methodId: number;
}

/** Rejects calls that can get no reply because the broker closed their channel or connection. */
export class ClosedError extends Error implements Closed {
  readonly level: 'channel' | 'connection';
  readonly code: number;
  readonly text: string;
  readonly classId: number;
  readonly methodId: number;

  constructor(closed: Closed) {
    super(`the ${closed.level} was closed: ${closed.code} ${closed.text}`);
    this.name = 'ClosedError';
    this.level = closed.level;
    this.code = closed.code;
    this.text = closed.text;
    this.classId = closed.classId;
    this.methodId = closed.methodId;
  }
}

/** The arguments of a method; what is left out is false, 0, '' or empty. Tables may be plain objects. */
export type LooseArguments<N extends MethodName> = {
  readonly [A in keyof MethodArguments<N>]?: MethodArguments<N>[A] extends FieldTable
    ? FieldTable | Readonly<Record<string, PlainValue>>
    : MethodArguments<N>[A] extends Uint8Array
      ? Uint8Array | string
      : MethodArguments<N>[A];
};

export interface RawConnectOptions {
  readonly port: number;
  readonly host?: string;
  /** Sent instead of `AMQP 0 0 9 1`. */
  readonly protocolHeader?: Uint8Array;
  readonly user?: string;
  readonly password?: string;
  readonly mechanism?: string;
  /** The SASL response; made of user and password if absent. */
  readonly response?: Uint8Array;
  readonly vhost?: string;
  readonly locale?: string;
  readonly clientProperties?: Readonly<Record<string, PlainValue>>;
  /** Answered to connection.tune; what the broker proposed if absent. */
  readonly channelMax?: number;
  readonly frameMax?: number;
  /** Seconds. 0, the default, means none: this client sends no heartbeats by itself. */
  readonly heartbeat?: number;
  /** How long `call`, `expect` and `next` wait. 5000 by default. */
  readonly timeoutMs?: number;
}

/** The capabilities that today's clients announce. */
const CAPABILITIES: Readonly<Record<string, PlainValue>> = {
  authentication_failure_close: true,
  'basic.nack': true,
  'connection.blocked': true,
  consumer_cancel_notify: true,
  exchange_exchange_bindings: true,
  publisher_confirms: true,
};

const PROTOCOL_HEADER = Uint8Array.of(0x41, 0x4d, 0x51, 0x50, 0, 0, 9, 1);

interface Waiter {
  readonly what: string;
  matches(received: Received): boolean;
  resolve(received: Received): void;
  reject(error: Error): void;
}

/** One connection, made of frames. Channel 0 is the connection's own: `client.channel(0)`. */
export class RawClient implements FrameSink {
  readonly timeoutMs: number;
  /** Every byte the broker sent. */
  receivedBytes = 0;
  /** When the last heartbeat frame came in, by `performance.now()`; undefined before the first. */
  heartbeatAtMs: number | undefined;
  /** What arrived before the first frame, when it was not a frame: the answer to a protocol header of another version. */
  protocolAnswer: Uint8Array | undefined;
  /** Set when the broker closed the connection by connection.close, which is answered at once. */
  closed: Closed | undefined;
  /** True when the socket has ended, whoever ended it. */
  ended = false;
  frameMax = 0;
  serverProperties: FieldTable = new Map();
  tune: MethodArguments<'connection.tune'> = { channelMax: 0, frameMax: 0, heartbeat: 0 };
  readonly socket: Socket;
  readonly whenEnded: Promise<void>;
  #parser: FrameParser;
  #channels = new Map<number, RawChannel>();

  private constructor(socket: Socket, timeoutMs: number) {
    this.socket = socket;
    this.timeoutMs = timeoutMs;
    this.#parser = new FrameParser(this, 0);
    socket.setNoDelay(true);
    socket.on('data', (chunk) => this.#onData(chunk));
    // A reset is one way for a broker to end the connection: `close` follows.
    socket.on('error', () => undefined);
    this.whenEnded = new Promise((resolve) => {
      socket.on('close', () => {
        this.#onEnd();
        resolve();
      });
    });
  }

  /** Connects the socket and sends nothing. */
  static async dial(options: RawConnectOptions): Promise<RawClient> {
    const socket = connect(options.port, options.host ?? '127.0.0.1');
    await once(socket, 'connect');
    return new RawClient(socket, options.timeoutMs ?? 5000);
  }

  /** Connects and shakes hands until the connection is open. Throws ClosedError when the broker refuses with a close. */
  static async connect(options: RawConnectOptions): Promise<RawClient> {
    const client = await RawClient.dial(options);
    try {
      await client.shakeHands(options);
    } catch (error) {
      client.destroy();
      throw error;
    }
    return client;
  }

  async shakeHands(options: Omit<RawConnectOptions, 'port'>): Promise<void> {
    await this.authenticate(options);
    this.openVhost(options);
    await this.channel(0).expect('connection.open-ok');
  }

  /** The first half of the handshake: up to and with connection.tune. */
  async authenticate(options: Omit<RawConnectOptions, 'port'>): Promise<void> {
    const connection = this.channel(0);
    this.sendBytes(options.protocolHeader ?? PROTOCOL_HEADER);
    this.serverProperties = (await connection.expect('connection.start')).method.serverProperties;
    connection.send('connection.start-ok', {
      clientProperties: {
        product: 'raw client',
        capabilities: { ...CAPABILITIES },
        ...options.clientProperties,
      },
      mechanism: options.mechanism ?? 'PLAIN',
      response: options.response ?? `\0${options.user ?? 'guest'}\0${options.password ?? 'guest'}`,
      locale: options.locale ?? 'en_US',
    });
    this.tune = (await connection.expect('connection.tune')).method;
  }

  /** Sends tune-ok and connection.open, and waits for nothing. */
  openVhost(options: Omit<RawConnectOptions, 'port'> = {}): void {
    this.frameMax = options.frameMax ?? this.tune.frameMax;
    this.channel(0).send('connection.tune-ok', {
      channelMax: options.channelMax ?? this.tune.channelMax,
      frameMax: this.frameMax,
      heartbeat: options.heartbeat ?? 0,
    });
    this.channel(0).send('connection.open', { virtualHost: options.vhost ?? '/' });
  }

  /** The channel's mailbox. Sends nothing. */
  channel(number: number): RawChannel {
    let channel = this.#channels.get(number);
    if (channel === undefined) {
      channel = new RawChannel(this, number);
      this.#channels.set(number, channel);
    }
    return channel;
  }

  /** channel.open. A channel that was closed may be opened again; it begins with an empty mailbox. */
  async openChannel(number: number): Promise<RawChannel> {
    this.#channels.delete(number);
    const channel = this.channel(number);
    await channel.call('channel.open');
    return channel;
  }

  sendBytes(bytes: Uint8Array): void {
    if (!this.ended) this.socket.write(bytes);
  }

  /** A frame of any type with any payload; `frameEnd` may be wrong on purpose. */
  sendFrame(type: number, channel: number, payload: Uint8Array, frameEnd = 0xce): void {
    const frame = new Uint8Array(payload.length + FRAME_OVERHEAD);
    const view = new DataView(frame.buffer);
    view.setUint8(0, type);
    view.setUint16(1, channel);
    view.setUint32(3, payload.length);
    frame.set(payload, 7);
    view.setUint8(frame.length - 1, frameEnd);
    this.sendBytes(frame);
  }

  sendHeartbeat(): void {
    this.sendFrame(FRAME_HEARTBEAT, 0, new Uint8Array(0));
  }

  /** Waits for the broker to close the connection by connection.close. */
  async whenClosed(): Promise<Closed> {
    if (this.closed === undefined) await this.channel(0).expect('connection.close');
    if (this.closed === undefined) throw new Error('the connection ended without connection.close');
    return this.closed;
  }

  /** Closes as AMQP asks: connection.close, close-ok, end of the socket. */
  async close(): Promise<void> {
    if (!this.ended && this.closed === undefined) {
      await this.channel(0).call('connection.close', { replyCode: 200, replyText: 'goodbye' });
    }
    this.socket.destroy();
    await this.whenEnded;
  }

  /** Ends the socket without a word. */
  destroy(): void {
    this.socket.destroy();
  }

  onFrame(type: number, channel: number, bytes: Uint8Array, start: number, end: number): void {
    if (type === FRAME_HEARTBEAT) this.heartbeatAtMs = performance.now();
    else this.channel(channel).onFrame(type, bytes, start, end);
  }

  /** Called by channel 0 when connection.close has arrived. */
  becomeClosed(closed: Closed): void {
    this.closed = closed;
    this.channel(0).send('connection.close-ok');
    for (const channel of this.#channels.values()) channel.failWaiters(new ClosedError(closed));
  }

  #onData(chunk: Uint8Array): void {
    const first = this.receivedBytes === 0;
    this.receivedBytes += chunk.length;
    if (first && chunk[0] === PROTOCOL_HEADER[0]) this.protocolAnswer = chunk.slice();
    else if (this.protocolAnswer === undefined) this.#parser.push(chunk, 0, chunk.length);
  }

  #onEnd(): void {
    this.ended = true;
    const error = this.closed ? new ClosedError(this.closed) : new Error('the broker ended the connection');
    for (const channel of this.#channels.values()) channel.failWaiters(error);
  }
}

/** One channel: sends methods, keeps what arrives until it is taken. */
export class RawChannel {
  readonly client: RawClient;
  readonly number: number;
  /** What has arrived and was not taken by `call`, `expect`, `next` or `take`, in order. */
  readonly inbox: Received[] = [];
  /** Set when the broker closed this channel by channel.close, which is answered at once. */
  closed: Closed | undefined;
  #waiters: Waiter[] = [];
  #method: Method | undefined;
  #properties: BasicProperties = {};
  #body = new Uint8Array(0);
  #bodyFilled = 0;

  constructor(client: RawClient, number: number) {
    this.client = client;
    this.number = number;
  }

  send<N extends MethodName>(name: N, args: LooseArguments<N> = {}): void {
    const writer = new ByteWriter(256);
    writeMethodFrame(writer, this.number, name, fullArguments(name, args));
    this.client.sendBytes(writer.toBytes());
  }

  /** basic.publish with its content, in one write. */
  publish(
    args: LooseArguments<'basic.publish'>,
    properties: BasicProperties = {},
    body: Uint8Array | string = '',
  ): void {
    const bytes = typeof body === 'string' ? encodeUtf8(body) : body;
    const writer = new ByteWriter(512 + bytes.length);
    writeMethodFrame(writer, this.number, 'basic.publish', fullArguments('basic.publish', args));
    writeContentHeaderFrame(writer, this.number, bytes.length, properties);
    writeContentFrames(writer, this.number, this.client.frameMax || 131072, bytes);
    this.client.sendBytes(writer.toBytes());
  }

  /**
   * Sends a method and waits for its reply: `<name>-ok`, for basic.get also basic.get-empty.
   * Rejects with ClosedError when the broker closes the channel or the connection instead.
   */
  async call<N extends MethodName>(name: N, args: LooseArguments<N> = {}): Promise<Reply<N>> {
    this.send(name, args);
    const reply = await this.next(
      ({ method }) =>
        method.name === `${name}-ok` || (name === 'basic.get' && method.name === 'basic.get-empty'),
      `the reply to ${name}`,
    );
    return (name === 'basic.get' ? reply : reply.method) as Reply<N>;
  }

  /** Takes the first `name` that has arrived or will arrive, leaving everything else in the inbox. */
  async expect<N extends MethodName>(name: N): Promise<ReceivedAs<N>> {
    return (await this.next(({ method }) => method.name === name, name)) as ReceivedAs<N>;
  }

  /** Takes `count` of them. */
  async expectMany<N extends MethodName>(name: N, count: number): Promise<ReceivedAs<N>[]> {
    const found: ReceivedAs<N>[] = [];
    while (found.length < count) found.push(await this.expect(name));
    return found;
  }

  /** Takes the first entry, here or to come, for which `matches` is true. */
  next(matches: (received: Received) => boolean, what = 'a matching method'): Promise<Received> {
    const at = this.inbox.findIndex(matches);
    if (at >= 0) return Promise.resolve(this.inbox.splice(at, 1)[0] as Received);
    const closed = this.closed ?? this.client.closed;
    if (closed !== undefined) return Promise.reject(new ClosedError(closed));
    if (this.client.ended)
      return Promise.reject(new Error(`the broker ended the connection; ${what} did not arrive`));
    return this.#wait(matches, what);
  }

  /** Takes everything with this name that has arrived, without waiting. */
  take<N extends MethodName>(name: N): ReceivedAs<N>[] {
    const taken = this.inbox.filter(({ method }) => method.name === name);
    const kept = this.inbox.filter(({ method }) => method.name !== name);
    this.inbox.splice(0, this.inbox.length, ...kept);
    return taken as ReceivedAs<N>[];
  }

  /** Waits for the broker to close this channel. */
  async whenClosed(): Promise<Closed> {
    if (this.closed === undefined) await this.expect('channel.close');
    if (this.closed === undefined) throw new Error(`channel ${this.number} was not closed`);
    return this.closed;
  }

  /**
   * A round trip through the broker's channel: what it sent on this channel before is in the inbox afterwards.
   * Uses a passive declare of amq.direct, which changes nothing.
   */
  async settle(): Promise<void> {
    await this.call('exchange.declare', { exchange: 'amq.direct', type: 'direct', passive: true });
  }

  onFrame(type: number, bytes: Uint8Array, start: number, end: number): void {
    if (type === FRAME_METHOD) this.#onMethod(decodeMethod(bytes, start, end));
    else if (type === FRAME_HEADER) this.#onContentHeader(bytes, start, end);
    else if (type === FRAME_BODY) this.#onContentBody(bytes, start, end);
  }

  failWaiters(error: Error): void {
    for (const waiter of this.#waiters.splice(0)) waiter.reject(error);
  }

  #onMethod(method: Method): void {
    if (hasContent(method)) {
      this.#method = method;
      return;
    }
    this.#deliver({ method });
    if (method.name === 'channel.close') {
      this.closed = closedBy('channel', method);
      this.send('channel.close-ok');
      this.failWaiters(new ClosedError(this.closed));
    } else if (method.name === 'connection.close') {
      this.client.becomeClosed(closedBy('connection', method));
    }
  }

  #onContentHeader(bytes: Uint8Array, start: number, end: number): void {
    // class-id u16, weight u16, body size u64, property flags ...
    const view = new DataView(bytes.buffer, bytes.byteOffset + start, end - start);
    this.#properties = decodeProperties(bytes, start + 12, end);
    this.#body = new Uint8Array(Number(view.getBigUint64(4)));
    this.#bodyFilled = 0;
    this.#finishContent();
  }

  #onContentBody(bytes: Uint8Array, start: number, end: number): void {
    this.#body.set(bytes.subarray(start, end), this.#bodyFilled);
    this.#bodyFilled += end - start;
    this.#finishContent();
  }

  #finishContent(): void {
    if (this.#bodyFilled < this.#body.length) return;
    if (this.#method === undefined)
      throw new Error(`channel ${this.number}: content without a method before it`);
    this.#deliver({ method: this.#method, properties: this.#properties, body: this.#body });
    this.#method = undefined;
  }

  #deliver(received: Received): void {
    const at = this.#waiters.findIndex((waiter) => waiter.matches(received));
    if (at < 0) this.inbox.push(received);
    else this.#waiters.splice(at, 1)[0]?.resolve(received);
  }

  #wait(matches: (received: Received) => boolean, what: string): Promise<Received> {
    return new Promise((resolve, reject) => {
      const { timeoutMs } = this.client;
      const timer = setTimeout(() => {
        this.#waiters = this.#waiters.filter((other) => other !== waiter);
        const inbox = this.inbox.map(({ method }) => method.name).join(', ') || 'nothing';
        reject(
          new Error(
            `channel ${this.number}: ${what} did not arrive within ${timeoutMs} ms; waiting: ${inbox}`,
          ),
        );
      }, timeoutMs);
      const waiter: Waiter = {
        what,
        matches,
        resolve: (received) => {
          clearTimeout(timer);
          resolve(received);
        },
        reject: (error) => {
          clearTimeout(timer);
          reject(error);
        },
      };
      this.#waiters.push(waiter);
    });
  }
}

/** What a call resolves to: the arguments of the reply, for basic.get also the content. */
export type Reply<N extends MethodName> = N extends 'basic.get'
  ? ReceivedContent<'basic.get-ok'> | Received<'basic.get-empty'>
  : Extract<Method, { name: `${N}-ok` }>;

function hasContent(method: Method): boolean {
  return method.name === 'basic.deliver' || method.name === 'basic.get-ok' || method.name === 'basic.return';
}

function closedBy(level: Closed['level'], close: MethodArguments<'connection.close'>): Closed {
  return {
    level,
    code: close.replyCode,
    text: close.replyText,
    classId: close.classId,
    methodId: close.methodId,
  };
}

export function fullArguments<N extends MethodName>(name: N, args: LooseArguments<N>): MethodArguments<N> {
  const given = args as Readonly<Record<string, unknown>>;
  const full: Record<string, unknown> = {};
  for (const [argument, domain] of Object.entries<string>(METHODS[name].arguments)) {
    if (!domain.startsWith('reserved ')) full[argument] = argumentValue(domain as Domain, given[argument]);
  }
  return full as MethodArguments<N>;
}

function argumentValue(domain: Domain, given: unknown): unknown {
  switch (domain) {
    case 'bit':
      return given ?? false;
    case 'shortstr':
      return given ?? '';
    case 'longstr':
      return typeof given === 'string' ? encodeUtf8(given) : (given ?? new Uint8Array(0));
    case 'table':
      return given instanceof Map ? given : tableOf((given ?? {}) as Readonly<Record<string, PlainValue>>);
    default:
      return given ?? 0;
  }
}
