/** `PUT` and `DELETE /api/parameters/...` and `/api/global-parameters/...`, for policymakers, and the name of the cluster. */
import type { FastifyInstance } from 'fastify';
import type { VirtualHost } from '../../core/vhost/virtual-host.ts';
import { badRequest } from '../api-error.ts';
import { isJsonObject } from '../field-json.ts';
import type { ManagementContext } from '../management-context.ts';
import {
  CHANGED,
  type Change,
  type ChangeRequest,
  changeRoute,
  madeOrChanged,
  removedIf,
} from './change-request.ts';
import { type Body, keptJson, kindOf, requireKeys, textIn } from './json-body.ts';
import { vhostLimits } from './limits.ts';
import { vhostLimitsIn } from './limits-changes.ts';
import { policyIn } from './policies-changes.ts';

/** What RabbitMQ's plugins make of parameters is not done here: they are kept, so that they are there after an import. */
const KEPT_COMPONENTS = ['shovel', 'federation-upstream', 'federation-upstream-set', 'federation'];
/** Core knows these as what they are. */
const VHOST_LIMITS = 'vhost-limits';
const OPERATOR_POLICY = 'operator_policy';

export function parameterChanges(app: FastifyInstance, context: ManagementContext): void {
  changeRoute(app, context, 'PUT', '/parameters/:component/:vhost/:name', putParameter);
  changeRoute(app, context, 'DELETE', '/parameters/:component/:vhost/:name', removeParameter);
  changeRoute(app, context, 'PUT', '/global-parameters/:name', putGlobalParameter);
  changeRoute(app, context, 'DELETE', '/global-parameters/:name', (request) => {
    request.require('policymaker');
    return removedIf(request.broker.parameters.deleteGlobal(request.name('name')));
  });
  changeRoute(app, context, 'PUT', '/cluster-name', putClusterName);
}

function putParameter(request: ChangeRequest): Change {
  const vhost = request.vhostOfPolicymaker();
  const component = request.name('component');
  const name = request.name('name');
  const { body, broker } = request;
  if (component === 'policy')
    throw badRequest('policies may not be set using this method: use /api/policies');
  requireKeys(body, 'value');
  if (component === VHOST_LIMITS) return putVhostLimits(vhost, body['value']);
  if (component === OPERATOR_POLICY) {
    request.require('administrator');
    return putOperatorPolicy(vhost, name, body['value']);
  }
  if (!KEPT_COMPONENTS.includes(component)) {
    const known = [VHOST_LIMITS, OPERATOR_POLICY, ...KEPT_COMPONENTS].join(', ');
    throw badRequest(`component ${component} not found: the components are ${known}`);
  }
  const existed = broker.parameters.get(vhost.name, component, name) !== undefined;
  broker.parameters.set({ vhost: vhost.name, component, name, value: keptJson(body['value']) });
  return madeOrChanged(existed);
}

function removeParameter(request: ChangeRequest): Change {
  const vhost = request.vhostOfPolicymaker();
  const component = request.name('component');
  const name = request.name('name');
  if (component === VHOST_LIMITS) {
    const existed = Object.keys(vhostLimits(vhost)).length > 0;
    if (existed) vhost.setLimits({});
    return removedIf(existed);
  }
  if (component === OPERATOR_POLICY) {
    request.require('administrator');
    return removedIf(vhost.deleteOperatorPolicy(name));
  }
  return removedIf(request.broker.parameters.delete(vhost.name, component, name));
}

function putVhostLimits(vhost: VirtualHost, value: unknown): Change {
  const limits = vhostLimitsIn(objectOf(value, 'value'));
  const existed = Object.keys(vhostLimits(vhost)).length > 0;
  vhost.setLimits(limits);
  return madeOrChanged(existed);
}

function putOperatorPolicy(vhost: VirtualHost, name: string, value: unknown): Change {
  const policy = policyIn(objectOf(value, 'value'), vhost.name, name);
  const existed = vhost.operatorPolicies.some((other) => other.name === name);
  vhost.setOperatorPolicy(policy);
  return madeOrChanged(existed);
}

function putGlobalParameter(request: ChangeRequest): Change {
  request.require('policymaker');
  const { body, broker } = request;
  requireKeys(body, 'value');
  const name = request.name('name');
  const existed = broker.parameters.global(name) !== undefined;
  broker.parameters.setGlobal({ name, value: keptJson(body['value']) });
  return madeOrChanged(existed);
}

function putClusterName(request: ChangeRequest): Change {
  request.require('administrator');
  requireKeys(request.body, 'name');
  const name = textIn(request.body, 'name');
  request.broker.parameters.setGlobal({ name: 'cluster_name', value: JSON.stringify(name) });
  return CHANGED;
}

/** An object in JSON; 400 otherwise. */
export function objectOf(value: unknown, what: string): Body {
  if (isJsonObject(value)) return value;
  throw badRequest(`${what} is ${kindOf(value)}, but must be a JSON object`);
}
