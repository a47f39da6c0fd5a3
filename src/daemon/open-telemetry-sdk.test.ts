import { createRequire } from 'node:module';
import { expect, onTestFinished, test } from 'vitest';
import { tableOf } from '../codec/field-table.ts';
import type { SpanTracer } from './open-telemetry.ts';
import { startBroker } from './start-broker.ts';

/** The packages are optional: without them nothing is tested here. In variables, so that the compiler does not look for them. */
const API: string = '@opentelemetry/api';
const SDK: string = '@opentelemetry/sdk-trace-base';

interface FinishedSpan {
  readonly name: string;
  readonly kind: number;
  readonly attributes: Readonly<Record<string, unknown>>;
  readonly parentSpanContext?: { readonly spanId: string };
  spanContext(): { readonly traceId: string };
}

interface Exporter {
  getFinishedSpans(): readonly FinishedSpan[];
}

interface Sdk {
  readonly InMemorySpanExporter: new () => Exporter;
  readonly SimpleSpanProcessor: new (exporter: Exporter) => object;
  readonly BasicTracerProvider: new (options: {
    readonly spanProcessors: readonly object[];
  }) => { getTracer(name: string): SpanTracer };
}

function isInstalled(): boolean {
  const { resolve } = createRequire(import.meta.url);
  try {
    return [API, SDK].every((name) => resolve(name) !== '');
  } catch {
    return false;
  }
}

test.skipIf(!isInstalled())('the SDK of OpenTelemetry gets spans below that of the publisher', async () => {
  const { InMemorySpanExporter, SimpleSpanProcessor, BasicTracerProvider } = (await import(SDK)) as Sdk;
  const exporter = new InMemorySpanExporter();
  const provider = new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] });
  const broker = await startBroker({ amqpPort: false, tracer: provider.getTracer('test') });
  onTestFinished(() => broker.close());
  const channel = await (await broker.connect()).createChannel();
  await channel.queueDeclare('orders');
  const traceparent = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01';
  await channel.confirmSelect();
  const headers = tableOf({ traceparent, tracestate: 'vendor=1' });
  await channel.publish({ routingKey: 'orders', body: 'hello', properties: { headers } });
  await channel.get('orders');
  const spans = exporter.getFinishedSpans();
  expect(spans.map(({ name, kind }) => [name, kind])).toEqual([
    ['publish amq.default', 4],
    ['deliver orders', 3],
  ]);
  for (const span of spans) {
    expect(span.spanContext().traceId).toBe('4bf92f3577b34da6a3ce929d0e0e4736');
    expect(span.parentSpanContext?.spanId).toBe('00f067aa0ba902b7');
    expect(span.attributes['messaging.system']).toBe('rabbitmq');
  }
});

test.runIf(!isInstalled())(
  'without the package a broker that is to trace does not start, and says what to install',
  async () => {
    const starting = startBroker({ amqpPort: false, openTelemetry: 'on' });
    await expect(starting).rejects.toThrow(/npm install @opentelemetry\/api/);
  },
);
