import { AsyncLocalStorage } from 'node:async_hooks';
import * as api from '@opentelemetry/api';
import {
  BasicTracerProvider,
  InMemorySpanExporter,
  type ReadableSpan,
  SimpleSpanProcessor,
} from '@opentelemetry/sdk-trace-base';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { AttemptResult } from '../../../src/services/runtime/processing.ts';
import type { TraceHeaders, Tracing } from '../../../src/services/telemetry/instruments.ts';
import { openTracing } from '../../../src/services/telemetry/open-tracing.ts';
import { PassingTracing } from '../../../src/services/telemetry/passing-tracing.ts';
import { messageWith } from './message-with.ts';

const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736';
const SENDER = '00f067aa0ba902b7';
const TRACEPARENT = `00-${TRACE}-${SENDER}-01`;
const DONE: AttemptResult = { status: 'done' };

/** What an attempt would send with its messages. */
async function sentBy(
  tracing: Tracing,
  ...headers: (Record<string, string> | undefined)[]
): Promise<TraceHeaders> {
  let sent: TraceHeaders | undefined;
  await tracing.consume(headers.map(messageWith), 'mails', 'orders.placed', async (attempt) => {
    await Promise.resolve();
    sent = tracing.headers(attempt);
    return DONE;
  });
  return sent ?? {};
}

describe('without OpenTelemetry', () => {
  const tracing = new PassingTracing();

  it('goes on with the trace of the message', async () => {
    expect(await sentBy(tracing, { traceparent: TRACEPARENT, tracestate: 'vendor=1', other: 'x' })).toEqual({
      traceparent: TRACEPARENT,
      tracestate: 'vendor=1',
    });
  });

  it.each([
    undefined,
    { other: 'x' },
    { tracestate: 'vendor=1' },
    { traceparent: 'nonsense' },
    { traceparent: `00-${'0'.repeat(32)}-${SENDER}-01` },
    { traceparent: `ff-${TRACE}-${SENDER}-01` },
  ])('has no trace of %j', async (headers) => {
    expect(await sentBy(tracing, headers)).toEqual({});
  });

  it('leaves a tracestate out that is too long', async () => {
    const headers = { traceparent: TRACEPARENT, tracestate: 'x'.repeat(513) };
    expect(await sentBy(tracing, headers)).toEqual({ traceparent: TRACEPARENT });
  });

  it('goes on with no trace of a batch, which may have many', async () => {
    const headers = { traceparent: TRACEPARENT };
    expect(await sentBy(tracing, headers, headers)).toEqual({});
  });

  it('has no trace outside of an attempt', () => {
    expect(tracing.headers()).toEqual({});
  });
});

describe('with the API of OpenTelemetry and no SDK', () => {
  it('goes on with the trace of the message', async () => {
    const tracing = await openTracing();
    const headers = { traceparent: TRACEPARENT, tracestate: 'vendor=1' };
    expect(await sentBy(tracing, headers)).toEqual(headers);
    expect(await sentBy(tracing, undefined)).toEqual({});
    expect(tracing.headers()).toEqual({});
    expect(tracing).toBeInstanceOf(PassingTracing);
  });
});

describe('with an SDK of OpenTelemetry', () => {
  const exporter = new InMemorySpanExporter();
  let tracing: Tracing;

  beforeAll(async () => {
    const provider = new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] });
    api.trace.setGlobalTracerProvider(provider);
    api.context.setGlobalContextManager(new LocalContexts());
    tracing = await openTracing();
  });

  afterEach(() => exporter.reset());

  afterAll(() => {
    api.trace.disable();
    api.context.disable();
  });

  function onlySpan(): ReadableSpan {
    const [span, ...others] = exporter.getFinishedSpans();
    expect(others).toEqual([]);
    return span as ReadableSpan;
  }

  it('makes a span of the attempt, below who sent the message', async () => {
    await sentBy(tracing, { traceparent: TRACEPARENT, tracestate: 'vendor=1' });
    const span = onlySpan();
    expect([span.name, span.kind]).toEqual(['process orders.placed', api.SpanKind.CONSUMER]);
    expect(span.spanContext().traceId).toBe(TRACE);
    expect(span.parentSpanContext).toMatchObject({ spanId: SENDER, isRemote: true });
    expect(span.attributes).toEqual({
      'messaging.system': 'rabbitmq',
      'messaging.operation.name': 'process',
      'messaging.operation.type': 'process',
      'messaging.consumer.group.name': 'mails',
      'messaging.destination.name': 'orders.placed',
      'messaging.rabbitmq.destination.routing_key': 'none',
      'messaging.message.id': 'm1',
      'messaging.message.conversation_id': 'c1',
      'messaging.message.body.size': 5,
      'leveret.part': 'orders.placed',
    });
    expect(span.status.code).toBe(api.SpanStatusCode.UNSET);
  });

  it('is the parent of what the attempt sends', async () => {
    const sent = await sentBy(tracing, { traceparent: TRACEPARENT, tracestate: 'vendor=1' });
    const { spanId } = onlySpan().spanContext();
    expect(sent).toEqual({ traceparent: `00-${TRACE}-${spanId}-01`, tracestate: 'vendor=1' });
  });

  it('begins a trace when the message has none', async () => {
    const sent = await sentBy(tracing, undefined);
    const span = onlySpan();
    expect(span.parentSpanContext).toBeUndefined();
    expect(sent['traceparent']).toContain(span.spanContext().traceId);
  });

  it('lets a span that the handler made be the parent of what is sent in it', async () => {
    let inner = '';
    let sent: TraceHeaders = {};
    await tracing.consume([messageWith()], 'mails', 'orders.placed', (attempt) =>
      api.trace.getTracer('test').startActiveSpan('inner', async (span) => {
        inner = span.spanContext().spanId;
        sent = tracing.headers(attempt);
        span.end();
        return DONE;
      }),
    );
    expect(sent['traceparent']).toContain(inner);
  });

  it('says how an attempt failed', async () => {
    const error = new Error('no stock');
    const failed: AttemptResult = { status: 'failed', error, isFinal: false };
    expect(await tracing.consume([messageWith()], 'mails', 'part', async () => failed)).toBe(failed);
    const { status, events } = onlySpan();
    expect(status).toEqual({ code: api.SpanStatusCode.ERROR, message: 'no stock' });
    expect(events.map(({ name }) => name)).toEqual(['exception']);
  });

  it('links a batch to all who sent its messages, below none of them', async () => {
    await sentBy(tracing, { traceparent: TRACEPARENT }, undefined, { traceparent: TRACEPARENT });
    const span = onlySpan();
    expect(span.parentSpanContext).toBeUndefined();
    expect(span.links.map(({ context }) => context.spanId)).toEqual([SENDER, SENDER]);
    expect(span.attributes['messaging.batch.message_count']).toBe(3);
  });

  it('sends what is sent outside of an attempt with the span that is active', () => {
    api.trace.getTracer('test').startActiveSpan('request', (span) => {
      expect(tracing.headers()['traceparent']).toContain(span.spanContext().spanId);
      span.end();
    });
    expect(tracing.headers()).toEqual({});
  });
});

/** As SDKs for Node.js have one. */
class LocalContexts implements api.ContextManager {
  readonly #local: AsyncLocalStorage<api.Context> = new AsyncLocalStorage();

  active(): api.Context {
    return this.#local.getStore() ?? api.ROOT_CONTEXT;
  }

  with<A extends unknown[], F extends (...args: A) => ReturnType<F>>(
    context: api.Context,
    run: F,
    that?: ThisParameterType<F>,
    ...args: A
  ): ReturnType<F> {
    return this.#local.run(context, () => run.apply(that, args));
  }

  bind<T>(_context: api.Context, target: T): T {
    return target;
  }

  enable(): this {
    return this;
  }

  disable(): this {
    this.#local.disable();
    return this;
  }
}
