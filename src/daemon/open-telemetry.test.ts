import { beforeEach, describe, expect, test } from 'vitest';
import type { BrokerEvent } from '../core/environment.ts';
import type { TracedMessage } from '../core/message/message-tracer.ts';
import { type OpenTelemetryApi, OpenTelemetryTracer, type SpanTracer } from './open-telemetry.ts';

interface MadeSpan {
  readonly name: string;
  readonly kind: number;
  readonly attributes: Record<string, string | number | boolean>;
  readonly startTime: number;
  readonly endTime: number;
  readonly parent: unknown;
}

const TRACE_ID = '4bf92f3577b34da6a3ce929d0e0e4736';
const PARENT_ID = '00f067aa0ba902b7';
const MESSAGE: TracedMessage = {
  traceparent: `00-${TRACE_ID}-${PARENT_ID}-01`,
  tracestate: undefined,
  vhost: '/',
  exchange: 'events',
  routingKey: 'order.new',
  messageId: 'm1',
  correlationId: 'c1',
  bodyBytes: 12,
};
const DELIVERY = { queue: 'orders', consumerTag: 'worker', redelivered: false, waitedMs: 1500 };

const ROOT = { root: true };

let spans: MadeSpan[];
let events: BrokerEvent[];
let tracer: OpenTelemetryTracer;

beforeEach(() => {
  spans = [];
  events = [];
  const spanTracer: SpanTracer = {
    startSpan: (name, options, parent) => ({
      end: (endTime) => spans.push({ name, ...options, endTime, parent }),
    }),
  };
  tracer = new OpenTelemetryTracer(api(spanTracer), spanTracer, (event) => events.push(event));
});

function api(spanTracer: SpanTracer): OpenTelemetryApi {
  return {
    ROOT_CONTEXT: ROOT,
    trace: {
      getTracer: () => spanTracer,
      setSpanContext: (context, spanContext) => ({ context, spanContext }),
    },
    createTraceState: (text) => ({ text }),
  };
}

test('a message that is published is a span below that of its publisher', () => {
  tracer.onPublish(MESSAGE, ['orders', 'audit']);
  expect(spans).toHaveLength(1);
  expect(spans[0]).toMatchObject({
    name: 'publish events',
    kind: 4,
    parent: {
      context: ROOT,
      spanContext: { traceId: TRACE_ID, spanId: PARENT_ID, traceFlags: 1, isRemote: true },
    },
    attributes: {
      'messaging.system': 'rabbitmq',
      'messaging.operation.name': 'publish',
      'messaging.destination.name': 'events:order.new',
      'messaging.rabbitmq.destination.routing_key': 'order.new',
      'messaging.message.id': 'm1',
      'messaging.message.conversation_id': 'c1',
      'messaging.message.body.size': 12,
      'leveret.queues': 2,
    },
  });
});

test('a message that is delivered is a span as long as it waited', () => {
  tracer.onDeliver(MESSAGE, DELIVERY);
  const [span] = spans;
  expect(span).toMatchObject({
    name: 'deliver orders',
    kind: 3,
    attributes: {
      'messaging.operation.name': 'deliver',
      'messaging.destination.name': 'events:order.new:orders',
      'messaging.consumer.tag': 'worker',
    },
  });
  expect((span?.endTime ?? 0) - (span?.startTime ?? 0)).toBe(1500);
});

test('the state of a trace goes on', () => {
  tracer.onPublish({ ...MESSAGE, tracestate: 'vendor=1' }, []);
  expect(spans[0]?.parent).toMatchObject({ spanContext: { traceState: { text: 'vendor=1' } } });
  tracer.onPublish({ ...MESSAGE, tracestate: 'x'.repeat(513) }, []);
  expect(spans[1]?.parent).not.toHaveProperty('spanContext.traceState');
});

describe('a traceparent that is none', () => {
  test.each([
    '',
    'nonsense',
    `00-${TRACE_ID}-${PARENT_ID}`,
    `ff-${TRACE_ID}-${PARENT_ID}-01`,
    `00-${'0'.repeat(32)}-${PARENT_ID}-01`,
    `00-${TRACE_ID}-${'0'.repeat(16)}-01`,
    `00-${TRACE_ID.toUpperCase()}-${PARENT_ID}-01`,
  ])('makes no span: %j', (traceparent) => {
    tracer.onPublish({ ...MESSAGE, traceparent }, []);
    expect(spans).toEqual([]);
  });
});

test('an SDK that throws is told of once, and harms nothing', () => {
  const failing: SpanTracer = {
    startSpan: () => {
      throw new Error('no more spans');
    },
  };
  const failed = new OpenTelemetryTracer(api(failing), failing, (event) => events.push(event));
  failed.onPublish(MESSAGE, []);
  failed.onDeliver(MESSAGE, DELIVERY);
  expect(events).toHaveLength(1);
  expect(events[0]?.text).toContain('no more spans');
});
