import { ByteWriter } from '../codec/byte-writer.ts';
import { readU64, writeU64 } from '../codec/bytes.ts';
import { FRAME_BODY, FRAME_HEADER, FRAME_METHOD } from '../codec/frame.ts';
import { writeMethodFrame } from '../codec/method-codec.ts';
import { CONTENT_HEADER_BODY_SIZE_AT } from '../codec/properties.ts';
import { LatencyHistogram } from './latency-histogram.ts';
import { type LoadSink, PERF_CHANNEL, type PerfConnection, type PerfError } from './perf-connection.ts';
import type { PerfOptions } from './perf-options.ts';
import { readSentUs, TIMESTAMP_BYTES } from './perf-timestamp.ts';

/** Where the delivery tag stands in a basic.ack frame: behind the frame's 7 octets and the method's ids. */
const ACK_DELIVERY_TAG_AT = 11;
/** Where the consumer tag stands in a basic.deliver payload: behind the method's ids. */
const DELIVER_CONSUMER_TAG_AT = 4;

/** One consuming connection: counts deliveries, measures their latency, and acks each quarter of its prefetch count. */
export class PerfConsumer implements LoadSink {
  readonly latency: LatencyHistogram = new LatencyHistogram();
  deliveredCount = 0;
  readonly #connection: PerfConnection;
  readonly #options: PerfOptions;
  /** Deliveries per ack; 0 without acks. */
  readonly #ackEvery: number;
  readonly #ackFrame: Uint8Array;
  #deliveryTag = 0;
  #unackedCount = 0;
  #remainingBytes = 0;
  #firstFrame = false;
  #nowUs = 0;

  constructor(connection: PerfConnection, options: PerfOptions) {
    this.#connection = connection;
    this.#options = options;
    this.#ackEvery = options.prefetchCount === 0 ? 0 : Math.max(1, Math.floor(options.prefetchCount / 4));
    this.#ackFrame = ackFrame();
  }

  async start(queue: string, onFailure: (reason: PerfError) => void): Promise<void> {
    const { prefetchCount } = this.#options;
    if (prefetchCount > 0) {
      await this.#connection.call(
        'basic.qos',
        { prefetchSize: 0, prefetchCount, global: false },
        'basic.qos-ok',
      );
    }
    this.#connection.startLoad(this, onFailure);
    await this.#connection.call(
      'basic.consume',
      {
        queue,
        consumerTag: '',
        noLocal: false,
        noAck: prefetchCount === 0,
        exclusive: false,
        noWait: false,
        arguments: new Map(),
      },
      'basic.consume-ok',
    );
  }

  /** The clock is read per chunk: all that is in it arrived now, and reading costs as much as taking a small delivery. */
  onChunk(): void {
    this.#nowUs = performance.now() * 1000;
  }

  onFrame(type: number, _channel: number, bytes: Uint8Array, start: number, end: number): void {
    if (type === FRAME_METHOD) {
      const consumerTagAt = start + DELIVER_CONSUMER_TAG_AT;
      this.#deliveryTag = readU64(bytes, consumerTagAt + 1 + (bytes[consumerTagAt] as number));
    } else if (type === FRAME_HEADER) {
      this.#remainingBytes = readU64(bytes, start + CONTENT_HEADER_BODY_SIZE_AT);
      this.#firstFrame = true;
      this.#finishWhenWhole();
    } else if (type === FRAME_BODY) {
      this.#onBody(bytes, start, end);
    }
  }

  #onBody(bytes: Uint8Array, start: number, end: number): void {
    if (this.#firstFrame && end - start >= TIMESTAMP_BYTES) {
      this.latency.record(this.#nowUs - readSentUs(bytes, start));
    }
    this.#firstFrame = false;
    this.#remainingBytes -= end - start;
    this.#finishWhenWhole();
  }

  #finishWhenWhole(): void {
    if (this.#remainingBytes > 0) {
      return;
    }
    this.deliveredCount += 1;
    this.#unackedCount += 1;
    if (this.#ackEvery > 0 && this.#unackedCount >= this.#ackEvery) {
      this.#ack();
    }
  }

  #ack(): void {
    this.#unackedCount = 0;
    const frame = this.#ackFrame.slice();
    writeU64(frame, ACK_DELIVERY_TAG_AT, this.#deliveryTag);
    this.#connection.write(frame);
  }
}

function ackFrame(): Uint8Array {
  const writer = new ByteWriter();
  writeMethodFrame(writer, PERF_CHANNEL, 'basic.ack', { deliveryTag: 0, multiple: true });
  return writer.toBytes();
}
