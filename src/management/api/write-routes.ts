/** Everything in /api that changes something, as RabbitMQ's management API has it. */
import type { FastifyInstance, FastifyPluginAsync } from 'fastify';
import type { ManagementContext } from '../management-context.ts';
import { bindingChanges } from './bindings-changes.ts';
import { connectionChanges } from './connections-changes.ts';
import { definitionChanges } from './definitions-changes.ts';
import { exchangeChanges } from './exchanges-changes.ts';
import { acceptJsonBodies } from './json-body.ts';
import { limitChanges } from './limits-changes.ts';
import { messageActs } from './message-acts.ts';
import { parameterChanges } from './parameters-changes.ts';
import { permissionChanges } from './permissions-changes.ts';
import { policyChanges } from './policies-changes.ts';
import { queueChanges } from './queues-changes.ts';
import { userChanges } from './users-changes.ts';
import { vhostChanges } from './vhosts-changes.ts';

/** In a scope of its own, because bodies come as bytes there. */
export function writeRoutes(api: FastifyInstance, context: ManagementContext): void {
  const changes: FastifyPluginAsync = async (app) => {
    acceptJsonBodies(app);
    vhostChanges(app, context);
    userChanges(app, context);
    permissionChanges(app, context);
    queueChanges(app, context);
    exchangeChanges(app, context);
    bindingChanges(app, context);
    policyChanges(app, context);
    limitChanges(app, context);
    parameterChanges(app, context);
    connectionChanges(app, context);
    messageActs(app, context);
    definitionChanges(app, context);
  };
  api.register(changes);
}
