/** `GET /api/nodes...`: the one node that there is. */
import type { FastifyInstance } from 'fastify';
import { ROUTER_TYPES } from '../../core/routing/create-router.ts';
import { objectNotFound } from '../api-error.ts';
import type { JsonObject } from '../field-json.ts';
import type { ListQuery } from '../list-query.ts';
import { answerJson } from '../listing.ts';
import type { ManagementContext } from '../management-context.ts';
import type { NodeFacts } from '../management-host.ts';
import { NO_DETAILS } from '../message-stats.ts';
import { listRoute, objectRoute, type ReadContext, type ReadRequest, readRoute } from '../read-request.ts';
import { type Fields, View } from '../view.ts';

/** What RabbitMQ needs plugins for, and is built in here. Tools look for them. */
const PLUGINS = [
  'rabbitmq_consistent_hash_exchange',
  'rabbitmq_delayed_message_exchange',
  'rabbitmq_management',
  'rabbitmq_prometheus',
  'rabbitmq_random_exchange',
  'rabbitmq_recent_history_exchange',
  'rabbitmq_sharding',
];

/** Erlang's limit: tools show a share of it. */
const PROCESSES_MAX = 1_048_576;

export function nodeRoutes(app: FastifyInstance, context: ReadContext): void {
  const basic = new View(basicFields(context));
  const view = new View({ ...basicFields(context), ...nodeFields(context) });
  const viewFor = ({ disableStats }: ListQuery): View<NodeFacts> => (disableStats ? basic : view);
  listRoute(
    app,
    context,
    '/nodes',
    (query) => ({ view: viewFor(query), sortedBy: ['name'] }),
    (request) => {
      request.require('monitoring');
      return [context.host.node()];
    },
  );
  objectRoute(app, context, '/nodes/:node', viewFor, (request) => {
    requireNode(request);
    return context.host.node();
  });
  // What RabbitMQ says of a node that cannot tell: here is no Erlang whose memory could be broken down.
  for (const path of ['/nodes/:node/memory', '/nodes/:node/memory/relative']) {
    readRoute(app, context, path, (request, reply) => {
      requireNode(request);
      return answerJson(reply, { memory: 'not_available' });
    });
  }
}

function requireNode(request: ReadRequest): void {
  request.require('monitoring');
  if (request.parameter('node') !== request.context.broker.settings.nodeName) throw objectNotFound();
}

function basicFields({ broker }: ManagementContext): Fields<NodeFacts> {
  return {
    name: () => broker.settings.nodeName,
    type: () => 'disc',
    running: () => true,
    being_drained: () => !broker.isAcceptingConnections,
  };
}

function nodeFields(context: ManagementContext): Fields<NodeFacts> {
  const { broker } = context;
  return {
    os_pid: ({ osPid }) => String(osPid),
    uptime: ({ uptimeMs }) => Math.floor(uptimeMs),
    run_queue: () => 0,
    processors: ({ processors }) => processors,
    partitions: () => [],
    fd_used: (facts) => facts.fileDescriptorsUsed,
    fd_used_details: () => NO_DETAILS,
    fd_total: (facts) => facts.fileDescriptorsMax,
    sockets_used: () => broker.connectionCount,
    sockets_used_details: () => NO_DETAILS,
    sockets_total: ({ connectionsMax }) => connectionsMax,
    proc_used: () => 1,
    proc_used_details: () => NO_DETAILS,
    proc_total: () => PROCESSES_MAX,
    mem_used: ({ memoryUsedBytes }) => memoryUsedBytes,
    mem_used_details: () => NO_DETAILS,
    mem_limit: ({ memoryLimitBytes }) => memoryLimitBytes,
    mem_alarm: () => broker.alarms.has('memory'),
    mem_calculation_strategy: () => 'rss',
    disk_free: ({ diskFreeBytes }) => diskFreeBytes,
    disk_free_details: ({ diskFreeBytes }) => (diskFreeBytes === undefined ? undefined : NO_DETAILS),
    disk_free_limit: ({ diskFreeLimitBytes }) => diskFreeLimitBytes,
    disk_free_alarm: () => broker.alarms.has('disk'),
    db_dir: ({ dataDir }) => dataDir ?? '',
    rates_mode: () => 'basic',
    net_ticktime: () => 60,
    enabled_plugins: () => PLUGINS,
    applications: ({ version }) => [{ name: 'leveret', description: 'Leveret', version }],
    exchange_types: () => EXCHANGE_TYPES,
    auth_mechanisms: () => AUTH_MECHANISMS,
    contexts: () => webContexts(context),
    log_files: () => [],
    config_files: () => [],
    cluster_links: () => [],
    ...churnFields(context),
  };
}

function churnFields(context: ManagementContext): Fields<NodeFacts> {
  const names = Object.keys(churnRates(context));
  return Object.fromEntries(names.map((name) => [name, () => churnRates(context)[name]]));
}

/** What came and went since the start. */
export function churnRates({ broker }: ManagementContext): JsonObject {
  const { churn } = broker.statistics;
  return {
    connection_created: churn.connectionsOpened,
    connection_closed: churn.connectionsClosed,
    channel_created: churn.channelsOpened,
    channel_closed: churn.channelsClosed,
    queue_declared: churn.queuesDeclared,
    queue_created: churn.queuesCreated,
    queue_deleted: churn.queuesDeleted,
  };
}

export const EXCHANGE_TYPES: readonly JsonObject[] = [...ROUTER_TYPES].sort().map((name) => ({
  name,
  description: `exchange type ${name}`,
  enabled: true,
}));

const AUTH_MECHANISMS: readonly JsonObject[] = [
  { name: 'AMQPLAIN', description: "RabbitMQ's own mechanism with a field table", enabled: true },
  { name: 'EXTERNAL', description: 'The client certificate of TLS says who it is', enabled: true },
  { name: 'PLAIN', description: 'User name and password (RFC 4616)', enabled: true },
];

export function listenersJson({ broker, host }: ManagementContext): readonly JsonObject[] {
  return host.listeners().map((listener) => ({
    node: broker.settings.nodeName,
    protocol: listener.protocol,
    ip_address: listener.host,
    port: listener.port,
    socket_opts: {},
    tls: listener.protocol === 'amqp/ssl' || listener.protocol === 'https',
  }));
}

/** Where the management API listens. RabbitMQ has the port as text here. */
export function webContexts({ broker, host }: ManagementContext): readonly JsonObject[] {
  return host
    .listeners()
    .filter(({ protocol }) => protocol.startsWith('http'))
    .map((listener) => ({
      node: broker.settings.nodeName,
      description: 'RabbitMQ Management',
      path: '/',
      ip: listener.host,
      port: String(listener.port),
      ssl_opts: [],
    }));
}
