/**
 * The headers CC and BCC (RabbitMQ's "sender-selected distribution"): more routing keys for one message. BCC is taken out
 * before anybody receives the message.
 */
import { decodeUtf8 } from '../../codec/bytes.ts';
import type { Field, FieldTable } from '../../codec/field-table.ts';
import type { BasicProperties } from '../../codec/properties.ts';
import { fieldTypeName } from '../arguments/field-text.ts';
import { preconditionFailed } from '../failures.ts';

/** The routing keys that a message's headers add. */
export interface CarbonCopies {
  readonly cc: readonly string[];
  readonly bcc: readonly string[];
}

/** The routing keys in the headers CC and BCC. 406 when one of them is no array; elements that are no strings do not count. */
export function carbonCopies(headers: FieldTable): CarbonCopies {
  return { cc: routingKeys(headers, 'CC'), bcc: routingKeys(headers, 'BCC') };
}

/** The same properties without the header BCC. */
export function withoutBcc(properties: BasicProperties): BasicProperties {
  return withoutHeader(properties, 'BCC');
}

/** The same properties without the header CC: for a message that is dead-lettered with a routing key of its queue. */
export function withoutCc(properties: BasicProperties): BasicProperties {
  return withoutHeader(properties, 'CC');
}

function routingKeys(headers: FieldTable, name: 'CC' | 'BCC'): string[] {
  const header = headers.get(name);
  if (header === undefined) return [];
  if (header.tag !== 'A') {
    throw preconditionFailed(
      `invalid message: {unacceptable_type_in_header,"${name}",${fieldTypeName(header)}}`,
    );
  }
  const elements = header.value as readonly Field[];
  return elements.filter((element) => element.tag === 'S').map(({ value }) => routingKey(value));
}

function routingKey(value: Field['value']): string {
  return value instanceof Uint8Array ? decodeUtf8(value, 0, value.length) : String(value);
}

function withoutHeader(properties: BasicProperties, name: string): BasicProperties {
  if (properties.headers?.has(name) !== true) return properties;
  const headers: FieldTable = new Map(properties.headers);
  headers.delete(name);
  return { ...properties, headers };
}
