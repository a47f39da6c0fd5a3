import type { Client } from '../../client/amqp-client.ts';
import { Closed } from '../../client/client-failures.ts';
import type { IncomingDelivery } from '../../client/incoming-delivery.ts';
import type { Instruments } from '../telemetry/instruments.ts';
import { PassingTracing } from '../telemetry/passing-tracing.ts';
import { NO_TRACE } from '../telemetry/trace-context.ts';
import { Answers } from './answers.ts';
import { CRASHED, DONE, DUPLICATE, failureOf, Stopped } from './attempt-results.ts';
import { Breaker, type Probe } from './breaker.ts';
import { DeadLetters } from './dead-letters.ts';
import { Deadlines } from './deadlines.ts';
import { Inbox } from './inbox.ts';
import { type Attempt, MessageHandling } from './message-handling.ts';
import type { MessageSender } from './message-sender.ts';
import type { WorkMeans } from './message-work.ts';
import type { Outbox } from './outbox.ts';
import type { AttemptResult, MessageProcessor } from './processing.ts';
import { isResultQuestion, ResultQuestions } from './result-questions.ts';
import { NotStarted } from './saga/not-started.ts';
import type { ServiceEvent } from './service-event.ts';
import type { Subscription } from './subscription.ts';

export interface ProcessorOptions {
  readonly means: WorkMeans;
  readonly client: Client;
  readonly sender: MessageSender;
  /** Present when there is a database. */
  readonly outbox: Outbox | undefined;
  readonly instruments: Instruments;
  /** Declares again what the service needs of the broker. */
  declare(): Promise<void>;
  onEvent(event: ServiceEvent): void;
}

/** What is kept for a part between messages. */
interface PartState {
  readonly breaker: Breaker;
  readonly deadlines: Deadlines;
}

/**
 * The attempts of a unit: each is counted, traced, bounded in time, and waits while its part fails all the time.
 *
 *     UnitProcessor -- ResultQuestions                 answers what asks for a result
 *       |-- Breaker, Deadlines                         for each part
 *       |-- MessageHandling -- MessageWork             the attempt
 *       `-- DeadLetters
 */
export class UnitProcessor implements MessageProcessor {
  readonly #options: ProcessorOptions;
  readonly #means: WorkMeans;
  readonly #handling: MessageHandling;
  readonly #questions: ResultQuestions;
  readonly #deadLetters: DeadLetters;
  readonly #parts: Map<string, PartState> = new Map();
  #handledCount = 0;
  #isStopped = false;

  constructor(options: ProcessorOptions) {
    const { means, client, sender, outbox } = options;
    const { service, store } = means;
    const onTrouble = (text: string, error: Error): void => this.#trouble(text, error);
    const answers = new Answers(client, (error) => this.#onAnswerFailed(error));
    this.#options = options;
    this.#means = means;
    const inbox = store === undefined ? undefined : new Inbox(store, answers);
    this.#handling = new MessageHandling({ means, sender, answers, outbox, inbox, onTrouble });
    this.#questions = new ResultQuestions({ service, store, answers, onTrouble });
    this.#deadLetters = new DeadLetters({ ...options, answers });
  }

  /** Messages that were handled, or became dead letters. */
  get handledCount(): number {
    return this.#handledCount;
  }

  async attempt(
    deliveries: readonly IncomingDelivery[],
    subscription: Subscription,
    number: number,
  ): Promise<AttemptResult> {
    const [delivery] = deliveries;
    if (delivery !== undefined && isResultQuestion(delivery)) {
      await this.#questions.answer(delivery, subscription);
      return DONE;
    }
    if (this.#isStopped) return CRASHED;
    const { breaker, deadlines } = this.#partState(subscription);
    const entering = breaker.enter();
    const probe = entering === undefined ? undefined : await entering;
    if (entering !== undefined && probe === undefined) return CRASHED;
    const { clock } = this.#means.environment;
    const { instruments } = this.#options;
    const beganMs = clock.nowMs();
    instruments.attemptBegan(subscription.part);
    let result: AttemptResult;
    try {
      result = await this.#traced(deliveries, { subscription, number, trace: NO_TRACE, deadlines });
    } catch (reason) {
      result = failureOf(reason);
    }
    tellBreaker(breaker, result, probe);
    if (result.status === 'done') this.#handledCount += deliveries.length;
    const outcome = result === DUPLICATE ? 'duplicate' : result.status === 'done' ? 'done' : 'failed';
    instruments.attemptEnded(subscription.part, outcome, clock.nowMs() - beganMs);
    return result;
  }

  async deadLetter(
    delivery: IncomingDelivery,
    subscription: Subscription | undefined,
    attempts: number,
    error: Error,
  ): Promise<void> {
    await this.#deadLetters.add(delivery, subscription, attempts, error);
    this.#handledCount += 1;
  }

  /** Lets go of what waits for a part that fails. */
  stopWaiting(): void {
    for (const { breaker } of this.#parts.values()) breaker.stop();
  }

  /** Nobody waits for handlers any more: their transactions are undone. */
  stop(): void {
    this.#isStopped = true;
    this.stopWaiting();
    for (const { deadlines } of this.#parts.values()) deadlines.endAll(new Stopped());
  }

  /** Without spans there is nothing to do around an attempt: a message has a trace or none. */
  #traced(deliveries: readonly IncomingDelivery[], attempt: Attempt): Promise<AttemptResult> {
    const { tracing, service } = this.#means;
    const [delivery] = deliveries;
    if (delivery === undefined || delivery.isLost) return Promise.resolve(CRASHED);
    const hasNone = tracing instanceof PassingTracing && delivery.properties.headers === undefined;
    if (tracing === undefined || hasNone) return this.#handle(deliveries, delivery, attempt);
    return tracing.consume(deliveries, service, attempt.subscription.part, (trace) =>
      this.#handle(deliveries, delivery, { ...attempt, trace }).catch(failureOf),
    );
  }

  #handle(
    deliveries: readonly IncomingDelivery[],
    first: IncomingDelivery,
    attempt: Attempt,
  ): Promise<AttemptResult> {
    return attempt.subscription.batch === undefined
      ? this.#handling.single(first, attempt)
      : this.#handling.batch(deliveries, attempt);
  }

  #partState(subscription: Subscription): PartState {
    let state = this.#parts.get(subscription.part);
    if (state === undefined) {
      state = this.#newPartState(subscription);
      this.#parts.set(subscription.part, state);
    }
    return state;
  }

  #newPartState({ part, timeoutMs }: Subscription): PartState {
    const { environment, service } = this.#means;
    const tell = (type: 'probing' | 'recovered'): void => this.#options.onEvent({ type, service, part });
    const breaker = new Breaker(environment, {
      onProbing: () => tell('probing'),
      onRecovered: () => tell('recovered'),
    });
    return { breaker, deadlines: new Deadlines(environment.clock, timeoutMs) };
  }

  /** Whoever waited asks again, or is gone. */
  #onAnswerFailed(error: Error): void {
    if (!(error instanceof Closed)) this.#trouble('an answer could not be sent', error);
  }

  #trouble(text: string, error: Error): void {
    this.#options.onEvent({ type: 'trouble', service: this.#means.service, text, error });
  }
}

/** What cannot succeed, or comes too early, says nothing of the part. */
function tellBreaker(breaker: Breaker, result: AttemptResult, probe: Probe | undefined): void {
  if (result.status === 'failed' && !result.isFinal && !(result.error instanceof NotStarted))
    breaker.failed(probe);
  else if (result.status === 'done' && result !== DUPLICATE) breaker.succeeded();
  else breaker.endedOtherwise(probe);
}
