/** `GET /api/queues...` */
import type { FastifyInstance } from 'fastify';
import { readU16 } from '../../codec/bytes.ts';
import { decodeProperties, PROPERTY_FLAG } from '../../codec/properties.ts';
import { Connection } from '../../core/connection/connection.ts';
import type { Queue } from '../../core/queue/queue.ts';
import type { Series, SeriesName } from '../../core/statistics/series.ts';
import { objectNotFound } from '../api-error.ts';
import { type JsonObject, jsonOfTable } from '../field-json.ts';
import type { ListQuery } from '../list-query.ts';
import type { Listing } from '../listing.ts';
import type { ManagementContext } from '../management-context.ts';
import { details, messageStats, QUEUE_STATS } from '../message-stats.ts';
import { listRoute, objectRoute, type ReadContext, type ReadRequest } from '../read-request.ts';
import { timeText } from '../time-text.ts';
import { type Fields, type Lists, View } from '../view.ts';
import { consumerDetails } from './consumers.ts';
import { type QueueRow, queuesOf } from './queue-rows.ts';

export function queueRoutes(app: FastifyInstance, context: ReadContext): void {
  const listing = queueListings(context);
  const view = new View({ ...allFields(context), ...DETAIL_FIELDS }, consumerLists(context));
  const basic = new View(basicFields(context));
  listRoute(app, context, '/queues', listing, (request) => queuesOf(request.readableVhosts()));
  listRoute(app, context, '/queues/detailed', listing, (request) => queuesOf(request.readableVhosts()));
  listRoute(app, context, '/queues/:vhost', listing, (request) => queuesOf([request.readableVhost()]));
  objectRoute(
    app,
    context,
    '/queues/:vhost/:queue',
    ({ disableStats }) => (disableStats ? basic : view),
    findQueue,
  );
}

function findQueue(request: ReadRequest): QueueRow {
  const vhost = request.readableVhost();
  const queue = vhost.queues.get(request.parameter('queue'));
  if (queue === undefined) throw objectNotFound();
  return { queue, vhost };
}

/** `disable_stats=true` asks for less: what was declared, and with `enable_queue_totals=true` how many messages there are. */
function queueListings(context: ManagementContext): (query: ListQuery) => Listing<QueueRow> {
  const common = { sortedBy: ['vhost', 'name'], nameOf: ({ queue }: QueueRow) => queue.name };
  const all = { ...common, view: new View(allFields(context)) };
  const basic = { ...common, view: new View(basicFields(context)) };
  const totals = { ...common, view: new View({ ...basicFields(context), ...TOTALS }) };
  return ({ disableStats, enableQueueTotals }) => {
    if (!disableStats) return all;
    return enableQueueTotals ? totals : basic;
  };
}

function declaredFields({ broker }: ManagementContext): Fields<QueueRow> {
  const { nodeName } = broker.settings;
  const onlyReplicated = <T>({ queue }: QueueRow, value: T): T | undefined =>
    queue.settings.type === 'classic' ? undefined : value;
  return {
    name: ({ queue }) => queue.name,
    vhost: ({ vhost }) => vhost.name,
    type: ({ queue }) => queue.settings.type,
    durable: ({ queue }) => queue.durable,
    auto_delete: ({ queue }) => queue.autoDelete,
    exclusive: ({ queue }) => queue.exclusiveOwner !== undefined,
    arguments: ({ queue }) => jsonOfTable(queue.arguments),
    node: () => nodeName,
    state: ({ queue }) => (queue.isPaused ? 'paused' : 'running'),
    leader: (row) => onlyReplicated(row, nodeName),
    members: (row) => onlyReplicated(row, [nodeName]),
    online: (row) => onlyReplicated(row, [nodeName]),
  };
}

function basicFields(context: ManagementContext): Fields<QueueRow> {
  return {
    ...declaredFields(context),
    policy: ({ queue, vhost }) => vhost.effectivePolicy(queue).policy?.name,
  };
}

const TOTALS: Fields<QueueRow> = {
  messages: ({ queue }) => queue.messageCount,
  messages_ready: ({ queue }) => queue.readyCount,
  messages_unacknowledged: ({ queue }) => queue.unackedCount,
};

function allFields(context: ManagementContext): Fields<QueueRow> {
  const { statistics } = context.broker;
  const seriesOf = ({ queue }: QueueRow): Series | undefined => statistics.of(queue);
  const level = (row: QueueRow, name: SeriesName, { lengths }: ListQuery): JsonObject =>
    details(seriesOf(row), name, lengths);
  return {
    ...declaredFields(context),
    policy: ({ queue, vhost }) => vhost.effectivePolicy(queue).policy?.name ?? null,
    operator_policy: ({ queue, vhost }) => vhost.effectivePolicy(queue).operatorPolicy?.name ?? null,
    effective_policy_definition: ({ queue, vhost }) => jsonOfTable(vhost.effectivePolicy(queue).definition),
    ...TOTALS,
    messages_details: (row, query) => level(row, 'messages', query),
    messages_ready_details: (row, query) => level(row, 'ready', query),
    messages_unacknowledged_details: (row, query) => level(row, 'unacked', query),
    message_bytes: ({ queue }) => queue.readyBytes + queue.unackedBytes,
    message_bytes_ready: ({ queue }) => queue.readyBytes,
    message_bytes_unacknowledged: ({ queue }) => queue.unackedBytes,
    message_stats: (row, { messageRates }) =>
      messageStats(QUEUE_STATS, row.queue.counters, seriesOf(row), messageRates),
    head_message_timestamp: ({ queue }) => headTimestamp(queue),
    consumers: ({ queue }) => queue.consumerCount,
    consumer_capacity: ({ queue }) => consumerCapacity(queue),
    consumer_utilisation: ({ queue }) => consumerCapacity(queue),
    exclusive_consumer_tag: ({ queue }) =>
      queue.hasExclusiveConsumer ? (queue.consumers.first?.consumerTag ?? null) : null,
    single_active_consumer_tag: ({ queue }) => queue.activeConsumer?.consumerTag ?? null,
    idle_since: ({ queue }) => {
      const { idleSinceMs } = queue.activity;
      return idleSinceMs === undefined ? undefined : timeText(idleSinceMs);
    },
    memory: ({ queue }) => queue.memoryBytes,
  };
}

/** What only the single queue shows. Rates per channel and per exchange are not kept: RabbitMQ leaves these lists empty, too. */
const DETAIL_FIELDS: Fields<QueueRow> = {
  owner_pid_details: ({ queue }) => ownerDetails(queue),
  deliveries: () => [],
  incoming: () => [],
};

function consumerLists(context: ManagementContext): Lists<QueueRow> {
  const detailsOf = consumerDetails(context);
  return {
    consumer_details: ({ queue, vhost }, query) =>
      detailsOf(
        [...queue.consumers].map((consumer) => ({ consumer, queue, vhost })),
        query,
      ),
  };
}

/**
 * Which share of the consumers could take a message just now; 1 where every message finds one. RabbitMQ shows the share of the
 * time.
 */
function consumerCapacity(queue: Queue): number {
  if (queue.consumerCount === 0) return 0;
  if (queue.readyCount === 0) return 1;
  const { activeConsumer } = queue;
  if (activeConsumer !== undefined) return Number(activeConsumer.canTake);
  let able = 0;
  for (const consumer of queue.consumers) if (consumer.canTake) able++;
  return able / queue.consumerCount;
}

/** The property that the publisher gave the next message; null without one. */
function headTimestamp(queue: Queue): number | null {
  const record = queue.headRecord;
  if (record === undefined) return null;
  const { bytes, addressEnd, bodyStart } = record;
  if ((readU16(bytes, addressEnd) & PROPERTY_FLAG.TIMESTAMP) === 0) return null;
  return decodeProperties(bytes, addressEnd, bodyStart).timestamp ?? null;
}

function ownerDetails({ exclusiveOwner }: Queue): JsonObject | undefined {
  if (!(exclusiveOwner instanceof Connection)) return undefined;
  const { name, peer } = exclusiveOwner;
  return { name, peer_host: peer.remoteAddress, peer_port: peer.remotePort };
}
