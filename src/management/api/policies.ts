/** `GET /api/policies...` and `/api/operator-policies...` */
import type { FastifyInstance } from 'fastify';
import type { Policy } from '../../core/access/policies.ts';
import type { VirtualHost } from '../../core/vhost/virtual-host.ts';
import { objectNotFound } from '../api-error.ts';
import { jsonOfTable } from '../field-json.ts';
import { listRoute, objectRoute, type ReadContext, type ReadRequest } from '../read-request.ts';
import { View } from '../view.ts';

const POLICY_VIEW: View<Policy> = new View<Policy>({
  vhost: ({ vhost }) => vhost,
  name: ({ name }) => name,
  pattern: ({ pattern }) => pattern,
  'apply-to': ({ applyTo }) => applyTo,
  definition: ({ definition }) => jsonOfTable(definition),
  priority: ({ priority }) => priority,
});

const POLICIES = { view: POLICY_VIEW, sortedBy: ['priority'] };

type PoliciesOf = (vhost: VirtualHost) => readonly Policy[];

export function policyRoutes(app: FastifyInstance, context: ReadContext): void {
  const ofUsers: PoliciesOf = (vhost) => vhost.policies;
  const ofOperators: PoliciesOf = (vhost) => vhost.operatorPolicies;
  policyListRoutes(app, context, '/policies', ofUsers);
  policyListRoutes(app, context, '/operator-policies', ofOperators);
  objectRoute(app, context, '/policies/:vhost/:name', POLICY_VIEW, (request) => {
    request.requirePolicymaker();
    return findPolicy(request, ofUsers);
  });
  objectRoute(app, context, '/operator-policies/:vhost/:name', POLICY_VIEW, (request) => {
    request.require('administrator');
    return findPolicy(request, ofOperators);
  });
}

function policyListRoutes(
  app: FastifyInstance,
  context: ReadContext,
  url: string,
  policiesOf: PoliciesOf,
): void {
  listRoute(app, context, url, POLICIES, (request) => request.readableVhosts().flatMap(policiesOf));
  listRoute(app, context, `${url}/:vhost`, POLICIES, (request) => policiesOf(request.readableVhost()));
}

function findPolicy(request: ReadRequest, policiesOf: PoliciesOf): Policy {
  const name = request.parameter('name');
  const policy = policiesOf(request.vhost()).find((each) => each.name === name);
  if (policy === undefined) throw objectNotFound();
  return policy;
}
