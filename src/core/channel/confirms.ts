import type { ByteWriter } from '../../codec/byte-writer.ts';
import { writeMethodFrame } from '../../codec/method-codec.ts';

/**
 * The publisher confirms of one channel. Messages are numbered from 1 as they come; at the end of a turn everything up to
 * the newest is sealed, and is answered once it is durable, many messages with one basic.ack. When one of them has to
 * survive a restart, that is when the block is durable that the store just closed. Otherwise it is at once, but for what was
 * sealed before: confirms keep their order.
 *
 *      answered            sealed: waits for its block         published in this turn
 *     ---------+----------------------------------------+----------------------------+----> tag
 *              |  (block 7, up to 120) (block 8, to 190) |                            | nextTag
 */
export class Confirms {
  /** Since confirm.select. */
  isSelected = false;
  #nextTag = 1;
  #answered = 0;
  #sealed = 0;
  /** Something that was published since the last seal has to survive a restart. */
  #mustSurvive = false;
  /** Tags that a full queue refused, in order: nacked instead of acked. */
  readonly #refused: number[] = [];
  /** **Invariant:** blocks and tags both grow. */
  readonly #waiting: { readonly block: number; upTo: number }[] = [];

  /** Numbers the message that was just published. Runs per message. */
  add(): number {
    return this.#nextTag++;
  }

  /** The same for a message that has to survive a restart. Runs per message. */
  addDurable(): number {
    this.#mustSurvive = true;
    return this.#nextTag++;
  }

  refuse(tag: number): void {
    this.#refused.push(tag);
  }

  /** Messages that are to be confirmed, or were. */
  get publishedCount(): number {
    return this.#nextTag - 1;
  }

  /** Messages that were not answered yet. */
  get outstanding(): number {
    return this.#nextTag - 1 - this.#answered;
  }

  /** Everything published so far that has to survive is in `block` or an earlier one. */
  seal(block: number): void {
    const upTo = this.#nextTag - 1;
    if (upTo === this.#sealed) return;
    this.#sealed = upTo;
    const newest = this.#waiting.at(-1);
    const awaited = this.#mustSurvive ? block : (newest?.block ?? 0);
    this.#mustSurvive = false;
    if (newest?.block === awaited) newest.upTo = upTo;
    else this.#waiting.push({ block: awaited, upTo });
  }

  /** The tag up to which everything may be answered now that `durableBlock` is durable; 0 when there is nothing new. */
  takeDurable(durableBlock: number): number {
    let upTo = 0;
    while ((this.#waiting[0]?.block ?? Number.POSITIVE_INFINITY) <= durableBlock) {
      upTo = this.#waiting.shift()?.upTo ?? upTo;
    }
    return upTo;
  }

  /** Writes the answers for all tags up to `upTo`. Returns how many of them are acks. */
  answer(writer: ByteWriter, channel: number, upTo: number): number {
    const first = this.#answered;
    let refusals = 0;
    while ((this.#refused[0] ?? Number.POSITIVE_INFINITY) <= upTo) {
      const refused = this.#refused.shift() as number;
      this.#acknowledge(writer, channel, refused - 1);
      writeMethodFrame(writer, channel, 'basic.nack', {
        deliveryTag: refused,
        multiple: false,
        requeue: false,
      });
      this.#answered = refused;
      refusals++;
    }
    this.#acknowledge(writer, channel, upTo);
    return this.#answered - first - refusals;
  }

  #acknowledge(writer: ByteWriter, channel: number, upTo: number): void {
    const count = upTo - this.#answered;
    if (count <= 0) return;
    this.#answered = upTo;
    writeMethodFrame(writer, channel, 'basic.ack', { deliveryTag: upTo, multiple: count > 1 });
  }
}
