/** Whether what is declared again means the same as what is there: 406 for what differs, 405 for whose it is. */
import { field } from '../../codec/field-table.ts';
import { DEDUPLICATION_KEYS } from '../arguments/deduplication-arguments.ts';
import { assertEquivalent, assertSameProperty, exclusiveQueueLocked } from '../arguments/equivalence.ts';
import { QUEUE_EQUIVALENCE_KEYS, type QueueType } from '../arguments/queue-arguments.ts';
import type { Queue, QueueDeclaration } from '../queue/queue.ts';
import type { Exchange, ExchangeProperties } from './exchange.ts';

/** The arguments that must mean the same when an exchange is declared again. */
const EXCHANGE_EQUIVALENCE_KEYS: readonly string[] = ['alternate-exchange', ...DEDUPLICATION_KEYS];

export function assertSameExchange(vhost: string, existing: Exchange, received: ExchangeProperties): void {
  const resource = { kind: 'exchange', name: existing.name, vhost } as const;
  assertSameProperty(resource, 'type', existing.type, received.type);
  assertSameProperty(resource, 'durable', existing.durable, received.durable);
  assertSameProperty(resource, 'auto_delete', existing.autoDelete, received.autoDelete);
  assertSameProperty(resource, 'internal', existing.internal, received.internal);
  assertEquivalent(resource, existing.arguments, received.arguments, EXCHANGE_EQUIVALENCE_KEYS);
}

export function assertSameQueue(vhost: string, existing: Queue, received: QueueDeclaration): void {
  const resource = { kind: 'queue', name: existing.name, vhost } as const;
  if (existing.exclusiveOwner !== received.exclusiveOwner) throw exclusiveQueueLocked(existing.name, vhost);
  assertSameProperty(resource, 'durable', existing.durable, received.durable);
  assertSameProperty(resource, 'auto_delete', existing.autoDelete, received.autoDelete);
  assertEquivalent(resource, existing.arguments, received.arguments, QUEUE_EQUIVALENCE_KEYS);
}

/**
 * The declaration with the type that the vhost gives to queues without one, where such a queue may be of that type. A queue that is
 * there has its type by now, whatever the vhost has said since.
 */
export function withDefaultType(
  defaultQueueType: QueueType | undefined,
  declaration: QueueDeclaration,
  existing: Queue | undefined,
): QueueDeclaration {
  const { durable, autoDelete, exclusiveOwner } = declaration;
  if (defaultQueueType === undefined || declaration.arguments.has('x-queue-type')) return declaration;
  const type =
    existing === undefined ? field.string(defaultQueueType) : existing.arguments.get('x-queue-type');
  const mayBe = defaultQueueType === 'classic' || (durable && !autoDelete && exclusiveOwner === undefined);
  if (type === undefined || !mayBe) return declaration;
  return { ...declaration, arguments: new Map(declaration.arguments).set('x-queue-type', type) };
}
