import { once } from 'node:events';
import { LatencyHistogram } from './latency-histogram.ts';
import { PerfConnection, type PerfError } from './perf-connection.ts';
import { PerfConsumer } from './perf-consumer.ts';
import type { PerfOptions } from './perf-options.ts';
import { PerfProducer } from './perf-producer.ts';
import { type PerfCounts, type PerfResult, perfResult, progressLine } from './perf-report.ts';

/** Connections that are opened at the same time. */
const OPENING_MAX = 50;
const PROGRESS_MS = 1000;

/** One run as the options say. `close` must follow `measure`, also when that failed. */
export class PerfRun {
  readonly #options: PerfOptions;
  readonly #onProgress: (line: string) => void;
  /** Aborted when the time is over, the user has had enough, or a connection failed. */
  readonly #end: AbortController = new AbortController();
  readonly #connections: PerfConnection[] = [];
  readonly #producers: PerfProducer[] = [];
  readonly #consumers: PerfConsumer[] = [];
  #declared = false;
  #failure: PerfError | undefined;
  readonly #onFailure = (reason: PerfError): void => {
    this.#failure ??= reason;
    this.#end.abort();
  };

  /** `onProgress` gets one line each second; `signal` ends the run early. */
  constructor(options: PerfOptions, onProgress: (line: string) => void, signal: AbortSignal) {
    this.#options = options;
    this.#onProgress = onProgress;
    signal.addEventListener('abort', () => this.#end.abort(), { once: true });
  }

  async measure(): Promise<PerfResult> {
    const { producerCount, consumerCount, durationMs, queues } = this.#options;
    await this.#declareQueues();
    await openInGroups(consumerCount, (index) => this.#openConsumer(queueOf(queues, index)));
    await openInGroups(producerCount, (index) => this.#openProducer(queueOf(queues, index)));
    const startedMs = performance.now();
    for (const producer of this.#producers) {
      producer.start();
    }
    const progress = this.#reportProgress(startedMs);
    const timer = setTimeout(() => this.#end.abort(), durationMs);
    if (!this.#end.signal.aborted) {
      await once(this.#end.signal, 'abort');
    }
    clearTimeout(timer);
    clearInterval(progress);
    const seconds = (performance.now() - startedMs) / 1000;
    return this.#result(seconds);
  }

  /**
   * Leaves nothing behind. The producers' connections are closed first: a broker may still be reading what was sent, and
   * would put it into the queue of the next run.
   */
  async close(): Promise<void> {
    try {
      await Promise.all(this.#producers.map((producer) => producer.close()));
      await Promise.all(this.#connections.map((connection) => connection.close()));
    } finally {
      for (const connection of this.#connections) {
        connection.destroy();
      }
    }
    if (this.#declared && this.#options.ownQueues && this.#failure === undefined) {
      await this.#deleteQueues();
    }
  }

  #result(seconds: number): PerfResult {
    if (this.#failure !== undefined) {
      throw this.#failure;
    }
    const counts = this.#counts();
    const latency = new LatencyHistogram();
    const confirms = new LatencyHistogram();
    for (const consumer of this.#consumers) {
      latency.add(consumer.latency);
    }
    for (const producer of this.#producers) {
      producer.stop();
      confirms.add(producer.confirmLatency);
    }
    return perfResult(counts, seconds, latency, confirms);
  }

  #counts(): PerfCounts {
    const sum = (values: number[]): number => values.reduce((total, value) => total + value, 0);
    return {
      published: sum(this.#producers.map((producer) => producer.publishedCount)),
      delivered: sum(this.#consumers.map((consumer) => consumer.deliveredCount)),
      confirmed: sum(this.#producers.map((producer) => producer.confirmedCount)),
      refused: sum(this.#producers.map((producer) => producer.refusedCount)),
    };
  }

  #reportProgress(startedMs: number): NodeJS.Timeout {
    let before = this.#counts();
    let beforeMs = startedMs;
    return setInterval(() => {
      const now = this.#counts();
      const nowMs = performance.now();
      this.#onProgress(progressLine((nowMs - startedMs) / 1000, before, now, (nowMs - beforeMs) / 1000));
      before = now;
      beforeMs = nowMs;
    }, PROGRESS_MS);
  }

  async #declareQueues(): Promise<void> {
    const { address, queues, persistent, ownQueues } = this.#options;
    const connection = await PerfConnection.open(address);
    for (const queue of queues) {
      if (ownQueues) {
        await connection.call(
          'queue.delete',
          { queue, ifUnused: false, ifEmpty: false, noWait: false },
          'queue.delete-ok',
        );
      }
      await connection.call(
        'queue.declare',
        {
          queue,
          passive: false,
          durable: persistent,
          exclusive: false,
          autoDelete: false,
          noWait: false,
          arguments: new Map(),
        },
        'queue.declare-ok',
      );
    }
    await connection.close();
    this.#declared = true;
    this.#onProgress(`loading ${address.shown}`);
  }

  async #deleteQueues(): Promise<void> {
    const connection = await PerfConnection.open(this.#options.address);
    for (const queue of this.#options.queues) {
      await connection.call(
        'queue.delete',
        { queue, ifUnused: false, ifEmpty: false, noWait: false },
        'queue.delete-ok',
      );
    }
    await connection.close();
  }

  async #openConsumer(queue: string): Promise<void> {
    const consumer = new PerfConsumer(await this.#open(), this.#options);
    this.#consumers.push(consumer);
    await consumer.start(queue, this.#onFailure);
  }

  async #openProducer(queue: string): Promise<void> {
    const producer = new PerfProducer(await this.#open(), this.#options, queue);
    this.#producers.push(producer);
    await producer.prepare(this.#onFailure);
  }

  async #open(): Promise<PerfConnection> {
    const connection = await PerfConnection.open(this.#options.address);
    this.#connections.push(connection);
    return connection;
  }
}

function queueOf(queues: readonly string[], index: number): string {
  return queues[index % queues.length] as string;
}

async function openInGroups(count: number, open: (index: number) => Promise<void>): Promise<void> {
  for (let first = 0; first < count; first += OPENING_MAX) {
    const group = Array.from({ length: Math.min(OPENING_MAX, count - first) }, (_, i) => open(first + i));
    await Promise.all(group);
  }
}
