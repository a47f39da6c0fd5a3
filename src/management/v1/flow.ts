/** The maths of queues: how much comes and goes, how long it takes, and what it would take to be faster. */
import type { FastifyInstance } from 'fastify';
import { FLOW_WINDOWS_SECONDS, type Flow, type MeasuredFlow } from '../../core/statistics/flow.ts';
import type { FlowObserved } from '../../core/statistics/statistics.ts';
import { callerOf, requireAccess, vhostToSee } from '../caller.ts';
import type { JsonObject } from '../field-json.ts';
import type { ManagementContext } from '../management-context.ts';
import { invalidPart, problemNotFound } from './problem.ts';

const SHORTSTR = { type: 'string', maxLength: 255 } as const;
/** A day. */
const TARGET_DELAY_MS_MAX = 86_400_000;

const count = { type: 'number' } as const;
const numberOrNull = { type: ['number', 'null'] } as const;

const MEASURED = {
  type: ['object', 'null'],
  description: 'Time from enqueue to settlement of the messages that somebody got; null when there was none',
  properties: {
    window_seconds: { ...count, description: 'Of the last so many seconds, to twice that' },
    messages: count,
    mean_ms: count,
    p50_ms: count,
    p95_ms: count,
    p99_ms: count,
  },
} as const;

const WINDOW = {
  type: 'object',
  properties: {
    window_seconds: count,
    covered_seconds: { ...count, description: 'What the rates were taken over' },
    state: { type: 'string', enum: ['idle', 'stalled', 'growing', 'draining', 'steady'] },
    state_reason: { type: 'string' },
    enqueued: count,
    settled: count,
    rate_in_per_second: { ...count, description: 'P' },
    rate_out_per_second: { ...count, description: 'C' },
    delay_ms: { ...numberOrNull, description: 'D = Q / C; null when it means nothing: `state` says why' },
    drain_ms: { ...numberOrNull, description: 'Q / (C - P); null unless it is draining or empty' },
    utilisation: { ...numberOrNull, description: 'Share of their time that consumers had unacked messages' },
    service_rate_per_second: { ...numberOrNull, description: 'Of one consumer while it is busy' },
    consumers_needed: { ...numberOrNull, description: 'For target_delay_ms, at the rates of this window' },
    measured: MEASURED,
  },
} as const;

const FLOW_PROPERTIES = {
  enqueued_total: { ...count, description: 'N' },
  settled_total: { ...count, description: 'M' },
  messages: { ...count, description: 'Q = N - M' },
  messages_ready: count,
  messages_unacknowledged: count,
  consumers: count,
  windows: { type: 'array', items: WINDOW },
} as const;

const QUEUE_FLOW = {
  type: 'object',
  properties: {
    vhost: { type: 'string' },
    queue: { type: 'string' },
    ...FLOW_PROPERTIES,
    oldest_ready_age_ms: { ...numberOrNull, description: 'Age of the oldest ready message' },
    target_delay_ms: numberOrNull,
  },
} as const;

const TARGET_QUERY = {
  type: 'object',
  properties: {
    target_delay_ms: {
      type: 'number',
      exclusiveMinimum: 0,
      maximum: TARGET_DELAY_MS_MAX,
      description: 'Mean time from enqueue to settlement for which consumers are to be counted',
    },
  },
} as const;

interface QueueFlowRoute {
  Params: { vhost: string; queue: string };
  Querystring: { target_delay_ms?: number | string };
}

export function flowRoutes(app: FastifyInstance, context: ManagementContext): void {
  const { broker } = context;
  app.get<QueueFlowRoute>(
    '/queues/:vhost/:queue/flow',
    {
      schema: {
        tags: ['flow'],
        summary: 'How messages flow through a queue',
        description:
          'Over 1 minute, 10 minutes, 1 hour and 24 hours. docs/queue-maths.md explains each number.',
        params: { type: 'object', properties: { vhost: SHORTSTR, queue: SHORTSTR } },
        querystring: TARGET_QUERY,
        response: { 200: QUEUE_FLOW },
      },
    },
    (request) => {
      const { vhost, queue } = request.params;
      const caller = callerOf(request);
      requireAccess(caller, 'management');
      vhostToSee(context, caller, vhost);
      return queueFlow(context, vhost, queue, targetOf(request.query.target_delay_ms));
    },
  );
  app.get<{ Params: { vhost: string } }>(
    '/vhosts/:vhost/flow',
    {
      schema: {
        tags: ['flow'],
        summary: 'How messages flow through all queues of a vhost together',
        params: { type: 'object', properties: { vhost: SHORTSTR } },
        response: { 200: { type: 'object', properties: { vhost: { type: 'string' }, ...FLOW_PROPERTIES } } },
      },
    },
    (request) => {
      const caller = callerOf(request);
      requireAccess(caller, 'management');
      const vhost = vhostToSee(context, caller, request.params.vhost);
      return { vhost: vhost.name, ...flowJson(context, vhost) };
    },
  );
  app.get(
    '/flow',
    {
      schema: {
        tags: ['flow'],
        summary: 'How messages flow through all queues of the broker together',
        response: { 200: { type: 'object', properties: FLOW_PROPERTIES } },
      },
    },
    (request) => {
      requireAccess(callerOf(request), 'monitoring');
      return flowJson(context, broker);
    },
  );
}

function queueFlow(
  context: ManagementContext,
  vhostName: string,
  name: string,
  targetDelayMs: number | undefined,
): JsonObject {
  const { broker } = context;
  const queue = broker.vhosts.get(vhostName)?.queues.get(name);
  if (queue === undefined) throw problemNotFound(`there is no queue '${name}' in vhost '${vhostName}'`);
  const arrivalMs = queue.oldestReadyArrivalMs('read');
  return {
    vhost: vhostName,
    queue: name,
    ...flowJson(context, queue, targetDelayMs),
    oldest_ready_age_ms: arrivalMs === undefined ? null : broker.runtime.now() - arrivalMs,
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
