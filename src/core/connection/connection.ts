/**
 * One client: the protocol header, the handshake, channels, and the end.
 *
 *     header --AMQP 0 0 9 1--> opening --connection.open--> open
 *
 *     header            --anything else-->                                closed
 *     opening, open     --an error: connection.close is sent-->           closing
 *     any but closed    --connection.close of the client-->               leaving
 *     any but closed    --bytes in which no frame can be found-->         leaving
 *     closing           --connection.close-ok, or 5 s without it-->       closed
 *     leaving           --flushed: nothing more is expected, or 5 s-->    closed
 *     any               --the stream ends-->                              closed
 *
 * It is the one place where protocol errors are caught: a ChannelError closes its channel, a ConnectionError or
 * CodecError closes the connection. Anything else is a defect of the broker and goes on to the owner of the transport.
 */

import { decodeUtf8, readU32, shortenUtf8 } from '../../codec/bytes.ts';
import { CodecError } from '../../codec/errors.ts';
import type { FieldTable } from '../../codec/field-table.ts';
import { FRAME_HEARTBEAT, FRAME_METHOD, FrameParser, type FrameSink } from '../../codec/frame.ts';
import { decodeMethod, writeMethodFrame } from '../../codec/method-codec.ts';
import { BASIC_PUBLISH, type Method, type MethodArguments, type MethodName } from '../../codec/methods.ts';
import { CONNECTION_FORCED, replyName } from '../../codec/reply-codes.ts';
import type { Identity } from '../access/identity.ts';
import { Channel, type ChannelOwner } from '../channel/channel.ts';
import type { ReplyConsumers } from '../channel/reply-consumers.ts';
import type { Deadline } from '../deadlines.ts';
import type { BrokerEvent, Peer, Transport } from '../environment.ts';
import { ChannelError, ConnectionError } from '../errors.ts';
import { channelError, connectionForced, notAllowed, unexpectedFrame } from '../failures.ts';
import { Output } from '../output.ts';
import type { Queue } from '../queue/queue.ts';
import type { Runtime } from '../runtime.ts';
import type { Session } from '../session/session.ts';
import type { BrokerSettings } from '../settings.ts';
import type { Traffic } from '../statistics/traffic.ts';
import { TrafficActivity } from '../statistics/traffic-activity.ts';
import { connectionName } from './connection-name.ts';
import { type ConnectionLink, Handshake, type LoginHost } from './handshake.ts';
import { Heartbeat } from './heartbeat.ts';
import { ReadingGate } from './reading-gate.ts';

const PROTOCOL_HEADER: Uint8Array = new Uint8Array([0x41, 0x4d, 0x51, 0x50, 0, 0, 9, 1]);
/** Before tune a frame is small, but for a start-ok with a token in it. */
const HANDSHAKE_FRAME_MAX = 128 * 1024;
/** How long a client may take to answer connection.close. */
const CLOSE_TIMEOUT_MS = 5_000;
/** A reply text is a shortstr. */
const REPLY_TEXT_BYTES_MAX = 255;
/** A token is looked at this often at least: the clock that it expires by can be set. */
const EXPIRY_LOOK_MS = 60_000;
type State =
  | { readonly name: 'header'; readonly bytes: number[] }
  | { readonly name: 'opening'; readonly handshake: Handshake }
  | OpenState
  | { readonly name: 'closing' }
  | { readonly name: 'leaving' }
  | { readonly name: 'closed' };

/** What happens once something is durable, in the name of the frame that it is for. */
interface Awaited {
  readonly channelNumber: number;
  readonly methodKey: number;
  readonly resume: () => void;
}

interface OpenState {
  readonly name: 'open';
  readonly session: Session;
  readonly gate: ReadingGate;
  readonly heartbeat: Heartbeat;
}

/** The broker, as far as its connections need it. */
export interface ConnectionHost extends LoginHost {
  readonly runtime: Runtime;
  readonly settings: BrokerSettings;
  readonly replyConsumers: ReplyConsumers;
  /** What publishers are told while an alarm is on. */
  readonly alarmReason: string | undefined;
  /** Whether publishers are not read from because the store has to catch up. */
  readonly storeIsBehind: boolean;
  /** Calls `done` exactly once, maybe before it returns: with why the new password or token is refused, or undefined. */
  renewSecret(identity: Identity, secret: string, done: (refused: string | undefined) => void): void;
  /** 530 when the user has as many channels as it may. */
  assertRoomForChannel(username: string): void;
  /** `connection` has something to flush at the end of the turn. */
  onFilling(connection: Connection): void;
  /** `channel` has confirms to write once what it published in this turn is durable. */
  awaitDurable(channel: Channel): void;
  /** Writes the confirms of `channel` that may be written now. */
  answerDurable(channel: Channel): void;
  /** `connection.onDurable` is to be called once all that happened by now is durable; in a later turn. */
  resumeWhenDurable(connection: Connection): void;
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
  readonly activity: TrafficActivity;
  /** As negotiated. Largest frame to send, in bytes. */
  frameMax: number;
  channelMax: number;
  heartbeatSeconds = 0;
  clientProperties: FieldTable = new Map();
  /** Of SASL, by which the client logs in; empty before that. */
  mechanism = '';
  /** Milliseconds since 1970. */
  readonly connectedAtMs: number;
  /** Has published: alarms stop it. */
  isPublisher = false;
  heldResultBytes = 0;
  #receivedBytes = 0;
  readonly #host: ConnectionHost;
  readonly #transport: Transport;
  readonly #parser: FrameParser;
  readonly #exclusiveQueues = new Set<Queue>();
  /** Assigned by the `become` methods only. */
  #state: State = { name: 'header', bytes: [] };
  /** The channel of the last frame, which the next one mostly is for. **Invariant:** undefined unless open. */
  #channel: Channel | undefined;
  /** Frames are held until it has happened. **Invariant:** undefined unless open. */
  #awaited: Awaited | undefined;
  /** The broker was stopped in the middle of things. */
  #isHalted = false;
  /** Class and method of the frame at hand, for the close that an error makes; 0 for one that no frame is the cause of. */
  #methodKey = 0;
  /** Handshake and close time out; once open it is the heartbeat's. */
  readonly #deadline: Deadline;
  /** Of the token that the client logged in with. */
  readonly #expiry: Deadline;

  constructor(host: ConnectionHost, transport: Transport, peer: Peer) {
    this.#host = host;
    this.runtime = host.runtime;
    this.settings = host.settings;
    this.replyConsumers = host.replyConsumers;
    this.peer = peer;
    this.connectedAtMs = this.runtime.environment.clock.wallMs();
    this.frameMax = this.settings.frameMax;
    this.channelMax = this.settings.channelMax;
    this.#transport = transport;
    this.output = new Output(transport, () => host.onFilling(this));
    this.activity = new TrafficActivity(this.runtime.statistics, this);
    this.#parser = new FrameParser(this, HANDSHAKE_FRAME_MAX);
    this.#deadline = this.runtime.makeDeadline(() => this.#onDeadline());
    this.#expiry = this.runtime.makeDeadline(() => this.#onExpiry());
    this.runtime.deadlines.set(this.#deadline, this.runtime.now() + this.settings.handshakeTimeoutMs);
  }

  /** Between the protocol header and connection.open-ok. */
  get isOpening(): boolean {
    return this.#state.name === 'opening';
  }

  get isOpen(): boolean {
    return this.#state.name === 'open';
  }

  get isClosed(): boolean {
    return this.#state.name === 'closed';
  }

  /** Both ends of the stream, as RabbitMQ names a connection. */
  get name(): string {
    return connectionName(this.peer);
  }

  /** Whether it publishes and is not read from, because an alarm is on. */
  get isBlocked(): boolean {
    return this.#state.name === 'open' && this.#state.gate.isBlocked;
  }

  /** Who is logged in; undefined unless open. */
  get session(): Session | undefined {
    return this.#state.name === 'open' ? this.#state.session : undefined;
  }

  /** What went over the stream so far. */
  get traffic(): Traffic {
    const { sentBytes, sentMethods, sentContents } = this.output;
    return {
      receivedBytes: this.#receivedBytes,
      receivedFrames: this.#parser.frameCount,
      sentBytes,
      sentFrames: sentMethods + 2 * sentContents,
    };
  }

  // ---- from the transport ----

  /** Bytes from the client, valid during the call. Throws only for a defect of the broker. */
  receive(bytes: Uint8Array, start: number, end: number): void {
    try {
      this.#receive(bytes, start, end);
    } catch (error) {
      this.#throwUnlessHalted(error);
    }
  }

  /** Everything written has left: deliveries may go on. */
  drained(): void {
    try {
      this.#drained();
    } catch (error) {
      this.#throwUnlessHalted(error);
    }
  }

  /** The stream has ended. */
  transportClosed(reason?: string): void {
    if (this.isOpen) {
      this.log(
        'info',
        `client closed the stream without connection.close${reason === undefined ? '' : `: ${reason}`}`,
      );
    }
    try {
      this.#becomeClosed();
    } catch (error) {
      this.#throwUnlessHalted(error);
    }
  }

  #receive(bytes: Uint8Array, start: number, end: number): void {
    const state = this.#state;
    if (state.name === 'closed') return;
    this.#receivedBytes += end - start;
    this.activity.touch();
    if (state.name === 'open') state.heartbeat.onReceived();
    const from = state.name === 'header' ? this.#onHeaderBytes(state.bytes, bytes, start, end) : start;
    if (from === end || this.isClosed) return;
    try {
      this.#parser.push(bytes, from, end);
    } catch (error) {
      this.#methodKey = 0;
      this.#onError(0, error);
      // No frame can be found in what follows, not even connection.close-ok.
      if (!this.isClosed) this.#becomeLeaving();
    }
    this.#methodKey = 0;
    this.#requestCommit();
  }

  #drained(): void {
    this.output.drained();
    if (this.#state.name === 'open') {
      this.#state.gate.drained();
      this.#handleHeld(this.#state.gate);
    }
    for (const channel of this.channels.values()) channel.deliveries.unparkAll();
  }

  /** What breaks because the broker was stopped meanwhile is no defect, and its owner knows the cause. */
  #throwUnlessHalted(error: unknown): void {
    if (!this.#isHalted) throw error;
  }

  /** A frame of the client. Runs per frame. */
  onFrame(type: number, channelNumber: number, bytes: Uint8Array, start: number, end: number): void {
    if (this.#mustHold && this.#state.name === 'open') {
      this.#state.gate.hold(type, channelNumber, bytes, start, end);
      return;
    }
    try {
      this.#methodKey = methodKeyOf(type, bytes, start, end);
      const channel = this.#channel;
      if (channel !== undefined && channel.number === channelNumber && type !== FRAME_HEARTBEAT) {
        channel.onFrame(type, bytes, start, end);
      } else {
        this.#onOtherFrame(type, channelNumber, bytes, start, end);
      }
    } catch (error) {
      this.#onError(channelNumber, error);
    }
  }

  // ---- handshake ----

  setClientProperties(properties: FieldTable, mechanism: string): void {
    this.clientProperties = properties;
    this.mechanism = mechanism;
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
    this.#becomeOpen(session);
    this.send('connection.open-ok', {});
    this.log('info', `user '${session.username}' opened vhost '${session.vhost.name}'`);
  }

  // ---- to the client ----

  /** Sends a method on channel 0. */
  send<N extends MethodName>(name: N, args: MethodArguments<N>): void {
    writeMethodFrame(this.output.writer(), 0, name, args);
  }

  /** Hands over what was written in this turn. */
  flush(): void {
    const state = this.#state;
    if (state.name === 'closed') return;
    this.activity.touch();
    this.output.flush();
    if (state.name === 'open') state.gate.afterFlush();
    else if (state.name === 'leaving') this.#finish();
  }

  /** An alarm is on: publishers are told, and not read from. */
  block(reason: string): void {
    const state = this.#state;
    if (state.name !== 'open' || state.gate.isBlocked || !this.isPublisher) return;
    if (this.clientHas('connection.blocked')) this.send('connection.blocked', { reason });
    state.gate.block();
  }

  unblock(): void {
    const state = this.#state;
    if (state.name !== 'open' || !state.gate.isBlocked) return;
    if (this.clientHas('connection.blocked')) this.send('connection.unblocked', {});
    state.gate.unblock();
  }

  /** The store has more that is not durable than it should: who publishes is not read from. */
  storeBehind(): void {
    if (this.#state.name === 'open' && this.isPublisher) this.#state.gate.storeBehind();
  }

  storeCaughtUp(): void {
    if (this.#state.name === 'open') this.#state.gate.storeCaughtUp();
  }

  /** The client publishes for the first time. */
  becomePublisher(): void {
    this.isPublisher = true;
    if (this.#host.storeIsBehind) this.storeBehind();
    const reason = this.#host.alarmReason;
    if (reason !== undefined) this.block(reason);
  }

  /** Closes the connection with an error (amqp connection.close). */
  fail(error: ConnectionError | CodecError): void {
    const { name } = this.#state;
    if (name === 'closing' || name === 'leaving' || name === 'closed') return;
    if (name === 'header') {
      this.abandon('broker is closing');
      return;
    }
    const replyText =
      error instanceof CodecError ? `${replyName(error.replyCode)} - ${error.message}` : error.message;
    // With 320 it is an operator who closes it.
    this.log(error.replyCode === CONNECTION_FORCED ? 'info' : 'warn', `closing the connection: ${replyText}`);
    this.send('connection.close', {
      replyCode: error.replyCode,
      replyText: shorten(replyText),
      ...this.#method(),
    });
    this.#becomeClosing();
  }

  /** Closes a channel with an error (amqp channel.close). */
  failChannel(channel: Channel, error: ChannelError): void {
    if (channel.state === 'closing') return;
    this.log('warn', `closing channel ${channel.number}: ${error.message}`);
    // Messages that the error came behind are stored: the confirms of those that are durable by now must not be lost with the
    // channel. The others remain unconfirmed, as it is with a connection that ends.
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
    this.#finish();
  }

  /**
   * The broker stops where it is: the stream ends, and nothing that the connection holds is given back, which would change a
   * state that is in doubt.
   */
  halt(): void {
    if (this.isClosed) return;
    this.#isHalted = true;
    this.#state = { name: 'closed' };
    this.#channel = undefined;
    this.#awaited = undefined;
    this.#parser.stop();
    this.output.discard();
    this.#transport.close();
  }

  awaitDurable(channel: Channel): void {
    this.#host.awaitDurable(channel);
  }

  answerDurable(channel: Channel): void {
    this.#host.answerDurable(channel);
  }

  holdUntilDurable(channelNumber: number, resume: () => void): void {
    const state = this.#state;
    if (!this.runtime.store.survives) {
      resume();
    } else if (state.name === 'open') {
      this.#awaited = { channelNumber, methodKey: this.#methodKey, resume };
      state.gate.awaitDurable();
      this.#host.resumeWhenDurable(this);
    }
  }

  /** What the connection holds its frames for is durable: it goes on. Returns how many frames it handled. */
  onDurable(): number {
    const state = this.#state;
    const awaited = this.#awaited;
    if (state.name !== 'open' || awaited === undefined) return 0;
    this.#awaited = undefined;
    state.gate.durable();
    this.#methodKey = awaited.methodKey;
    try {
      awaited.resume();
    } catch (error) {
      this.#onError(awaited.channelNumber, error);
    }
    return this.#handleHeld(state.gate);
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

  /** What the client did is to become durable although nothing else may ask for a turn: acks of a queue that is empty now. */
  #requestCommit(): void {
    if (this.runtime.store.survives) this.runtime.requestTurn();
  }

  /** Collects the protocol header in `seen`. Returns where the rest begins. */
  #onHeaderBytes(seen: number[], bytes: Uint8Array, start: number, end: number): number {
    let at = start;
    while (at < end && seen.length < PROTOCOL_HEADER.length) seen.push(bytes[at++] as number);
    const matches = seen.every((byte, index) => byte === PROTOCOL_HEADER[index]);
    if (!matches) this.#refuseHeader(seen);
    else if (seen.length === PROTOCOL_HEADER.length) this.#becomeOpening();
    return at;
  }

  /** amqp 4.2.2: a server that does not speak the client's protocol says which one it speaks, and closes */
  #refuseHeader(seen: readonly number[]): void {
    this.output.writer().raw(PROTOCOL_HEADER, 0, PROTOCOL_HEADER.length);
    const found = seen.map((byte) => byte.toString(16).padStart(2, '0')).join(' ');
    this.abandon(`protocol header begins with ${found}, expected 41 4d 51 50 00 00 09 01 (AMQP 0-9-1)`);
  }

  #onOtherFrame(type: number, channelNumber: number, bytes: Uint8Array, start: number, end: number): void {
    const state = this.#state;
    if (state.name === 'closed') return;
    if (type === FRAME_HEARTBEAT) {
      if (channelNumber !== 0)
        throw unexpectedFrame(`heartbeat on channel ${channelNumber}: it belongs on channel 0`);
    } else if (channelNumber === 0) {
      if (type !== FRAME_METHOD)
        throw unexpectedFrame(`frame of type ${type} on channel 0: content needs a channel`);
      this.#onMethod(decodeMethod(bytes, start, end));
    } else if (state.name === 'open') {
      this.#onChannelFrame(state.session, type, channelNumber, bytes, start, end);
    } else if (state.name === 'opening') {
      throw channelError(`frame on channel ${channelNumber} before connection.open`);
    }
  }

  #onChannelFrame(
    session: Session,
    type: number,
    channelNumber: number,
    bytes: Uint8Array,
    start: number,
    end: number,
  ): void {
    const known = this.channels.get(channelNumber);
    if (known !== undefined) {
      this.#channel = known;
      known.onFrame(type, bytes, start, end);
      return;
    }
    if (type !== FRAME_METHOD) throw channelError(`frame on channel ${channelNumber}, which is not open`);
    const method = decodeMethod(bytes, start, end);
    if (method.name === 'channel.open') this.#openChannel(session, channelNumber);
    else if (method.name !== 'channel.close-ok') {
      throw channelError(`expected 'channel.open' on channel ${channelNumber}, found ${method.name}`);
    }
  }

  #openChannel(session: Session, number: number): void {
    if (number > this.channelMax) {
      throw notAllowed(`channel number ${number} is above the negotiated channel_max (${this.channelMax})`);
    }
    this.#host.assertRoomForChannel(session.username);
    const channel = new Channel(this, session, number);
    this.channels.set(number, channel);
    this.#channel = channel;
    channel.send('channel.open-ok', {});
  }

  /** Whether a frame has to wait. Runs per frame. */
  get #mustHold(): boolean {
    return this.#awaited !== undefined || this.output.answersAreUnread;
  }

  /** Handles the held frames, up to one behind which they have to wait again, and reads on. Returns how many. */
  #handleHeld(gate: ReadingGate): number {
    let count = 0;
    while (!(this.#mustHold && this.isOpen)) {
      const frame = gate.takeHeldFrame();
      if (frame === undefined) break;
      this.onFrame(frame.type, frame.channelNumber, frame.payload, 0, frame.payload.length);
      count++;
    }
    this.#methodKey = 0;
    if (count > 0) this.#requestCommit();
    if (this.isOpen) gate.update();
    return count;
  }

  #onMethod(method: Method): void {
    if (method.name === 'connection.close') {
      this.#onClose();
      return;
    }
    const state = this.#state;
    switch (state.name) {
      case 'opening':
        state.handshake.onMethod(method);
        return;
      case 'open':
        this.#onMethodWhileOpen(method);
        return;
      case 'closing':
      case 'leaving':
        if (method.name === 'connection.close-ok') this.#finish();
        return;
      case 'header':
      case 'closed':
        return;
    }
  }

  #onMethodWhileOpen(method: Method): void {
    if (method.name !== 'connection.update-secret') {
      throw channelError(`unexpected method ${method.name} on channel 0 of an open connection`);
    }
    const { session } = this;
    if (session === undefined) return;
    const secret = decodeUtf8(method.newSecret, 0, method.newSecret.length);
    this.#host.renewSecret(session.identity, secret, (refused) => this.#onRenewed(session, refused));
  }

  /** May run later than the frame that asked for it. */
  #onRenewed(session: Session, refused: string | undefined): void {
    if (!this.isOpen) return;
    if (refused === undefined) {
      this.log('info', 'the client renewed its secret');
      this.send('connection.update-secret-ok', {});
      this.#awaitExpiry(session);
    } else {
      this.log('warn', `a new secret of user '${session.username}' was refused: ${refused}`);
      this.fail(notAllowed('the new secret was refused. For details see the broker logfile.'));
    }
  }

  #awaitExpiry({ identity }: Session): void {
    const { expiresAtMs } = identity;
    if (expiresAtMs === undefined) return;
    const leftMs = expiresAtMs - this.runtime.environment.clock.wallMs();
    this.runtime.deadlines.set(this.#expiry, this.runtime.now() + Math.min(leftMs, EXPIRY_LOOK_MS));
  }

  /** The wall clock may have been set meanwhile, so it is asked again. */
  #onExpiry(): void {
    const { session } = this;
    if (session === undefined) return;
    const { expiresAtMs = Number.POSITIVE_INFINITY } = session.identity;
    if (this.runtime.environment.clock.wallMs() < expiresAtMs) this.#awaitExpiry(session);
    else this.fail(connectionForced(`the token of user '${session.username}' has expired`));
  }

  #onClose(): void {
    for (const channel of this.channels.values()) this.answerDurable(channel);
    this.send('connection.close-ok', {});
    this.#becomeLeaving();
  }

  #finish(): void {
    this.output.flush();
    this.#becomeClosed();
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

  #onDeadline(): void {
    const state = this.#state;
    switch (state.name) {
      case 'header':
      case 'opening':
        this.abandon(`handshake not finished after ${this.settings.handshakeTimeoutMs} ms`);
        return;
      case 'open':
        this.#onHeartbeatDue(state.heartbeat);
        return;
      case 'closing':
      case 'leaving':
        this.#finish();
        return;
      case 'closed':
        return;
    }
  }

  #onHeartbeatDue(heartbeat: Heartbeat): void {
    if (heartbeat.look()) this.#deadlineIn(heartbeat.lookMs);
    else this.abandon(`missed heartbeats from the client, interval ${heartbeat.intervalSeconds} s`);
  }

  #deadlineIn(ms: number): void {
    this.runtime.deadlines.set(this.#deadline, this.runtime.now() + ms);
  }

  // ---- states ----

  #becomeOpening(): void {
    const handshake = new Handshake(this, this.#host);
    this.#state = { name: 'opening', handshake };
    handshake.begin();
  }

  #becomeOpen(session: Session): void {
    const gate = new ReadingGate(this.#transport, this.output);
    const heartbeat = new Heartbeat(this.heartbeatSeconds, this.output, gate);
    this.#state = { name: 'open', session, gate, heartbeat };
    session.vhost.connectionCount++;
    this.runtime.statistics.churn.connectionsOpened++;
    this.#deadlineIn(heartbeat.lookMs);
    this.#awaitExpiry(session);
  }

  /** The client is read from, alarm or not: its close-ok may come behind what was not read. */
  #becomeClosing(): void {
    this.#release();
    this.#state = { name: 'closing' };
    this.#transport.resume();
    this.#deadlineIn(CLOSE_TIMEOUT_MS);
  }

  #becomeLeaving(): void {
    this.#release();
    this.#state = { name: 'leaving' };
    this.#deadlineIn(CLOSE_TIMEOUT_MS);
  }

  #becomeClosed(): void {
    if (this.isClosed) return;
    this.#release();
    this.#state = { name: 'closed' };
    this.runtime.deadlines.clear(this.#deadline);
    this.#parser.stop();
    this.output.discard();
    this.activity.end();
    this.#host.forget(this);
  }

  /**
   * Gives back all that an open connection holds; the stream may still be open to say good-bye. No consumer is left when the
   * first message goes back, or it would go from one channel to the next, be counted as returned, and be written behind
   * connection.close-ok.
   */
  #release(): void {
    this.runtime.deadlines.clear(this.#expiry);
    for (const channel of this.channels.values()) channel.deliveries.cancelAll();
    for (const channel of this.channels.values()) channel.dispose();
    this.channels.clear();
    this.#channel = undefined;
    this.#awaited = undefined;
    for (const queue of [...this.#exclusiveQueues]) queue.vhost.removeQueue(queue);
    if (this.#state.name !== 'open') return;
    this.#state.session.vhost.connectionCount--;
    this.runtime.statistics.churn.connectionsClosed++;
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
