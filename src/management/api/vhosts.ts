/** `GET /api/vhosts` and one of them. */
import type { FastifyInstance } from 'fastify';
import type { Totals } from '../../core/statistics/totals.ts';
import type { VirtualHost } from '../../core/vhost/virtual-host.ts';
import { visibleVhosts } from '../caller.ts';
import type { ListQuery } from '../list-query.ts';
import type { ManagementContext } from '../management-context.ts';
import { CHANNEL_STATS, details, messageStats } from '../message-stats.ts';
import { listRoute, objectRoute, type ReadContext } from '../read-request.ts';
import { type Fields, View } from '../view.ts';

/** A vhost. Its numbers are sums over all that it holds, and are made once for all fields. */
class VhostRow {
  readonly vhost: VirtualHost;
  #totals: Totals | undefined;

  constructor(vhost: VirtualHost) {
    this.vhost = vhost;
  }

  get totals(): Totals {
    this.#totals ??= this.vhost.totals();
    return this.#totals;
  }
}

export function vhostRoutes(app: FastifyInstance, context: ReadContext): void {
  const basic = new View(basicFields(context));
  const view = new View({ ...basicFields(context), ...statisticsFields(context) });
  const viewFor = ({ disableStats }: ListQuery): View<VhostRow> => (disableStats ? basic : view);
  listRoute(
    app,
    context,
    '/vhosts',
    (query) => ({
      view: viewFor(query),
      sortedBy: ['name'],
      nameOf: ({ vhost }: VhostRow) => vhost.name,
    }),
    ({ caller }) => visibleVhosts(context, caller).map((vhost) => new VhostRow(vhost)),
  );
  objectRoute(app, context, '/vhosts/:vhost', viewFor, (request) => {
    request.require('administrator');
    return new VhostRow(request.vhost());
  });
}

function basicFields({ broker }: ManagementContext): Fields<VhostRow> {
  const { nodeName } = broker.settings;
  return {
    name: ({ vhost }) => vhost.name,
    description: ({ vhost }) => vhost.metadata.description,
    tags: ({ vhost }) => vhost.metadata.tags,
    default_queue_type: ({ vhost }) => defaultQueueType(vhost),
    metadata: ({ vhost }) => ({
      description: vhost.metadata.description,
      tags: vhost.metadata.tags,
      default_queue_type: defaultQueueType(vhost),
    }),
    tracing: ({ vhost }) => vhost.metadata.tracing,
    cluster_state: () => ({ [nodeName]: 'running' }),
  };
}

function statisticsFields({ broker }: ManagementContext): Fields<VhostRow> {
  const { statistics } = broker;
  return {
    messages: ({ totals }) => totals.enqueuedCount - totals.settledCount,
    messages_details: ({ vhost }, { lengths }) => details(statistics.of(vhost), 'messages', lengths),
    messages_ready: ({ totals }) => totals.readyCount,
    messages_ready_details: ({ vhost }, { lengths }) => details(statistics.of(vhost), 'ready', lengths),
    messages_unacknowledged: ({ totals }) => totals.unackedCount,
    messages_unacknowledged_details: ({ vhost }, { lengths }) =>
      details(statistics.of(vhost), 'unacked', lengths),
    message_stats: ({ vhost, totals }, { messageRates }) =>
      messageStats(CHANNEL_STATS, totals.counters, statistics.of(vhost), messageRates),
  };
}

function defaultQueueType({ metadata }: VirtualHost): string {
  return metadata.defaultQueueType ?? 'classic';
}
