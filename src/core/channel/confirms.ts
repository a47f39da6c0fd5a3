import type { ByteWriter } from '../../codec/byte-writer.ts';
import { writeMethodFrame } from '../../codec/method-codec.ts';

/**
 * The answers of one channel that wait until something is durable: publisher confirms, or those to tx.commit. Messages
 * (or commits) are numbered from 1 as they come; at the end of a turn everything up to the newest belongs to the block
 * that the store just closed, and is answered once that block is durable, many messages with one basic.ack.
 *
 *      answered            sealed: waits for its block         published in this turn
 *     ---------+----------------------------------------+----------------------------+----> tag
 *              |  (block 7, up to 120) (block 8, to 190) |                            | nextTag
 */
export class Confirms {
  /** What is answered: nothing, messages (confirm.select) or commits (tx.select). */
  mode: 'none' | 'confirm' | 'transaction' = 'none';
  #nextTag = 1;
  #answered = 0;
  #sealed = 0;
  /** Tags that a full queue refused, in order: nacked instead of acked. */
  readonly #refused: number[] = [];
  readonly #waiting: { readonly block: number; readonly upTo: number }[] = [];

  /** Numbers the message that was just published, or the commit. */
  add(): number {
    return this.#nextTag++;
  }

  refuse(tag: number): void {
    this.#refused.push(tag);
  }

  /** Messages that were not answered yet. */
  get outstanding(): number {
    return this.#nextTag - 1 - this.#answered;
  }

  /** Everything published so far is in `block` or an earlier one. */
  seal(block: number): void {
    const upTo = this.#nextTag - 1;
    if (upTo === this.#sealed) return;
    this.#sealed = upTo;
    this.#waiting.push({ block, upTo });
  }

  /** The tag up to which everything may be answered now that `durableBlock` is durable; 0 when there is nothing new. */
  takeDurable(durableBlock: number): number {
    let upTo = 0;
    while ((this.#waiting[0]?.block ?? Number.POSITIVE_INFINITY) <= durableBlock) {
      upTo = this.#waiting.shift()?.upTo ?? upTo;
    }
    return upTo;
  }

  /** Writes the answers for all tags up to `upTo`. */
  answer(writer: ByteWriter, channel: number, upTo: number): void {
    while ((this.#refused[0] ?? Number.POSITIVE_INFINITY) <= upTo) {
      const refused = this.#refused.shift() as number;
      this.#acknowledge(writer, channel, refused - 1);
      writeMethodFrame(writer, channel, 'basic.nack', {
        deliveryTag: refused,
        multiple: false,
        requeue: false,
      });
      this.#answered = refused;
    }
    this.#acknowledge(writer, channel, upTo);
  }

  #acknowledge(writer: ByteWriter, channel: number, upTo: number): void {
    const count = upTo - this.#answered;
    if (count <= 0) return;
    this.#answered = upTo;
    if (this.mode === 'confirm') {
      writeMethodFrame(writer, channel, 'basic.ack', { deliveryTag: upTo, multiple: count > 1 });
      return;
    }
    for (let commit = 0; commit < count; commit++) writeMethodFrame(writer, channel, 'tx.commit-ok', {});
  }
}
