/**
 * What somebody may ask of exchanges, and whether it may: the same for a method of AMQP and for a request over HTTP. Each
 * throws ChannelError: 403 access refused, 404 not found, 406 precondition failed.
 */
import type { FieldTable } from '../../codec/field-table.ts';
import { resourceText } from '../arguments/equivalence.ts';
import { accessRefused, preconditionFailed } from '../failures.ts';
import { routerType } from '../routing/create-router.ts';
import type { Exchange } from '../vhost/exchange.ts';
import type { Session } from './session.ts';

export interface ExchangeDeclaration {
  readonly name: string;
  /** As the client calls it; a type that does not exist is a ConnectionError 503. */
  readonly type: string;
  readonly durable: boolean;
  readonly autoDelete: boolean;
  readonly internal: boolean;
  readonly arguments: FieldTable;
}

/** amqp exchange.declare, not passive */
export function declareExchange(session: Session, declaration: ExchangeDeclaration): Exchange {
  const { name } = declaration;
  requireNotDefault(name);
  // amqp exchange.declare "type": 503
  const type = routerType(declaration.type);
  session.authorize('exchange', name, 'configure');
  // amqp exchange.declare "reserved": 403
  if (name.startsWith('amq.') && !session.vhost.exchanges.has(name)) {
    throw accessRefused(`exchange name '${name}' contains reserved prefix 'amq.*'`);
  }
  authorizeAlternate(session, name, declaration.arguments);
  session.vhost.declareExchange({ ...declaration, type });
  return session.vhost.exchange(name);
}

/** amqp exchange.declare "passive": the exchange, for whoever may do anything at all with it. */
export function findExchange(session: Session, name: string): Exchange {
  requireNotDefault(name);
  session.authorizeAny('exchange', name);
  return session.vhost.exchange(name);
}

/** Returns the exchange that was removed; undefined when there was none (RabbitMQ since 3.2: no error). */
export function deleteExchange(session: Session, name: string, ifUnused: boolean): Exchange | undefined {
  requireNotDefault(name);
  if (name.startsWith('amq.')) {
    throw accessRefused(`deletion of system ${describe(session, name)} not allowed`);
  }
  session.authorize('exchange', name, 'configure');
  const exchange = session.vhost.exchanges.get(name);
  if (exchange === undefined) return undefined;
  if (ifUnused && exchange.bindings.size > 0) throw preconditionFailed(`${describe(session, name)} in use`);
  session.vhost.removeExchange(exchange);
  return exchange;
}

export interface ExchangeBinding {
  readonly source: string;
  readonly destination: string;
  readonly routingKey: string;
  readonly arguments: FieldTable;
}

/** Returns both ends. */
export function bindExchange(session: Session, binding: ExchangeBinding): [Exchange, Exchange] {
  authorizeExchangeBinding(session, binding);
  const { vhost } = session;
  const source = vhost.exchange(binding.source);
  const destination = vhost.exchange(binding.destination);
  vhost.bind(source, destination, binding.routingKey, binding.arguments);
  return [source, destination];
}

/** Nothing happens when there is no such binding (RabbitMQ since 3.2). Returns both ends, or none when one is not there. */
export function unbindExchange(session: Session, binding: ExchangeBinding): [Exchange, Exchange] | [] {
  authorizeExchangeBinding(session, binding);
  const { vhost } = session;
  const source = vhost.exchanges.get(binding.source);
  const destination = vhost.exchanges.get(binding.destination);
  if (source === undefined || destination === undefined) return [];
  vhost.unbind(source, destination, binding.routingKey, binding.arguments);
  return [source, destination];
}

/** 403: the default exchange is bound to every queue by its name, and nothing else can be done with it. */
export function requireNotDefault(exchange: string): void {
  if (exchange === '') throw accessRefused('operation not permitted on the default exchange');
}

/** What the exchange cannot route is read from it and written to the alternate one in the name of who declares it. */
function authorizeAlternate(session: Session, name: string, args: FieldTable): void {
  const alternate = args.get('alternate-exchange');
  if (alternate === undefined) return;
  if (typeof alternate.value !== 'string') {
    throw preconditionFailed(
      `invalid type '${alternate.tag}' for arg 'alternate-exchange' in ${describe(session, name)}: expected a longstr`,
    );
  }
  if (session.vhost.exchanges.has(name)) return;
  session.authorize('exchange', name, 'read');
  session.authorize('exchange', alternate.value, 'write');
}

function authorizeExchangeBinding(session: Session, binding: ExchangeBinding): void {
  const { source, destination, routingKey } = binding;
  requireNotDefault(destination);
  session.authorize('exchange', destination, 'write');
  requireNotDefault(source);
  session.authorize('exchange', source, 'read');
  if (session.vhost.exchanges.get(source)?.type === 'topic')
    session.authorizeTopic(source, 'read', routingKey);
}

function describe(session: Session, name: string): string {
  return resourceText({ kind: 'exchange', name, vhost: session.vhost.name });
}
