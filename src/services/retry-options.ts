/** How often a message is tried, and when, before it is a dead letter. */
export interface RetryOptions {
  /** Attempts at once, the first one among them. 3 unless given. */
  readonly now?: number;
  /** Delays in milliseconds of the attempts after those, one attempt each. 10 s, 1 min, 10 min, 1 h unless given; for `ordered` 1 s, 10 s, 1 min, 5 min. */
  readonly laterMs?: readonly number[];
}
