import type { FastifyInstance } from 'fastify';
import type { ManagementContext } from '../management-context.ts';
import type { JsonSchema, RouteSchema } from './json-schema.ts';

/**
 * For whoever runs the container: no log-in is asked for, and nothing is told but yes or no.
 *
 *     /v1/health/live     200 as long as the process answers at all: otherwise start it anew
 *     /v1/health/ready    200 when clients may connect, 503 while the broker starts or stops: send it no connections then
 *     /v1/health          the same as ready
 *     /v1/health/owner    200 on the node of a cluster that owns the log (cluster.ts)
 *
 * An alarm does not make it unready: publishers wait then, but consumers must be able to come and drain the queues.
 */
export function healthRoutes(app: FastifyInstance, context: ManagementContext): void {
  for (const path of ['/health', '/health/ready']) {
    app.get(path, { schema: READY_SCHEMA }, (_request, reply) =>
      isReady(context) ? { status: 'ok' } : reply.code(503).send({ status: 'unavailable' }),
    );
  }
  app.get('/health/live', { schema: LIVE_SCHEMA }, () => ({ status: 'ok' }));
}

/** Whether clients may connect. */
export function isReady({ broker, host }: ManagementContext): boolean {
  return (
    broker.isAcceptingConnections && host.listeners().some(({ protocol }) => protocol.startsWith('amqp'))
  );
}

const STATUS: JsonSchema = {
  type: 'object',
  required: ['status'],
  properties: { status: { type: 'string' } },
};

const LIVE_SCHEMA: RouteSchema = {
  tags: ['health'],
  security: [],
  summary: 'Whether the process answers',
  response: { 200: { description: 'It does', ...STATUS } },
};

const READY_SCHEMA: RouteSchema = {
  ...LIVE_SCHEMA,
  summary: 'Whether clients may connect',
  response: {
    200: { description: 'They may', ...STATUS },
    503: { description: 'The broker starts or stops', ...STATUS },
  },
};
