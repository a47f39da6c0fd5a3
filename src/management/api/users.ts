/** `GET /api/users...`, `/api/permissions...` and `/api/topic-permissions...`: for administrators. */
import type { FastifyInstance } from 'fastify';
import type { Permission, TopicPermission, User } from '../../core/access/access-control.ts';
import { objectNotFound } from '../api-error.ts';
import { exportedHash } from '../exported-hash.ts';
import type { JsonObject } from '../field-json.ts';
import { answerJson } from '../listing.ts';
import { listRoute, objectRoute, type ReadContext, type ReadRequest, readRoute } from '../read-request.ts';
import { View } from '../view.ts';

const USER_VIEW: View<User> = new View<User>({
  name: ({ name }) => name,
  tags: ({ tags }) => [...tags],
  password_hash: ({ passwordHash }) => exportedHash(passwordHash).password_hash,
  hashing_algorithm: ({ passwordHash }) => exportedHash(passwordHash).hashing_algorithm,
  limits: ({ limits }) => userLimits(limits),
});

const USERS = { view: USER_VIEW, sortedBy: ['name'], nameOf: ({ name }: User) => name };

const PERMISSION_VIEW: View<Permission> = new View<Permission>({
  user: ({ user }) => user,
  vhost: ({ vhost }) => vhost,
  configure: ({ configure }) => configure,
  write: ({ write }) => write,
  read: ({ read }) => read,
});

const TOPIC_PERMISSION_VIEW: View<TopicPermission> = new View<TopicPermission>({
  user: ({ user }) => user,
  vhost: ({ vhost }) => vhost,
  exchange: ({ exchange }) => exchange,
  write: ({ write }) => write,
  read: ({ read }) => read,
});

const PERMISSIONS = { view: PERMISSION_VIEW, sortedBy: ['vhost', 'user'] };
const TOPIC_PERMISSIONS = { view: TOPIC_PERMISSION_VIEW, sortedBy: ['vhost', 'user'] };

export function userRoutes(app: FastifyInstance, context: ReadContext): void {
  const { access } = context.broker;
  listRoute(app, context, '/users', USERS, (request) => {
    request.require('administrator');
    return access.users.values();
  });
  listRoute(app, context, '/users/without-permissions', USERS, (request) => {
    request.require('administrator');
    return [...access.users.values()].filter(({ name }) => access.permissionsOf(name).length === 0);
  });
  objectRoute(app, context, '/users/:user', USER_VIEW, findUser);
  permissionRoutes(app, context);
  topicPermissionRoutes(app, context);
}

/** What is set, under RabbitMQ's names. */
export function userLimits({ maxConnections, maxChannels }: User['limits']): JsonObject {
  return {
    ...(maxConnections === undefined ? {} : { 'max-connections': maxConnections }),
    ...(maxChannels === undefined ? {} : { 'max-channels': maxChannels }),
  };
}

function permissionRoutes(app: FastifyInstance, context: ReadContext): void {
  const { access } = context.broker;
  listRoute(app, context, '/permissions', PERMISSIONS, (request) => {
    request.require('administrator');
    return access.permissions();
  });
  listRoute(app, context, '/vhosts/:vhost/permissions', PERMISSIONS, (request) => {
    request.require('administrator');
    return access.permissions(request.vhost().name);
  });
  listRoute(app, context, '/users/:user/permissions', PERMISSIONS, (request) =>
    access.permissionsOf(findUser(request).name),
  );
  objectRoute(app, context, '/permissions/:vhost/:user', PERMISSION_VIEW, (request) => {
    const { name } = findUser(request);
    const permission = access.permission(name, request.vhost().name);
    if (permission === undefined) throw objectNotFound();
    return permission;
  });
}

function topicPermissionRoutes(app: FastifyInstance, context: ReadContext): void {
  const { access } = context.broker;
  listRoute(app, context, '/topic-permissions', TOPIC_PERMISSIONS, (request) => {
    request.require('administrator');
    return access.topicPermissions();
  });
  listRoute(app, context, '/vhosts/:vhost/topic-permissions', TOPIC_PERMISSIONS, (request) => {
    request.require('administrator');
    return access.topicPermissions(request.vhost().name);
  });
  listRoute(app, context, '/users/:user/topic-permissions', TOPIC_PERMISSIONS, (request) =>
    access.topicPermissionsOf(findUser(request).name),
  );
  // Several of one user in one vhost, for an exchange each: an array, and 404 when it would be empty.
  readRoute(app, context, '/topic-permissions/:vhost/:user', (request, reply) => {
    const permissions = topicPermissionsIn(request);
    const json = permissions.map((each) => TOPIC_PERMISSION_VIEW.json(each, request.query));
    return answerJson(reply, json);
  });
}

function topicPermissionsIn(request: ReadRequest): readonly TopicPermission[] {
  const { name } = findUser(request);
  const vhost = request.vhost().name;
  const { access } = request.context.broker;
  const permissions = access.topicPermissionsOf(name).filter((each) => each.vhost === vhost);
  if (permissions.length === 0) throw objectNotFound();
  return permissions;
}

function findUser(request: ReadRequest): User {
  request.require('administrator');
  const user = request.context.broker.access.users.get(request.parameter('user'));
  if (user === undefined) throw objectNotFound();
  return user;
}
