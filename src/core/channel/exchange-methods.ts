import type { FieldTable } from '../../codec/field-table.ts';
import type { MethodArguments } from '../../codec/methods.ts';
import { resourceText } from '../arguments/equivalence.ts';
import { accessRefused, preconditionFailed } from '../failures.ts';
import { routerType } from '../routing/create-router.ts';
import type { Exchange } from '../vhost/exchange.ts';
import { answerDefinition } from './answer-definition.ts';
import type { ChannelContext } from './channel-context.ts';

export function onExchangeDeclare(
  channel: ChannelContext,
  method: MethodArguments<'exchange.declare'>,
): void {
  requireNotDefault(method.exchange);
  const exchange = method.passive ? findDeclared(channel, method.exchange) : declare(channel, method);
  if (method.noWait) return;
  if (method.passive) channel.send('exchange.declare-ok', {});
  else answerDefinition(channel, [exchange], 'exchange.declare-ok', {});
}

export function onExchangeDelete(channel: ChannelContext, method: MethodArguments<'exchange.delete'>): void {
  const name = method.exchange;
  requireNotDefault(name);
  const { session } = channel;
  if (name.startsWith('amq.'))
    throw accessRefused(`deletion of system ${describe(channel, name)} not allowed`);
  session.authorize('exchange', name, 'configure');
  const exchange = session.vhost.exchanges.get(name);
  if (exchange !== undefined) {
    if (method.ifUnused && exchange.bindings.size > 0)
      throw preconditionFailed(`${describe(channel, name)} in use`);
    session.vhost.removeExchange(exchange);
  }
  if (method.noWait) return;
  answerDefinition(channel, exchange === undefined ? [] : [exchange], 'exchange.delete-ok', {});
}

export function onExchangeBind(channel: ChannelContext, method: MethodArguments<'exchange.bind'>): void {
  authorizeBinding(channel, method);
  const { vhost } = channel.session;
  const source = vhost.exchange(method.source);
  const destination = vhost.exchange(method.destination);
  vhost.bind(source, destination, method.routingKey, method.arguments);
  if (!method.noWait) answerDefinition(channel, [source, destination], 'exchange.bind-ok', {});
}

export function onExchangeUnbind(channel: ChannelContext, method: MethodArguments<'exchange.unbind'>): void {
  authorizeBinding(channel, method);
  const { vhost } = channel.session;
  const source = vhost.exchanges.get(method.source);
  const destination = vhost.exchanges.get(method.destination);
  // RabbitMQ since 3.2: unbinding what is not there succeeds
  const ends = [];
  if (source !== undefined && destination !== undefined) {
    vhost.unbind(source, destination, method.routingKey, method.arguments);
    ends.push(source, destination);
  }
  if (!method.noWait) answerDefinition(channel, ends, 'exchange.unbind-ok', {});
}

/** 403: the default exchange is bound to every queue by its name, and nothing else can be done with it. */
export function requireNotDefault(exchange: string): void {
  if (exchange === '') throw accessRefused('operation not permitted on the default exchange');
}

/** amqp exchange.declare "passive" */
function findDeclared(channel: ChannelContext, name: string): Exchange {
  channel.session.authorizeAny('exchange', name);
  return channel.session.vhost.exchange(name);
}

function declare(channel: ChannelContext, method: MethodArguments<'exchange.declare'>): Exchange {
  const { session } = channel;
  const name = method.exchange;
  // amqp exchange.declare "type": 503
  const type = routerType(method.type);
  session.authorize('exchange', name, 'configure');
  // amqp exchange.declare "reserved": 403
  if (name.startsWith('amq.') && !session.vhost.exchanges.has(name)) {
    throw accessRefused(`exchange name '${name}' contains reserved prefix 'amq.*'`);
  }
  authorizeAlternate(channel, name, method.arguments);
  session.vhost.declareExchange({
    name,
    type,
    durable: method.durable,
    autoDelete: method.autoDelete,
    internal: method.internal,
    arguments: method.arguments,
  });
  return session.vhost.exchange(name);
}

/** What the exchange cannot route is read from it and written to the alternate one in the name of who declares it. */
function authorizeAlternate(channel: ChannelContext, name: string, args: FieldTable): void {
  const alternate = args.get('alternate-exchange');
  if (alternate === undefined) return;
  if (typeof alternate.value !== 'string') {
    throw preconditionFailed(
      `invalid type '${alternate.tag}' for arg 'alternate-exchange' in ${describe(channel, name)}: expected a longstr`,
    );
  }
  if (channel.session.vhost.exchanges.has(name)) return;
  channel.session.authorize('exchange', name, 'read');
  channel.session.authorize('exchange', alternate.value, 'write');
}

interface ExchangeBindingMethod {
  readonly source: string;
  readonly destination: string;
  readonly routingKey: string;
}

function authorizeBinding(channel: ChannelContext, method: ExchangeBindingMethod): void {
  const { session } = channel;
  requireNotDefault(method.destination);
  session.authorize('exchange', method.destination, 'write');
  requireNotDefault(method.source);
  session.authorize('exchange', method.source, 'read');
  if (session.vhost.exchanges.get(method.source)?.type === 'topic') {
    session.authorizeTopic(method.source, 'read', method.routingKey);
  }
}

function describe(channel: ChannelContext, name: string): string {
  return resourceText({ kind: 'exchange', name, vhost: channel.session.vhost.name });
}
