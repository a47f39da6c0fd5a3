import type { MethodArguments } from '../../codec/methods.ts';
import {
  bindExchange,
  declareExchange,
  deleteExchange,
  findExchange,
  unbindExchange,
} from '../session/exchange-operations.ts';
import { answerDefinition } from './answer-definition.ts';
import type { ChannelContext } from './channel-context.ts';

export function onExchangeDeclare(
  channel: ChannelContext,
  method: MethodArguments<'exchange.declare'>,
): void {
  const { session } = channel;
  const name = method.exchange;
  const exchange = method.passive
    ? findExchange(session, name)
    : declareExchange(session, { ...method, name });
  if (method.noWait) return;
  if (method.passive) channel.send('exchange.declare-ok', {});
  else answerDefinition(channel, [exchange], 'exchange.declare-ok', {});
}

export function onExchangeDelete(channel: ChannelContext, method: MethodArguments<'exchange.delete'>): void {
  const exchange = deleteExchange(channel.session, method.exchange, method.ifUnused);
  if (method.noWait) return;
  answerDefinition(channel, exchange === undefined ? [] : [exchange], 'exchange.delete-ok', {});
}

export function onExchangeBind(channel: ChannelContext, method: MethodArguments<'exchange.bind'>): void {
  const ends = bindExchange(channel.session, method);
  if (!method.noWait) answerDefinition(channel, ends, 'exchange.bind-ok', {});
}

export function onExchangeUnbind(channel: ChannelContext, method: MethodArguments<'exchange.unbind'>): void {
  const ends = unbindExchange(channel.session, method);
  if (!method.noWait) answerDefinition(channel, ends, 'exchange.unbind-ok', {});
}
