import type { BatchOptions, HandlerOptions, RateOptions, RecurringOptions } from './part.ts';
import type { RetryOptions } from './retry-options.ts';

/** How the messages of a part are handled: its options with their defaults, checked. */
export interface Handling {
  readonly concurrency: number;
  readonly isOrdered: boolean;
  readonly attemptsNow: number;
  readonly laterMs: readonly number[];
  readonly timeoutMs: number;
  readonly rate: Required<RateOptions> | undefined;
  readonly batch: BatchHandling | undefined;
}

export interface BatchHandling {
  readonly size: number;
  readonly waitMs: number;
}

const SECOND_MS = 1000;
const MINUTE_MS = 60 * SECOND_MS;
const HOUR_MS = 60 * MINUTE_MS;

const ATTEMPTS_NOW = 3;
const LATER_MS = [10 * SECOND_MS, MINUTE_MS, 10 * MINUTE_MS, HOUR_MS];
/** Shorter: all messages of the key wait meanwhile. */
const LATER_ORDERED_MS = [SECOND_MS, 10 * SECOND_MS, MINUTE_MS, 5 * MINUTE_MS];
const TIMEOUT_MS = 30 * SECOND_MS;
const CONCURRENCY = 16;
const BATCH_SIZE = 100;
const BATCH_WAIT_MS = 50;
/** What a timer of Node can wait at most. */
const DELAY_MAX_MS = 2 ** 31 - 1;

/** Of a handler. Throws `TypeError`, with `what` in front, for a value that makes no sense. */
export function handlerHandling(what: string, options: HandlerOptions): Handling {
  const isOrdered = options.ordered === true;
  return {
    ...attempts(what, options, isOrdered),
    concurrency: count(`${what}: concurrency`, options.concurrency ?? CONCURRENCY),
    isOrdered,
    rate: options.rate === undefined ? undefined : rateOf(what, options.rate),
    batch: undefined,
  };
}

/** Of a batch handler, whose concurrency counts batches. */
export function batchHandling(what: string, options: BatchOptions): Handling {
  const size = count(`${what}: size`, options.size ?? BATCH_SIZE);
  return {
    ...attempts(what, options, false),
    concurrency: count(`${what}: concurrency`, options.concurrency ?? 1),
    isOrdered: false,
    rate: undefined,
    batch: { size, waitMs: waitOf(what, options) },
  };
}

/** Of a recurring job, which runs one at a time, and of a saga, whose messages wait for its row. */
export function recurringHandling(what: string, options: RecurringOptions): Handling {
  return {
    ...attempts(what, options, false),
    concurrency: 1,
    isOrdered: false,
    rate: undefined,
    batch: undefined,
  };
}

export function sagaHandling(what: string, options: Attempts): Handling {
  return { ...recurringHandling(what, {}), ...attempts(what, options, false), concurrency: CONCURRENCY };
}

interface Attempts {
  readonly retry?: RetryOptions | undefined;
  readonly timeoutMs?: number | undefined;
}

function attempts(
  what: string,
  { retry = {}, timeoutMs = TIMEOUT_MS }: Attempts,
  isOrdered: boolean,
): Pick<Handling, 'attemptsNow' | 'laterMs' | 'timeoutMs'> {
  const laterMs = retry.laterMs ?? (isOrdered ? LATER_ORDERED_MS : LATER_MS);
  return {
    attemptsNow: count(`${what}: retry.now`, retry.now ?? ATTEMPTS_NOW),
    laterMs: laterMs.map((value, index) => delay(`${what}: retry.laterMs[${index}]`, value)),
    timeoutMs: delay(`${what}: timeoutMs`, timeoutMs),
  };
}

function rateOf(what: string, { perSecond, burst = 1, perKey = false }: RateOptions): Required<RateOptions> {
  if (!(perSecond > 0 && Number.isFinite(perSecond))) {
    throw new TypeError(`${what}: rate.perSecond: found ${perSecond}; allowed: a number above 0`);
  }
  return { perSecond, burst: count(`${what}: rate.burst`, burst), perKey };
}

function waitOf(what: string, { waitMs = BATCH_WAIT_MS }: BatchOptions): number {
  return waitMs === 0 ? 0 : delay(`${what}: waitMs`, waitMs);
}

function count(what: string, value: number): number {
  if (Number.isSafeInteger(value) && value >= 1) return value;
  throw new TypeError(`${what}: found ${value}; allowed: a whole number from 1`);
}

function delay(what: string, value: number): number {
  if (value > 0 && value <= DELAY_MAX_MS) return value;
  throw new TypeError(`${what}: found ${value}; allowed: milliseconds above 0, at most ${DELAY_MAX_MS}`);
}
