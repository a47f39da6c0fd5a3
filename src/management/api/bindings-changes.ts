/** `POST` and `DELETE /api/bindings/...`. With the permissions that AMQP asks for. */
import type { FastifyInstance } from 'fastify';
import { bindExchange, unbindExchange } from '../../core/session/exchange-operations.ts';
import { bindQueue, unbindQueue } from '../../core/session/queue-operations.ts';
import type { Session } from '../../core/session/session.ts';
import type { Binding } from '../../core/vhost/exchange.ts';
import { objectNotFound } from '../api-error.ts';
import type { ManagementContext } from '../management-context.ts';
import { findByPropertiesKey, propertiesKey } from '../properties-key.ts';
import { type Change, type ChangeRequest, changeRoute, REMOVED } from './change-request.ts';
import { argumentsIn, textIn } from './json-body.ts';

const BETWEEN = '/bindings/:vhost/e/:source/:kind/:destination';

interface Ends {
  readonly session: Session;
  readonly source: string;
  readonly kind: 'queue' | 'exchange';
  readonly destination: string;
}

export function bindingChanges(app: FastifyInstance, context: ManagementContext): void {
  changeRoute(app, context, 'POST', BETWEEN, bind);
  changeRoute(app, context, 'DELETE', `${BETWEEN}/:properties`, unbind);
}

/** `Location`: the destination and the properties_key, as RabbitMQ gives it. 201 also for a binding that was there. */
function bind(request: ChangeRequest): Change {
  const { session, source, kind, destination } = endsOf(request);
  const { body } = request;
  const routingKey = routingKeyOf(body['routing_key']) ?? textIn(body, 'routing_key', '');
  const properties = { routingKey, arguments: argumentsIn(body) };
  if (kind === 'queue') {
    bindQueue(session, { queue: destination, exchange: source, ...properties }, undefined);
  } else bindExchange(session, { source, destination, ...properties });
  const location = `${encodeURIComponent(destination)}/${encodeURIComponent(propertiesKey(properties))}`;
  return { status: 201, location };
}

/** RabbitMQ takes a number, too. */
function routingKeyOf(value: unknown): string | undefined {
  return typeof value === 'number' ? String(value) : undefined;
}

function unbind(request: ChangeRequest): Change {
  const ends = endsOf(request);
  const { session, source, kind, destination } = ends;
  const binding = findBinding(ends, request.name('properties'));
  const { routingKey, arguments: args } = binding;
  if (kind === 'queue') {
    unbindQueue(session, { queue: destination, exchange: source, routingKey, arguments: args }, undefined);
  } else unbindExchange(session, { source, destination, routingKey, arguments: args });
  return REMOVED;
}

/** The binding of exactly this properties_key; else one that it may stand for, too. `~` stands for no other: for an empty routing key. */
function findBinding(ends: Ends, key: string): Binding {
  const found = findByPropertiesKey(key, bindingsBetween(ends));
  if (found === undefined || (key === '~' && propertiesKey(found) !== key)) throw objectNotFound();
  return found;
}

function bindingsBetween({ session, source, kind, destination }: Ends): readonly Binding[] {
  const { vhost } = session;
  const target = kind === 'queue' ? vhost.queues.get(destination) : vhost.exchanges.get(destination);
  if (target === undefined) return [];
  return [...vhost.bindingsTo(target)].filter((binding) => binding.source.name === source);
}

function endsOf(request: ChangeRequest): Ends {
  const session = request.session();
  const source = request.exchangeName('source');
  switch (request.name('kind')) {
    case 'q':
      return { session, source, kind: 'queue', destination: request.name('destination') };
    case 'e':
      return { session, source, kind: 'exchange', destination: request.exchangeName('destination') };
    default:
      throw objectNotFound();
  }
}
