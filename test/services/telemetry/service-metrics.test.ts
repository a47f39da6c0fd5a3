import { expect, it } from 'vitest';
import type { UnitHealth } from '../../../src/services/runtime/app.ts';
import { ServiceMetrics } from '../../../src/services/telemetry/service-metrics.ts';
import { serviceMetricsText } from '../../../src/services/telemetry/service-metrics-text.ts';
import { type ParsedMetrics, parseMetrics } from '../../management/parse-metrics.ts';

function health(service: string, more: Partial<UnitHealth> = {}): UnitHealth {
  return {
    service,
    isConsuming: true,
    inFlight: 0,
    handledCount: 0,
    outboxCount: 0,
    outboxLagMs: 0,
    ...more,
  };
}

function textOf(metrics: ServiceMetrics, more: Partial<UnitHealth> = {}): ParsedMetrics {
  return parseMetrics(serviceMetricsText([{ metrics, health: health(metrics.service, more) }]));
}

it('counts attempts by part and how they ended, and those that are under way', () => {
  const metrics = new ServiceMetrics('orders');
  for (const outcome of ['done', 'done', 'duplicate', 'failed', 'dead'] as const) {
    metrics.attemptBegan('orders.place');
    metrics.attemptEnded('orders.place', outcome, 1);
  }
  metrics.attemptBegan('orders.place');
  const parsed = textOf(metrics);
  const labels = { service: 'orders', part: 'orders.place' };
  const counted = (outcome: string): number | undefined =>
    parsed.value('leveret_service_attempts_total', { ...labels, outcome });
  expect(['done', 'duplicate', 'failed', 'dead'].map(counted)).toEqual([2, 1, 1, 1]);
  expect(parsed.value('leveret_service_in_flight', labels)).toBe(1);
});

it('puts durations into the buckets of a histogram, each with those below', () => {
  const metrics = new ServiceMetrics('orders');
  for (const durationMs of [0.5, 1, 1.1, 40_000]) {
    metrics.attemptBegan('a');
    metrics.attemptEnded('a', 'done', durationMs);
  }
  const parsed = textOf(metrics);
  const name = 'leveret_service_attempt_duration_seconds';
  const labels = { service: 'orders', part: 'a' };
  const bucket = (le: string): number | undefined => parsed.value(`${name}_bucket`, { ...labels, le });
  expect([bucket('0.001'), bucket('0.0025'), bucket('30'), bucket('+Inf')]).toEqual([2, 3, 3, 4]);
  expect(parsed.value(`${name}_count`, labels)).toBe(4);
  expect(parsed.value(`${name}_sum`, labels)).toBeCloseTo(40.0026, 6);
});

it('says how the service and its outbox are', () => {
  const parsed = textOf(new ServiceMetrics('orders'), {
    isConsuming: false,
    outboxCount: 3,
    outboxLagMs: 1500,
  });
  const names = [
    'leveret_service_up',
    'leveret_service_outbox_messages',
    'leveret_service_outbox_lag_seconds',
  ];
  expect(names.map((name) => parsed.value(name, { service: 'orders' }))).toEqual([0, 3, 1.5]);
});

it('counts what was sent by contract', () => {
  const metrics = new ServiceMetrics('orders');
  metrics.sent('mails.send', 2);
  metrics.sent('mails.send', 3);
  const labels = { service: 'orders', contract: 'mails.send' };
  expect(textOf(metrics).value('leveret_service_sent_total', labels)).toBe(5);
});

it('writes the samples of all services below one head of each name', () => {
  const services = ['orders', 'mails'].map((service) => {
    const metrics = new ServiceMetrics(service);
    metrics.attemptBegan('part');
    return { metrics, health: health(service) };
  });
  const text = serviceMetricsText(services);
  const heads = text.match(/^# TYPE (\S+)/gm) ?? [];
  expect(new Set(heads).size).toBe(heads.length);
  expect(text).toContain(
    '# TYPE leveret_service_up gauge\nleveret_service_up{service="orders"} 1\nleveret_service_up{service="mails"} 1\n',
  );
});

it('has all its names before anything has happened', () => {
  expect(textOf(new ServiceMetrics('orders')).names).toEqual([
    'leveret_service_up',
    'leveret_service_outbox_messages',
    'leveret_service_outbox_lag_seconds',
    'leveret_service_in_flight',
    'leveret_service_attempts_total',
    'leveret_service_attempt_duration_seconds',
    'leveret_service_sent_total',
  ]);
});

it('lets no name end a label', () => {
  const part = 'a"} 1\nevil{b="\\';
  const metrics = new ServiceMetrics('orders');
  metrics.attemptBegan(part);
  metrics.attemptBegan('__proto__');
  const parsed = textOf(metrics);
  expect(parsed.value('leveret_service_in_flight', { service: 'orders', part })).toBe(1);
  expect(parsed.value('leveret_service_in_flight', { service: 'orders', part: '__proto__' })).toBe(1);
});
