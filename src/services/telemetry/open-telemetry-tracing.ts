/**
 * Spans of OpenTelemetry for the attempts of services. The package `@opentelemetry/api` is the user's, and so is the SDK that
 * keeps spans: what is needed of the API is described here.
 */
import type { IncomingMessage } from '../../client/incoming-message.ts';
import type { AttemptResult } from '../runtime/processing.ts';
import type { TraceHeaders, Tracing } from './instruments.ts';
import { formatTraceparent, NO_TRACE, parseTraceparent, type TraceParent, traceOf } from './trace-context.ts';

type Attributes = Record<string, string | number | boolean>;

interface TraceState {
  serialize(): string;
}

interface SpanContext extends TraceParent {
  readonly isRemote?: boolean;
  readonly traceState?: TraceState;
}

interface Span {
  spanContext(): SpanContext;
  recordException(error: Error): void;
  setStatus(status: { readonly code: number; readonly message?: string }): unknown;
  end(): void;
}

interface Tracer {
  startSpan(
    name: string,
    options: {
      readonly kind: number;
      readonly attributes: Attributes;
      readonly links: { readonly context: SpanContext }[];
    },
    context: object,
  ): Span;
}

/** The part of the module `@opentelemetry/api` that is used here. */
export interface OpenTelemetryApi {
  readonly ROOT_CONTEXT: object;
  readonly context: {
    active(): object;
    with<T>(context: object, run: () => T): T;
  };
  readonly trace: {
    /** A proxy, which has the tracers of the SDK once there is one. */
    getTracerProvider(): { getDelegateTracer?(name: string): Tracer | undefined };
    getTracer(name: string): Tracer;
    getSpanContext(context: object): SpanContext | undefined;
    setSpan(context: object, span: Span): object;
    setSpanContext(context: object, spanContext: SpanContext): object;
  };
  createTraceState(text: string): TraceState;
}

/** `SpanKind.CONSUMER` and `SpanStatusCode.ERROR` of the API. */
const KIND_CONSUMER = 4;
const STATUS_ERROR = 2;

const TRACER = 'leveret/services';

/** Without one, spans are made for nobody: 2 us for each message. */
export function hasSdk({ trace }: OpenTelemetryApi): boolean {
  const provider = trace.getTracerProvider();
  return provider.getDelegateTracer === undefined || provider.getDelegateTracer(TRACER) !== undefined;
}

/** A span for each attempt: a child of what sent the message, and the parent of what the attempt sends. */
export class OpenTelemetryTracing implements Tracing {
  readonly #api: OpenTelemetryApi;
  readonly #tracer: Tracer;

  constructor(api: OpenTelemetryApi) {
    this.#api = api;
    this.#tracer = api.trace.getTracer(TRACER);
  }

  async consume(
    messages: readonly IncomingMessage[],
    service: string,
    part: string,
    run: (attempt: TraceHeaders) => Promise<AttemptResult>,
  ): Promise<AttemptResult> {
    const span = this.#startSpan(messages, service, part);
    const context = this.#api.trace.setSpan(this.#api.ROOT_CONTEXT, span);
    try {
      const result = await this.#api.context.with(context, () => run(headersOf(span.spanContext())));
      if (result.status === 'failed') recordFailure(span, result.error);
      return result;
    } finally {
      span.end();
    }
  }

  headers(attempt: TraceHeaders = NO_TRACE): TraceHeaders {
    const active = this.#api.trace.getSpanContext(this.#api.context.active());
    return active === undefined ? attempt : headersOf(active);
  }

  /** A batch has many that sent it, and so none for a parent: it is linked to them. */
  #startSpan(messages: readonly IncomingMessage[], service: string, part: string): Span {
    const [first] = messages;
    const isBatch = messages.length > 1;
    const senders = messages.flatMap((message) => this.#senderOf(message));
    const links = isBatch ? senders.map((context) => ({ context })) : [];
    const [parent] = isBatch ? [] : senders;
    const { ROOT_CONTEXT, trace } = this.#api;
    const context = parent === undefined ? ROOT_CONTEXT : trace.setSpanContext(ROOT_CONTEXT, parent);
    const attributes = { ...attributesOf(service, part), ...messageAttributes(messages) };
    const name = `process ${first === undefined ? part : destinationOf(first)}`;
    return this.#tracer.startSpan(name, { kind: KIND_CONSUMER, attributes, links }, context);
  }

  #senderOf(message: IncomingMessage): SpanContext[] {
    const { traceparent, tracestate } = traceOf(message);
    const parent = traceparent === undefined ? undefined : parseTraceparent(traceparent);
    if (parent === undefined) return [];
    const context = { ...parent, isRemote: true };
    return [
      tracestate === undefined ? context : { ...context, traceState: this.#api.createTraceState(tracestate) },
    ];
  }
}

function recordFailure(span: Span, error: Error): void {
  span.recordException(error);
  span.setStatus({ code: STATUS_ERROR, message: error.message });
}

/** A span that nobody made has a context that says nothing, with an id of zeros. */
function headersOf(context: SpanContext): TraceHeaders {
  const traceparent = formatTraceparent(context);
  if (parseTraceparent(traceparent) === undefined) return NO_TRACE;
  const tracestate = context.traceState?.serialize() ?? '';
  return tracestate === '' ? { traceparent } : { traceparent, tracestate };
}

/** A message through the default exchange is named by its type, or by the queue that it went to. */
function destinationOf({ exchange, type, routingKey }: IncomingMessage): string {
  return exchange || type || routingKey;
}

/** The semantic conventions for messaging, where they have a name for it. */
function attributesOf(service: string, part: string): Attributes {
  return {
    'messaging.system': 'rabbitmq',
    'messaging.operation.name': 'process',
    'messaging.operation.type': 'process',
    'messaging.consumer.group.name': service,
    'leveret.part': part,
  };
}

function messageAttributes(messages: readonly IncomingMessage[]): Attributes {
  const [first] = messages;
  if (first === undefined) return {};
  const attributes: Attributes = { 'messaging.destination.name': destinationOf(first) };
  if (messages.length > 1) return { ...attributes, 'messaging.batch.message_count': messages.length };
  const { messageId, correlationId, routingKey, bytes } = first;
  attributes['messaging.rabbitmq.destination.routing_key'] = routingKey;
  attributes['messaging.message.body.size'] = bytes.length;
  if (messageId !== undefined) attributes['messaging.message.id'] = messageId;
  if (correlationId !== undefined) attributes['messaging.message.conversation_id'] = correlationId;
  return attributes;
}
