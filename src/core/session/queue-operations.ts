/**
 * What somebody may ask of queues, and whether it may: the same for a method of AMQP and for a request over HTTP. Each
 * throws ChannelError: 403 access refused, 404 not found, 405 locked by its owner, 406 precondition failed.
 */
import type { FieldTable } from '../../codec/field-table.ts';
import { resourceText } from '../arguments/equivalence.ts';
import { accessRefused, preconditionFailed } from '../failures.ts';
import type { ExclusiveOwner, Queue, QueueDeclaration } from '../queue/queue.ts';
import type { Exchange } from '../vhost/exchange.ts';
import { requireNotDefault } from './exchange-operations.ts';
import type { Session } from './session.ts';

/** Who asks: the connection that exclusive queues belong to; undefined when they belong to somebody else in any case. */
export type Asker = ExclusiveOwner | undefined;

/** amqp queue.declare, not passive. `name` is the one to be: an empty one was replaced, and is `isGenerated`. */
export function declareQueue(session: Session, declaration: QueueDeclaration, isGenerated = false): Queue {
  const { vhost } = session;
  const { name } = declaration;
  session.authorize('queue', name, 'configure');
  // amqp queue.declare "reserved": 403
  if (!isGenerated && name.startsWith('amq.') && !vhost.queues.has(name)) {
    throw accessRefused(`queue name '${name}' contains reserved prefix 'amq.*'`);
  }
  authorizeDeadLetters(session, name, declaration.arguments);
  return vhost.declareQueue(declaration);
}

/** amqp queue.declare "passive": the queue, for whoever may do anything at all with it. */
export function findQueue(session: Session, name: string, asker: Asker): Queue {
  session.authorizeAny('queue', name);
  const queue = session.vhost.queue(name, asker);
  queue.touch();
  return queue;
}

/** The queue, for whoever may read it: to consume, to get, to look into. */
export function queueToRead(session: Session, name: string, asker: Asker): Queue {
  session.authorize('queue', name, 'read');
  return session.vhost.queue(name, asker);
}

/** Removes the ready messages. Returns the queue, and how many they were. */
export function purgeQueue(
  session: Session,
  name: string,
  asker: Asker,
): { queue: Queue; messageCount: number } {
  const queue = queueToRead(session, name, asker);
  return { queue, messageCount: queue.purge() };
}

export interface QueueDeletion {
  readonly ifUnused: boolean;
  readonly ifEmpty: boolean;
}

/**
 * Returns the queue that was removed, and how many ready messages it had; undefined when there was none (RabbitMQ since 3.2:
 * no error).
 */
export function deleteQueue(
  session: Session,
  name: string,
  { ifUnused, ifEmpty }: QueueDeletion,
  asker: Asker,
): { queue: Queue; messageCount: number } | undefined {
  session.authorize('queue', name, 'configure');
  const { vhost } = session;
  if (!vhost.queues.has(name)) return undefined;
  const queue = vhost.queue(name, asker);
  const resource = resourceText({ kind: 'queue', name, vhost: vhost.name });
  if (ifUnused && queue.consumerCount > 0) throw preconditionFailed(`${resource} in use`);
  // What waits for a delayed retry would be lost, too.
  if (ifEmpty && queue.readyCount + queue.heldCount > 0) throw preconditionFailed(`${resource} not empty`);
  const messageCount = queue.readyCount;
  vhost.removeQueue(queue);
  return { queue, messageCount };
}

export interface QueueBinding {
  readonly queue: string;
  readonly exchange: string;
  readonly routingKey: string;
  readonly arguments: FieldTable;
}

/** Returns both ends. */
export function bindQueue(session: Session, binding: QueueBinding, asker: Asker): [Exchange, Queue] {
  authorizeQueueBinding(session, binding);
  const { vhost } = session;
  // 404 for the exchange comes before 405 for the queue, as in RabbitMQ.
  const exchange = vhost.exchange(binding.exchange);
  const queue = vhost.queue(binding.queue, asker);
  vhost.bind(exchange, queue, binding.routingKey, binding.arguments);
  return [exchange, queue];
}

/** Nothing happens when there is no such binding (RabbitMQ since 3.2). Returns both ends, or none when one is not there. */
export function unbindQueue(session: Session, binding: QueueBinding, asker: Asker): [Exchange, Queue] | [] {
  authorizeQueueBinding(session, binding);
  const { vhost } = session;
  const { routingKey } = binding;
  const exchange = vhost.exchanges.get(binding.exchange);
  const queue = vhost.queues.get(binding.queue);
  if (exchange === undefined || queue === undefined) return [];
  // amqp queue.declare "exclusive": 405, but only when there is something to unbind
  if (vhost.isBound(exchange, queue, routingKey, binding.arguments)) vhost.queue(queue.name, asker);
  vhost.unbind(exchange, queue, routingKey, binding.arguments);
  return [exchange, queue];
}

function authorizeQueueBinding(session: Session, { queue, exchange, routingKey }: QueueBinding): void {
  session.authorize('queue', queue, 'write');
  requireNotDefault(exchange);
  session.authorize('exchange', exchange, 'read');
  if (session.vhost.exchanges.get(exchange)?.type === 'topic')
    session.authorizeTopic(exchange, 'read', routingKey);
}

/** Dead letters are read from the queue and written to the exchange in the name of who declares it. */
function authorizeDeadLetters(session: Session, name: string, args: FieldTable): void {
  const exchange = args.get('x-dead-letter-exchange')?.value;
  if (typeof exchange !== 'string' || session.vhost.queues.has(name)) return;
  session.authorize('queue', name, 'read');
  session.authorize('exchange', exchange, 'write');
}
