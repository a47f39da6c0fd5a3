/** `GET /api/channels...`, those of a vhost and those of a connection. */
import type { FastifyInstance } from 'fastify';
import type { Channel } from '../../core/channel/channel.ts';
import { Queue } from '../../core/queue/queue.ts';
import { objectNotFound } from '../api-error.ts';
import { channelName, remotePortIn } from '../connection-name.ts';
import type { Listing } from '../listing.ts';
import type { ManagementContext } from '../management-context.ts';
import { CHANNEL_STATS, messageStats } from '../message-stats.ts';
import { listRoute, objectRoute, type ReadContext, type ReadRequest } from '../read-request.ts';
import { timeText } from '../time-text.ts';
import { type Fields, type Lists, View } from '../view.ts';
import { type ConnectionRow, findConnection, openConnections } from './connections.ts';
import { type ConsumerRow, consumerDetails, requireStats } from './consumers.ts';

interface ChannelRow extends ConnectionRow {
  readonly channel: Channel;
}

export function channelRoutes(app: FastifyInstance, context: ReadContext): void {
  const fields = channelFields(context);
  const whole: Listing<ChannelRow> = { view: new View(fields), sortedBy: ['vhost', 'name'] };
  const listing = { ...whole, nameOf: nameOfChannel };
  listRoute(app, context, '/channels', listing, (request) => visibleChannels(request, () => true));
  listRoute(app, context, '/vhosts/:vhost/channels', whole, (request) => {
    const vhost = request.readableVhost();
    return visibleChannels(request, ({ session }) => session.vhost === vhost);
  });
  listRoute(app, context, '/connections/:connection/channels', whole, (request) => {
    const { connection } = findConnection(request);
    return visibleChannels(request, (row) => row.connection === connection);
  });
  const view = new View({ ...fields, ...DETAIL_FIELDS }, consumerLists(context));
  objectRoute(app, context, '/channels/:channel', view, findChannel);
}

function visibleChannels(
  request: ReadRequest,
  isWanted: (row: ConnectionRow) => boolean,
): Iterable<ChannelRow> {
  requireStats(request);
  return channelsWhere(request.context, (row) => isWanted(row) && request.mayLookAt(row.session.username));
}

function* channelsWhere(
  context: ManagementContext,
  isWanted: (row: ConnectionRow) => boolean,
): Generator<ChannelRow> {
  for (const row of openConnections(context)) {
    if (!isWanted(row)) continue;
    for (const channel of row.connection.channels.values()) {
      if (channel.state === 'open') yield { ...row, channel };
    }
  }
}

function findChannel(request: ReadRequest): ChannelRow {
  requireStats(request);
  const name = request.parameter('channel');
  const row = onlyChannel(request.context, name);
  if (row === undefined) throw objectNotFound();
  if (request.mayLookAt(row.session.username)) return row;
  throw request.refusal(`may not look at channel '${name}' of another user`);
}

function onlyChannel(context: ManagementContext, name: string): ChannelRow | undefined {
  const port = remotePortIn(name);
  const mayBeOn = ({ connection }: ConnectionRow): boolean => connection.peer.remotePort === port;
  for (const row of channelsWhere(context, mayBeOn)) if (nameOfChannel(row) === name) return row;
  return undefined;
}

function nameOfChannel({ connection, channel }: ChannelRow): string {
  return channelName(connection, channel.number);
}

function channelFields({ broker }: ManagementContext): Fields<ChannelRow> {
  return {
    name: nameOfChannel,
    number: ({ channel }) => channel.number,
    vhost: ({ session }) => session.vhost.name,
    user: ({ session }) => session.username,
    node: () => broker.settings.nodeName,
    state: () => 'running',
    connection_details: ({ connection }) => ({
      name: connection.name,
      peer_host: connection.peer.remoteAddress,
      peer_port: connection.peer.remotePort,
    }),
    user_who_performed_action: ({ session }) => session.username,
    consumer_count: ({ channel }) => channel.deliveries.consumers.size,
    prefetch_count: ({ channel }) => channel.deliveries.consumerPrefetch,
    global_prefetch_count: ({ channel }) => channel.deliveries.globalPrefetch,
    confirm: ({ channel }) => channel.publisher.confirms.isSelected,
    transactional: ({ channel }) => channel.transaction !== undefined,
    messages_unacknowledged: ({ channel }) => channel.deliveries.unacked.count,
    messages_unconfirmed: ({ channel }) => channel.publisher.confirms.outstanding,
    messages_uncommitted: ({ channel }) => channel.transaction?.publications.length ?? 0,
    acks_uncommitted: ({ channel }) => channel.transaction?.settlements.size ?? 0,
    pending_raft_commands: () => 0,
    idle_since: ({ channel }) => {
      const { idleSinceMs } = channel.activity;
      return idleSinceMs === undefined ? undefined : timeText(idleSinceMs);
    },
    message_stats: ({ channel }, { messageRates }) =>
      messageStats(CHANNEL_STATS, channel.counters, broker.statistics.of(channel), messageRates),
  };
}

/** What only the single channel shows. Rates per queue and per exchange are not kept: RabbitMQ leaves these lists empty, too. */
const DETAIL_FIELDS: Fields<ChannelRow> = {
  publishes: () => [],
  deliveries: () => [],
};

function consumerLists(context: ManagementContext): Lists<ChannelRow> {
  const detailsOf = consumerDetails(context);
  return { consumer_details: (row, query) => detailsOf(consumersOf(row), query) };
}

function consumersOf({ channel, session }: ChannelRow): readonly ConsumerRow[] {
  const { vhost } = session;
  return [...channel.deliveries.consumers.values()].flatMap((consumer) => {
    const { queue } = consumer;
    return queue instanceof Queue ? [{ consumer, queue, vhost }] : [];
  });
}
