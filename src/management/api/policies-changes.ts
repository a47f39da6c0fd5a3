/** `PUT` and `DELETE /api/policies/...`, for policymakers, and `/api/operator-policies/...`, for administrators. */
import type { FastifyInstance } from 'fastify';
import type { Policy, PolicyTarget } from '../../core/access/policies.ts';
import { tableOfJson } from '../field-json.ts';
import type { ManagementContext } from '../management-context.ts';
import { type Change, type ChangeRequest, changeRoute, madeOrChanged, removedIf } from './change-request.ts';
import { type Body, integerIn, requireKeys, textIn } from './json-body.ts';

export function policyChanges(app: FastifyInstance, context: ManagementContext): void {
  changeRoute(app, context, 'PUT', '/policies/:vhost/:policy', putPolicy);
  changeRoute(app, context, 'DELETE', '/policies/:vhost/:policy', (request) =>
    removedIf(request.vhostOfPolicymaker().deletePolicy(request.name('policy'))),
  );
  changeRoute(app, context, 'PUT', '/operator-policies/:vhost/:policy', putOperatorPolicy);
  changeRoute(app, context, 'DELETE', '/operator-policies/:vhost/:policy', (request) => {
    request.require('administrator');
    return removedIf(request.vhost().deleteOperatorPolicy(request.name('policy')));
  });
}

function putPolicy(request: ChangeRequest): Change {
  const vhost = request.vhostOfPolicymaker();
  const name = request.name('policy');
  const policy = policyIn(request.body, vhost.name, name);
  const existed = vhost.policies.some((other) => other.name === name);
  vhost.setPolicy(policy);
  return madeOrChanged(existed);
}

function putOperatorPolicy(request: ChangeRequest): Change {
  request.require('administrator');
  const vhost = request.vhost();
  const name = request.name('policy');
  const policy = policyIn(request.body, vhost.name, name);
  const existed = vhost.operatorPolicies.some((other) => other.name === name);
  vhost.setOperatorPolicy(policy);
  return madeOrChanged(existed);
}

/** What a request or a definition says about a policy. Whether there can be such a policy is for core to say. */
export function policyIn(body: Body, vhost: string, name: string): Policy {
  requireKeys(body, 'pattern', 'definition');
  return {
    vhost,
    name,
    pattern: textIn(body, 'pattern'),
    applyTo: textIn(body, 'apply-to', 'all') as PolicyTarget,
    priority: integerIn(body, 'priority', 0),
    definition: tableOfJson(body['definition'], `the definition of policy '${name}'`),
  };
}
