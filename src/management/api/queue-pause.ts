import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { callerOf, requireAccess, sessionIn } from '../caller.ts';
import { durable, type ManagementContext } from '../management-context.ts';

interface QueueRequest {
  Params: { vhost: string; queue: string };
}

/**
 * Stops a queue from delivering, and lets it go on. RabbitMQ has neither; the paths are LavinMQ's. Needs the permission to configure
 * the queue. 204 also when it is as it is to be.
 */
export function queuePauseRoutes(app: FastifyInstance, context: ManagementContext): void {
  app.put<QueueRequest>('/queues/:vhost/:queue/pause', (request, reply) =>
    setPaused(context, request, reply, true),
  );
  app.put<QueueRequest>('/queues/:vhost/:queue/resume', (request, reply) =>
    setPaused(context, request, reply, false),
  );
}

async function setPaused(
  context: ManagementContext,
  request: FastifyRequest<QueueRequest>,
  reply: FastifyReply,
  paused: boolean,
): Promise<FastifyReply> {
  const caller = callerOf(request);
  requireAccess(caller, 'management');
  const { vhost: vhostName, queue: name } = request.params;
  const session = sessionIn(context, caller, vhostName);
  session.authorize('queue', name, 'configure');
  const { vhost } = session;
  vhost.setPaused(vhost.queue(name, undefined), paused);
  await durable(context);
  return reply.code(204).send();
}
