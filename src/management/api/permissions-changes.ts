/** `PUT` and `DELETE /api/permissions/...` and `/api/topic-permissions/...`: for administrators. */
import type { FastifyInstance } from 'fastify';
import { badRequest } from '../api-error.ts';
import type { ManagementContext } from '../management-context.ts';
import { type Change, type ChangeRequest, changeRoute, madeOrChanged, removedIf } from './change-request.ts';
import { requireKeys, textIn } from './json-body.ts';

export function permissionChanges(app: FastifyInstance, context: ManagementContext): void {
  changeRoute(app, context, 'PUT', '/permissions/:vhost/:user', putPermission);
  changeRoute(app, context, 'DELETE', '/permissions/:vhost/:user', (request) => {
    request.require('administrator');
    return removedIf(request.broker.access.clearPermission(request.name('user'), request.name('vhost')));
  });
  changeRoute(app, context, 'PUT', '/topic-permissions/:vhost/:user', putTopicPermission);
  changeRoute(app, context, 'DELETE', '/topic-permissions/:vhost/:user', (request) => {
    request.require('administrator');
    return removedIf(request.broker.access.clearTopicPermission(request.name('user'), request.name('vhost')));
  });
}

function putPermission(request: ChangeRequest): Change {
  const { body, broker } = request;
  const { user, vhost } = whose(request);
  requireKeys(body, 'configure', 'write', 'read');
  const patterns = {
    configure: textIn(body, 'configure'),
    write: textIn(body, 'write'),
    read: textIn(body, 'read'),
  };
  const existed = broker.access.permission(user, vhost) !== undefined;
  broker.access.setPermission({ user, vhost, ...patterns });
  return madeOrChanged(existed);
}

/** 201 for the first of the user in the vhost, as in RabbitMQ: another exchange is a change of what is there. */
function putTopicPermission(request: ChangeRequest): Change {
  const { body, broker } = request;
  const { user, vhost } = whose(request);
  requireKeys(body, 'exchange', 'write', 'read');
  const patterns = {
    exchange: textIn(body, 'exchange'),
    write: textIn(body, 'write'),
    read: textIn(body, 'read'),
  };
  const existed = broker.access.topicPermissionsOf(user).some((other) => other.vhost === vhost);
  broker.access.setTopicPermission({ user, vhost, ...patterns });
  return madeOrChanged(existed);
}

function whose(request: ChangeRequest): { readonly user: string; readonly vhost: string } {
  request.require('administrator');
  const { broker } = request;
  const user = request.name('user');
  const vhost = request.name('vhost');
  if (broker.access.users.has(user) && broker.vhosts.has(vhost)) return { user, vhost };
  throw badRequest(`vhost_or_user_not_found: user '${user}', vhost '${vhost}'`);
}
