/** The maths of queues: how much comes and goes, how long it takes, and what it would take to be faster. */
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { FLOW_WINDOWS_SECONDS, type Flow, type MeasuredFlow } from '../../core/statistics/flow.ts';
import type { FlowObserved } from '../../core/statistics/statistics.ts';
import { callerOf, requireAccess } from '../caller.ts';
import type { JsonObject } from '../field-json.ts';
import type { ManagementContext } from '../management-context.ts';
import { FLOW_SCHEMA, QUEUE_FLOW_SCHEMA, TARGET_DELAY_MS_MAX, VHOST_FLOW_SCHEMA } from './flow-schema.ts';
import { invalidPart } from './problem.ts';
import { queueToLookInto, type VhostParams, vhostToLookInto } from './v1-session.ts';

interface TargetQuery {
  readonly target_delay_ms?: number | string;
}

export function flowRoutes(app: FastifyInstance, context: ManagementContext): void {
  app.get('/queues/:vhost/:queue/flow', { schema: QUEUE_FLOW_SCHEMA }, (request) =>
    queueFlow(context, request),
  );
  app.get('/vhosts/:vhost/flow', { schema: VHOST_FLOW_SCHEMA }, (request) => {
    const vhost = vhostToLookInto(context, request, (request.params as VhostParams).vhost);
    return { vhost: vhost.name, ...flowJson(context, vhost) };
  });
  app.get('/flow', { schema: FLOW_SCHEMA }, (request) => {
    requireAccess(callerOf(request), 'monitoring');
    return flowJson(context, context.broker);
  });
}

function queueFlow(context: ManagementContext, request: FastifyRequest): JsonObject {
  const { vhost, queue } = queueToLookInto(context, request);
  const targetDelayMs = targetOf((request.query as TargetQuery).target_delay_ms);
  const arrivalMs = queue.oldestReadyArrivalMs('read');
  return {
    vhost: vhost.name,
    queue: queue.name,
    ...flowJson(context, queue, targetDelayMs),
    oldest_ready_age_ms: arrivalMs === undefined ? null : context.broker.runtime.now() - arrivalMs,
    target_delay_ms: targetDelayMs ?? null,
  };
}

function targetOf(found: number | string | undefined): number | undefined {
  if (found === undefined) return undefined;
  const targetMs = Number(found);
  if (targetMs > 0 && targetMs <= TARGET_DELAY_MS_MAX) return targetMs;
  throw invalidPart('query/target_delay_ms', found, `above 0, and at most ${TARGET_DELAY_MS_MAX}`);
}

function flowJson({ broker }: ManagementContext, object: FlowObserved, targetDelayMs?: number): JsonObject {
  const flows = broker.statistics.flowsOf(object, FLOW_WINDOWS_SECONDS, targetDelayMs);
  const now = flows[0] as Flow;
  return {
    enqueued_total: now.enqueuedCount,
    settled_total: now.settledCount,
    messages: now.messageCount,
    messages_ready: now.readyCount,
    messages_unacknowledged: now.unackedCount,
    consumers: now.consumerCount,
    windows: flows.map(windowJson),
  };
}

function windowJson(flow: Flow): JsonObject {
  return {
    window_seconds: flow.windowSeconds,
    covered_seconds: flow.coveredSeconds,
    state: flow.state,
    state_reason: stateReason(flow),
    enqueued: flow.enqueuedInWindow,
    settled: flow.settledInWindow,
    rate_in_per_second: flow.ratePerSecondIn,
    rate_out_per_second: flow.ratePerSecondOut,
    delay_ms: flow.delayMs ?? null,
    drain_ms: flow.drainMs ?? null,
    utilisation: flow.utilisation ?? null,
    service_rate_per_second: flow.serviceRatePerSecond ?? null,
    consumers_needed: flow.consumersNeeded ?? null,
    measured: flow.measured === undefined ? null : measuredJson(flow.measured),
  };
}

function measuredJson({
  windowSeconds,
  messageCount,
  meanMs,
  p50Ms,
  p95Ms,
  p99Ms,
}: MeasuredFlow): JsonObject {
  return {
    window_seconds: windowSeconds,
    messages: messageCount,
    mean_ms: meanMs,
    p50_ms: p50Ms,
    p95_ms: p95Ms,
    p99_ms: p99Ms,
  };
}

/** Why formulas mean what they mean, or nothing. */
function stateReason(flow: Flow): string {
  const { state, messageCount, enqueuedInWindow, settledInWindow, coveredSeconds } = flow;
  const over = `in ${Math.round(coveredSeconds)} s`;
  switch (state) {
    case 'idle':
      return `empty, and nothing came ${over}`;
    case 'stalled':
      return `${messageCount} messages are there, and none left ${over}: there is no delay to speak of, nor a time to drain`;
    case 'growing':
      return `${enqueuedInWindow} messages came and ${settledInWindow} left ${over}: what comes now will take ever longer, so there is no delay`;
    case 'draining':
      return `${settledInWindow} messages left and ${enqueuedInWindow} came ${over}`;
    case 'steady':
      return `about as many messages came as left ${over}: ${enqueuedInWindow} and ${settledInWindow}`;
  }
}
