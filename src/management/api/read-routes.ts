import type { FastifyInstance } from 'fastify';
import { answerJson } from '../listing.ts';
import type { ManagementContext } from '../management-context.ts';
import { type ReadContext, readRoute } from '../read-request.ts';
import { alivenessRoutes } from './aliveness.ts';
import { bindingRoutes } from './bindings.ts';
import { channelRoutes } from './channels.ts';
import { connectionRoutes } from './connections.ts';
import { consumerRoutes } from './consumers.ts';
import { exchangeRoutes } from './exchanges.ts';
import { featureFlagRoutes } from './feature-flags.ts';
import { healthCheckRoutes } from './health-checks.ts';
import { limitRoutes } from './limits.ts';
import { loginAttemptRoutes } from './login-attempts.ts';
import { nodeRoutes } from './nodes.ts';
import { overviewRoutes } from './overview.ts';
import { parameterRoutes } from './parameters.ts';
import { policyRoutes } from './policies.ts';
import { queueRoutes } from './queues.ts';
import { userRoutes } from './users.ts';
import { vhostRoutes } from './vhosts.ts';

/** What RabbitMQ's plugins add, and nothing here has any of. */
const EMPTY_LISTS = [
  '/shovels',
  '/shovels/:vhost',
  '/federation-links',
  '/federation-links/:vhost',
  '/stream/connections',
];

/** All that only looks: each `GET` of the management API but `/definitions`. */
export function readRoutes(
  app: FastifyInstance,
  shared: ManagementContext,
  onDefect: ReadContext['onDefect'],
): void {
  const context: ReadContext = { ...shared, onDefect };
  overviewRoutes(app, context);
  nodeRoutes(app, context);
  vhostRoutes(app, context);
  queueRoutes(app, context);
  exchangeRoutes(app, context);
  bindingRoutes(app, context);
  connectionRoutes(app, context);
  channelRoutes(app, context);
  consumerRoutes(app, context);
  userRoutes(app, context);
  policyRoutes(app, context);
  limitRoutes(app, context);
  parameterRoutes(app, context);
  featureFlagRoutes(app, context);
  healthCheckRoutes(app, context);
  alivenessRoutes(app, context);
  loginAttemptRoutes(app, context);
  for (const path of EMPTY_LISTS) readRoute(app, context, path, (_request, reply) => answerJson(reply, []));
}
