/** `GET /api/vhost-limits...` and `/api/user-limits...` */
import type { FastifyInstance } from 'fastify';
import type { User } from '../../core/access/access-control.ts';
import type { VirtualHost } from '../../core/vhost/virtual-host.ts';
import { objectNotFound } from '../api-error.ts';
import { visibleVhosts } from '../caller.ts';
import type { JsonObject } from '../field-json.ts';
import { listRoute, type ReadContext } from '../read-request.ts';
import { View } from '../view.ts';
import { userLimits } from './users.ts';

interface VhostLimits {
  readonly vhost: VirtualHost;
  readonly limits: JsonObject;
}

interface UserLimits {
  readonly user: User;
  readonly limits: JsonObject;
}

const VHOST_LIMITS = {
  view: new View<VhostLimits>({ vhost: ({ vhost }) => vhost.name, value: ({ limits }) => limits }),
  sortedBy: [],
};
const USER_LIMITS = {
  view: new View<UserLimits>({ user: ({ user }) => user.name, value: ({ limits }) => limits }),
  sortedBy: [],
};

export function limitRoutes(app: FastifyInstance, context: ReadContext): void {
  listRoute(app, context, '/vhost-limits', VHOST_LIMITS, ({ caller }) =>
    limitsOfVhosts(visibleVhosts(context, caller)),
  );
  listRoute(app, context, '/vhost-limits/:vhost', VHOST_LIMITS, (request) => {
    const vhost = request.vhost();
    if (!request.has('monitoring') && !request.mayRead(vhost.name))
      throw request.refusal(`may not enter vhost '${vhost.name}'`);
    return limitsOfVhosts([vhost]);
  });
  listRoute(app, context, '/user-limits', USER_LIMITS, () =>
    limitsOfUsers([...context.broker.access.users.values()]),
  );
  listRoute(app, context, '/user-limits/:user', USER_LIMITS, (request) => {
    const user = context.broker.access.users.get(request.parameter('user'));
    if (user === undefined) throw objectNotFound();
    return limitsOfUsers([user]);
  });
}

/** Only those that have any. */
function limitsOfVhosts(vhosts: readonly VirtualHost[]): readonly VhostLimits[] {
  return vhosts
    .map((vhost) => ({ vhost, limits: vhostLimits(vhost) }))
    .filter(({ limits }) => Object.keys(limits).length > 0);
}

function limitsOfUsers(users: readonly User[]): readonly UserLimits[] {
  return users
    .map((user) => ({ user, limits: userLimits(user.limits) }))
    .filter(({ limits }) => Object.keys(limits).length > 0);
}

/** What is set, under RabbitMQ's names. */
export function vhostLimits({ limits }: VirtualHost): JsonObject {
  const { maxConnections, maxQueues } = limits;
  return {
    ...(maxConnections === undefined ? {} : { 'max-connections': maxConnections }),
    ...(maxQueues === undefined ? {} : { 'max-queues': maxQueues }),
  };
}
