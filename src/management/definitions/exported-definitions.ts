/**
 * Definitions as RabbitMQ exports them: one JSON object with a list of each kind. What there is only as long as a connection, and
 * what every vhost begins with, is not in it.
 */
import type { User } from '../../core/access/access-control.ts';
import type { Policy } from '../../core/access/policies.ts';
import type { Broker } from '../../core/broker.ts';
import type { Binding } from '../../core/vhost/exchange.ts';
import type { VirtualHost } from '../../core/vhost/virtual-host.ts';
import { vhostLimits } from '../api/limits.ts';
import { userLimits } from '../api/users.ts';
import { exportedHash } from '../exported-hash.ts';
import { jsonOfTable } from '../field-json.ts';
import { SlicedWork } from '../work-slices.ts';

type Json = { readonly [key: string]: unknown };
/** The lists, in the order in which they stand in the file. */
type Sections = ReadonlyArray<readonly [name: string, items: Iterable<Json>]>;

/** All that there is now, as JSON text, which is made in slices. */
export function exportDefinitions(broker: Broker): Promise<string> {
  const vhosts = [...broker.vhosts.values()];
  const head = {
    ...versions(broker),
    rabbitmq_definition_format: 'cluster',
    ...(clusterName(broker) === undefined ? {} : { original_cluster_name: clusterName(broker) }),
  };
  return textOf(head, [
    ['users', map(broker.access.users.values(), userJson)],
    ['vhosts', map(vhosts, vhostJson)],
    ['permissions', map(broker.access.permissions(), (permission) => ({ ...permission }))],
    ['topic_permissions', map(broker.access.topicPermissions(), (permission) => ({ ...permission }))],
    ['parameters', chain(vhosts.map((vhost) => parametersOf(broker, vhost)))],
    [
      'global_parameters',
      map(broker.parameters.globals(), ({ name, value }) => ({ name, value: JSON.parse(value) })),
    ],
    ['policies', chain(vhosts.map((vhost) => map(vhost.policies, policyJson)))],
    ['queues', chain(vhosts.map((vhost) => queuesOf(vhost, { vhost: vhost.name })))],
    ['exchanges', chain(vhosts.map((vhost) => exchangesOf(vhost, { vhost: vhost.name })))],
    ['bindings', chain(vhosts.map((vhost) => bindingsOf(vhost, { vhost: vhost.name })))],
  ]);
}

/** What is in one vhost. Queues, exchanges and bindings do not say in which: they can be imported into another one. */
export function exportVhostDefinitions(broker: Broker, vhost: VirtualHost): Promise<string> {
  const head = {
    ...versions(broker),
    rabbitmq_definition_format: 'single_virtual_host',
    original_vhost_name: vhost.name,
  };
  return textOf(head, [
    ['parameters', parametersOf(broker, vhost)],
    ['policies', map(vhost.policies, policyJson)],
    ['queues', queuesOf(vhost, {})],
    ['exchanges', exchangesOf(vhost, {})],
    ['bindings', bindingsOf(vhost, {})],
  ]);
}

async function textOf(head: Json, sections: Sections): Promise<string> {
  const work = await SlicedWork.begin();
  let text = JSON.stringify(head).slice(0, -1);
  for (const [name, items] of sections) {
    const parts: string[] = [];
    for (const item of items) {
      if (work.isDue) await work.pause();
      parts.push(JSON.stringify(item));
    }
    text += `,${JSON.stringify(name)}:[${parts.join(',')}]`;
  }
  return `${text}}`;
}

function versions({ settings }: Broker): Json {
  const { product, productVersion } = settings;
  return {
    rabbit_version: productVersion,
    rabbitmq_version: productVersion,
    product_name: product,
    product_version: productVersion,
  };
}

function clusterName({ parameters }: Broker): unknown {
  const value = parameters.global('cluster_name')?.value;
  return value === undefined ? undefined : JSON.parse(value);
}

function userJson({ name, passwordHash, tags, limits }: User): Json {
  return { name, ...exportedHash(passwordHash), tags: [...tags], limits: userLimits(limits) };
}

/** Only what was set, as RabbitMQ 3.10 has it: later versions read both forms of it. */
function vhostJson({ name, metadata }: VirtualHost): Json {
  const { description, tags, defaultQueueType } = metadata;
  const said = {
    ...(description === '' ? {} : { description }),
    ...(tags.length === 0 ? {} : { tags }),
    ...(defaultQueueType === undefined ? {} : { default_queue_type: defaultQueueType }),
  };
  return Object.keys(said).length === 0 ? { name } : { name, ...said, metadata: said };
}

function parametersOf(broker: Broker, vhost: VirtualHost): readonly Json[] {
  return [...parametersIn(broker, vhost)];
}

function* parametersIn(broker: Broker, vhost: VirtualHost): Generator<Json> {
  for (const { name, component, value } of broker.parameters.all(vhost.name))
    yield { value: JSON.parse(value), vhost: vhost.name, component, name };
  for (const policy of vhost.operatorPolicies) {
    const { vhost: _vhost, name: _name, ...value } = policyJson(policy);
    yield { value, vhost: vhost.name, component: 'operator_policy', name: policy.name };
  }
  const limits = vhostLimits(vhost);
  if (Object.keys(limits).length > 0)
    yield { value: limits, vhost: vhost.name, component: 'vhost-limits', name: 'limits' };
}

function policyJson({ vhost, name, pattern, applyTo, definition, priority }: Policy): Json {
  return { vhost, name, pattern, 'apply-to': applyTo, definition: jsonOfTable(definition), priority };
}

function queuesOf(vhost: VirtualHost, where: Json): Iterable<Json> {
  const queues = [...vhost.queues.values()].filter(({ exclusiveOwner }) => exclusiveOwner === undefined);
  return map(queues, ({ name, durable, autoDelete, arguments: args }) => {
    return { name, ...where, durable, auto_delete: autoDelete, arguments: jsonOfTable(args) };
  });
}

function exchangesOf(vhost: VirtualHost, where: Json): Iterable<Json> {
  const exchanges = [...vhost.exchanges.values()].filter(({ predeclared }) => !predeclared);
  return map(exchanges, ({ name, type, durable, autoDelete, internal, arguments: args }) => {
    return { name, ...where, type, durable, auto_delete: autoDelete, internal, arguments: jsonOfTable(args) };
  });
}

function bindingsOf(vhost: VirtualHost, where: Json): Iterable<Json> {
  const bindings = [...vhost.exchanges.values()].flatMap((exchange) => [...exchange.bindings.values()]);
  return map(bindings.filter(isExported), (binding) => bindingJson(binding, where));
}

function isExported({ destination }: Binding): boolean {
  return destination.kind === 'exchange' || destination.exclusiveOwner === undefined;
}

function bindingJson({ source, destination, routingKey, arguments: args }: Binding, where: Json): Json {
  return {
    source: source.name,
    ...where,
    destination: destination.name,
    destination_type: destination.kind,
    routing_key: routingKey,
    arguments: jsonOfTable(args),
  };
}

function* map<T>(items: Iterable<T>, json: (item: T) => Json): Generator<Json> {
  for (const item of items) yield json(item);
}

function* chain<T>(lists: readonly Iterable<T>[]): Generator<T> {
  for (const list of lists) yield* list;
}
