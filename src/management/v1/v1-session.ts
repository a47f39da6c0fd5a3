import type { FastifyRequest } from 'fastify';
import type { Queue } from '../../core/queue/queue.ts';
import { queueToRead } from '../../core/session/queue-operations.ts';
import { Session } from '../../core/session/session.ts';
import type { VirtualHost } from '../../core/vhost/virtual-host.ts';
import { callerOf, requireAccess, vhostToSee } from '../caller.ts';
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

/** The vhost of this name, for whoever may look into it with the management API: Problem 403, or 404. */
export function vhostToLookInto(
  context: ManagementContext,
  request: FastifyRequest,
  name: string,
): VirtualHost {
  const caller = callerOf(request);
  requireAccess(caller, 'management');
  if (!context.broker.vhosts.has(name)) throw problemNotFound(`there is no vhost '${name}'`);
  return vhostToSee(context, caller, name);
}

/** The queue of a path, for whoever may look into its vhost: Problem 403, or 404. */
export function queueToLookInto(
  context: ManagementContext,
  request: FastifyRequest,
): { readonly vhost: VirtualHost; readonly queue: Queue } {
  const { vhost: vhostName, queue: name } = request.params as QueueParams;
  const vhost = vhostToLookInto(context, request, vhostName);
  const queue = vhost.queues.get(name);
  if (queue === undefined) throw problemNotFound(`there is no queue '${name}' in vhost '${vhostName}'`);
  return { vhost, queue };
}

/** The default exchange has a name in paths. */
export function exchangeName(inPath: string): string {
  return inPath === 'amq.default' ? '' : inPath;
}
