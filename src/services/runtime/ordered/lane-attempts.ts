import type { IncomingDelivery } from '../../../client/incoming-delivery.ts';
import type { Environment } from '../environment.ts';
import type { AttemptResult, MessageProcessor } from '../processing.ts';
import type { RateLimiter } from '../rate/rate-limiter.ts';
import { pauseMsAfter } from '../retry-plan.ts';
import type { ServiceEvent } from '../service-event.ts';
import type { Subscription } from '../subscription.ts';
import { pauseUnless } from './pause-unless.ts';
import type { Tenure } from './tenure.ts';
import type { Turns } from './turns.ts';

/** A dead letter that was not confirmed is sent again. */
const DEAD_LETTER_PAUSE_MS = 1_000;

/** What messages of an ordered subscription are tried with. */
export interface LaneMeans {
  readonly service: string;
  readonly subscription: Subscription;
  readonly processor: MessageProcessor;
  readonly environment: Environment;
  readonly turns: Turns;
  readonly rate: RateLimiter | undefined;
  tell(event: ServiceEvent): void;
}

/** A message that could not be handled. */
interface Failure {
  readonly attempts: number;
  readonly error: Error;
}

/**
 * Tries a message until it is settled, while what is behind it in its lane waits:
 *
 *     wait for the rate and a turn -> attempt --done--> acknowledged
 *               ^                        |--failed, too often--> dead letter
 *               +----- pause <-----------+--failed
 *
 * A pause holds no turn. When the tenure ends, or the delivery is lost, it is left as it is: the broker delivers it again.
 */
export class LaneAttempts {
  readonly #means: LaneMeans;
  readonly #tenure: Tenure;
  readonly #onCrashed: () => void;

  /** `onCrashed`: what was begun is to be given back as it is, as if this process had died. */
  constructor(means: LaneMeans, tenure: Tenure, onCrashed: () => void) {
    this.#means = means;
    this.#tenure = tenure;
    this.#onCrashed = onCrashed;
  }

  /** Never rejects. */
  async handle(delivery: IncomingDelivery, key: string): Promise<void> {
    for (let attempt = 1; ; attempt += 1) {
      const waiting = this.#means.rate?.ready(key, this.#tenure.signal);
      if (waiting !== undefined && !(await isGranted(waiting))) return;
      const turn = this.#means.turns.take();
      if (turn !== undefined) await turn;
      const outcome = await this.#inTurn(delivery, attempt);
      if (outcome === undefined) return;
      if (typeof outcome !== 'number') return this.#bury(delivery, outcome);
      if (!(await this.#pause(delivery, outcome))) return;
    }
  }

  /** The time until the next attempt; undefined when there is none. */
  async #inTurn(delivery: IncomingDelivery, attempt: number): Promise<number | Failure | undefined> {
    const { environment, turns } = this.#means;
    if (delivery.isLost || !this.#tenure.begin()) {
      turns.give();
      return undefined;
    }
    environment.workBegan();
    try {
      return this.#after(delivery, attempt, await this.#attempted(delivery, attempt));
    } finally {
      turns.give();
      this.#tenure.ended();
      environment.workEnded();
    }
  }

  async #attempted(delivery: IncomingDelivery, attempt: number): Promise<AttemptResult> {
    const { processor, subscription, environment } = this.#means;
    const result = await processor.attempt([delivery], subscription, attempt);
    if (environment.faults?.duplicates !== true || result.status !== 'done') return result;
    return processor.attempt([delivery], subscription, attempt);
  }

  #after(delivery: IncomingDelivery, attempt: number, result: AttemptResult): number | Failure | undefined {
    if (result.status === 'done') {
      delivery.ack();
      return undefined;
    }
    if (delivery.isLost) return undefined;
    if (result.status === 'crashed') {
      this.#onCrashed();
      return undefined;
    }
    const { error, isFinal } = result;
    const retryMs = isFinal ? undefined : this.#retryMs(attempt);
    if (retryMs === undefined) return { attempts: attempt, error };
    const { service, subscription } = this.#means;
    const messageId = delivery.messageId ?? '';
    this.#means.tell({
      type: 'failed',
      service,
      part: subscription.part,
      messageId,
      attempt,
      retryMs,
      error,
    });
    return retryMs;
  }

  #retryMs(attempt: number): number | undefined {
    const { subscription, environment } = this.#means;
    if (attempt < subscription.attemptsNow) return pauseMsAfter(attempt, environment);
    return subscription.laterMs[attempt - subscription.attemptsNow];
  }

  /** Until the copy is confirmed, nothing else of the key begins. */
  async #bury(delivery: IncomingDelivery, { attempts, error }: Failure): Promise<void> {
    const { processor, subscription, environment } = this.#means;
    do {
      if (delivery.isLost || !this.#tenure.begin()) return;
      environment.workBegan();
      try {
        return await processor.deadLetter(delivery, subscription, attempts, error);
      } catch (reason) {
        this.#tellTrouble(delivery, reason as Error);
      } finally {
        this.#tenure.ended();
        environment.workEnded();
      }
    } while (await this.#pause(delivery, DEAD_LETTER_PAUSE_MS));
  }

  /** False when the delivery is given back meanwhile. */
  #pause(delivery: IncomingDelivery, delayMs: number): Promise<boolean> {
    if (delayMs === 0) return Promise.resolve(true);
    const { clock } = this.#means.environment;
    return pauseUnless(clock, delayMs, [this.#tenure.signal, delivery.signal]);
  }

  #tellTrouble(delivery: IncomingDelivery, error: Error): void {
    const { service, subscription } = this.#means;
    const text = `message ${delivery.messageId} of '${subscription.part}' could not be put into the dead letters, and is held until it can`;
    this.#means.tell({ type: 'trouble', service, text, error });
  }
}

/** False when it was aborted. */
function isGranted(waiting: Promise<void>): Promise<boolean> {
  return waiting.then(
    () => true,
    () => false,
  );
}
