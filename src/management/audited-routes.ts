import type { FastifyInstance, FastifyReply, FastifyRequest, RouteOptions } from 'fastify';
import type { AuditEntry } from './audit-log.ts';
import { callerOf, isLoggedIn } from './caller.ts';
import type { ManagementContext } from './management-context.ts';

const CHANGING: ReadonlySet<string> = new Set(['PUT', 'POST', 'DELETE', 'PATCH']);
/** Messages and their leases, but for what removes them: they have no end, and are the business of whoever sends them. */
const MESSAGING =
  /\/(publish|get|messages|messages\/batch|receive|settle|leases\/:lease\/\w+|rebalance\/queues)$/;

/**
 * Notes every change that somebody asks for, whatever comes of it: to be called before any route is registered, so that none
 * can be forgotten. Log-ins are noted where they are decided. Bodies, which may hold passwords, are never noted.
 */
export function auditRoutes(app: FastifyInstance, { audit, broker }: ManagementContext): void {
  const note = (request: FastifyRequest, reply: FastifyReply, done: () => void): void => {
    if (isLoggedIn(request)) {
      audit.add(entryOf(request, reply.statusCode, broker.runtime.environment.clock.wallMs()));
    }
    done();
  };
  app.addHook('onRoute', (route) => {
    if (isAudited(route)) route.onResponse = [note, ...[route.onResponse ?? []].flat()];
  });
}

export function isAudited({ method, url }: Pick<RouteOptions, 'method' | 'url'>): boolean {
  const methods = [method].flat().map(String);
  if (methods.includes('DELETE')) return true;
  return methods.some((each) => CHANGING.has(each)) && !MESSAGING.test(url);
}

function entryOf(request: FastifyRequest, status: number, atMs: number): AuditEntry {
  const { identity, peer } = callerOf(request);
  return {
    atMs,
    username: identity.username,
    remoteAddress: peer.remoteAddress,
    operation: `${request.method} ${request.routeOptions.url ?? ''}`,
    object: objectText(request.params),
    result: status < 400 ? 'done' : status < 500 ? 'refused' : 'failed',
    detail: String(status),
  };
}

function objectText(params: unknown): string {
  return Object.entries(params ?? {})
    .map(([name, value]) => `${name} ${String(value)}`)
    .join(', ');
}
