/**
 * Spans of OpenTelemetry for messages that are part of a distributed trace (docs/tracing-opentelemetry.md). The package
 * `@opentelemetry/api` is the user's: it is loaded when it is asked for, and what is needed of it is described here.
 */
import type { BrokerEvent } from '../core/environment.ts';
import type { MessageTracer, TracedDelivery, TracedMessage } from '../core/message/message-tracer.ts';
import { OptionError } from './option-error.ts';
import { VERSION } from './version.ts';

/** The part of OpenTelemetry's `Tracer` that the broker uses. */
export interface SpanTracer {
  startSpan(
    name: string,
    options: {
      /** A `SpanKind`. */
      readonly kind: number;
      readonly attributes: Record<string, string | number | boolean>;
      /** Milliseconds since 1970. */
      readonly startTime: number;
    },
    /** A `Context`, which only the API makes. Always given: OpenTelemetry's own method can do without. */
    context?: object,
  ): { end(endTime: number): void };
}

interface SpanContext {
  readonly traceId: string;
  readonly spanId: string;
  readonly traceFlags: number;
  readonly isRemote: true;
  readonly traceState?: unknown;
}

/** The part of the module `@opentelemetry/api` that the broker uses. */
export interface OpenTelemetryApi {
  readonly ROOT_CONTEXT: object;
  readonly trace: {
    getTracer(name: string, version: string): SpanTracer;
    setSpanContext(context: object, spanContext: SpanContext): object;
  };
  createTraceState(text: string): unknown;
}

type OnEvent = (event: BrokerEvent) => void;

/** In a variable, so that the compiler does not look for a package that need not be there. */
const API_PACKAGE: string = '@opentelemetry/api';

/**
 * A tracer that makes spans through `tracer`, or through the one that the SDK of this process gives to the broker. OptionError
 * when the package is not installed.
 */
export async function openMessageTracer(
  tracer: SpanTracer | undefined,
  onEvent: OnEvent,
): Promise<MessageTracer> {
  let api: OpenTelemetryApi;
  try {
    api = (await import(API_PACKAGE)) as OpenTelemetryApi;
  } catch (error) {
    throw new OptionError(
      `open-telemetry needs the package ${API_PACKAGE}, which cannot be loaded (${String(error)}): install it beside leveret ` +
        `(npm install ${API_PACKAGE}), together with an SDK that is started with node --import`,
    );
  }
  return new OpenTelemetryTracer(api, tracer ?? api.trace.getTracer('leveret', VERSION), onEvent);
}

/** `SpanKind` of the API: the broker takes messages as a consumer does, and sends them as a producer does. */
const KIND_PRODUCER = 3;
const KIND_CONSUMER = 4;
/** W3C Trace Context: version, trace id, parent id, flags; later versions may have more behind. */
const TRACEPARENT =
  /^(?!ff)[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-([0-9a-f]{2})(?:-.*)?$/;
const TRACESTATE_CHARACTERS_MAX = 512;

export class OpenTelemetryTracer implements MessageTracer {
  readonly #api: OpenTelemetryApi;
  readonly #tracer: SpanTracer;
  readonly #onEvent: OnEvent;
  #hasFailed = false;

  constructor(api: OpenTelemetryApi, tracer: SpanTracer, onEvent: OnEvent) {
    this.#api = api;
    this.#tracer = tracer;
    this.#onEvent = onEvent;
  }

  onPublish(message: TracedMessage, queues: readonly string[]): void {
    const nowMs = Date.now();
    const attributes = {
      ...attributesOf(message),
      'messaging.operation.name': 'publish',
      'messaging.operation.type': 'send',
      'messaging.destination.name': destinationName(message.exchange, message.routingKey),
      'leveret.queues': queues.length,
    };
    this.#span(`publish ${exchangeText(message.exchange)}`, KIND_CONSUMER, message, attributes, nowMs, nowMs);
  }

  /** The span begins when the message came into the queue, and so shows how long it waited there. */
  onDeliver(message: TracedMessage, { queue, consumerTag, redelivered, waitedMs }: TracedDelivery): void {
    const nowMs = Date.now();
    const attributes = {
      ...attributesOf(message),
      'messaging.operation.name': consumerTag === undefined ? 'get' : 'deliver',
      'messaging.operation.type': 'receive',
      'messaging.destination.name': destinationName(message.exchange, message.routingKey, queue),
      'messaging.destination.subscription.name': queue,
      'messaging.rabbitmq.redelivered': redelivered,
      ...(consumerTag === undefined ? {} : { 'messaging.consumer.tag': consumerTag }),
    };
    this.#span(`deliver ${queue}`, KIND_PRODUCER, message, attributes, nowMs - waitedMs, nowMs);
  }

  /** What an SDK throws is no reason to lose a connection: it is told once. */
  #span(
    name: string,
    kind: number,
    message: TracedMessage,
    attributes: Record<string, string | number | boolean>,
    startTime: number,
    endTime: number,
  ): void {
    const parent = this.#contextOf(message);
    if (parent === undefined) return;
    try {
      this.#tracer.startSpan(name, { kind, attributes, startTime }, parent).end(endTime);
    } catch (error) {
      if (this.#hasFailed) return;
      this.#hasFailed = true;
      const text = `OpenTelemetry refused a span, and is not told of again: ${String(error)}`;
      this.#onEvent({ level: 'warn', text });
    }
  }

  /** Undefined for a traceparent that is none. */
  #contextOf({ traceparent, tracestate }: TracedMessage): object | undefined {
    const [, traceId, spanId, flags] = TRACEPARENT.exec(traceparent) ?? [];
    if (traceId === undefined || spanId === undefined || flags === undefined) return undefined;
    const { trace, ROOT_CONTEXT } = this.#api;
    const spanContext = { traceId, spanId, traceFlags: Number.parseInt(flags, 16), isRemote: true as const };
    const hasState = tracestate !== undefined && tracestate.length <= TRACESTATE_CHARACTERS_MAX;
    const traceState = hasState ? this.#api.createTraceState(tracestate) : undefined;
    return trace.setSpanContext(
      ROOT_CONTEXT,
      traceState === undefined ? spanContext : { ...spanContext, traceState },
    );
  }
}

function attributesOf(message: TracedMessage): Record<string, string | number> {
  const { vhost, routingKey, messageId, correlationId, bodyBytes } = message;
  return {
    // The well-known name of the protocol's systems: what shows traces knows it.
    'messaging.system': 'rabbitmq',
    'messaging.rabbitmq.destination.routing_key': routingKey,
    'messaging.message.body.size': bodyBytes,
    'leveret.vhost': vhost,
    ...(messageId === undefined ? {} : { 'messaging.message.id': messageId }),
    ...(correlationId === undefined ? {} : { 'messaging.message.conversation_id': correlationId }),
  };
}

/** As the conventions for RabbitMQ have it: what is there of exchange, routing key and queue, between colons. */
function destinationName(exchange: string, routingKey: string, queue?: string): string {
  const parts = [exchange, routingKey, ...(queue === undefined || queue === routingKey ? [] : [queue])];
  return parts.filter((part) => part !== '').join(':');
}

function exchangeText(exchange: string): string {
  return exchange === '' ? 'amq.default' : exchange;
}
