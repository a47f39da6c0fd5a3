import type { IncomingMessage } from '../../client/incoming-message.ts';
import type { TraceHeaders } from './instruments.ts';

export const NO_TRACE: TraceHeaders = {};

/** W3C Trace Context: version, trace id, parent id, flags; later versions may have more behind. */
const TRACEPARENT =
  /^(?!ff)[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-([0-9a-f]{2})(?:-.*)?$/;
const TRACESTATE_CHARACTERS_MAX = 512;

export interface TraceParent {
  readonly traceId: string;
  readonly spanId: string;
  readonly traceFlags: number;
}

/** Undefined for a text that is none. */
export function parseTraceparent(text: string): TraceParent | undefined {
  const [, traceId, spanId, flags] = TRACEPARENT.exec(text) ?? [];
  if (traceId === undefined || spanId === undefined || flags === undefined) return undefined;
  return { traceId, spanId, traceFlags: Number.parseInt(flags, 16) };
}

export function formatTraceparent({ traceId, spanId, traceFlags }: TraceParent): string {
  return `00-${traceId}-${spanId}-${traceFlags.toString(16).padStart(2, '0')}`;
}

/** The trace of a message, as its headers have it. Headers come from strangers: what is none is left out. */
export function traceOf(message: IncomingMessage): TraceHeaders {
  // Most messages have no headers at all.
  if (message.properties.headers === undefined) return NO_TRACE;
  const traceparent = message.headers.get('traceparent');
  if (typeof traceparent !== 'string' || parseTraceparent(traceparent) === undefined) return NO_TRACE;
  const tracestate = message.headers.get('tracestate');
  const hasState = typeof tracestate === 'string' && tracestate.length <= TRACESTATE_CHARACTERS_MAX;
  return hasState ? { traceparent, tracestate } : { traceparent };
}
