import type { IncomingDelivery } from '../../../client/incoming-delivery.ts';
import type { Timer } from '../../clock.ts';
import type { Environment } from '../environment.ts';
import type { AttemptResult, MessageProcessor } from '../processing.ts';
import { isResultQuestion } from '../result-questions.ts';
import type { Subscription } from '../subscription.ts';

export interface BatchMeans {
  readonly subscription: Subscription;
  readonly processor: MessageProcessor;
  readonly environment: Environment;
  /** Tries one message by itself, with all that follows, until it is settled or lost. Never rejects. */
  handleAlone(delivery: IncomingDelivery): Promise<void>;
}

/** A message that waits for others. */
interface Gathered {
  readonly delivery: IncomingDelivery;
  /** At this time it waits no longer. */
  readonly dueMs: number;
  readonly done: () => void;
}

/**
 * Gathers messages until there are `size` of them, or the first one has waited for `waitMs`, and has them handled together.
 *
 *     push --> gathered --a batch is full or due, and not too many are under way--> attempt --done--> all acknowledged
 *                                                                                     `--failed--> each by itself
 *
 * So one bad message does not take the others with it. One that was put off before, having failed by itself, stays alone.
 */
export class BatchCollector {
  readonly #means: BatchMeans;
  readonly #size: number;
  readonly #waitMs: number;
  /** Batches at a time. */
  readonly #batchesMax: number;
  #gathered: Gathered[] = [];
  #underWayCount = 0;
  #timer: Timer | undefined;

  constructor(means: BatchMeans) {
    const { batch, concurrency, part } = means.subscription;
    if (batch === undefined) throw new TypeError(`'${part}' is no batch`);
    this.#means = means;
    this.#size = batch.size;
    this.#waitMs = batch.waitMs;
    this.#batchesMax = concurrency;
  }

  /** Resolves when the delivery is settled or lost. */
  push(delivery: IncomingDelivery): Promise<void> {
    if (delivery.retryCount > 0 || isResultQuestion(delivery)) return this.#means.handleAlone(delivery);
    const { environment } = this.#means;
    return new Promise((done) => {
      this.#gathered.push({ delivery, dueMs: environment.clock.nowMs() + this.#waitMs, done });
      this.#pump();
    });
  }

  /** What is gathered waits for nothing more. */
  flush(): void {
    this.#gathered = this.#gathered.map((each) => ({ ...each, dueMs: Number.NEGATIVE_INFINITY }));
    this.#pump();
  }

  #pump(): void {
    while (this.#underWayCount < this.#batchesMax) {
      const [first] = this.#gathered;
      if (first === undefined) return;
      const leftMs = first.dueMs - this.#means.environment.clock.nowMs();
      if (this.#gathered.length < this.#size && leftMs > 0) {
        this.#pumpAfter(leftMs);
        return;
      }
      void this.#run(this.#gathered.splice(0, this.#size));
    }
  }

  /** The timer of a batch that was full before it was due finds the next one not due. */
  #pumpAfter(delayMs: number): void {
    this.#timer ??= this.#means.environment.clock.setTimer(delayMs, () => {
      this.#timer = undefined;
      this.#pump();
    });
  }

  async #run(batch: readonly Gathered[]): Promise<void> {
    this.#underWayCount += 1;
    const failed = await this.#together(batch.map(({ delivery }) => delivery));
    for (const delivery of failed) await this.#means.handleAlone(delivery);
    this.#underWayCount -= 1;
    for (const { done } of batch) done();
    this.#pump();
  }

  /** Resolves with those that are to be tried by themselves. */
  async #together(batch: readonly IncomingDelivery[]): Promise<readonly IncomingDelivery[]> {
    const deliveries = batch.filter(({ isLost }) => !isLost);
    if (deliveries.length === 0) return [];
    const { environment } = this.#means;
    environment.workBegan();
    const { status } = await this.#attempted(deliveries);
    const open = deliveries.filter(({ isLost }) => !isLost);
    for (const delivery of open) {
      if (status === 'done') delivery.ack();
      else if (status === 'crashed') delivery.requeue();
    }
    environment.workEnded();
    return status === 'failed' ? open : [];
  }

  async #attempted(deliveries: readonly IncomingDelivery[]): Promise<AttemptResult> {
    const { processor, subscription, environment } = this.#means;
    const result = await processor.attempt(deliveries, subscription, 1);
    if (environment.faults?.duplicates !== true || result.status !== 'done') return result;
    return processor.attempt(deliveries, subscription, 1);
  }
}
