/** `GET /api/overview`, `/api/whoami` and `/api/cluster-name`. */
import type { FastifyInstance } from 'fastify';
import { Totals } from '../../core/statistics/totals.ts';
import type { VirtualHost } from '../../core/vhost/virtual-host.ts';
import { visibleVhosts } from '../caller.ts';
import { clusterName } from '../cluster-name.ts';
import type { JsonObject } from '../field-json.ts';
import type { ListQuery, SampleRange } from '../list-query.ts';
import { answerJson } from '../listing.ts';
import type { ManagementContext } from '../management-context.ts';
import { CHANNEL_STATS, details, messageStats, type RecentPast, sumOfSeries } from '../message-stats.ts';
import { objectRoute, type ReadContext, type ReadRequest, readRoute } from '../read-request.ts';
import { type Fields, View } from '../view.ts';
import { openConnections } from './connections.ts';
import { churnRates, EXCHANGE_TYPES, listenersJson, webContexts } from './nodes.ts';

/** Seconds that samples are kept for, under RabbitMQ's names. */
const SAMPLE_RETENTION = { global: [600, 3600, 86_400], basic: [60, 3600, 86_400], detailed: [60, 3600] };

export function overviewRoutes(app: FastifyInstance, context: ReadContext): void {
  readRoute(app, context, '/whoami', ({ caller }, reply) => {
    const { username, tags } = caller.identity;
    return answerJson(reply, { name: username, tags: [...tags], is_internal_user: true });
  });
  readRoute(app, context, '/cluster-name', (_request, reply) =>
    answerJson(reply, { name: clusterName(context) }),
  );
  const basic = { ...identityFields(context), ...basicFields(context) };
  const basicView = new View(basic);
  const view = new View({ ...identityFields(context), ...statisticsFields(context) });
  const viewFor = ({ disableStats }: ListQuery): View<Scope> => (disableStats ? basicView : view);
  objectRoute(app, context, '/overview', viewFor, (request) => new Scope(request));
}

/** What one caller sees of the broker: with monitoring all of it, otherwise the vhosts that it may enter. */
class Scope {
  readonly request: ReadRequest;
  readonly vhosts: readonly VirtualHost[];
  #totals: Totals | undefined;

  constructor(request: ReadRequest) {
    this.request = request;
    this.vhosts = visibleVhosts(request.context, request.caller);
  }

  get seesAll(): boolean {
    return this.request.has('monitoring');
  }

  get totals(): Totals {
    this.#totals ??= this.seesAll ? this.request.context.broker.totals() : sumOf(this.vhosts);
    return this.#totals;
  }

  get series(): RecentPast | undefined {
    const { statistics } = this.request.context.broker;
    if (this.seesAll) return statistics.of(this.request.context.broker);
    return sumOfSeries(this.vhosts.flatMap((vhost) => statistics.of(vhost) ?? []));
  }
}

function sumOf(vhosts: readonly VirtualHost[]): Totals {
  const totals = new Totals();
  for (const vhost of vhosts) totals.add(vhost.totals());
  return totals;
}

function identityFields({ broker, host }: ManagementContext): Fields<Scope> {
  const { product, productVersion } = broker.settings;
  return {
    management_version: () => productVersion,
    rabbitmq_version: () => productVersion,
    product_name: () => product,
    product_version: () => productVersion,
    leveret_version: () => host.node().version,
    erlang_version: () => 'none',
    erlang_full_version: () => `none: Node.js ${process.version}`,
    release_series_support_status: () => 'supported',
    cluster_name: ({ request }) => clusterName(request.context),
    rates_mode: () => 'basic',
    sample_retention_policies: () => SAMPLE_RETENTION,
    exchange_types: () => EXCHANGE_TYPES,
    disable_stats: (_scope, { disableStats }) => disableStats,
    enable_queue_totals: (_scope, { enableQueueTotals }) => enableQueueTotals,
    is_op_policy_updating_enabled: () => true,
  };
}

/** With `disable_stats=true`. */
function basicFields({ broker }: ManagementContext): Fields<Scope> {
  return {
    node: () => broker.settings.nodeName,
    object_totals: (scope) => {
      const { queues, exchanges, connections } = objectTotals(scope);
      return scope.seesAll ? { queues, exchanges, connections } : { queues, exchanges };
    },
  };
}

function statisticsFields(context: ManagementContext): Fields<Scope> {
  return {
    message_stats: (scope, { messageRates }) =>
      messageStats(CHANNEL_STATS, scope.totals.counters, scope.series, messageRates) ?? {},
    churn_rates: () => churnRates(context),
    queue_totals: (scope, { lengths }) => queueTotals(scope, lengths),
    object_totals: (scope) => objectTotals(scope),
    statistics_db_event_queue: () => 0,
    node: ({ seesAll }) => (seesAll ? context.broker.settings.nodeName : undefined),
    listeners: ({ seesAll }) => (seesAll ? listenersJson(context) : undefined),
    contexts: ({ seesAll }) => (seesAll ? webContexts(context) : undefined),
  };
}

function queueTotals({ totals, series }: Scope, lengths: SampleRange | undefined): JsonObject {
  return {
    messages: totals.enqueuedCount - totals.settledCount,
    messages_details: details(series, 'messages', lengths),
    messages_ready: totals.readyCount,
    messages_ready_details: details(series, 'ready', lengths),
    messages_unacknowledged: totals.unackedCount,
    messages_unacknowledged_details: details(series, 'unacked', lengths),
  };
}

interface ObjectTotals extends JsonObject {
  readonly queues: number;
  readonly exchanges: number;
  readonly connections: number;
}

/** Consumers are counted for those only who see all of them, as in RabbitMQ. */
function objectTotals({ request, vhosts, seesAll, totals }: Scope): ObjectTotals {
  const counts = { channels: 0, connections: 0, exchanges: 0, queues: 0 };
  for (const { queues, exchanges } of vhosts) {
    counts.queues += queues.size;
    counts.exchanges += exchanges.size;
  }
  for (const { connection, session } of openConnections(request.context)) {
    if (!request.mayLookAt(session.username)) continue;
    counts.connections++;
    counts.channels += connection.channels.size;
  }
  return seesAll ? { ...counts, consumers: totals.consumerCount } : counts;
}
