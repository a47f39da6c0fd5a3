import { ByteWriter } from '../codec/byte-writer.ts';
import { readU32, readU64 } from '../codec/bytes.ts';
import { FRAME_METHOD } from '../codec/frame.ts';
import { writeMethodFrame } from '../codec/method-codec.ts';
import { BASIC_ACK, BASIC_NACK } from '../codec/methods.ts';
import { writeContentFrames, writeContentHeaderFrame } from '../codec/properties.ts';
import { LatencyHistogram } from './latency-histogram.ts';
import { type LoadSink, PERF_CHANNEL, type PerfConnection, type PerfError } from './perf-connection.ts';
import type { PerfOptions } from './perf-options.ts';
import { TIMESTAMP_BYTES, writeSentUs } from './perf-timestamp.ts';

/** Bytes that are written at a time, unless a single message is larger. */
const BATCH_BYTES = 64 * 1024;
/** Batches per turn of the event loop: the consumers and the other producers want to run, too. */
const BATCHES_PER_TURN = 4;
const RATE_TICK_MS = 1;
/** Where the delivery tag and the multiple bit stand in a basic.ack payload: behind the method's ids. */
const ACK_DELIVERY_TAG_AT = 4;
const ACK_MULTIPLE_AT = 12;
const FRAME_PAYLOAD_AT = 7;

/**
 * One publishing connection. A batch of messages is encoded once; only the time of sending changes in it. A batch is not
 * touched again until the kernel has taken it, so that nothing is copied per message.
 */
export class PerfProducer implements LoadSink {
  readonly confirmLatency: LatencyHistogram = new LatencyHistogram();
  publishedCount = 0;
  confirmedCount = 0;
  refusedCount = 0;
  readonly #connection: PerfConnection;
  readonly #options: PerfOptions;
  readonly #batchMax: number;
  #messageBytes = 0;
  #timestampAt = 0;
  #batch: Uint8Array = new Uint8Array(0);
  /** When each unconfirmed message was sent, by delivery tag modulo the length. */
  readonly #sentUs: Float64Array;
  /** Every message up to this delivery tag has been answered for. */
  #answeredTag = 0;
  /** Answered ahead of `#answeredTag`: brokers may confirm out of order. */
  readonly #answeredAhead: Set<number> = new Set();
  /** When the chunk that is being read came. */
  #nowUs = 0;
  #startedMs = 0;
  #running = false;
  #turn: NodeJS.Immediate | undefined;
  #ticker: NodeJS.Timeout | undefined;

  constructor(connection: PerfConnection, options: PerfOptions, queue: string) {
    this.#connection = connection;
    this.#options = options;
    this.#sentUs = new Float64Array(options.confirmWindow + 1);
    const message = this.#encode(queue);
    this.#messageBytes = message.length;
    this.#batchMax = batchMax(options, message.length);
    this.#batch = new Uint8Array(this.#batchMax * message.length);
    for (let i = 0; i < this.#batchMax; i += 1) {
      this.#batch.set(message, i * message.length);
    }
  }

  /** Confirm mode, when asked for. */
  async prepare(onFailure: (reason: PerfError) => void): Promise<void> {
    if (this.#options.confirmWindow > 0) {
      await this.#connection.call('confirm.select', { noWait: false }, 'confirm.select-ok');
    }
    this.#connection.startLoad(this, onFailure);
    this.#connection.onDrain(() => this.#wake());
  }

  start(): void {
    this.#running = true;
    this.#startedMs = performance.now();
    if (this.#options.rate > 0) {
      this.#ticker = setInterval(() => this.#publish(), RATE_TICK_MS);
    }
    this.#wake();
  }

  stop(): void {
    this.#running = false;
    clearInterval(this.#ticker);
    clearImmediate(this.#turn);
  }

  /** Waits until the broker has read all that was published. */
  async close(): Promise<void> {
    this.stop();
    await this.#connection.close();
  }

  onChunk(): void {
    this.#nowUs = performance.now() * 1000;
  }

  onFrame(type: number, _channel: number, bytes: Uint8Array, start: number): void {
    if (type !== FRAME_METHOD) {
      return;
    }
    const key = readU32(bytes, start);
    if (key === BASIC_ACK || key === BASIC_NACK) {
      const deliveryTag = readU64(bytes, start + ACK_DELIVERY_TAG_AT);
      const multiple = ((bytes[start + ACK_MULTIPLE_AT] as number) & 1) === 1;
      this.#onConfirm(deliveryTag, multiple, key === BASIC_ACK);
    }
  }

  #onConfirm(deliveryTag: number, multiple: boolean, acked: boolean): void {
    const nowUs = this.#nowUs;
    for (let tag = multiple ? this.#answeredTag + 1 : deliveryTag; tag <= deliveryTag; tag += 1) {
      if (!this.#answeredAhead.has(tag)) {
        this.#answered(tag, nowUs, acked);
      }
    }
    if (!multiple && deliveryTag !== this.#answeredTag + 1) {
      this.#answeredAhead.add(deliveryTag);
    } else {
      this.#answeredTag = deliveryTag;
      while (this.#answeredAhead.delete(this.#answeredTag + 1)) {
        this.#answeredTag += 1;
      }
    }
    this.#wake();
  }

  #answered(tag: number, nowUs: number, acked: boolean): void {
    if (acked) {
      this.confirmedCount += 1;
      this.confirmLatency.record(nowUs - (this.#sentUs[tag % this.#sentUs.length] as number));
    } else {
      this.refusedCount += 1;
    }
  }

  /** Publishes in a turn of its own: confirms that come together are then answered by one batch. */
  #wake(): void {
    if (this.#running && this.#turn === undefined) {
      this.#turn = setImmediate(() => {
        this.#turn = undefined;
        this.#publish();
      });
    }
  }

  #publish(): void {
    for (let i = 0; i < BATCHES_PER_TURN; i += 1) {
      const count = this.#allowedCount();
      if (!this.#running || count === 0 || !this.#connection.isFlushed) {
        return;
      }
      this.#send(count);
    }
    this.#wake();
  }

  /** Messages that rate and window allow now. */
  #allowedCount(): number {
    const { rate, confirmWindow } = this.#options;
    let count = this.#batchMax;
    if (rate > 0) {
      const dueCount = Math.floor(((performance.now() - this.#startedMs) * rate) / 1000);
      count = Math.min(count, dueCount - this.publishedCount);
    }
    if (confirmWindow > 0) {
      count = Math.min(count, confirmWindow - (this.publishedCount - this.#answeredTag));
    }
    return Math.max(0, count);
  }

  #send(count: number): void {
    const sentUs = performance.now() * 1000;
    if (this.#options.bodyBytes >= TIMESTAMP_BYTES) {
      for (let i = 0; i < count; i += 1) {
        writeSentUs(this.#batch, i * this.#messageBytes + this.#timestampAt, sentUs);
      }
    }
    if (this.#options.confirmWindow > 0) {
      for (let i = 1; i <= count; i += 1) {
        this.#sentUs[(this.publishedCount + i) % this.#sentUs.length] = sentUs;
      }
    }
    this.publishedCount += count;
    this.#connection.write(this.#batch.subarray(0, count * this.#messageBytes));
  }

  #encode(queue: string): Uint8Array {
    const { bodyBytes, persistent } = this.#options;
    const writer = new ByteWriter();
    const args = { exchange: '', routingKey: queue, mandatory: false, immediate: false };
    writeMethodFrame(writer, PERF_CHANNEL, 'basic.publish', args);
    writeContentHeaderFrame(writer, PERF_CHANNEL, bodyBytes, { deliveryMode: persistent ? 2 : 1 });
    this.#timestampAt = writer.position + FRAME_PAYLOAD_AT;
    const body = new Uint8Array(bodyBytes).fill('x'.charCodeAt(0));
    writeContentFrames(writer, PERF_CHANNEL, this.#connection.frameMax, body);
    return writer.toBytes();
  }
}

/** A batch is at most half a window, so that one half is under way while the other is confirmed. */
function batchMax({ confirmWindow }: PerfOptions, messageBytes: number): number {
  const fitting = Math.max(1, Math.floor(BATCH_BYTES / messageBytes));
  return confirmWindow === 0 ? fitting : Math.max(1, Math.min(fitting, Math.floor(confirmWindow / 2)));
}
