import type { Decimal, Field, FieldScalar, FieldTable } from '../codec/field-table.ts';

/** The value of a header: tables are Maps, because their keys come from strangers. A timestamp is its seconds since 1970. */
export type HeaderValue =
  | string
  | number
  | bigint
  | boolean
  | null
  | Uint8Array
  | Decimal
  | readonly HeaderValue[]
  | ReadonlyMap<string, HeaderValue>;

/** The values of a table, without their AMQP types. */
export function headerValues(table: FieldTable): ReadonlyMap<string, HeaderValue> {
  const values = new Map<string, HeaderValue>();
  for (const [key, { value }] of table) values.set(key, headerValue(value));
  return values;
}

function headerValue(value: FieldScalar): HeaderValue {
  if (value === undefined) return null;
  if (value instanceof Map) return headerValues(value);
  if (isFieldArray(value)) return value.map((element) => headerValue(element.value));
  return value;
}

function isFieldArray(value: FieldScalar): value is readonly Field[] {
  return Array.isArray(value);
}
