import { copyOf } from '../../codec/bytes.ts';
import type { Transport } from '../environment.ts';
import type { Output } from '../output.ts';

/** A frame that waits until there is room for its answer. */
export interface HeldFrame {
  readonly type: number;
  readonly channelNumber: number;
  readonly payload: Uint8Array;
}

/**
 * Whether the client of an open connection is read from. There are two reasons not to, and each ends by itself:
 *
 *     blocked    an alarm is on, and the client publishes      block() ... unblock()
 *     unread     too many answers wait for the client to read  afterFlush() or hold() ... takeHeldFrames()
 *
 * A few octets can ask for a large message, and a chunk holds many of them. So what is left of a chunk when there is no room
 * for more answers is held: at most what one call of `Connection.receive` brought.
 */
export class ReadingGate {
  readonly #transport: Transport;
  readonly #output: Output;
  #blocked = false;
  #unread = false;
  #heldFrames: HeldFrame[] = [];

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
    if (!this.#output.answersAreUnread) return;
    this.#unread = true;
    this.update();
  }

  /** Keeps a frame that there is no room to answer. */
  hold(type: number, channelNumber: number, bytes: Uint8Array, start: number, end: number): void {
    this.#heldFrames.push({ type, channelNumber, payload: copyOf(bytes, start, end) });
    this.#unread = true;
    this.update();
  }

  /** Everything written has left. The caller handles these frames, in this order, and then calls `update`. */
  takeHeldFrames(): readonly HeldFrame[] {
    this.#unread = false;
    if (this.#heldFrames.length === 0) return this.#heldFrames;
    const held = this.#heldFrames;
    this.#heldFrames = [];
    return held;
  }

  update(): void {
    if (this.#blocked || this.#unread) this.#transport.pause();
    else this.#transport.resume();
  }
}
