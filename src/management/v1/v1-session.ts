import type { FastifyRequest } from 'fastify';
import type { Queue } from '../../core/queue/queue.ts';
import { queueToRead } from '../../core/session/queue-operations.ts';
import { Session } from '../../core/session/session.ts';
import { callerOf } from '../caller.ts';
import type { ManagementContext } from '../management-context.ts';
import { Problem, problemNotFound } from './problem.ts';

export interface VhostParams {
  readonly vhost: string;
}

export interface QueueParams extends VhostParams {
  readonly queue: string;
}

export interface ExchangeParams extends VhostParams {
  readonly exchange: string;
}

/** To act in the vhost of a path as whoever sends the request: Problem 404, or 403 when that one may not enter it. */
export function sessionFor({ broker }: ManagementContext, request: FastifyRequest, name: string): Session {
  const { identity } = callerOf(request);
  const vhost = broker.vhosts.get(name);
  if (vhost !== undefined && identity.mayEnter(name)) return new Session(identity, vhost);
  if (vhost === undefined) throw problemNotFound(`there is no vhost '${name}'`);
  throw new Problem('access-refused', `user '${identity.username}' may not enter vhost '${name}'`);
}

/** The queue of a path, for whoever may read it; the session beside it. */
export function queueFor(
  context: ManagementContext,
  request: FastifyRequest,
): { readonly session: Session; readonly queue: Queue } {
  const { vhost, queue: name } = request.params as QueueParams;
  const session = sessionFor(context, request, vhost);
  return { session, queue: queueToRead(session, name, undefined) };
}

/** The default exchange has a name in paths. */
export function exchangeName(inPath: string): string {
  return inPath === 'amq.default' ? '' : inPath;
}
