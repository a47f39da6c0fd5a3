/** Rates over time, from the samples of a counter. */

/** `x_details` of a counter `x`. */
export interface RateDetails {
  readonly rate: number;
  /** When a range was asked for; the newest first. */
  readonly samples?: readonly CounterSample[];
}

interface CounterSample {
  readonly sample: number;
  /** Milliseconds since 1970. */
  readonly timestamp: number;
}

export interface RateCurve {
  /** Oldest first. */
  readonly at: readonly number[];
  /** One for each time: per second, since the time before. */
  readonly rates: readonly number[];
}

/** What to ask for: the last minute, as fine as the broker counts. */
export const LAST_MINUTE = { age: 60, incr: 5 } as const;

/** A counter that began meanwhile was 0 before. */
export function rateCurve(details: RateDetails | undefined): RateCurve {
  const oldestFirst = [...(details?.samples ?? [])].reverse();
  const at: number[] = [];
  const rates: number[] = [];
  let before: CounterSample | undefined;
  for (const now of oldestFirst) {
    if (before !== undefined && now.timestamp > before.timestamp) {
      at.push(now.timestamp);
      rates.push(Math.max(0, ((now.sample - before.sample) * 1000) / (now.timestamp - before.timestamp)));
    }
    before = now;
  }
  return { at, rates };
}
