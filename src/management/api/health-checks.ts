/**
 * `GET /api/health/checks/...`: 200 `{"status":"ok"}`, or 503 `{"status":"failed","reason":...}` with details under RabbitMQ's
 * names. Those of later versions of RabbitMQ are there, too: what monitors a cluster asks for them.
 */
import type { FastifyInstance, FastifyReply } from 'fastify';
import { badRequest } from '../api-error.ts';
import type { JsonObject } from '../field-json.ts';
import { answerJson } from '../listing.ts';
import type { ManagementContext } from '../management-context.ts';
import { type ReadContext, type ReadRequest, readRoute } from '../read-request.ts';
import { timeText } from '../time-text.ts';

/** What is wrong, and details of it; or nothing, with what is told all the same. */
type Result = { readonly failed: string; readonly details?: JsonObject } | { readonly ok?: JsonObject };

type Check = (context: ManagementContext, request: ReadRequest) => Result;

const OK: Result = {};

/** A cluster of one: nothing can be out of step, and nothing can lose its quorum but by stopping. */
const SINGLE_NODE: Result = { ok: { reason: 'single node cluster' } };

const UNITS_MS: ReadonlyMap<string, number> = new Map([
  ['days', 86_400_000],
  ['weeks', 7 * 86_400_000],
  ['months', 30 * 86_400_000],
  ['years', 365 * 86_400_000],
]);

/** Other names for the protocols that there are; any other stands for itself. */
const PROTOCOLS: ReadonlyMap<string, string> = new Map([
  ['amqp091', 'amqp'],
  ['amqp0.9.1', 'amqp'],
  ['amqp0-9-1', 'amqp'],
  ['amqp0_9_1', 'amqp'],
  ['amqps', 'amqp/ssl'],
  ['http1', 'http'],
  ['http1.1', 'http'],
  ['http_api', 'http'],
  ['management', 'http'],
  ['management_ui', 'http'],
  ['ui', 'http'],
]);

const CHECKS: ReadonlyMap<string, Check> = new Map<string, Check>([
  ['alarms', (context) => alarms(context, 'There are alarms in effect in the cluster')],
  ['local-alarms', (context) => alarms(context, 'There are alarms in effect on the node')],
  ['virtual-hosts', () => OK],
  ['node-is-quorum-critical', () => SINGLE_NODE],
  ['node-is-mirror-sync-critical', () => SINGLE_NODE],
  ['reached-target-cluster-size', () => OK],
  ['metadata-store/initialized', () => OK],
  ['metadata-store/initialized/with-data', () => OK],
  ['quorum-queues-without-elected-leaders/all-vhosts', () => OK],
  ['quorum-queues-without-elected-leaders/all-vhosts/pattern/:pattern', () => OK],
  ['quorum-queues-without-elected-leaders/vhost/:vhost', () => OK],
  ['quorum-queues-without-elected-leaders/vhost/:vhost/pattern/:pattern', () => OK],
  ['is-in-service', isInService],
  ['below-node-connection-limit', belowConnectionLimit],
  ['ready-to-serve-clients', readyToServeClients],
  ['port-listener/:port', portListener],
  ['protocol-listener/:protocol', protocolListener],
  ['certificate-expiration/:within/:unit', certificateExpiration],
]);

export function healthCheckRoutes(app: FastifyInstance, context: ReadContext): void {
  for (const [path, check] of CHECKS) {
    readRoute(app, context, `/health/checks/${path}`, (request, reply) =>
      answerCheck(reply, check(context, request)),
    );
  }
  // Deprecated in RabbitMQ for years, and still asked.
  for (const path of ['/healthchecks/node', '/healthchecks/node/:node']) {
    readRoute(app, context, path, (request, reply) =>
      answerCheck(reply, alarms(request.context, 'resource alarm(s) in effect')),
    );
  }
}

function answerCheck(reply: FastifyReply, result: Result): FastifyReply {
  if (!('failed' in result)) return answerJson(reply, { status: 'ok', ...result.ok });
  return answerJson(reply.code(503), { status: 'failed', reason: result.failed, ...result.details });
}

function alarms({ broker }: ManagementContext, failed: string): Result {
  if (broker.alarms.size === 0) return OK;
  const node = broker.settings.nodeName;
  return { failed, details: { alarms: [...broker.alarms].map((resource) => ({ resource, node })) } };
}

function isInService({ broker }: ManagementContext): Result {
  if (broker.isAcceptingConnections) return OK;
  return { failed: 'this node is not currently available to serve' };
}

function belowConnectionLimit({ broker }: ManagementContext): Result {
  if (broker.connectionCount < broker.settings.connectionsMax) return OK;
  return { failed: 'node connection limit is reached' };
}

function readyToServeClients(context: ManagementContext): Result {
  const inService = isInService(context);
  if ('failed' in inService) return inService;
  const listens = context.host.listeners().some(({ protocol }) => protocol.startsWith('amqp'));
  if (!listens) return { failed: 'no active listeners for AMQP/AMQPS' };
  const { connectionCount: connections } = context.broker;
  const below = belowConnectionLimit(context);
  return 'failed' in below ? { ...below, details: { connections } } : OK;
}

function portListener({ host }: ManagementContext, request: ReadRequest): Result {
  const text = request.parameter('port');
  if (!/^\d{1,5}$/.test(text)) throw badRequest('Invalid port');
  const port = Number(text);
  const ports = [...new Set(host.listeners().map((listener) => listener.port))];
  if (ports.includes(port)) return { ok: { port } };
  return { failed: 'No active listener', details: { missing: port, ports } };
}

function protocolListener({ host }: ManagementContext, request: ReadRequest): Result {
  const asked = request.parameter('protocol').toLowerCase();
  const protocol = PROTOCOLS.get(asked) ?? asked;
  const protocols = [...new Set(host.listeners().map((listener) => listener.protocol))];
  if (protocols.some((each) => each === protocol)) return { ok: { protocol } };
  return { failed: 'No active listener', details: { missing: protocol, protocols } };
}

function certificateExpiration({ broker, host }: ManagementContext, request: ReadRequest): Result {
  const within = request.parameter('within');
  const unitMs = UNITS_MS.get(request.parameter('unit').toLowerCase());
  if (!/^\d{1,6}$/.test(within)) throw badRequest('Invalid expiration value.');
  if (unitMs === undefined) {
    throw badRequest('Time unit not recognised. Supported units: days, weeks, months, years.');
  }
  const beforeMs = broker.runtime.environment.clock.wallMs() + Number(within) * unitMs;
  const expiring = host.certificates().filter(({ notAfterMs }) => notAfterMs < beforeMs);
  if (expiring.length === 0) return OK;
  const node = broker.settings.nodeName;
  const expired = expiring.map(({ path, notAfterMs }) => ({
    node,
    certfile: path,
    certfile_expires_on: [timeText(notAfterMs)],
  }));
  return { failed: 'Certificates expiring', details: { expired } };
}
