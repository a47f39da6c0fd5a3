import { EventEmitter } from 'node:events';
import { ByteWriter } from '../codec/byte-writer.ts';
import { encodeUtf8 } from '../codec/bytes.ts';
import { tableOf } from '../codec/field-table.ts';
import { FRAME_BODY, FRAME_HEADER, FRAME_METHOD, FrameParser } from '../codec/frame.ts';
import { decodeMethod, writeMethodFrame } from '../codec/method-codec.ts';
import type { Method, MethodArguments, MethodName } from '../codec/methods.ts';
import { type BasicProperties, writeContentFrames, writeContentHeaderFrame } from '../codec/properties.ts';
import { callListener } from './call-listener.ts';
import type { ChannelInput, ChannelLink } from './channel-link.ts';
import { ChannelNumbers } from './channel-numbers.ts';
import { ChannelSession, type ChannelSessionEvents } from './channel-session.ts';
import { ConnectionClosedError } from './client-errors.ts';
import type { HandlerObserver } from './consumer-registry.ts';
import { DirectChannel } from './direct-channel.ts';
import { type AcceptingBroker, MemoryTransport } from './memory-transport.ts';
import type { MethodOf } from './method-of.ts';
import { unlessAborted } from './unless-aborted.ts';

/** Options of `openDirectConnection`. */
export interface DirectConnectionOptions {
  /** `guest` unless given. */
  readonly username?: string;
  /** `guest` unless given. */
  readonly password?: string;
  /** `/` unless given. */
  readonly vhost?: string;
  /** Shown by tools that list connections. */
  readonly connectionName?: string;
  /** Gives up opening the connection. */
  readonly signal?: AbortSignal;
  /** Told of the handlers that are under way on this connection. For test brokers. */
  readonly handlerObserver?: HandlerObserver;
}

interface DirectConnectionEvents {
  /** The broker is short of memory or disk and does not read from publishers; with its reason. */
  blocked: [reason: string];
  unblocked: [];
  /** The connection is closed; with the error when the broker closed it. */
  close: [reason: Error | undefined];
}

type ConnectionState =
  | { readonly name: 'opening'; readonly opened: () => void; readonly failed: (reason: Error) => void }
  | { readonly name: 'open' }
  | ClosingState
  | { readonly name: 'closed'; readonly reason: Error };

interface ClosingState {
  readonly name: 'closing';
  readonly closed: Promise<void>;
  readonly answered: () => void;
  /** connection.close has reached the broker. */
  isTaken: boolean;
}

/** "AMQP", then 0 and the version 0-9-1. */
const PROTOCOL_HEADER: Uint8Array = Uint8Array.of(0x41, 0x4d, 0x51, 0x50, 0, 0, 9, 1);

/** The writer is replaced after a message that made it larger than this, so that one large body does not stay in memory. */
const WRITER_BYTES_KEPT = 1024 * 1024;

/** What this client understands, told to the broker in connection.start-ok. */
const CAPABILITIES: Record<string, boolean> = {
  publisher_confirms: true,
  exchange_exchange_bindings: true,
  'basic.nack': true,
  consumer_cancel_notify: true,
  'connection.blocked': true,
  authentication_failure_close: true,
};

/**
 * An AMQP connection to a broker in the same process: the same frames, rules and errors as over TCP, without a socket.
 * Made by `openDirectConnection`.
 *
 *     opening: protocol header -> connection.start -> start-ok -> tune -> tune-ok, open -> open-ok
 *     opening --open-ok--> open --close()--> closing --connection.close-ok--> closed
 *     any but closed --connection.close from the broker, or the end of the stream--> closed
 */
export class DirectConnection extends EventEmitter<DirectConnectionEvents> implements AsyncDisposable {
  readonly #options: DirectConnectionOptions;
  readonly #transport: MemoryTransport;
  readonly #parser: FrameParser;
  readonly #link: ChannelLink;
  readonly #channels: Map<number, ChannelInput> = new Map();
  #numbers: ChannelNumbers = new ChannelNumbers(0);
  #frameMax = 0;
  /** An alarm is on, and the broker does not read. */
  #isBlocked = false;
  #writer: ByteWriter = new ByteWriter();
  #state: ConnectionState = { name: 'opening', opened: noted, failed: noted };
  readonly #opened: Promise<void> = new Promise((opened, failed) => {
    this.#state = { name: 'opening', opened, failed };
  });

  private constructor(broker: AcceptingBroker, options: DirectConnectionOptions) {
    super();
    this.#options = options;
    this.#parser = new FrameParser(
      { onFrame: (type, channel, bytes, start, end) => this.#onFrame(type, channel, bytes, start, end) },
      0,
    );
    this.#link = {
      handlerObserver: options.handlerObserver,
      addChannel: (input) => this.#addChannel(input),
      releaseChannel: (channel) => this.#releaseChannel(channel),
      sendMethod: (channel, name, args) => this.#sendMethod(channel, name, args),
      sendPublish: (channel, args, properties, body, onTaken) =>
        this.#sendPublish(channel, args, properties, body, onTaken),
    };
    const reader = {
      onBytes: (bytes: Uint8Array, start: number, end: number) => this.#parser.push(bytes, start, end),
      onEnd: (reason: string) => this.#onEnd(reason),
    };
    this.#transport = new MemoryTransport(broker, reader);
    this.#transport.send(PROTOCOL_HEADER, PROTOCOL_HEADER.length);
  }

  /** Users call `openDirectConnection`. */
  static async open(broker: AcceptingBroker, options: DirectConnectionOptions): Promise<DirectConnection> {
    options.signal?.throwIfAborted();
    const connection = new DirectConnection(broker, options);
    try {
      await unlessAborted(connection.#opened, options.signal);
    } catch (reason) {
      connection.#transport.destroy('the client gave up opening the connection');
      throw reason;
    }
    return connection;
  }

  /** True until the connection is closed from either side. */
  get isOpen(): boolean {
    return this.#state.name === 'open';
  }

  /** Opens a channel. Throws `RangeError` when as many channels are open as the broker allows. */
  async createChannel(): Promise<DirectChannel> {
    this.#assertOpen();
    return DirectChannel.open(this.#link);
  }

  /** Opens a channel without the conveniences of `DirectChannel`, for what brings its own. */
  async openSession(events: ChannelSessionEvents): Promise<ChannelSession> {
    this.#assertOpen();
    const session = new ChannelSession(this.#link, events);
    await session.call('channel.open', {}, 'channel.open-ok', noted);
    return session;
  }

  /** Who is told of the handlers that are under way on this connection. */
  get handlerObserver(): HandlerObserver | undefined {
    return this.#options.handlerObserver;
  }

  /** Cuts the connection, without a word to the broker. */
  destroy(): void {
    this.#transport.destroy('cut off by the client');
  }

  /**
   * Closes the connection and its channels, behind everything that was asked for before. Resolves when the broker has answered.
   * While an alarm keeps the broker from reading it is cut off instead: what the broker did not take is rejected. Closing
   * twice is no error.
   */
  close(): Promise<void> {
    switch (this.#state.name) {
      case 'closed':
        return Promise.resolve();
      case 'closing':
        return this.#state.closed;
      case 'opening':
      case 'open':
        return this.#becomeClosing();
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  #onFrame(type: number, channel: number, bytes: Uint8Array, start: number, end: number): void {
    const input = this.#channels.get(channel);
    switch (type) {
      case FRAME_METHOD:
        this.#onMethodFrame(channel, decodeMethod(bytes, start, end));
        break;
      case FRAME_HEADER:
        input?.onHeader(bytes, start, end);
        break;
      case FRAME_BODY:
        input?.onBody(bytes, start, end);
        break;
      default:
        // a heartbeat: none was asked for, and nothing follows from one
        break;
    }
  }

  #onMethodFrame(channel: number, method: Method): void {
    if (channel === 0) {
      this.#onMethod(method);
    } else {
      this.#channels.get(channel)?.onMethod(method);
    }
  }

  #onMethod(method: Method): void {
    switch (method.name) {
      case 'connection.start':
        this.#sendMethod(0, 'connection.start-ok', this.#startOk());
        break;
      case 'connection.tune':
        this.#onTune(method);
        break;
      case 'connection.open-ok':
        this.#onOpenOk();
        break;
      case 'connection.blocked':
        this.#isBlocked = true;
        this.#cutIfBlocked();
        callListener(() => this.emit('blocked', method.reason));
        break;
      case 'connection.unblocked':
        this.#isBlocked = false;
        callListener(() => this.emit('unblocked'));
        break;
      case 'connection.close':
        this.#onClose(method);
        break;
      case 'connection.close-ok':
        this.#onCloseOk();
        break;
      default:
        throw new Error(`unexpected ${method.name} from the broker on channel 0`);
    }
  }

  #startOk(): MethodArguments<'connection.start-ok'> {
    const { username = 'guest', password = 'guest', connectionName } = this.#options;
    const named = connectionName === undefined ? {} : { connection_name: connectionName };
    return {
      clientProperties: tableOf({
        product: 'Leveret in-process client',
        capabilities: CAPABILITIES,
        ...named,
      }),
      mechanism: 'PLAIN',
      response: encodeUtf8(`\0${username}\0${password}`),
      locale: 'en_US',
    };
  }

  #onTune({ channelMax, frameMax }: MethodOf<'connection.tune'>): void {
    this.#numbers = new ChannelNumbers(channelMax === 0 ? 65_535 : channelMax);
    this.#frameMax = frameMax;
    // amqp connection.tune-ok "heartbeat": 0, because neither end of this stream can die without the other
    this.#sendMethod(0, 'connection.tune-ok', { channelMax, frameMax, heartbeat: 0 });
    this.#sendMethod(0, 'connection.open', { virtualHost: this.#options.vhost ?? '/' });
  }

  #onOpenOk(): void {
    if (this.#state.name === 'opening') {
      const { opened } = this.#state;
      this.#state = { name: 'open' };
      opened();
    }
  }

  #onClose({ replyCode, replyText }: MethodOf<'connection.close'>): void {
    this.#sendMethod(0, 'connection.close-ok', {});
    this.#becomeClosed(new ConnectionClosedError(replyCode, replyText));
  }

  #onCloseOk(): void {
    this.#becomeClosed(new ConnectionClosedError(200, 'closed by the client'));
  }

  /** The stream ended. After a close that is the usual way; otherwise the broker ended without a word. */
  #onEnd(reason: string): void {
    this.#parser.stop();
    if (this.#state.name === 'closing') {
      this.#onCloseOk();
    }
    this.#becomeClosed(new ConnectionClosedError(320, reason));
  }

  #becomeClosing(): Promise<void> {
    if (this.#state.name === 'opening') {
      this.#becomeClosed(new ConnectionClosedError(200, 'closed by the client'));
      this.#transport.destroy('closed by the client');
      return Promise.resolve();
    }
    let answered = noted;
    const closed = new Promise<void>((resolve) => {
      answered = resolve;
    });
    const closing: ClosingState = { name: 'closing', closed, answered, isTaken: false };
    this.#state = closing;
    const args = { replyCode: 200, replyText: 'closed by the client', classId: 0, methodId: 0 };
    this.#write(
      (writer) => writeMethodFrame(writer, 0, 'connection.close', args),
      () => {
        closing.isTaken = true;
      },
    );
    this.#cutIfBlocked();
    return closed;
  }

  /** An alarm may last for hours. What else keeps the broker from reading passes: the disk, or what it has to do. */
  #cutIfBlocked(): void {
    if (this.#isBlocked && this.#state.name === 'closing' && !this.#state.isTaken)
      this.#transport.destroy('closed by the client');
  }

  #becomeClosed(reason: ConnectionClosedError): void {
    const before = this.#state;
    if (before.name === 'closed') {
      return;
    }
    this.#state = { name: 'closed', reason };
    const expected = reason.replyCode === 200;
    for (const channel of [...this.#channels.values()]) {
      channel.onConnectionClosed(reason, expected);
    }
    this.#channels.clear();
    if (before.name === 'opening') {
      before.failed(reason);
    } else if (before.name === 'closing') {
      before.answered();
    }
    callListener(() => this.emit('close', expected ? undefined : reason));
  }

  #assertOpen(): void {
    if (this.#state.name === 'closed') {
      throw this.#state.reason;
    }
    if (this.#state.name === 'closing') {
      throw new ConnectionClosedError(200, 'closed by the client');
    }
  }

  #addChannel(input: ChannelInput): number {
    const channel = this.#numbers.take();
    this.#channels.set(channel, input);
    return channel;
  }

  #releaseChannel(channel: number): void {
    this.#channels.delete(channel);
    this.#numbers.release(channel);
  }

  #sendMethod<N extends MethodName>(channel: number, name: N, args: MethodArguments<N>): void {
    this.#write((writer) => writeMethodFrame(writer, channel, name, args), undefined);
  }

  #sendPublish(
    channel: number,
    args: MethodArguments<'basic.publish'>,
    properties: BasicProperties,
    body: Uint8Array,
    onTaken: (() => void) | undefined,
  ): void {
    this.#write((writer) => {
      writeMethodFrame(writer, channel, 'basic.publish', args);
      const headerAt = writer.position;
      writeContentHeaderFrame(writer, channel, body.length, properties);
      this.#checkHeaderFrame(properties, writer.position - headerAt);
      writeContentFrames(writer, channel, this.#frameMax, body);
    }, onTaken);
  }

  /** The broker would close the connection for it, and the client send the message again on the next one, and so on. */
  #checkHeaderFrame({ messageId = '' }: BasicProperties, bytes: number): void {
    if (this.#frameMax === 0 || bytes <= this.#frameMax) return;
    throw new RangeError(
      `message '${messageId}': its headers and properties take ${bytes} bytes; allowed: ${this.#frameMax}, which is one frame of this connection; put what is large into the body`,
    );
  }

  /** Nothing is sent when encoding throws, as it does for a name of more than 255 bytes: the connection stays usable. */
  #write(encode: (writer: ByteWriter) => void, onTaken: (() => void) | undefined): void {
    const writer = this.#writer;
    try {
      encode(writer);
      this.#transport.send(writer.bytes, writer.position, onTaken);
    } finally {
      if (writer.bytes.length > WRITER_BYTES_KEPT) {
        this.#writer = new ByteWriter();
      } else {
        writer.reset();
      }
    }
  }
}

function noted(): void {}

/**
 * Opens an AMQP connection to a broker in this process.
 *
 * Rejects with `ConnectionClosedError`: reply code 403 for a wrong user or password, 530 for a vhost that does not exist or that the
 * user may not enter.
 *
 * @example
 * const connection = await openDirectConnection(broker, { username: 'guest', password: 'guest', vhost: '/' });
 * const channel = await connection.createChannel();
 * await connection.close();
 */
export function openDirectConnection(
  broker: AcceptingBroker,
  options: DirectConnectionOptions = {},
): Promise<DirectConnection> {
  return DirectConnection.open(broker, options);
}
