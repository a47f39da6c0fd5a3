import {
  BasicTracerProvider,
  InMemorySpanExporter,
  SimpleSpanProcessor,
} from '@opentelemetry/sdk-trace-base';
import { expect, onTestFinished, test } from 'vitest';
import { tableOf } from '../codec/field-table.ts';
import { startBroker } from './start-broker.ts';

test('the SDK of OpenTelemetry gets spans below that of the publisher', async () => {
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
