import type { FastifyInstance } from 'fastify';
import type { ManagementContext } from '../management-context.ts';

/**
 * For whoever runs the container: no log-in is asked for, and nothing is told but yes or no.
 *
 *     /v1/health/live     200 as long as the process answers at all: otherwise start it anew
 *     /v1/health/ready    200 when clients may connect, 503 while the broker starts or stops: send it no connections then
 *     /v1/health          the same as ready
 *
 * An alarm does not make it unready: publishers wait then, but consumers must be able to come and drain the queues.
 */
export function healthRoutes(app: FastifyInstance, { broker, host }: ManagementContext): void {
  const isReady = (): boolean =>
    broker.isAcceptingConnections && host.listeners().some(({ protocol }) => protocol.startsWith('amqp'));
  const answers = { 200: STATUS, 503: STATUS };
  const ready = { security: [], summary: 'Whether clients may connect', response: answers };
  const live = { security: [], summary: 'Whether the process answers', response: answers };
  for (const path of ['/health', '/health/ready']) {
    app.get(path, { schema: ready }, (_request, reply) =>
      isReady() ? { status: 'ok' } : reply.code(503).send({ status: 'unavailable' }),
    );
  }
  app.get('/health/live', { schema: live }, () => ({ status: 'ok' }));
}

const STATUS = { type: 'object', required: ['status'], properties: { status: { type: 'string' } } } as const;
