import type { IncomingDelivery } from '../../client/incoming-delivery.ts';
import type { Environment } from './environment.ts';
import type { Subscription } from './subscription.ts';

const PAUSE_MS = 20;
const PAUSE_MAX_MS = 200;

/** Which attempts a delivery gets in this process: the first time those of `attemptsNow`, and one each time that it was put off. */
export interface RetryPlan {
  readonly firstAttempt: number;
  readonly lastAttempt: number;
  /** When to try again after those; undefined: it becomes a dead letter. */
  readonly laterMs: number | undefined;
}

export function retryPlanOf(delivery: IncomingDelivery, subscription: Subscription): RetryPlan {
  const { retryCount } = delivery;
  const { attemptsNow, laterMs } = subscription;
  const firstAttempt = retryCount === 0 ? 1 : attemptsNow + retryCount;
  const lastAttempt = retryCount === 0 ? attemptsNow : firstAttempt;
  return { firstAttempt, lastAttempt, laterMs: laterMs[retryCount] };
}

/** The pause behind an attempt that failed, before the next one in this process: about 20 ms, then longer up to 200 ms. */
export function pauseMsAfter(attempt: number, { pausesBetweenAttempts, random }: Environment): number {
  if (!pausesBetweenAttempts) return 0;
  const longestMs = Math.min(PAUSE_MS * 2 ** attempt, PAUSE_MAX_MS);
  return PAUSE_MS + Math.floor(random() * (longestMs - PAUSE_MS));
}

/** Waits by the clock, which is no work: a test moves it. False when the signal aborted. */
export function waitIdle(environment: Environment, delayMs: number, signal: AbortSignal): Promise<boolean> {
  if (signal.aborted || delayMs === 0) return Promise.resolve(!signal.aborted);
  return new Promise((resolve) => {
    const end = (isOver: boolean): void => {
      timer.cancel();
      signal.removeEventListener('abort', onAbort);
      environment.workBegan();
      resolve(isOver);
    };
    const onAbort = (): void => end(false);
    const timer = environment.clock.setTimer(delayMs, () => end(true));
    signal.addEventListener('abort', onAbort);
    environment.workEnded();
  });
}
