import type { ChannelContext } from '../channel/channel-context.ts';
import { Deliveries } from '../channel/deliveries.ts';
import type { Consumer } from '../queue/consumer.ts';

/** The channel that the messages of a consumer go to; undefined for one that does not speak AMQP. */
export function channelOf({ target }: Consumer): ChannelContext | undefined {
  return target instanceof Deliveries ? target.channel : undefined;
}
