/** `GET /api/consumers...` */
import type { FastifyInstance } from 'fastify';
import { Channel } from '../../core/channel/channel.ts';
import { Deliveries } from '../../core/channel/deliveries.ts';
import { Connection } from '../../core/connection/connection.ts';
import type { Consumer } from '../../core/queue/consumer.ts';
import type { Queue } from '../../core/queue/queue.ts';
import type { VirtualHost } from '../../core/vhost/virtual-host.ts';
import { badRequest } from '../api-error.ts';
import { channelName } from '../connection-name.ts';
import { type JsonObject, jsonOfTable } from '../field-json.ts';
import type { ListQuery } from '../list-query.ts';
import type { ManagementContext } from '../management-context.ts';
import { listRoute, type ReadContext, type ReadRequest } from '../read-request.ts';
import { View } from '../view.ts';
import { queuesOf } from './queue-rows.ts';

export interface ConsumerRow {
  readonly consumer: Consumer;
  readonly queue: Queue;
  readonly vhost: VirtualHost;
}

export function consumerRoutes(app: FastifyInstance, context: ReadContext): void {
  const listing = { view: consumerView(context), sortedBy: [] };
  listRoute(app, context, '/consumers', listing, (request) =>
    consumersOf(request, [...context.broker.vhosts.values()]),
  );
  listRoute(app, context, '/consumers/:vhost', listing, (request) => consumersOf(request, [request.vhost()]));
}

/** 400 where statistics are not wanted, in RabbitMQ's words. */
export function requireStats({ query }: ReadRequest): void {
  if (query.disableStats) throw badRequest('Stats in management UI are disabled on this node');
}

function consumersOf(request: ReadRequest, vhosts: readonly VirtualHost[]): Iterable<ConsumerRow> {
  requireStats(request);
  return visibleConsumers(request, vhosts);
}

/** Everybody sees its own; monitoring opens those of others. */
function* visibleConsumers(request: ReadRequest, vhosts: readonly VirtualHost[]): Generator<ConsumerRow> {
  const seesAll = request.has('monitoring');
  for (const { queue, vhost } of queuesOf(vhosts)) {
    for (const consumer of queue.consumers) {
      const username = channelOf(consumer)?.session.username;
      if (seesAll || username === request.caller.identity.username) yield { consumer, queue, vhost };
    }
  }
}

/** The consumers of one queue or channel, within that. Columns are those of the whole. */
export function consumerDetails(
  context: ManagementContext,
): (consumers: readonly ConsumerRow[], query: ListQuery) => Iterable<JsonObject> {
  const view = consumerView(context);
  return function* (consumers, query) {
    for (const consumer of consumers) yield view.json(consumer, { ...query, columns: undefined });
  };
}

function consumerView({ broker }: ManagementContext): View<ConsumerRow> {
  const { nodeName, consumerTimeoutMs } = broker.settings;
  return new View<ConsumerRow>({
    consumer_tag: ({ consumer }) => consumer.consumerTag,
    queue: ({ queue, vhost }) => ({ name: queue.name, vhost: vhost.name }),
    channel_details: ({ consumer }) => channelDetails(channelOf(consumer), nodeName),
    ack_required: ({ consumer }) => !consumer.noAck,
    exclusive: ({ consumer }) => consumer.exclusive,
    prefetch_count: ({ consumer }) => consumer.prefetchCount,
    arguments: ({ consumer }) => jsonOfTable(consumer.arguments),
    active: (row) => activityStatus(row) !== 'waiting',
    activity_status: activityStatus,
    // RabbitMQ 4 tells it; here 0 means that there is none.
    consumer_timeout: ({ queue }) => queue.settings.consumerTimeoutMs ?? consumerTimeoutMs,
  });
}

function activityStatus({ consumer, queue }: ConsumerRow): 'up' | 'single_active' | 'waiting' {
  if (!queue.settings.singleActiveConsumer) return 'up';
  return queue.activeConsumer === consumer ? 'single_active' : 'waiting';
}

/** Undefined for who consumes over HTTP. */
function channelOf({ target }: Consumer): Channel | undefined {
  const channel = target instanceof Deliveries ? target.channel : undefined;
  return channel instanceof Channel ? channel : undefined;
}

function channelDetails(channel: Channel | undefined, node: string): JsonObject {
  if (channel === undefined || !(channel.connection instanceof Connection)) return {};
  const { connection } = channel;
  return {
    name: channelName(connection, channel.number),
    number: channel.number,
    user: channel.session.username,
    connection_name: connection.name,
    peer_host: connection.peer.remoteAddress,
    peer_port: connection.peer.remotePort,
    node,
  };
}
