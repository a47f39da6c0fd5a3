import type { UnitHealth } from '../runtime/app.ts';
import type { AttemptOutcome } from './instruments.ts';
import { type Labels, type MetricHead, PrometheusText } from './prometheus-text.ts';
import { DURATION_BOUNDS, type PartMetrics, type ServiceMetrics } from './service-metrics.ts';

/** A service of this process, and how it is at the moment. */
export interface ServiceSample {
  readonly metrics: ServiceMetrics;
  readonly health: UnitHealth;
}

const OUTCOMES: readonly AttemptOutcome[] = ['done', 'duplicate', 'failed', 'dead'];

/** Services of a process in the text format of Prometheus. The page on services lists the names. */
export function serviceMetricsText(services: readonly ServiceSample[]): string {
  const text = new PrometheusText();
  writeHealth(text, services);
  const parts = services.flatMap(({ metrics }) => partsOf(metrics));
  writeAttempts(text, parts);
  writeDurations(text, parts);
  writeSent(text, services);
  return text.toString();
}

type LabelledPart = readonly [labels: Labels, part: PartMetrics];

function partsOf(metrics: ServiceMetrics): LabelledPart[] {
  return [...metrics.parts].map(([name, part]) => [[...serviceLabel(metrics), ['part', name]], part]);
}

function serviceLabel({ service }: ServiceMetrics): Labels {
  return [['service', service]];
}

function writeHealth(text: PrometheusText, services: readonly ServiceSample[]): void {
  const gauge = (name: string, help: string, value: (health: UnitHealth) => number): void => {
    text.head({ name, type: 'gauge', help });
    for (const { metrics, health } of services) text.sample(name, serviceLabel(metrics), value(health));
  };
  gauge('leveret_service_up', 'Whether it is connected and consumes.', ({ isConsuming }) =>
    isConsuming ? 1 : 0,
  );
  gauge(
    'leveret_service_outbox_messages',
    'Messages of the outbox that should have been sent.',
    ({ outboxCount }) => outboxCount,
  );
  gauge(
    'leveret_service_outbox_lag_seconds',
    'How long the oldest message of the outbox should have been sent.',
    ({ outboxLagMs }) => outboxLagMs / 1000,
  );
}

const IN_FLIGHT: MetricHead = {
  name: 'leveret_service_in_flight',
  type: 'gauge',
  help: 'Attempts that are under way.',
};

const ATTEMPTS: MetricHead = {
  name: 'leveret_service_attempts_total',
  type: 'counter',
  help: 'Attempts that ended, by how: done, duplicate (handled before), failed (tried again), dead (to the dead letters).',
};

function writeAttempts(text: PrometheusText, parts: readonly LabelledPart[]): void {
  text.head(IN_FLIGHT);
  for (const [labels, part] of parts) text.sample(IN_FLIGHT.name, labels, part.inFlightCount);
  text.head(ATTEMPTS);
  for (const [labels, part] of parts) {
    for (const outcome of OUTCOMES) {
      text.sample(ATTEMPTS.name, [...labels, ['outcome', outcome]], part.outcomes[outcome]);
    }
  }
}

const DURATION: MetricHead = {
  name: 'leveret_service_attempt_duration_seconds',
  type: 'histogram',
  help: 'What attempts took: inbox, handler, commit and sending.',
};

function writeDurations(text: PrometheusText, parts: readonly LabelledPart[]): void {
  text.head(DURATION);
  for (const [labels, part] of parts) {
    let count = 0;
    part.durations.forEach((counted, index) => {
      count += counted;
      const bound = DURATION_BOUNDS[index];
      const le = bound === undefined ? '+Inf' : String(bound);
      text.sample(`${DURATION.name}_bucket`, [...labels, ['le', le]], count);
    });
    text.sample(`${DURATION.name}_sum`, labels, part.durationSecondsSum);
    text.sample(`${DURATION.name}_count`, labels, count);
  }
}

const SENT: MetricHead = {
  name: 'leveret_service_sent_total',
  type: 'counter',
  help: 'Messages that were sent and confirmed, by contract.',
};

function writeSent(text: PrometheusText, services: readonly ServiceSample[]): void {
  text.head(SENT);
  for (const { metrics } of services) {
    for (const [contract, count] of metrics.sentCounts) {
      text.sample(SENT.name, [...serviceLabel(metrics), ['contract', contract]], count);
    }
  }
}
