import type { IncomingMessage } from '../../client/incoming-message.ts';
import type { AttemptResult } from '../runtime/processing.ts';
import type { TraceHeaders, Tracing } from './instruments.ts';
import { NO_TRACE, traceOf } from './trace-context.ts';

/** Without OpenTelemetry: what an attempt sends goes on with the trace of its message. A batch goes on with none. */
export class PassingTracing implements Tracing {
  consume(
    messages: readonly IncomingMessage[],
    _service: string,
    _part: string,
    run: (attempt: TraceHeaders) => Promise<AttemptResult>,
  ): Promise<AttemptResult> {
    const [message] = messages;
    return run(message === undefined || messages.length > 1 ? NO_TRACE : traceOf(message));
  }

  headers(attempt: TraceHeaders = NO_TRACE): TraceHeaders {
    return attempt;
  }
}
