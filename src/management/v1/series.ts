/** The maths of queues over the recent past, for charts. */
import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { FlowPoint, StepFlow } from '../../core/statistics/flow-series.ts';
import type { FlowObserved } from '../../core/statistics/statistics.ts';
import { callerOf, requireAccess } from '../caller.ts';
import type { ManagementContext } from '../management-context.ts';
import {
  QUEUE_SERIES_SCHEMA,
  SERIES_SCHEMA,
  SERIES_WINDOW_DEFAULT,
  SERIES_WINDOWS,
  VHOST_SERIES_SCHEMA,
} from './series-schema.ts';
import { queueToLookInto, type VhostParams, vhostToLookInto } from './v1-session.ts';

export function seriesRoutes(app: FastifyInstance, context: ManagementContext): void {
  app.get('/queues/:vhost/:queue/series', { schema: QUEUE_SERIES_SCHEMA }, (request) => {
    const { vhost, queue } = queueToLookInto(context, request);
    return { vhost: vhost.name, queue: queue.name, ...seriesJson(context, request, queue) };
  });
  app.get('/vhosts/:vhost/series', { schema: VHOST_SERIES_SCHEMA }, (request) => {
    const vhost = vhostToLookInto(context, request, (request.params as VhostParams).vhost);
    return { vhost: vhost.name, ...seriesJson(context, request, vhost) };
  });
  app.get('/series', { schema: SERIES_SCHEMA }, (request) => {
    requireAccess(callerOf(request), 'monitoring');
    return seriesJson(context, request, context.broker);
  });
}

function seriesJson({ broker }: ManagementContext, { query }: FastifyRequest, object: FlowObserved): object {
  const { window = SERIES_WINDOW_DEFAULT } = query as { readonly window?: string };
  const seconds = SERIES_WINDOWS.get(window) as number;
  const { windowSeconds, stepSeconds, points } = broker.statistics.flowSeriesOf(object, seconds);
  return { window_seconds: windowSeconds, step_seconds: stepSeconds, ...columnsOf(points) };
}

function columnsOf(points: readonly FlowPoint[]): object {
  const column = (value: (flow: StepFlow) => number | undefined): (number | null)[] =>
    points.map(({ flow }) => (flow === undefined ? undefined : value(flow)) ?? null);
  return {
    at: points.map(({ atMs }) => atMs),
    rate_in: column((flow) => flow.ratePerSecondIn),
    rate_out: column((flow) => flow.ratePerSecondOut),
    messages: column((flow) => flow.messageCount),
    ready: column((flow) => flow.readyCount),
    unacknowledged: column((flow) => flow.unackedCount),
    delay_ms: column((flow) => flow.delayMs),
    measured: {
      p50_ms: column((flow) => flow.measured?.p50Ms),
      p95_ms: column((flow) => flow.measured?.p95Ms),
      p99_ms: column((flow) => flow.measured?.p99Ms),
    },
  };
}
