import { encodeShortstr } from '../../codec/bytes.ts';
import type { FieldTable } from '../../codec/field-table.ts';
import type { MethodArguments } from '../../codec/methods.ts';
import { resourceText } from '../arguments/equivalence.ts';
import { fieldTypeName, isInteger } from '../arguments/field-text.ts';
import { notImplemented, preconditionFailed } from '../failures.ts';
import { queueToRead } from '../session/queue-operations.ts';
import type { ChannelContext } from './channel-context.ts';
import type { Deliveries } from './deliveries.ts';
import { queueName } from './queue-methods.ts';
import { DIRECT_REPLY_TO } from './reply-consumers.ts';

const GENERATED_TAG_LENGTH = 22;

export function onBasicQos(
  channel: ChannelContext,
  deliveries: Deliveries,
  method: MethodArguments<'basic.qos'>,
): void {
  if (method.prefetchSize !== 0) throw notImplemented(`prefetch_size!=0 (${method.prefetchSize})`);
  if (method.global) {
    deliveries.globalPrefetch = method.prefetchCount;
  } else {
    // As in RabbitMQ: a limit per consumer lifts the one that the channel shares.
    deliveries.globalPrefetch = 0;
    deliveries.consumerPrefetch = method.prefetchCount;
  }
  deliveries.unparkAll();
  channel.send('basic.qos-ok', {});
}

export function onBasicConsume(
  channel: ChannelContext,
  deliveries: Deliveries,
  method: MethodArguments<'basic.consume'>,
): void {
  const { runtime, session } = channel;
  const consumerTag =
    method.consumerTag === '' ? `amq.ctag-${runtime.randomName(GENERATED_TAG_LENGTH)}` : method.consumerTag;
  deliveries.assertFreeTag(consumerTag);
  if (method.queue === DIRECT_REPLY_TO) {
    consumeReplies(channel, deliveries, consumerTag, method.noAck);
  } else {
    const name = queueName(channel, method.queue);
    const queue = queueToRead(session, name, channel.connection);
    const settings = {
      consumerTag,
      noAck: method.noAck,
      exclusive: method.exclusive,
      priority: consumerPriority(method.arguments, name, session.vhost.name),
      prefetchCount: deliveries.consumerPrefetch,
      arguments: method.arguments,
    };
    deliveries.consume(queue, settings);
  }
  if (!method.noWait) channel.send('basic.consume-ok', { consumerTag });
}

export function onBasicCancel(
  channel: ChannelContext,
  deliveries: Deliveries,
  method: MethodArguments<'basic.cancel'>,
): void {
  const { consumerTag, noWait } = method;
  deliveries.cancel(consumerTag);
  if (!noWait) channel.send('basic.cancel-ok', { consumerTag });
}

export function onBasicGet(
  channel: ChannelContext,
  deliveries: Deliveries,
  method: MethodArguments<'basic.get'>,
): void {
  const { session } = channel;
  const name = queueName(channel, method.queue);
  const queue = queueToRead(session, name, channel.connection);
  const outcome = queue.get(deliveries, method.noAck);
  if (outcome === 'empty') {
    channel.counters.getEmpty++;
    channel.send('basic.get-empty', {});
  }
  if (outcome === 'wait') channel.whenDurable(() => onBasicGet(channel, deliveries, method));
}

/** amqp basic.consume of the pseudo-queue for direct replies */
function consumeReplies(
  channel: ChannelContext,
  deliveries: Deliveries,
  consumerTag: string,
  noAck: boolean,
): void {
  if (!noAck) throw preconditionFailed('reply consumer cannot acknowledge');
  if (channel.replyAddress !== undefined) throw preconditionFailed('reply consumer already set');
  channel.replyAddress = channel.replyConsumers.add(deliveries);
  deliveries.setReplyConsumer(consumerTag, encodeShortstr(consumerTag));
}

function consumerPriority(args: FieldTable, queue: string, vhost: string): number {
  const priority = args.get('x-priority');
  if (priority === undefined) return 0;
  if (isInteger(priority)) return Number(priority.value);
  const resource = resourceText({ kind: 'queue', name: queue, vhost });
  throw preconditionFailed(
    `invalid arg 'x-priority' for ${resource}: "expected integer, got ${fieldTypeName(priority)}"`,
  );
}
