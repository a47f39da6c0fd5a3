import type { MethodArguments, MethodName } from '../../codec/methods.ts';
import type { Destination } from '../vhost/exchange.ts';
import type { ChannelContext } from './channel-context.ts';

/**
 * Answers a method that made or removed a queue, an exchange, or the binding of both `ends`. When that is on record, the client
 * hears of it once it is durable, also when it is old: whoever made it just now may be waiting for the same. So does whoever
 * removed what is not there (no `ends`): its removal may not be durable yet.
 */
export function answerDefinition<N extends MethodName>(
  channel: ChannelContext,
  ends: readonly Destination[],
  name: N,
  args: MethodArguments<N>,
): void {
  if (ends.every(isRecorded)) channel.sendDurable(name, args);
  else channel.send(name, args);
}

function isRecorded(end: Destination): boolean {
  return end.kind === 'queue' ? end.isRecorded : end.durable;
}
