import { writeHeartbeatFrame } from '../../codec/frame.ts';
import type { Output } from '../output.ts';
import type { ReadingGate } from './reading-gate.ts';

/** Looks are twice an interval: after four without a sign of life two intervals have passed. */
const SILENT_LOOKS_MAX = 4;

/**
 * Keeps an open connection alive, and notices when its client is not. What counts as a sign of life depends on whether the
 * client can be heard:
 *
 *     read from                                    any byte
 *     not read from: does not read its answers     it takes some of what is written to it
 *     not read from: an alarm is on, or an answer  it is not judged
 *       waits until what it says is durable
 */
export class Heartbeat {
  readonly #intervalSeconds: number;
  readonly #output: Output;
  readonly #gate: ReadingGate;
  #receivedSomething = true;
  #progressMark = 0;
  #silentLooks = 0;

  /** An interval of 0: no heartbeats in either direction. */
  constructor(intervalSeconds: number, output: Output, gate: ReadingGate) {
    this.#intervalSeconds = intervalSeconds;
    this.#output = output;
    this.#gate = gate;
  }

  get intervalSeconds(): number {
    return this.#intervalSeconds;
  }

  /** From one look to the next; Infinity without heartbeats. */
  get lookMs(): number {
    return this.#intervalSeconds === 0 ? Number.POSITIVE_INFINITY : this.#intervalSeconds * 500;
  }

  /** Bytes came from the client. Runs per chunk. */
  onReceived(): void {
    this.#receivedSomething = true;
  }

  /** Speaks when nothing was said since the last look. Returns false when the client was silent for two intervals. */
  look(): boolean {
    this.#silentLooks = this.#takeSignOfLife() ? 0 : this.#silentLooks + 1;
    if (this.#silentLooks >= SILENT_LOOKS_MAX) return false;
    if (this.#output.takeIdle()) writeHeartbeatFrame(this.#output.writer());
    return true;
  }

  #takeSignOfLife(): boolean {
    const { isBlocked, isUnread, awaitsDisk, progressMark } = this.#gate;
    const heard = this.#receivedSomething;
    const tookSomething = progressMark !== this.#progressMark;
    this.#receivedSomething = false;
    this.#progressMark = progressMark;
    return heard || (isUnread ? tookSomething : isBlocked || awaitsDisk);
  }
}
