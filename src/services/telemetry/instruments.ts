import type { IncomingMessage } from '../../client/incoming-message.ts';
import type { AttemptResult } from '../runtime/processing.ts';

export type AttemptOutcome = 'done' | 'duplicate' | 'failed' | 'dead';

/** Counts what a service does. */
export interface Instruments {
  attemptBegan(part: string): void;
  attemptEnded(part: string, outcome: AttemptOutcome, durationMs: number): void;
  /** Messages that were confirmed by the broker. */
  sent(contract: string, count: number): void;
}

/** `traceparent`, and `tracestate`, as W3C Trace Context has them. Empty when there is no trace. */
export type TraceHeaders = Readonly<Record<string, string>>;

/** Carries traces from message to message. */
export interface Tracing {
  /** Runs an attempt within a span that goes on with the trace of its message; of a batch it links to the traces of all. `run` gets what `headers` takes. */
  consume(
    messages: readonly IncomingMessage[],
    service: string,
    part: string,
    run: (attempt: TraceHeaders) => Promise<AttemptResult>,
  ): Promise<AttemptResult>;
  /** For a message that is sent now: of the span that is active here, or else of the attempt that sends it. */
  headers(attempt?: TraceHeaders): TraceHeaders;
}
