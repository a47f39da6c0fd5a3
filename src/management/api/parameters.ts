/** `GET /api/parameters...` and `/api/global-parameters...` */
import type { FastifyInstance } from 'fastify';
import type { Policy } from '../../core/access/policies.ts';
import type { GlobalParameter, Parameter } from '../../core/definitions/parameters.ts';
import type { VirtualHost } from '../../core/vhost/virtual-host.ts';
import { objectNotFound } from '../api-error.ts';
import { type JsonValue, jsonOfTable } from '../field-json.ts';
import type { ManagementContext } from '../management-context.ts';
import { listRoute, objectRoute, type ReadContext, type ReadRequest } from '../read-request.ts';
import { View } from '../view.ts';
import { vhostLimits } from './limits.ts';

interface ParameterRow {
  readonly vhost: string;
  readonly component: string;
  readonly name: string;
  readonly value: JsonValue;
}

const PARAMETER_VIEW: View<ParameterRow> = new View<ParameterRow>({
  value: ({ value }) => value,
  vhost: ({ vhost }) => vhost,
  component: ({ component }) => component,
  name: ({ name }) => name,
});

const GLOBAL_PARAMETER_VIEW: View<GlobalParameter> = new View<GlobalParameter>({
  name: ({ name }) => name,
  value: ({ value }) => JSON.parse(value) as JsonValue,
});

const PARAMETERS = { view: PARAMETER_VIEW, sortedBy: ['vhost', 'name'] };
const GLOBAL_PARAMETERS = { view: GLOBAL_PARAMETER_VIEW, sortedBy: ['name'] };

export function parameterRoutes(app: FastifyInstance, context: ReadContext): void {
  listRoute(app, context, '/parameters', PARAMETERS, (request) => {
    request.require('policymaker');
    return request.readableVhosts().flatMap((vhost) => parametersOf(context, vhost));
  });
  listRoute(app, context, '/parameters/:component', PARAMETERS, (request) => {
    request.require('policymaker');
    const component = request.parameter('component');
    const all = request.readableVhosts().flatMap((vhost) => parametersOf(context, vhost));
    return all.filter((parameter) => parameter.component === component);
  });
  listRoute(app, context, '/parameters/:component/:vhost', PARAMETERS, (request) => {
    request.requirePolicymaker();
    const component = request.parameter('component');
    return parametersOf(context, request.vhost()).filter((parameter) => parameter.component === component);
  });
  objectRoute(app, context, '/parameters/:component/:vhost/:name', PARAMETER_VIEW, findParameter);
  listRoute(app, context, '/global-parameters', GLOBAL_PARAMETERS, (request) => {
    request.require('policymaker');
    return context.broker.parameters.globals();
  });
  objectRoute(app, context, '/global-parameters/:name', GLOBAL_PARAMETER_VIEW, (request) => {
    request.require('policymaker');
    const parameter = context.broker.parameters.global(request.parameter('name'));
    if (parameter === undefined) throw objectNotFound();
    return parameter;
  });
}

function findParameter(request: ReadRequest): ParameterRow {
  request.requirePolicymaker();
  const component = request.parameter('component');
  const name = request.parameter('name');
  const found = parametersOf(request.context, request.vhost()).find(
    (each) => each.component === component && each.name === name,
  );
  if (found === undefined) throw objectNotFound();
  return found;
}

/** Limits and operator policies are parameters, too, as they are in RabbitMQ; policies are not. */
function parametersOf({ broker }: ManagementContext, vhost: VirtualHost): readonly ParameterRow[] {
  const limits = vhostLimits(vhost);
  const own = broker.parameters.all(vhost.name).map(rowOf);
  const operatorPolicies = vhost.operatorPolicies.map(policyRow);
  const limitRows =
    Object.keys(limits).length === 0
      ? []
      : [{ vhost: vhost.name, component: 'vhost-limits', name: 'limits', value: limits }];
  return [...own, ...limitRows, ...operatorPolicies];
}

function rowOf({ vhost, component, name, value }: Parameter): ParameterRow {
  return { vhost, component, name, value: JSON.parse(value) as JsonValue };
}

function policyRow({ vhost, name, pattern, applyTo, definition, priority }: Policy): ParameterRow {
  const value = { pattern, definition: jsonOfTable(definition), priority, 'apply-to': applyTo };
  return { vhost, component: 'operator_policy', name, value };
}
