/** Who sends a request, and what the tags of a user open (RabbitMQ: "Management: permissions"). */
import type { FastifyRequest } from 'fastify';
import type { Identity } from '../core/access/identity.ts';
import type { Peer } from '../core/environment.ts';
import { Session } from '../core/session/session.ts';
import type { VirtualHost } from '../core/vhost/virtual-host.ts';
import { notAuthorised, objectNotFound } from './api-error.ts';
import type { ManagementContext } from './management-context.ts';

export interface Caller {
  readonly identity: Identity;
  readonly peer: Peer;
}

/** Each tag opens what those in its list open. */
const TAGS_THAT_OPEN: Readonly<Record<Door, readonly string[]>> = {
  management: ['management', 'policymaker', 'monitoring', 'administrator'],
  policymaker: ['policymaker', 'administrator'],
  monitoring: ['monitoring', 'administrator'],
  administrator: ['administrator'],
};
export type Door = 'management' | 'policymaker' | 'monitoring' | 'administrator';

const callers = new WeakMap<FastifyRequest, Caller>();

export function setCaller(request: FastifyRequest, caller: Caller): void {
  callers.set(request, caller);
}

/** Whether the request has come past the log-in. */
export function isLoggedIn(request: FastifyRequest): boolean {
  return callers.has(request);
}

/** Only for routes behind the log-in. */
export function callerOf(request: FastifyRequest): Caller {
  const caller = callers.get(request);
  if (caller === undefined) throw new Error(`${request.url} was reached without a log-in`);
  return caller;
}

export function hasAccess({ identity }: Caller, door: Door): boolean {
  return TAGS_THAT_OPEN[door].some((tag) => identity.tags.has(tag));
}

/** 401 unless the caller has a tag that opens `door`. */
export function requireAccess(caller: Caller, door: Door): void {
  if (hasAccess(caller, door)) return;
  const tags = TAGS_THAT_OPEN[door].join(', ');
  throw notAuthorised(`user '${caller.identity.username}' needs one of these tags: ${tags}`);
}

/** The vhosts that the caller may look into: all for monitoring and administrator, or those that it may enter. */
export function visibleVhosts({ broker }: ManagementContext, caller: Caller): readonly VirtualHost[] {
  const all = [...broker.vhosts.values()];
  if (hasAccess(caller, 'monitoring')) return all;
  return all.filter((vhost) => caller.identity.mayEnter(vhost.name));
}

/** The vhost, to look into it: 404; 401 when the caller may neither enter it nor look into all. */
export function vhostToSee({ broker }: ManagementContext, caller: Caller, name: string): VirtualHost {
  const vhost = broker.vhosts.get(name);
  if (vhost === undefined) throw objectNotFound();
  if (hasAccess(caller, 'monitoring') || caller.identity.mayEnter(name)) return vhost;
  throw notAuthorised(`user '${caller.identity.username}' may not enter vhost '${name}'`);
}

/** To act in a vhost as the caller, with its permissions there: 404; 401 when it may not enter. */
export function sessionIn({ broker }: ManagementContext, caller: Caller, name: string): Session {
  const vhost = broker.vhosts.get(name);
  if (vhost === undefined) throw objectNotFound();
  if (caller.identity.mayEnter(name)) return new Session(caller.identity, vhost);
  throw notAuthorised(`user '${caller.identity.username}' may not enter vhost '${name}'`);
}
