/** `PUT` and `DELETE /api/vhost-limits/...` and `/api/user-limits/...`: for administrators. */
import type { FastifyInstance } from 'fastify';
import type { User, UserLimits } from '../../core/access/access-control.ts';
import type { VirtualHostLimits } from '../../core/vhost/virtual-host.ts';
import { badRequest, objectNotFound } from '../api-error.ts';
import type { ManagementContext } from '../management-context.ts';
import { CHANGED, type Change, type ChangeRequest, changeRoute, REMOVED } from './change-request.ts';
import { type Body, integerIn, requireKeys } from './json-body.ts';

/** By RabbitMQ's names. */
const VHOST_LIMITS: ReadonlyMap<string, keyof VirtualHostLimits> = new Map([
  ['max-connections', 'maxConnections'],
  ['max-queues', 'maxQueues'],
]);
const USER_LIMITS: ReadonlyMap<string, keyof UserLimits> = new Map([
  ['max-connections', 'maxConnections'],
  ['max-channels', 'maxChannels'],
]);

export function limitChanges(app: FastifyInstance, context: ManagementContext): void {
  changeRoute(app, context, 'PUT', '/vhost-limits/:vhost/:limit', putVhostLimit);
  changeRoute(app, context, 'DELETE', '/vhost-limits/:vhost/:limit', removeVhostLimit);
  changeRoute(app, context, 'PUT', '/user-limits/:user/:limit', putUserLimit);
  changeRoute(app, context, 'DELETE', '/user-limits/:user/:limit', removeUserLimit);
}

/** The limits of a vhost that a definition names. Throws 400 for one that there is not. */
export function vhostLimitsIn(body: Body): Partial<VirtualHostLimits> {
  return Object.fromEntries(Object.keys(body).map((name) => limitIn(body, name, VHOST_LIMITS)));
}

/** The limits of a user that a definition names. Throws 400 for one that there is not. */
export function userLimitsIn(body: Body): UserLimits {
  return Object.fromEntries(Object.keys(body).map((name) => limitIn(body, name, USER_LIMITS)));
}

/** RabbitMQ answers 204 also for the first limit. */
function putVhostLimit(request: ChangeRequest): Change {
  const limit = limitOf(request, VHOST_LIMITS);
  const vhost = request.vhost();
  vhost.setLimits({ ...vhost.limits, [limit.key]: limit.value });
  return CHANGED;
}

/** 204 whether it was set or not, as in RabbitMQ. */
function removeVhostLimit(request: ChangeRequest): Change {
  request.require('administrator');
  const vhost = request.vhost();
  const key = VHOST_LIMITS.get(request.name('limit'));
  if (key !== undefined) vhost.setLimits({ ...vhost.limits, [key]: undefined });
  return REMOVED;
}

function putUserLimit(request: ChangeRequest): Change {
  const limit = limitOf(request, USER_LIMITS);
  const user = userOf(request);
  if (user === undefined) throw badRequest(`no_such_user: there is no user '${request.name('user')}'`);
  request.broker.access.setUserLimits(user.name, { ...user.limits, [limit.key]: limit.value });
  return CHANGED;
}

function removeUserLimit(request: ChangeRequest): Change {
  request.require('administrator');
  const user = userOf(request);
  if (user === undefined) throw objectNotFound();
  const key = USER_LIMITS.get(request.name('limit'));
  if (key !== undefined) request.broker.access.setUserLimits(user.name, { ...user.limits, [key]: undefined });
  return REMOVED;
}

function userOf(request: ChangeRequest): User | undefined {
  return request.broker.access.users.get(request.name('user'));
}

function limitOf<K>(
  request: ChangeRequest,
  names: ReadonlyMap<string, K>,
): { readonly key: K; readonly value: number } {
  request.require('administrator');
  requireKeys(request.body, 'value');
  const name = request.name('limit');
  const value = integerIn(request.body, 'value');
  return { key: keyOf(name, names), value };
}

function limitIn<K>(body: Body, name: string, names: ReadonlyMap<string, K>): [key: K, value: number] {
  return [keyOf(name, names), integerIn(body, name)];
}

function keyOf<K>(name: string, names: ReadonlyMap<string, K>): K {
  const key = names.get(name);
  if (key !== undefined) return key;
  throw badRequest(`there is no limit '${name}': the limits are ${[...names.keys()].join(' and ')}`);
}
