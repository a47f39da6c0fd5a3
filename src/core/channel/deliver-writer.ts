import { copyBytes, writeU64 } from '../../codec/bytes.ts';
import { FRAME_END, FRAME_OVERHEAD } from '../../codec/frame.ts';
import type { MessageParts } from '../message/message-parts.ts';
import type { Output } from '../output.ts';
import { writeDeliver } from './delivery-frames.ts';

/** From the start of the method frame to the delivery tag, but for the consumer tag. */
const METHOD_HEAD_BYTES = 11;
/** The delivery tag and the redelivered octet. */
const TAG_BYTES = 9;
/** From the end of the address to the properties: end octet, frame head, class, weight and body size. */
const CONTENT_HEAD_BYTES = 1 + 19;
/** End octet of the content header, and the head of the body frame. */
const BODY_HEAD_BYTES = 1 + 7;

/**
 * Writes the basic.deliver frames of one channel. A delivery mostly looks like the one before it, down to the body: same
 * consumer, address, properties and body size. Then all up to the body is copied from the frames written last, which are
 * still in the output buffer, and only the delivery tag, the redelivered octet and the body are written anew.
 *
 *     start       tag                      properties           end
 *     | method ... | tag | redelivered | address | header ... | properties | body head |  body, end octet
 *     +------------------------- copied in one go ------------------------------------+
 *
 * Copying 100 bytes within one array takes 18 ns on Node 20, writing them one by one 150 ns; workload A of the
 * benchmark went from 0.72 to 0.53 us of CPU per message with it.
 */
export class DeliverWriter {
  /** Which delivery was written last: `#consumerTag` is undefined when it cannot be copied. */
  #consumerTag: Uint8Array | undefined;
  #deliveryTag = 0;
  #start = 0;
  #bodyAt = 0;
  /** The buffer is another, or is written over from its beginning, when this is not `Output.passes`. */
  #pass = -1;
  #addressBytes = 0;
  #propertiesBytes = 0;
  #bodyBytes = 0;

  /** Runs per delivery. `consumerTag` is a shortstr, always the same array for one consumer. */
  write(
    output: Output,
    channel: number,
    consumerTag: Uint8Array,
    deliveryTag: number,
    redelivered: boolean,
    parts: MessageParts,
    frameMax: number,
  ): void {
    const writer = output.writer();
    const start = writer.position;
    if (
      consumerTag === this.#consumerTag &&
      this.#pass === output.passes &&
      this.#isAlike(writer.bytes, parts)
    ) {
      const bodyBytes = this.#bodyBytes;
      const headBytes = this.#bodyAt - this.#start;
      writer.reserve(headBytes + bodyBytes + 1);
      const { bytes } = writer;
      bytes.copyWithin(start, this.#start, this.#bodyAt);
      const tagAt = start + METHOD_HEAD_BYTES + consumerTag.length;
      // The copied tag is mostly one less: then only its last octet changes.
      const isNext = deliveryTag === this.#deliveryTag + 1 && (deliveryTag & 0xff) !== 0;
      if (isNext) bytes[tagAt + 7] = deliveryTag & 0xff;
      else writeU64(bytes, tagAt, deliveryTag);
      this.#deliveryTag = deliveryTag;
      bytes[tagAt + 8] = redelivered ? 1 : 0;
      const bodyAt = start + headBytes;
      copyBytes(parts.bytes, parts.bodyStart, parts.bodyEnd, bytes, bodyAt);
      writer.position = bodyAt + bodyBytes;
      if (bodyBytes > 0) bytes[writer.position++] = FRAME_END;
      this.#start = start;
      this.#bodyAt = bodyAt;
    } else {
      writeDeliver(writer, channel, consumerTag, deliveryTag, redelivered, parts, frameMax);
      this.#remember(start, output.passes, consumerTag, deliveryTag, parts, frameMax);
    }
    output.addDelivery(writer.position - start);
  }

  #remember(
    start: number,
    pass: number,
    consumerTag: Uint8Array,
    deliveryTag: number,
    parts: MessageParts,
    frameMax: number,
  ): void {
    const bodyBytes = parts.bodyEnd - parts.bodyStart;
    this.#consumerTag = bodyBytes <= frameMax - FRAME_OVERHEAD ? consumerTag : undefined;
    this.#deliveryTag = deliveryTag;
    this.#pass = pass;
    this.#start = start;
    this.#addressBytes = parts.addressEnd - parts.addressStart;
    this.#propertiesBytes = parts.bodyStart - parts.addressEnd;
    this.#bodyBytes = bodyBytes;
    const propertiesAt =
      start + METHOD_HEAD_BYTES + consumerTag.length + TAG_BYTES + this.#addressBytes + CONTENT_HEAD_BYTES;
    this.#bodyAt = propertiesAt + this.#propertiesBytes + (bodyBytes === 0 ? 1 : BODY_HEAD_BYTES);
  }

  /** Whether address, properties and body size are those of the last delivery, which is in `written`. */
  #isAlike(written: Uint8Array, parts: MessageParts): boolean {
    const { bytes, addressStart, addressEnd, bodyStart } = parts;
    if (parts.bodyEnd - bodyStart !== this.#bodyBytes || bodyStart - addressEnd !== this.#propertiesBytes)
      return false;
    if (addressEnd - addressStart !== this.#addressBytes) return false;
    const tagBytes = (this.#consumerTag as Uint8Array).length;
    let at = this.#start + METHOD_HEAD_BYTES + tagBytes + TAG_BYTES - addressStart;
    for (let from = addressStart; from < addressEnd; from++)
      if (written[at + from] !== bytes[from]) return false;
    at += CONTENT_HEAD_BYTES;
    for (let from = addressEnd; from < bodyStart; from++)
      if (written[at + from] !== bytes[from]) return false;
    return true;
  }
}
