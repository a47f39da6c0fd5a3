import type { IncomingDelivery } from '../../client/incoming-delivery.ts';
import type { ClaimCheck } from '../claim-check/claim-check.ts';
import type { Environment } from './environment.ts';
import { messageKey } from './ordered/message-key.ts';
import type { AttemptResult, MessageProcessor } from './processing.ts';
import { RateLimiter } from './rate/rate-limiter.ts';
import { isResultQuestion } from './result-questions.ts';
import { pauseMsAfter, retryPlanOf, waitIdle } from './retry-plan.ts';
import type { ServiceEvent } from './service-event.ts';
import type { Subscription } from './subscription.ts';

/** Before a message goes back that could be neither put off nor become a dead letter. */
const UNSETTLED_PAUSE_MS = 1_000;

/** What a lane needs of its dispatcher. */
export interface LaneHost {
  readonly service: string;
  readonly processor: MessageProcessor;
  readonly claimCheck: ClaimCheck | undefined;
  readonly environment: Environment;
  onEvent(event: ServiceEvent): void;
}

/**
 * Messages of one part that keep no order: as many at a time as its concurrency says. Each is tried, tried again, put off, or
 * becomes a dead letter; then it is settled.
 */
export class SubscriptionLane {
  readonly #host: LaneHost;
  readonly #subscription: Subscription;
  /** Nothing more is to be begun. */
  readonly #stopping: AbortSignal;
  readonly #rate: RateLimiter | undefined;
  /** Bounded by the prefetch count. */
  readonly #waiting: IncomingDelivery[] = [];
  #runningCount = 0;
  #postponedCount = 0;
  #isBeginDue = false;
  #idle: (() => void)[] = [];

  constructor(host: LaneHost, subscription: Subscription, stopping: AbortSignal) {
    this.#host = host;
    this.#subscription = subscription;
    this.#stopping = stopping;
    const { rate } = subscription;
    this.#rate = rate === undefined ? undefined : new RateLimiter(rate, host.environment.clock);
  }

  get runningCount(): number {
    return this.#runningCount;
  }

  get postponedCount(): number {
    return this.#postponedCount;
  }

  push(delivery: IncomingDelivery): void {
    if (this.#stopping.aborted) delivery.requeue();
    else if (this.#rate === undefined || isResultQuestion(delivery)) this.#enqueue(delivery);
    else void this.#pushLimited(delivery, this.#rate);
  }

  /** Handles a message now, however many are under way. Resolves when it is settled, or lost; never rejects. */
  handle(delivery: IncomingDelivery): Promise<void> {
    return this.#run(delivery);
  }

  /** What was not begun goes back. */
  giveBack(): void {
    for (const delivery of this.#waiting.splice(0)) if (!delivery.isLost) delivery.requeue();
  }

  idle(): Promise<void> {
    return this.#runningCount === 0 ? Promise.resolve() : new Promise((resolve) => this.#idle.push(resolve));
  }

  /** What waits for the rate holds nobody up. */
  async #pushLimited(delivery: IncomingDelivery, rate: RateLimiter): Promise<void> {
    try {
      const waiting = rate.ready(await this.#rateKey(delivery), this.#stopping);
      if (waiting !== undefined) await waiting;
    } catch {
      // the service stops
      if (!delivery.isLost) delivery.requeue();
      return;
    }
    if (this.#stopping.aborted) delivery.requeue();
    else if (!delivery.isLost) this.#enqueue(delivery);
  }

  #rateKey(delivery: IncomingDelivery): string | Promise<string> {
    const { service, claimCheck } = this.#host;
    const { contract, rate } = this.#subscription;
    return rate?.perKey === true ? messageKey(delivery, { contract, service, claimCheck }) : '';
  }

  #enqueue(delivery: IncomingDelivery): void {
    const isFree = this.#runningCount < this.#subscription.concurrency && this.#waiting.length === 0;
    const isPicked = this.#host.environment.faults?.pick !== undefined;
    if (isFree && !isPicked) {
      void this.#run(delivery);
      return;
    }
    this.#waiting.push(delivery);
    if (isFree) this.#beginLater();
  }

  /** A test that picks is to have something to pick from. */
  #beginLater(): void {
    if (this.#isBeginDue) return;
    this.#isBeginDue = true;
    this.#host.environment.workBegan();
    setImmediate(() => {
      this.#isBeginDue = false;
      this.#begin();
      this.#host.environment.workEnded();
    });
  }

  #begin(): void {
    while (this.#runningCount < this.#subscription.concurrency) {
      const next = this.#next();
      if (next === undefined) return;
      if (!next.isLost) void this.#run(next);
    }
  }

  #next(): IncomingDelivery | undefined {
    const { faults } = this.#host.environment;
    const { length } = this.#waiting;
    if (faults?.pick === undefined || length < 2) return this.#waiting.shift();
    return this.#waiting.splice(faults.pick(length), 1)[0];
  }

  async #run(delivery: IncomingDelivery): Promise<void> {
    const { environment } = this.#host;
    this.#runningCount += 1;
    environment.workBegan();
    try {
      await this.#settle(delivery);
    } catch (reason) {
      await this.#onUnsettled(delivery, reason as Error);
    } finally {
      environment.workEnded();
      this.#runningCount -= 1;
      if (this.#waiting.length > 0) this.#begin();
      if (this.#runningCount === 0) for (const resolve of this.#idle.splice(0)) resolve();
    }
  }

  async #settle(delivery: IncomingDelivery): Promise<void> {
    const plan = retryPlanOf(delivery, this.#subscription);
    for (let attempt = plan.firstAttempt; ; attempt += 1) {
      const result = await this.#attempt(delivery, attempt);
      if (result.status === 'done') {
        delivery.ack();
        return;
      }
      if (result.status === 'crashed') {
        delivery.requeue();
        return;
      }
      // it comes again, with all its attempts: whatever is made of this one would be one too many
      if (delivery.isLost) return;
      const { error, isFinal } = result;
      if (isFinal || (attempt >= plan.lastAttempt && plan.laterMs === undefined)) {
        await this.#host.processor.deadLetter(delivery, this.#subscription, attempt, error);
        return;
      }
      if (attempt >= plan.lastAttempt) {
        this.#tellFailed(delivery, attempt, plan.laterMs as number, error);
        await delivery.retry({ delayMs: plan.laterMs as number });
        this.#postponedCount += 1;
        return;
      }
      const pauseMs = pauseMsAfter(attempt, this.#host.environment);
      this.#tellFailed(delivery, attempt, pauseMs, error);
      if (!(await waitIdle(this.#host.environment, pauseMs, this.#stopping))) {
        delivery.requeue();
        return;
      }
    }
  }

  #attempt(delivery: IncomingDelivery, attempt: number): Promise<AttemptResult> {
    const { processor, environment } = this.#host;
    const once = (): Promise<AttemptResult> => processor.attempt([delivery], this.#subscription, attempt);
    return environment.faults?.duplicates === true ? twice(once, environment.random()) : once();
  }

  #tellFailed(delivery: IncomingDelivery, attempt: number, retryMs: number, error: Error): void {
    const { service, onEvent } = this.#host;
    const { part } = this.#subscription;
    const messageId = delivery.messageId ?? '';
    onEvent({ type: 'failed', service, part, messageId, attempt, retryMs, error });
  }

  /** It could neither be put off nor become a dead letter: it goes back after a while, and is tried anew. */
  async #onUnsettled(delivery: IncomingDelivery, error: Error): Promise<void> {
    const { service, environment, onEvent } = this.#host;
    if (delivery.isLost) return;
    const text = `message ${delivery.messageId ?? ''} of '${this.#subscription.part}' could not be settled`;
    onEvent({ type: 'trouble', service, text, error });
    await waitIdle(environment, UNSETTLED_PAUSE_MS, this.#stopping);
    if (!delivery.isSettled) delivery.requeue();
  }
}

/** A message that comes twice: the second time after the first, or at the same time. */
async function twice(once: () => Promise<AttemptResult>, random: number): Promise<AttemptResult> {
  const first = once();
  if (random < 0.5) await first;
  const results = await Promise.all([first, once()]);
  const of = (status: AttemptResult['status']): AttemptResult | undefined =>
    results.find((result) => result.status === status);
  return of('crashed') ?? of('done') ?? (results[0] as AttemptResult);
}
