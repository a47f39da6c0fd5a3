import type { MethodArguments } from '../../codec/methods.ts';
import { resourceText } from '../arguments/equivalence.ts';
import { assertMayBeServerNamed } from '../arguments/queue-arguments.ts';
import { notFound } from '../failures.ts';
import type { Queue } from '../queue/queue.ts';
import {
  bindQueue,
  declareQueue,
  deleteQueue,
  findQueue,
  purgeQueue,
  type QueueBinding,
  unbindQueue,
} from '../session/queue-operations.ts';
import { answerDefinition } from './answer-definition.ts';
import type { ChannelContext } from './channel-context.ts';
import { DIRECT_REPLY_TO } from './reply-consumers.ts';

/** 22 characters of base64 hold 128 random bits. */
const GENERATED_NAME_LENGTH = 22;

export function onQueueDeclare(channel: ChannelContext, method: MethodArguments<'queue.declare'>): void {
  if (isDirectReplyTo(channel, method)) return;
  const queue = method.passive
    ? findQueue(channel.session, queueName(channel, method.queue), channel.connection)
    : declare(channel, method);
  channel.lastQueueName = queue.name;
  if (method.noWait) return;
  const { name, readyCount, consumerCount } = queue;
  const answer = { queue: name, messageCount: readyCount, consumerCount };
  if (method.passive) channel.send('queue.declare-ok', answer);
  else answerDefinition(channel, [queue], 'queue.declare-ok', answer);
}

export function onQueueBind(channel: ChannelContext, method: MethodArguments<'queue.bind'>): void {
  const ends = bindQueue(channel.session, bindingOf(channel, method), channel.connection);
  if (!method.noWait) answerDefinition(channel, ends, 'queue.bind-ok', {});
}

export function onQueueUnbind(channel: ChannelContext, method: MethodArguments<'queue.unbind'>): void {
  const ends = unbindQueue(channel.session, bindingOf(channel, method), channel.connection);
  answerDefinition(channel, ends, 'queue.unbind-ok', {});
}

export function onQueuePurge(channel: ChannelContext, method: MethodArguments<'queue.purge'>): void {
  const name = queueName(channel, method.queue);
  const { queue, messageCount } = purgeQueue(channel.session, name, channel.connection);
  if (method.noWait) return;
  if (queue.isRecorded) channel.sendDurable('queue.purge-ok', { messageCount });
  else channel.send('queue.purge-ok', { messageCount });
}

export function onQueueDelete(channel: ChannelContext, method: MethodArguments<'queue.delete'>): void {
  const name = queueName(channel, method.queue);
  const deleted = deleteQueue(channel.session, name, method, channel.connection);
  if (method.noWait) return;
  const messageCount = deleted?.messageCount ?? 0;
  answerDefinition(channel, deleted === undefined ? [] : [deleted.queue], 'queue.delete-ok', {
    messageCount,
  });
}

/** The name that a method means: an empty one stands for the queue declared last on the channel. */
export function queueName(channel: ChannelContext, name: string): string {
  if (name !== '') return name;
  if (channel.lastQueueName !== undefined) return channel.lastQueueName;
  throw notFound('no previously declared queue: name one, or declare it first');
}

function declare(channel: ChannelContext, method: MethodArguments<'queue.declare'>): Queue {
  const { session, connection, runtime } = channel;
  const isGenerated = method.queue === '';
  if (isGenerated) assertMayBeServerNamed(method.arguments);
  const name = isGenerated ? `amq.gen-${runtime.randomName(GENERATED_NAME_LENGTH)}` : method.queue;
  const { durable, autoDelete, exclusive } = method;
  const exclusiveOwner = exclusive ? connection : undefined;
  const declaration = { name, durable, autoDelete, exclusiveOwner, arguments: method.arguments };
  return declareQueue(session, declaration, isGenerated);
}

function bindingOf(channel: ChannelContext, method: QueueBinding): QueueBinding {
  const queue = queueName(channel, method.queue);
  // amqp queue.bind "routing-key": empty together with an empty queue name, it is the queue's name
  const routingKey = method.queue === '' && method.routingKey === '' ? queue : method.routingKey;
  return { queue, exchange: method.exchange, routingKey, arguments: method.arguments };
}

/** A passive declare of a reply address asks whether somebody still waits there. */
function isDirectReplyTo(channel: ChannelContext, method: MethodArguments<'queue.declare'>): boolean {
  const name = method.queue;
  if (name !== DIRECT_REPLY_TO && !channel.replyConsumers.isReplyAddress(name)) return false;
  if (name !== DIRECT_REPLY_TO && !channel.replyConsumers.isKnown(name)) {
    throw notFound(`no ${resourceText({ kind: 'queue', name, vhost: channel.session.vhost.name })}`);
  }
  if (!method.noWait) channel.send('queue.declare-ok', { queue: name, messageCount: 0, consumerCount: 1 });
  return true;
}
