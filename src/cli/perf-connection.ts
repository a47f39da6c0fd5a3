import { connect, type Socket } from 'node:net';
import { ByteWriter } from '../codec/byte-writer.ts';
import { encodeUtf8, readU32 } from '../codec/bytes.ts';
import { tableOf } from '../codec/field-table.ts';
import { FRAME_HEARTBEAT, FRAME_METHOD, FrameParser, type FrameSink } from '../codec/frame.ts';
import { decodeMethod, writeMethodFrame } from '../codec/method-codec.ts';
import {
  BASIC_ACK,
  BASIC_DELIVER,
  BASIC_NACK,
  type Method,
  type MethodArguments,
  type MethodName,
} from '../codec/methods.ts';
import type { BrokerAddress } from './perf-options.ts';

/** The broker could not be reached, or closed the connection or the channel. The message is for the user. */
export class PerfError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'PerfError';
  }
}

const PROTOCOL_HEADER: Uint8Array = Uint8Array.of(0x41, 0x4d, 0x51, 0x50, 0, 0, 9, 1);
/** Taken when the broker has no limit of its own. */
const DEFAULT_FRAME_MAX = 131_072;
const ANSWER_TIMEOUT_MS = 10_000;

/** Takes what comes per message. */
export interface LoadSink extends FrameSink {
  /** Bytes have come; the frames in them follow. */
  onChunk(): void;
}

/** The one channel that every connection uses. */
export const PERF_CHANNEL = 1;

type MethodOf<N extends MethodName> = Extract<Method, { readonly name: N }>;

/**
 * One TCP connection with one channel. Everything up to the load itself is a call with a reply; after `startLoad` the frames
 * that come per message (deliveries, confirms, contents) go to the given sink undecoded, for speed.
 */
export class PerfConnection implements FrameSink {
  readonly #address: BrokerAddress;
  readonly #parser: FrameParser = new FrameParser(this, 0);
  readonly #socket: Socket;
  #frameMax = DEFAULT_FRAME_MAX;
  #waiting:
    | { name: MethodName; resolve: (method: Method) => void; reject: (reason: Error) => void }
    | undefined;
  #load: LoadSink | undefined;
  #onFailure: (reason: PerfError) => void = () => {};
  #failure: PerfError | undefined;
  #ending = false;

  private constructor(address: BrokerAddress) {
    this.#address = address;
    this.#socket = connect({ host: address.host, port: address.port, noDelay: true });
    this.#socket.setTimeout(ANSWER_TIMEOUT_MS, () => this.#fail(`no answer from ${address.shown} for 10 s`));
    this.#socket.on('error', (error: NodeJS.ErrnoException) => this.#fail(socketFailure(error, address)));
    this.#socket.on('close', () => this.#fail(`${address.shown} closed the connection`));
    this.#socket.on('data', (chunk: Uint8Array) => this.#onData(chunk));
  }

  /** Connects, logs in and opens the channel. */
  static async open(address: BrokerAddress): Promise<PerfConnection> {
    const connection = new PerfConnection(address);
    const started = connection.#expect('connection.start');
    connection.#socket.write(PROTOCOL_HEADER);
    await started;
    const tune = await connection.#callChannel0('connection.start-ok', startOk(address), 'connection.tune');
    connection.#frameMax = tune.frameMax === 0 ? DEFAULT_FRAME_MAX : tune.frameMax;
    const { channelMax } = tune;
    connection.#send(0, 'connection.tune-ok', { channelMax, frameMax: connection.#frameMax, heartbeat: 0 });
    await connection.#callChannel0('connection.open', { virtualHost: address.vhost }, 'connection.open-ok');
    await connection.call('channel.open', {}, 'channel.open-ok');
    connection.#socket.setTimeout(0);
    return connection;
  }

  /** Bytes of the largest frame, its overhead included. */
  get frameMax(): number {
    return this.#frameMax;
  }

  /** True when the kernel took everything: the caller may reuse what it wrote. */
  get isFlushed(): boolean {
    return this.#socket.writableLength === 0;
  }

  call<N extends MethodName, R extends MethodName>(
    name: N,
    args: MethodArguments<N>,
    replyName: R,
  ): Promise<MethodOf<R>> {
    const reply = this.#expect(replyName);
    this.#send(PERF_CHANNEL, name, args);
    return reply;
  }

  /** From now on deliveries, confirms, headers and bodies go to `load`; `onFailure` hears when the connection ends. */
  startLoad(load: LoadSink, onFailure: (reason: PerfError) => void): void {
    this.#load = load;
    this.#onFailure = onFailure;
    if (this.#failure !== undefined) {
      onFailure(this.#failure);
    }
  }

  write(bytes: Uint8Array): void {
    this.#socket.write(bytes);
  }

  /** `onDrain` is called each time everything that was written has left, if it did not leave at once. */
  onDrain(onDrain: () => void): void {
    this.#socket.on('drain', onDrain);
  }

  /** Says good-bye, and waits until the broker has read everything that was sent, though not for ever. */
  async close(): Promise<void> {
    this.#ending = true;
    if (this.#failure !== undefined) {
      return;
    }
    this.#socket.setTimeout(ANSWER_TIMEOUT_MS);
    const args = { replyCode: 200, replyText: '', classId: 0, methodId: 0 };
    const closed = this.#callChannel0('connection.close', args, 'connection.close-ok');
    // a broker that does not answer any more is left as it is: the result is known already
    await closed.then(
      () => this.destroy(),
      () => this.destroy(),
    );
  }

  destroy(): void {
    this.#ending = true;
    this.#socket.destroy();
  }

  onFrame(type: number, channel: number, bytes: Uint8Array, start: number, end: number): void {
    if (type === FRAME_HEARTBEAT) {
      return;
    }
    if (this.#load !== undefined && (type !== FRAME_METHOD || isLoad(readU32(bytes, start)))) {
      this.#load.onFrame(type, channel, bytes, start, end);
    } else if (type === FRAME_METHOD) {
      this.#onMethod(decodeMethod(bytes, start, end));
    }
  }

  #onMethod(method: Method): void {
    if (method.name === 'connection.close' || method.name === 'channel.close') {
      this.#fail(`${this.#address.shown} closed the connection: ${method.replyCode} ${method.replyText}`);
      return;
    }
    if (method.name === 'basic.cancel') {
      this.#fail('the queue was deleted during the run');
      return;
    }
    const waiting = this.#waiting;
    if (waiting?.name === method.name) {
      this.#waiting = undefined;
      waiting.resolve(method);
    }
  }

  #onData(chunk: Uint8Array): void {
    this.#load?.onChunk();
    try {
      this.#parser.push(chunk, 0, chunk.length);
    } catch (error) {
      this.#fail(`${this.#address.shown} does not speak AMQP 0-9-1: ${(error as Error).message}`);
    }
  }

  #expect<R extends MethodName>(name: R): Promise<MethodOf<R>> {
    return new Promise((resolve, reject) => {
      if (this.#failure !== undefined) {
        reject(this.#failure);
        return;
      }
      this.#waiting = { name, resolve: (method) => resolve(method as MethodOf<R>), reject };
    });
  }

  #callChannel0<N extends MethodName, R extends MethodName>(
    name: N,
    args: MethodArguments<N>,
    replyName: R,
  ): Promise<MethodOf<R>> {
    const reply = this.#expect(replyName);
    this.#send(0, name, args);
    return reply;
  }

  #send<N extends MethodName>(channel: number, name: N, args: MethodArguments<N>): void {
    const writer = new ByteWriter();
    writeMethodFrame(writer, channel, name, args);
    this.#socket.write(writer.toBytes());
  }

  #fail(message: string): void {
    if (this.#failure !== undefined) {
      return;
    }
    this.#failure = new PerfError(message);
    this.#socket.destroy();
    this.#waiting?.reject(this.#failure);
    if (!this.#ending) {
      this.#onFailure(this.#failure);
    }
  }
}

/** The methods that come per message. */
function isLoad(key: number): boolean {
  return key === BASIC_DELIVER || key === BASIC_ACK || key === BASIC_NACK;
}

function startOk({ username, password }: BrokerAddress): MethodArguments<'connection.start-ok'> {
  return {
    clientProperties: tableOf({
      product: 'leveret perf',
      capabilities: { publisher_confirms: true, 'basic.nack': true, authentication_failure_close: true },
    }),
    mechanism: 'PLAIN',
    response: encodeUtf8(`\0${username}\0${password}`),
    locale: 'en_US',
  };
}

function socketFailure(error: NodeJS.ErrnoException, { shown }: BrokerAddress): string {
  if (error.code === 'ECONNREFUSED') {
    return `nothing listens at ${shown}; start a broker with: npx leveret serve (or name another one with --url)`;
  }
  return `cannot reach ${shown}: ${error.message}`;
}
