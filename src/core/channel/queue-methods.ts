import type { MethodArguments } from '../../codec/methods.ts';
import { resourceText } from '../arguments/equivalence.ts';
import { assertMayBeServerNamed } from '../arguments/queue-arguments.ts';
import { accessRefused, notFound, preconditionFailed } from '../failures.ts';
import type { Queue } from '../queue/queue.ts';
import { answerDefinition } from './answer-definition.ts';
import type { ChannelContext } from './channel-context.ts';
import { requireNotDefault } from './exchange-methods.ts';
import { DIRECT_REPLY_TO } from './reply-consumers.ts';

/** 22 characters of base64 hold 128 random bits. */
const GENERATED_NAME_LENGTH = 22;

export function onQueueDeclare(channel: ChannelContext, method: MethodArguments<'queue.declare'>): void {
  if (isDirectReplyTo(channel, method)) return;
  const queue = method.passive ? findDeclared(channel, method.queue) : declare(channel, method);
  channel.lastQueueName = queue.name;
  if (method.noWait) return;
  const { name, readyCount, consumerCount } = queue;
  const answer = { queue: name, messageCount: readyCount, consumerCount };
  if (method.passive) channel.send('queue.declare-ok', answer);
  else answerDefinition(channel, [queue], 'queue.declare-ok', answer);
}

export function onQueueBind(channel: ChannelContext, method: MethodArguments<'queue.bind'>): void {
  const { name, routingKey } = authorizeBinding(channel, method);
  const { vhost } = channel.session;
  // 404 for the exchange comes before 405 for the queue, as in RabbitMQ.
  const exchange = vhost.exchange(method.exchange);
  const queue = vhost.queue(name, channel.connection);
  vhost.bind(exchange, queue, routingKey, method.arguments);
  if (!method.noWait) answerDefinition(channel, [exchange, queue], 'queue.bind-ok', {});
}

export function onQueueUnbind(channel: ChannelContext, method: MethodArguments<'queue.unbind'>): void {
  const { name, routingKey } = authorizeBinding(channel, method);
  const { vhost } = channel.session;
  const exchange = vhost.exchanges.get(method.exchange);
  // RabbitMQ since 3.2: unbinding what is not there succeeds
  const queue = vhost.queues.get(name);
  const ends = [];
  if (exchange !== undefined && queue !== undefined) {
    // amqp queue.declare "exclusive": 405, but only when there is something to unbind
    if (vhost.isBound(exchange, queue, routingKey, method.arguments)) vhost.queue(name, channel.connection);
    vhost.unbind(exchange, queue, routingKey, method.arguments);
    ends.push(exchange, queue);
  }
  answerDefinition(channel, ends, 'queue.unbind-ok', {});
}

export function onQueuePurge(channel: ChannelContext, method: MethodArguments<'queue.purge'>): void {
  const name = queueName(channel, method.queue);
  channel.session.authorize('queue', name, 'read');
  const queue = channel.session.vhost.queue(name, channel.connection);
  const messageCount = queue.purge();
  if (method.noWait) return;
  if (queue.isRecorded) channel.sendDurable('queue.purge-ok', { messageCount });
  else channel.send('queue.purge-ok', { messageCount });
}

export function onQueueDelete(channel: ChannelContext, method: MethodArguments<'queue.delete'>): void {
  const name = queueName(channel, method.queue);
  const { session } = channel;
  session.authorize('queue', name, 'configure');
  // RabbitMQ since 3.2: deleting what is not there succeeds
  const queue = session.vhost.queues.get(name);
  const messageCount = queue === undefined ? 0 : deleteQueue(channel, name, method);
  if (method.noWait) return;
  answerDefinition(channel, queue === undefined ? [] : [queue], 'queue.delete-ok', { messageCount });
}

/** The name that a method means: an empty one stands for the queue declared last on the channel. */
export function queueName(channel: ChannelContext, name: string): string {
  if (name !== '') return name;
  if (channel.lastQueueName !== undefined) return channel.lastQueueName;
  throw notFound('no previously declared queue: name one, or declare it first');
}

function deleteQueue(channel: ChannelContext, name: string, method: MethodArguments<'queue.delete'>): number {
  const { vhost } = channel.session;
  const queue = vhost.queue(name, channel.connection);
  const resource = resourceText({ kind: 'queue', name, vhost: vhost.name });
  if (method.ifUnused && queue.consumerCount > 0) throw preconditionFailed(`${resource} in use`);
  // What waits for a delayed retry would be lost, too.
  if (method.ifEmpty && queue.readyCount + queue.heldCount > 0)
    throw preconditionFailed(`${resource} not empty`);
  const messageCount = queue.readyCount;
  vhost.removeQueue(queue);
  return messageCount;
}

/** amqp queue.declare "passive" */
function findDeclared(channel: ChannelContext, wanted: string): Queue {
  const name = queueName(channel, wanted);
  channel.session.authorizeAny('queue', name);
  const queue = channel.session.vhost.queue(name, channel.connection);
  queue.touch();
  return queue;
}

function declare(channel: ChannelContext, method: MethodArguments<'queue.declare'>): Queue {
  const { session, connection, runtime } = channel;
  const { vhost } = session;
  if (method.queue === '') assertMayBeServerNamed(method.arguments);
  const name = method.queue === '' ? `amq.gen-${runtime.randomName(GENERATED_NAME_LENGTH)}` : method.queue;
  session.authorize('queue', name, 'configure');
  // amqp queue.declare "reserved": 403
  if (method.queue.startsWith('amq.') && !vhost.queues.has(name)) {
    throw accessRefused(`queue name '${name}' contains reserved prefix 'amq.*'`);
  }
  authorizeDeadLetters(channel, name, method);
  return vhost.declareQueue({
    name,
    durable: method.durable,
    autoDelete: method.autoDelete,
    exclusiveOwner: method.exclusive ? connection : undefined,
    arguments: method.arguments,
  });
}

/** Dead letters are read from the queue and written to the exchange in the name of who declares it. */
function authorizeDeadLetters(
  channel: ChannelContext,
  name: string,
  method: MethodArguments<'queue.declare'>,
): void {
  const exchange = method.arguments.get('x-dead-letter-exchange')?.value;
  if (typeof exchange !== 'string' || channel.session.vhost.queues.has(name)) return;
  channel.session.authorize('queue', name, 'read');
  channel.session.authorize('exchange', exchange, 'write');
}

interface BindingMethod {
  readonly queue: string;
  readonly exchange: string;
  readonly routingKey: string;
}

/** The queue and the key that are meant, when the user may bind them. */
function authorizeBinding(
  channel: ChannelContext,
  method: BindingMethod,
): { name: string; routingKey: string } {
  const { session } = channel;
  const name = queueName(channel, method.queue);
  // amqp queue.bind "routing-key": empty together with an empty queue name, it is the queue's name
  const routingKey = method.queue === '' && method.routingKey === '' ? name : method.routingKey;
  session.authorize('queue', name, 'write');
  requireNotDefault(method.exchange);
  session.authorize('exchange', method.exchange, 'read');
  if (session.vhost.exchanges.get(method.exchange)?.type === 'topic') {
    session.authorizeTopic(method.exchange, 'read', routingKey);
  }
  return { name, routingKey };
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
