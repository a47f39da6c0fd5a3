import type { IncomingMessage } from '../../client/incoming-message.ts';

export type AttemptOutcome = 'done' | 'duplicate' | 'failed' | 'dead';

/** Counts what a service does. */
export interface Instruments {
  attemptBegan(part: string): void;
  attemptEnded(part: string, outcome: AttemptOutcome, durationMs: number): void;
  /** Messages that were confirmed by the broker. */
  sent(contract: string, count: number): void;
}

/** Carries traces from message to message (W3C trace context). */
export interface Tracing {
  /** Runs an attempt within a span that goes on with the trace of the message. */
  consume<T>(message: IncomingMessage, part: string, run: () => Promise<T>): Promise<T>;
  /** Headers for a message that is sent now: `traceparent`, and `tracestate`. Empty when there is no trace. */
  headers(): Readonly<Record<string, string>>;
}

/** Payloads that travel beside the queue. */
export interface ClaimCheck {
  /** Puts a body away when it is above the size, and resolves with its name; undefined when it travels as it is. */
  store(body: Uint8Array): Promise<string | undefined>;
  load(name: string): Promise<Uint8Array>;
}
