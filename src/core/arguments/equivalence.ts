/**
 * Declaring what exists already is allowed when it means the same (amqp queue.declare and exchange.declare: 406
 * otherwise). The texts are RabbitMQ's: they name the argument, what was received and what is current.
 */
import type { Field, FieldTable } from '../../codec/field-table.ts';
import type { ChannelError } from '../errors.ts';
import { preconditionFailed, resourceLocked } from '../failures.ts';
import { fieldText, fieldTypeName, sameField } from './field-text.ts';

/** A named thing in a vhost, for error texts. */
export interface Resource {
  readonly kind: 'queue' | 'exchange';
  readonly name: string;
  readonly vhost: string;
}

/** `queue 'orders' in vhost '/'`, as it stands in all reply texts. */
export function resourceText({ kind, name, vhost }: Resource): string {
  return `${kind} '${name}' in vhost '${vhost}'`;
}

/** 406 unless both values of a property, which is no argument, are the same. */
export function assertSameProperty(
  resource: Resource,
  property: 'durable' | 'auto_delete' | 'internal' | 'type',
  current: boolean | string,
  received: boolean | string,
): void {
  if (current !== received) {
    throw inequivalent(resource, property, `'${received}'`, `'${current}'`);
  }
}

/** 406 unless the arguments in `keys` mean the same in both tables. All other arguments may differ. */
export function assertEquivalent(
  resource: Resource,
  current: FieldTable,
  received: FieldTable,
  keys: Iterable<string>,
): void {
  for (const key of keys) {
    assertSameArgument(resource, key, current.get(key), received.get(key));
  }
}

function assertSameArgument(
  resource: Resource,
  key: string,
  current: Field | undefined,
  received: Field | undefined,
): void {
  if (current === undefined && received === undefined) return;
  if (current !== undefined && received !== undefined) {
    if (sameField(current, received)) return;
    throw inequivalent(resource, key, `'${fieldText(received)}'`, `'${fieldText(current)}'`);
  }
  // A queue without a type is a classic queue: saying so on a later declaration changes nothing.
  if (key === 'x-queue-type' && (current ?? received)?.value === 'classic') return;
  throw inequivalent(resource, key, presenceText(received), presenceText(current));
}

function presenceText(field: Field | undefined): string {
  return field === undefined ? 'none' : `the value '${fieldText(field)}' of type '${fieldTypeName(field)}'`;
}

function inequivalent(resource: Resource, key: string, received: string, current: string): ChannelError {
  return preconditionFailed(
    `inequivalent arg '${key}' for ${resourceText(resource)}: received ${received} but current is ${current}`,
  );
}

/** 405: the queue is exclusive to another connection, or "exclusive" is not what the queue was declared with. */
export function exclusiveQueueLocked(name: string, vhost: string): ChannelError {
  return resourceLocked(
    `cannot obtain exclusive access to locked ${resourceText({ kind: 'queue', name, vhost })}. It could be originally ` +
      'declared on another connection or the exclusive property value does not match that of the original declaration.',
  );
}
