import { copyOf } from '../../codec/bytes.ts';
import type { Transport } from '../environment.ts';
import type { Output } from '../output.ts';

/** A frame that waits until it may be handled. */
export interface HeldFrame {
  readonly type: number;
  readonly channelNumber: number;
  readonly payload: Uint8Array;
}

/**
 * Whether the client of an open connection is read from. There are four reasons not to, and each ends by itself:
 *
 *     blocked    an alarm is on, and the client publishes          block() ... unblock()
 *     unread     too many answers wait for the client to read      afterFlush() or hold() ... drained()
 *     durable    an answer waits until what it says is durable     awaitDurable() ... durable()
 *     behind     the store has much that is not durable yet, and the client publishes      storeBehind() ... storeCaughtUp()
 *
 * A few octets can ask for a large message, and a chunk holds many of them. So what is left of a chunk when there is no room
 * for more answers is held: at most what one call of `Connection.receive` brought. The same goes for what is left behind an
 * answer that waits: it must not overtake it.
 */
export class ReadingGate {
  readonly #transport: Transport;
  readonly #output: Output;
  #blocked = false;
  #unread = false;
  #awaitsDurable = false;
  #storeIsBehind = false;
  /** Those before `#nextHeld` are taken. */
  #heldFrames: HeldFrame[] = [];
  #nextHeld = 0;

  constructor(transport: Transport, output: Output) {
    this.#transport = transport;
    this.#output = output;
  }

  get isBlocked(): boolean {
    return this.#blocked;
  }

  get isUnread(): boolean {
    return this.#unread;
  }

  /** Whether it is the disk that the client waits for. */
  get awaitsDisk(): boolean {
    return this.#awaitsDurable || this.#storeIsBehind;
  }

  /** Changes when the client takes something of what was written. */
  get progressMark(): number {
    return this.#transport.progressMark;
  }

  block(): void {
    this.#blocked = true;
    this.update();
  }

  unblock(): void {
    this.#blocked = false;
    this.update();
  }

  /** Runs once a turn for each connection that wrote. */
  afterFlush(): void {
    if (this.#output.answersAreUnread) this.update();
  }

  /** Everything written has left. The caller handles what is held, and then calls `update`. */
  drained(): void {
    this.#unread = false;
  }

  awaitDurable(): void {
    this.#awaitsDurable = true;
    this.update();
  }

  /** What was waited for is durable. The caller answers, handles what is held, and then calls `update`. */
  durable(): void {
    this.#awaitsDurable = false;
  }

  storeBehind(): void {
    this.#storeIsBehind = true;
    this.update();
  }

  storeCaughtUp(): void {
    this.#storeIsBehind = false;
    this.update();
  }

  /** Keeps a frame that may not be handled now. */
  hold(type: number, channelNumber: number, bytes: Uint8Array, start: number, end: number): void {
    this.#heldFrames.push({ type, channelNumber, payload: copyOf(bytes, start, end) });
    this.update();
  }

  /** The oldest of the held frames; undefined when there is none. */
  takeHeldFrame(): HeldFrame | undefined {
    const frame = this.#heldFrames[this.#nextHeld++];
    if (frame !== undefined) return frame;
    this.#heldFrames = [];
    this.#nextHeld = 0;
    return undefined;
  }

  update(): void {
    if (this.#output.answersAreUnread) this.#unread = true;
    if (this.#blocked || this.#unread || this.awaitsDisk) this.#transport.pause();
    else this.#transport.resume();
  }
}
