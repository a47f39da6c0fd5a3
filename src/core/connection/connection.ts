/**
 * One client: the protocol header, the handshake, channels, heartbeats, and the end.
 *
 *     header --AMQP 0 0 9 1--> opening --connection.open--> open --connection.close--> closed
 *        \--anything else--> closed |                        |
 *                                   +------ an error --------+--> closing --close-ok, or 5 s--> closed
 *
 * It is the one place where protocol errors are caught: a ChannelError closes its channel, a ConnectionError or
 * CodecError closes the connection. Anything else is a defect of the broker and goes on to the owner of the transport.
 */

import { copyOf, readU32, shortenUtf8 } from '../../codec/bytes.ts';
import { CodecError } from '../../codec/errors.ts';
import type { FieldTable } from '../../codec/field-table.ts';
import {
  FRAME_HEARTBEAT,
  FRAME_METHOD,
  FrameParser,
  type FrameSink,
  writeHeartbeatFrame,
} from '../../codec/frame.ts';
import { decodeMethod, writeMethodFrame } from '../../codec/method-codec.ts';
import { BASIC_PUBLISH, type Method, type MethodArguments, type MethodName } from '../../codec/methods.ts';
import { replyName } from '../../codec/reply-codes.ts';
import { Channel, type ChannelOwner } from '../channel/channel.ts';
import type { ReplyConsumers } from '../channel/reply-consumers.ts';
import type { Session } from '../channel/session.ts';
import type { Deadline } from '../deadlines.ts';
import type { BrokerEvent, Peer, Transport } from '../environment.ts';
import { ChannelError, ConnectionError } from '../errors.ts';
import { channelError, notAllowed, unexpectedFrame } from '../failures.ts';
import { Output } from '../output.ts';
import type { Queue } from '../queue/queue.ts';
import type { Runtime } from '../runtime.ts';
import type { BrokerSettings } from '../settings.ts';
import { type ConnectionLink, Handshake, type LoginHost } from './handshake.ts';

const PROTOCOL_HEADER: Uint8Array = new Uint8Array([0x41, 0x4d, 0x51, 0x50, 0, 0, 9, 1]);
/** Before tune a frame is small, but for a start-ok with a token in it. */
const HANDSHAKE_FRAME_MAX = 128 * 1024;
/** How long a client may take to answer connection.close. */
const CLOSE_TIMEOUT_MS = 5_000;
/** Answers that wait for a client that does not read: beyond it nothing of what the client sends is looked at either. */
const UNREAD_ANSWERS_MAX = 1024 * 1024;
/** A reply text is a shortstr. */
const REPLY_TEXT_BYTES_MAX = 255;
/** Heartbeats are looked at twice an interval: after four looks without a byte two intervals have passed. */
const SILENT_LOOKS_MAX = 4;

type State = 'header' | 'opening' | 'open' | 'closing' | 'closed';

interface HeldFrame {
  readonly type: number;
  readonly channelNumber: number;
  readonly payload: Uint8Array;
}

/** The broker, as far as its connections need it. */
export interface ConnectionHost extends LoginHost {
  readonly runtime: Runtime;
  readonly settings: BrokerSettings;
  readonly replyConsumers: ReplyConsumers;
  /** What publishers are told while an alarm is on. */
  readonly alarmReason: string | undefined;
  /** 530 when the user has as many channels as it may. */
  assertRoomForChannel(username: string): void;
  /** `connection` has something to flush at the end of the turn. */
  onFilling(connection: Connection): void;
  /** `channel` has answers to write once what it published in this turn is durable. */
  awaitDurable(channel: Channel): void;
  /** Writes the answers of `channel` that may be written now. */
  answerDurable(channel: Channel): void;
  /** `connection` has ended. */
  forget(connection: Connection): void;
}

export class Connection implements FrameSink, ChannelOwner, ConnectionLink {
  readonly runtime: Runtime;
  readonly settings: BrokerSettings;
  readonly peer: Peer;
  readonly output: Output;
  readonly replyConsumers: ReplyConsumers;
  readonly channels: Map<number, Channel> = new Map<number, Channel>();
  /** As negotiated. Largest frame to send, in bytes. */
  frameMax: number;
  channelMax: number;
  heartbeatSeconds = 0;
  clientProperties: FieldTable = new Map();
  /** Who is logged in; undefined before connection.open. */
  session: Session | undefined;
  /** Has published: alarms stop it. */
  isPublisher = false;
  readonly #host: ConnectionHost;
  readonly #transport: Transport;
  readonly #parser: FrameParser;
  readonly #handshake: Handshake;
  readonly #exclusiveQueues = new Set<Queue>();
  #state: State = 'header';
  /** The channel of the last frame, which the next one mostly is for. */
  #channel: Channel | undefined;
  /** Class and method of the frame at hand, for the close that an error makes; 0 for one that no frame is the cause of. */
  #methodKey = 0;
  readonly #headerBytes: number[] = [];
  /** Handshake and close time out; once open it is the heartbeat's. */
  readonly #deadline: Deadline;
  #receivedSomething = false;
  #silentLooks = 0;
  // Reasons not to read from the client: an alarm, and answers that it does not read.
  #blocked = false;
  #unread = false;
  /** Frames that came while too many answers were unread: at most what one call of `receive` brought. */
  #heldFrames: HeldFrame[] = [];
  /** In closing: nothing more is expected from the client, so that the connection ends with the next flush. */
  #endsWithFlush = false;

  constructor(host: ConnectionHost, transport: Transport, peer: Peer) {
    this.#host = host;
    this.runtime = host.runtime;
    this.settings = host.settings;
    this.replyConsumers = host.replyConsumers;
    this.peer = peer;
    this.frameMax = this.settings.frameMax;
    this.channelMax = this.settings.channelMax;
    this.#transport = transport;
    this.output = new Output(transport, () => host.onFilling(this));
    this.#parser = new FrameParser(this, HANDSHAKE_FRAME_MAX);
    this.#handshake = new Handshake(this, host);
    this.#deadline = this.runtime.makeDeadline(() => this.#onDeadline());
    this.runtime.deadlines.set(this.#deadline, this.runtime.now() + this.settings.handshakeTimeoutMs);
  }

  /** Between the protocol header and connection.open-ok. */
  get isOpening(): boolean {
    return this.#state === 'opening';
  }

  get isOpen(): boolean {
    return this.#state === 'open';
  }

  get isClosed(): boolean {
    return this.#state === 'closed';
  }

  get exclusiveQueues(): ReadonlySet<Queue> {
    return this.#exclusiveQueues;
  }

  // ---- from the transport ----

  /** Bytes from the client, valid during the call. Throws only for a defect of the broker. */
  receive(bytes: Uint8Array, start: number, end: number): void {
    if (this.#state === 'closed') return;
    this.#receivedSomething = true;
    const from = this.#state === 'header' ? this.#onHeaderBytes(bytes, start, end) : start;
    if (from === end || this.isClosed) return;
    try {
      this.#parser.push(bytes, from, end);
    } catch (error) {
      this.#methodKey = 0;
      this.#onError(0, error);
      // No frame can be found in what follows, not even connection.close-ok.
      this.#endsWithFlush = true;
    }
    this.#methodKey = 0;
  }

  /** Everything written has left: deliveries may go on. */
  drained(): void {
    this.output.drained();
    this.#unread = false;
    this.#handOnHeldFrames();
    this.#updateReading();
    for (const channel of this.channels.values()) channel.deliveries.unparkAll();
  }

  /** The stream has ended. */
  transportClosed(reason?: string): void {
    if (this.#state === 'open') {
      this.log(
        'info',
        `client closed the stream without connection.close${reason === undefined ? '' : `: ${reason}`}`,
      );
    }
    this.#dispose();
  }

  /** A frame of the client. Runs per frame. */
  onFrame(type: number, channelNumber: number, bytes: Uint8Array, start: number, end: number): void {
    if (this.#state === 'closed') return;
    if (this.output.congestedBytes > UNREAD_ANSWERS_MAX && this.#state === 'open') {
      this.#hold({ type, channelNumber, payload: copyOf(bytes, start, end) });
      return;
    }
    try {
      this.#methodKey = methodKeyOf(type, bytes, start, end);
      const channel = this.#channel;
      if (
        channel !== undefined &&
        channel.number === channelNumber &&
        this.#state === 'open' &&
        type !== FRAME_HEARTBEAT
      ) {
        channel.onFrame(type, bytes, start, end);
      } else {
        this.#onOtherFrame(type, channelNumber, bytes, start, end);
      }
    } catch (error) {
      this.#onError(channelNumber, error);
    }
  }

  // ---- handshake ----

  setClientProperties(properties: FieldTable): void {
    this.clientProperties = properties;
  }

  /** Whether the client announced a capability. */
  clientHas(capability: string): boolean {
    const capabilities = this.clientProperties.get('capabilities')?.value;
    return capabilities instanceof Map && capabilities.get(capability)?.value === true;
  }

  tune(channelMax: number, frameMax: number, heartbeatSeconds: number): void {
    this.channelMax = channelMax;
    this.frameMax = frameMax;
    this.heartbeatSeconds = heartbeatSeconds;
    this.#parser.frameMax = frameMax;
  }

  open(session: Session): void {
    this.session = session;
    this.#state = 'open';
    session.vhost.connectionCount++;
    this.send('connection.open-ok', {});
    this.#scheduleHeartbeat();
    this.log('info', `user '${session.username}' opened vhost '${session.vhost.name}'`);
  }

  // ---- to the client ----

  /** Sends a method on channel 0. */
  send<N extends MethodName>(name: N, args: MethodArguments<N>): void {
    writeMethodFrame(this.output.writer(), 0, name, args);
  }

  /** Hands over what was written in this turn. */
  flush(): void {
    if (this.isClosed) return;
    this.output.flush();
    if (this.output.congestedBytes > UNREAD_ANSWERS_MAX) {
      this.#unread = true;
      this.#updateReading();
    }
    if (this.#state === 'closing' && this.#endsWithFlush) this.#finish();
  }

  /** An alarm is on: publishers are told, and not read from. */
  block(reason: string): void {
    if (this.#blocked || !this.isOpen || !this.isPublisher) return;
    this.#blocked = true;
    if (this.clientHas('connection.blocked')) this.send('connection.blocked', { reason });
    this.#updateReading();
  }

  unblock(): void {
    if (!this.#blocked) return;
    this.#blocked = false;
    if (this.clientHas('connection.blocked')) this.send('connection.unblocked', {});
    this.#updateReading();
  }

  /** The client publishes for the first time. */
  becomePublisher(): void {
    this.isPublisher = true;
    const reason = this.#host.alarmReason;
    if (reason !== undefined) this.block(reason);
  }

  /** Closes the connection with an error (amqp connection.close). */
  fail(error: ConnectionError | CodecError): void {
    if (this.#state === 'closing' || this.#state === 'closed') return;
    if (this.#state === 'header') {
      this.abandon('broker is closing');
      return;
    }
    const replyText =
      error instanceof CodecError ? `${replyName(error.replyCode)} - ${error.message}` : error.message;
    this.log('warn', `closing the connection: ${replyText}`);
    this.send('connection.close', {
      replyCode: error.replyCode,
      replyText: shorten(replyText),
      ...this.#method(),
    });
    this.#release();
    this.#state = 'closing';
    this.#updateReading();
    this.runtime.deadlines.set(this.#deadline, this.runtime.now() + CLOSE_TIMEOUT_MS);
  }

  /** Closes a channel with an error (amqp channel.close). */
  failChannel(channel: Channel, error: ChannelError): void {
    if (channel.state === 'closing') return;
    this.log('warn', `closing channel ${channel.number}: ${error.message}`);
    // Messages that the error came behind are safe: their confirms must not be lost with the channel.
    this.answerDurable(channel);
    channel.send('channel.close', {
      replyCode: error.replyCode,
      replyText: shorten(error.message),
      ...this.#method(),
    });
    channel.dispose();
  }

  /** amqp channel.close from the client */
  closeChannel(channel: Channel): void {
    this.answerDurable(channel);
    channel.dispose();
    channel.send('channel.close-ok', {});
    this.forgetChannel(channel);
  }

  forgetChannel(channel: Channel): void {
    this.channels.delete(channel.number);
    if (this.#channel === channel) this.#channel = undefined;
  }

  /** Closes the stream without a word. */
  abandon(reason: string): void {
    if (this.isClosed) return;
    this.log('info', `closed: ${reason}`);
    this.output.flush();
    this.#dispose();
    this.#transport.close();
  }

  awaitDurable(channel: Channel): void {
    this.#host.awaitDurable(channel);
  }

  answerDurable(channel: Channel): void {
    this.#host.answerDurable(channel);
  }

  ownQueue(queue: Queue): void {
    this.#exclusiveQueues.add(queue);
  }

  disownQueue(queue: Queue): void {
    this.#exclusiveQueues.delete(queue);
  }

  log(level: BrokerEvent['level'], text: string): void {
    const { remoteAddress, remotePort } = this.peer;
    this.runtime.environment.onEvent({ level, text: `connection ${remoteAddress}:${remotePort}: ${text}` });
  }

  // ---- inside ----

  /** Collects the protocol header. Returns where the rest begins. */
  #onHeaderBytes(bytes: Uint8Array, start: number, end: number): number {
    let at = start;
    while (at < end && this.#headerBytes.length < PROTOCOL_HEADER.length)
      this.#headerBytes.push(bytes[at++] as number);
    const matches = this.#headerBytes.every((byte, index) => byte === PROTOCOL_HEADER[index]);
    if (!matches) this.#refuseHeader();
    else if (this.#headerBytes.length === PROTOCOL_HEADER.length) {
      this.#state = 'opening';
      this.#handshake.begin();
    }
    return at;
  }

  /** amqp 4.2.2: a server that does not speak the client's protocol says which one it speaks, and closes */
  #refuseHeader(): void {
    this.output.writer().raw(PROTOCOL_HEADER, 0, PROTOCOL_HEADER.length);
    const seen = this.#headerBytes.map((byte) => byte.toString(16).padStart(2, '0')).join(' ');
    this.abandon(`protocol header begins with ${seen}, expected 41 4d 51 50 00 00 09 01 (AMQP 0-9-1)`);
  }

  #onOtherFrame(type: number, channelNumber: number, bytes: Uint8Array, start: number, end: number): void {
    if (type === FRAME_HEARTBEAT) {
      if (channelNumber !== 0)
        throw unexpectedFrame(`heartbeat on channel ${channelNumber}: it belongs on channel 0`);
    } else if (channelNumber === 0) {
      if (type !== FRAME_METHOD)
        throw unexpectedFrame(`frame of type ${type} on channel 0: content needs a channel`);
      this.#onMethod(decodeMethod(bytes, start, end));
    } else if (this.#state === 'open') {
      this.#onChannelFrame(type, channelNumber, bytes, start, end);
    } else if (this.#state === 'opening') {
      throw channelError(`frame on channel ${channelNumber} before connection.open`);
    }
  }

  #onChannelFrame(type: number, channelNumber: number, bytes: Uint8Array, start: number, end: number): void {
    const known = this.channels.get(channelNumber);
    if (known !== undefined) {
      this.#channel = known;
      known.onFrame(type, bytes, start, end);
      return;
    }
    if (type !== FRAME_METHOD) throw channelError(`frame on channel ${channelNumber}, which is not open`);
    const method = decodeMethod(bytes, start, end);
    if (method.name === 'channel.open') this.#openChannel(channelNumber);
    else if (method.name !== 'channel.close-ok') {
      throw channelError(`expected 'channel.open' on channel ${channelNumber}, found ${method.name}`);
    }
  }

  #openChannel(number: number): void {
    const session = this.session as Session;
    if (number > this.channelMax) {
      throw notAllowed(`channel number ${number} is above the negotiated channel_max (${this.channelMax})`);
    }
    this.#host.assertRoomForChannel(session.username);
    const channel = new Channel(this, session, number);
    this.channels.set(number, channel);
    this.#channel = channel;
    channel.send('channel.open-ok', {});
  }

  /** A few octets can ask for a large message, and a chunk holds many of them: what is left of it waits, too. */
  #hold(frame: HeldFrame): void {
    this.#heldFrames.push(frame);
    this.#unread = true;
    this.#updateReading();
  }

  /** In their order; those that there is no room for are held again. */
  #handOnHeldFrames(): void {
    const held = this.#heldFrames;
    if (held.length === 0) return;
    this.#heldFrames = [];
    for (const { type, channelNumber, payload } of held)
      this.onFrame(type, channelNumber, payload, 0, payload.length);
    this.#methodKey = 0;
  }

  #onMethod(method: Method): void {
    if (method.name === 'connection.close') {
      this.#onClose();
    } else if (this.#state === 'closing') {
      if (method.name === 'connection.close-ok') this.#finish();
    } else if (this.#state === 'opening') {
      this.#handshake.onMethod(method);
    } else if (method.name === 'connection.update-secret') {
      this.log('info', 'the client renewed its secret');
      this.send('connection.update-secret-ok', {});
    } else {
      throw channelError(`unexpected method ${method.name} on channel 0 of an open connection`);
    }
  }

  #onClose(): void {
    for (const channel of this.channels.values()) this.answerDurable(channel);
    this.send('connection.close-ok', {});
    this.#release();
    this.#state = 'closing';
    this.#endsWithFlush = true;
  }

  #finish(): void {
    this.output.flush();
    this.#dispose();
    this.#transport.close();
  }

  #onError(channelNumber: number, error: unknown): void {
    if (error instanceof ChannelError) {
      const channel = this.channels.get(channelNumber);
      if (channel !== undefined) this.failChannel(channel, error);
      else this.fail(new ConnectionError(error.replyCode, error.message));
    } else if (error instanceof ConnectionError || error instanceof CodecError) {
      this.fail(error);
    } else {
      throw error;
    }
  }

  #method(): { classId: number; methodId: number } {
    return { classId: this.#methodKey >>> 16, methodId: this.#methodKey & 0xffff };
  }

  /** A client that is told to close is read from again: its close-ok may come behind what was not read. */
  #updateReading(): void {
    if (this.#state === 'open' && (this.#blocked || this.#unread)) this.#transport.pause();
    else this.#transport.resume();
  }

  #onDeadline(): void {
    if (this.#state === 'open') this.#onHeartbeatDue();
    else if (this.#state === 'closing') this.#finish();
    else this.abandon(`handshake not finished after ${this.settings.handshakeTimeoutMs} ms`);
  }

  #scheduleHeartbeat(): void {
    const halfMs = this.heartbeatSeconds * 500;
    this.runtime.deadlines.set(
      this.#deadline,
      halfMs === 0 ? Number.POSITIVE_INFINITY : this.runtime.now() + halfMs,
    );
  }

  /** Twice an interval: speaks when nothing was said, and gives up a client that has been silent for two intervals. */
  #onHeartbeatDue(): void {
    const judged = !this.#blocked && !this.#unread;
    this.#silentLooks = this.#receivedSomething || !judged ? 0 : this.#silentLooks + 1;
    this.#receivedSomething = false;
    if (this.#silentLooks >= SILENT_LOOKS_MAX) {
      this.abandon(`missed heartbeats from the client, interval ${this.heartbeatSeconds} s`);
      return;
    }
    if (this.output.takeIdle()) writeHeartbeatFrame(this.output.writer());
    this.#scheduleHeartbeat();
  }

  /** Gives back all that the connection holds; the stream may still be open to say good-bye. */
  #release(): void {
    this.runtime.deadlines.clear(this.#deadline);
    this.#heldFrames = [];
    for (const channel of this.channels.values()) channel.dispose();
    this.channels.clear();
    this.#channel = undefined;
    for (const queue of [...this.#exclusiveQueues]) queue.vhost.removeQueue(queue);
    if (this.session !== undefined) this.session.vhost.connectionCount--;
    this.session = undefined;
  }

  #dispose(): void {
    if (this.isClosed) return;
    this.#release();
    this.#state = 'closed';
    this.#parser.stop();
    this.output.discard();
    this.#host.forget(this);
  }
}

/** The method that a frame is, or that its content belongs to. Runs per frame. */
function methodKeyOf(type: number, bytes: Uint8Array, start: number, end: number): number {
  if (type === FRAME_METHOD) return end - start < 4 ? 0 : readU32(bytes, start);
  return type === FRAME_HEARTBEAT ? 0 : BASIC_PUBLISH;
}

/** What fits into a shortstr. */
function shorten(text: string): string {
  return shortenUtf8(text, REPLY_TEXT_BYTES_MAX);
}
