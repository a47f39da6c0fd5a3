/** Why things are as they are: where a message would go, and why a queue does not drain. Nothing is changed by asking. */
import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { BasicProperties } from '../../codec/properties.ts';
import type { Identity } from '../../core/access/identity.ts';
import type { EffectivePolicy } from '../../core/access/policies.ts';
import { explainPublishPermission } from '../../core/explain/permission-explanation.ts';
import { explainQueue, type QueueReason } from '../../core/explain/queue-explanation.ts';
import {
  type ExplainedBinding,
  type ExplainedExchange,
  type ExplainedTarget,
  explainRoute,
  type RouteExplanation,
} from '../../core/explain/route-explanation.ts';
import { Publication } from '../../core/message/publication.ts';
import { Session } from '../../core/session/session.ts';
import type { Exchange } from '../../core/vhost/exchange.ts';
import type { VirtualHost } from '../../core/vhost/virtual-host.ts';
import { callerOf, requireAccess } from '../caller.ts';
import { type JsonObject, type JsonValue, jsonOfTable, tableOfJson } from '../field-json.ts';
import type { ManagementContext } from '../management-context.ts';
import { SlicedWork } from '../work-slices.ts';
import { BYTES_MAX, EXPLAIN_QUEUE_SCHEMA, EXPLAIN_ROUTE_SCHEMA } from './explain-schema.ts';
import { invalidPart, problemNotFound } from './problem.ts';
import { RequestInput } from './request-input.ts';
import { queueToLookInto, vhostToLookInto } from './v1-session.ts';

const ROUTE_FIELDS: ReadonlySet<string> = new Set(
  Object.keys(EXPLAIN_ROUTE_SCHEMA.querystring?.properties ?? {}),
);

export function explainRoutes(app: FastifyInstance, context: ManagementContext): void {
  app.get('/explain/route', { schema: EXPLAIN_ROUTE_SCHEMA }, (request) => explainRouteOf(context, request));
  app.get('/explain/queue/:vhost/:queue', { schema: EXPLAIN_QUEUE_SCHEMA }, (request) =>
    explainQueueOf(context, request),
  );
}

// ---- where a message would go ----

async function explainRouteOf(context: ManagementContext, request: FastifyRequest): Promise<JsonObject> {
  const caller = callerOf(request);
  const input = new RequestInput('query', request.query, ROUTE_FIELDS);
  const vhost = vhostToLookInto(context, request, input.text('vhost') ?? '/');
  const exchange = exchangeIn(vhost, input.text('exchange') ?? '');
  const publication = publicationOf(input, exchange);
  const user = input.text('user');
  if (user !== undefined && user !== caller.identity.username) requireAccess(caller, 'administrator');
  const identity = user === undefined ? caller.identity : identityOf(context, user);
  vhost.assertPublishable(exchange, publication);
  const explanation = await inSlices(explainRoute(vhost, exchange, publication));
  return jsonOfRoute(vhost, exchange, explanation, identity);
}

async function inSlices<T>(steps: Iterator<void, T>): Promise<T> {
  const work = await SlicedWork.begin();
  for (;;) {
    const step = steps.next();
    if (step.done === true) return step.value;
    if (work.isDue) await work.pause();
  }
}

/** The default exchange goes by RabbitMQ's name for it, too. */
function exchangeIn(vhost: VirtualHost, asked: string): Exchange {
  const name = asked === 'amq.default' ? '' : asked;
  const exchange = vhost.exchanges.get(name);
  if (exchange !== undefined) return exchange;
  throw problemNotFound(
    `there is no exchange '${name}' in vhost '${vhost.name}': a publisher would get 404 NOT_FOUND`,
  );
}

function identityOf({ broker }: ManagementContext, user: string): Identity {
  if (broker.access.users.has(user)) return broker.access.identityOf(user);
  throw problemNotFound(`there is no user '${user}'`);
}

function publicationOf(input: RequestInput, exchange: Exchange): Publication {
  const properties: { -readonly [K in keyof BasicProperties]: BasicProperties[K] } = {};
  const [headers, messageId, correlationId, expiration] = [
    input.text('headers'),
    input.text('message_id'),
    input.text('correlation_id'),
    input.text('expiration'),
  ];
  if (headers !== undefined) properties.headers = tableOfJson(parsedJson(headers), 'query/headers');
  if (messageId !== undefined) properties.messageId = messageId;
  if (correlationId !== undefined) properties.correlationId = correlationId;
  if (expiration !== undefined) properties.expiration = expiration;
  const publication = Publication.of(
    exchange.name,
    input.text('routing_key') ?? '',
    properties,
    new Uint8Array(0),
  );
  // Only its size is asked for.
  publication.bodyEnd = input.integer('bytes', { min: 0, max: BYTES_MAX }) ?? 0;
  return publication;
}

function parsedJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw invalidPart('query/headers', text, 'it must be a JSON object, like {"format":"pdf"}');
  }
}

function jsonOfRoute(
  vhost: VirtualHost,
  exchange: Exchange,
  { routingKeys, isRepeated, exchanges, targets }: RouteExplanation,
  identity: Identity,
): JsonObject {
  const permission = explainPublishPermission(new Session(identity, vhost), exchange, routingKeys);
  return {
    vhost: vhost.name,
    exchange: exchange.name,
    routing_keys: routingKeys,
    permission: { ...permission },
    result: resultText(permission.allowed, isRepeated, targets),
    exchanges: exchanges.map((explained) => jsonOfExchange(vhost, explained)),
    queues: targets.map((target) => jsonOfTarget(vhost, target)),
  };
}

function resultText(allowed: boolean, isRepeated: boolean, targets: readonly ExplainedTarget[]): string {
  if (!allowed) return 'refused: the user may not publish it';
  if (isRepeated)
    return 'repeated: the exchange deduplicates, and one with this key came before; it is confirmed and goes nowhere';
  if (targets.length === 0)
    return 'unroutable: it leads to no queue; it is returned if it is mandatory, and dropped otherwise';
  const refusing = targets.filter(({ takes }) => !takes).length;
  const count = targets.length === 1 ? '1 queue' : `${targets.length} queues`;
  const chance = targets.some(({ byChance }) => byChance) ? ', of which chance chooses' : '';
  return refusing === 0
    ? `routed to ${count}${chance}`
    : `routed to ${count}${chance}; ${refusing} of them would refuse it`;
}

function jsonOfExchange(vhost: VirtualHost, explained: ExplainedExchange): JsonObject {
  const { exchange, reachedBy, from, bindingCount, matchedCount, bindings, alternate } = explained;
  return {
    exchange: exchange.name,
    type: exchange.type,
    internal: exchange.internal,
    reached_by: reachedBy,
    from: from ?? null,
    delayed: exchange.isDelayed,
    policy: policyName(vhost.effectivePolicy(exchange)),
    bindings_total: bindingCount,
    bindings_matched: matchedCount,
    bindings: bindings.map(jsonOfBinding),
    alternate_exchange:
      alternate === undefined ? null : { name: alternate.name, used: alternate.isUsed, why: alternate.why },
  };
}

function jsonOfBinding(binding: ExplainedBinding): JsonObject {
  return {
    destination: binding.destination,
    destination_type: binding.destinationKind,
    routing_key: binding.routingKey,
    arguments: jsonOfTable(binding.arguments),
    matched: binding.matches ?? 'by chance',
    why: binding.why,
  };
}

function jsonOfTarget(vhost: VirtualHost, { queue, byChance, takes, notes }: ExplainedTarget): JsonObject {
  return {
    queue: queue.name,
    by_chance: byChance,
    takes,
    policy: policyName(vhost.effectivePolicy(queue)),
    messages_ready: queue.readyCount,
    consumers: queue.consumerCount,
    notes: notes.map(({ code, text }) => ({ code, text })),
  };
}

function policyName({ policy, operatorPolicy }: EffectivePolicy): JsonValue {
  if (policy === undefined && operatorPolicy === undefined) return null;
  return { name: policy?.name ?? null, operator_policy: operatorPolicy?.name ?? null };
}

// ---- why a queue does not drain ----

function explainQueueOf(context: ManagementContext, request: FastifyRequest): JsonObject {
  const { broker } = context;
  const { vhost, queue } = queueToLookInto(context, request);
  const { state, reasons } = explainQueue(queue, {
    nowMs: broker.runtime.now(),
    alarmReason: broker.alarmReason,
    leasedCount: broker.leases.countOf(queue),
  });
  return {
    vhost: vhost.name,
    queue: queue.name,
    state,
    messages_ready: queue.readyCount,
    messages_unacknowledged: queue.unackedCount,
    messages_held: queue.heldCount,
    consumers: queue.consumerCount,
    policy: policyName(vhost.effectivePolicy(queue)),
    reasons: reasons.map(jsonOfReason),
  };
}

function jsonOfReason({ reason, text, advice, consumers }: QueueReason): JsonObject {
  return {
    reason,
    text,
    advice,
    consumers: consumers.map((consumer) => ({
      consumer_tag: consumer.consumerTag,
      connection: consumer.connection ?? null,
      channel: consumer.channel ?? null,
      user: consumer.user ?? null,
      prefetch_count: consumer.prefetchCount,
      unacknowledged: consumer.unackedCount,
      blocked_ms: consumer.blockedMs ?? null,
    })),
  };
}
