/** The cluster that the broker is a part of: what a node is, who is there, and giving the log to another node. */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { callerOf, requireAccess } from '../caller.ts';
import { clusterName } from '../cluster-name.ts';
import type { ManagementContext } from '../management-context.ts';
import type { ClusterHost, HandOverAnswer, ManagementHost } from '../management-host.ts';
import { type AnyNode, clusterAnswer, nodeAnswer, nodesAnswer, type SingleState } from './cluster-answer.ts';
import { CLUSTER_SCHEMA, HAND_OVER_SCHEMA, HEALTH_OWNER_SCHEMA, NODES_SCHEMA } from './cluster-schema.ts';
import { isReady } from './health.ts';
import { Problem, problemNotFound, shownValue } from './problem.ts';

interface HandOverBody {
  readonly to?: string;
}

/** What may be asked without a log-in: a load balancer has none. */
export function openClusterRoutes(app: FastifyInstance, context: ManagementContext): void {
  const { cluster } = context.host;
  app.get('/cluster', { schema: CLUSTER_SCHEMA }, () =>
    clusterAnswer(cluster?.state() ?? singleState(context)),
  );
  app.get('/health/owner', { schema: HEALTH_OWNER_SCHEMA }, (_request, reply) => {
    const isOwner = cluster === undefined || cluster.state().role === 'owner';
    return isOwner && isReady(context) ? { status: 'ok' } : reply.code(503).send({ status: 'unavailable' });
  });
}

/** What needs one. */
export function clusterRoutes(app: FastifyInstance, context: ManagementContext): void {
  const { cluster } = context.host;
  app.get('/cluster/nodes', { schema: NODES_SCHEMA }, async (request) => {
    requireAccess(callerOf(request), 'monitoring');
    return cluster === undefined ? singleNodes(context) : nodesOf(cluster);
  });
  app.post('/cluster/handover', { schema: HAND_OVER_SCHEMA }, (request, reply) => {
    requireAccess(callerOf(request), 'administrator');
    if (cluster === undefined) throw noCluster();
    return handOver(cluster, request, reply);
  });
}

async function nodesOf(cluster: ClusterHost): Promise<object> {
  try {
    return nodesAnswer(await cluster.nodes());
  } catch (error) {
    throw new Problem('unavailable', error instanceof Error ? error.message : String(error));
  }
}

async function handOver(cluster: ClusterHost, request: FastifyRequest, reply: FastifyReply): Promise<object> {
  const { to } = (request.body as HandOverBody | null | undefined) ?? {};
  const answer = await cluster.handOver(to);
  if (answer.kind !== 'begun') throw notBegun(answer, cluster.state().node, to);
  reply.code(202);
  return { from: cluster.state().node, to: answer.to };
}

function notBegun(
  answer: Exclude<HandOverAnswer, { kind: 'begun' }>,
  own: string,
  to: string | undefined,
): Problem {
  if (answer.kind === 'not-now') return new Problem('conflict', answer.reason);
  const others = answer.nodes.map((name) => `'${name}'`).join(', ');
  if (others === '') {
    return new Problem('conflict', `no other node is there that could own the log: start one, and ask again`);
  }
  const what = to === own ? `node '${own}' owns the log already` : `there is no node ${shownValue(to)} now`;
  const detail = `${what}; allowed: ${others}`;
  return to === own ? new Problem('conflict', detail) : problemNotFound(detail);
}

function noCluster(): Problem {
  const how = 'nodes of a cluster are started with --storage jetstream';
  return new Problem(
    'conflict',
    `this broker is no part of a cluster, and there is nobody to hand over to: ${how}`,
  );
}

function singleState(context: ManagementContext): SingleState {
  const node = context.broker.settings.nodeName;
  const cluster = clusterName(context);
  return {
    cluster,
    node,
    role: 'single',
    owner: node,
    epoch: 0,
    leaseMs: 0,
    servesClients: isReady(context),
  };
}

function singleNodes({ broker, host }: ManagementContext): object {
  const node: AnyNode = {
    name: broker.settings.nodeName,
    role: 'single',
    version: host.node().version,
    standbyMode: 'pass',
    httpAddress: addressOf(host, 'http'),
    amqpAddress: addressOf(host, 'amqp'),
  };
  return { nodes: [nodeAnswer(node)], streams: [] };
}

function addressOf(host: ManagementHost, protocol: 'http' | 'amqp'): string {
  const found = host.listeners().find((each) => each.protocol.startsWith(protocol));
  if (found === undefined) return '';
  return `${found.host.includes(':') ? `[${found.host}]` : found.host}:${found.port}`;
}
