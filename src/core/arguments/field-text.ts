/**
 * Field-table values as RabbitMQ words them in reply texts, and the types they count as. Clients and their tests read
 * these texts, so they follow Erlang's way of printing: `signedint`, `<<1,2>>`, `10.0`.
 */
import type { Field, FieldTable, FieldTag } from '../../codec/field-table.ts';

const TYPE_NAMES: Readonly<Record<FieldTag, string>> = {
  t: 'bool',
  b: 'byte',
  B: 'unsignedbyte',
  s: 'short',
  u: 'unsignedshort',
  I: 'signedint',
  i: 'unsignedint',
  l: 'long',
  L: 'long',
  f: 'float',
  d: 'double',
  D: 'decimal',
  S: 'longstr',
  A: 'array',
  T: 'timestamp',
  F: 'table',
  V: 'void',
  x: 'binary',
};

const INTEGER_TAGS: ReadonlySet<FieldTag> = new Set<FieldTag>(['b', 'B', 's', 'u', 'I', 'i', 'l', 'L']);

/** RabbitMQ's name of a field's type, as it stands in reply texts. */
export function fieldTypeName(field: Field): string {
  return TYPE_NAMES[field.tag];
}

export function isInteger(field: Field): boolean {
  return INTEGER_TAGS.has(field.tag);
}

/** The value as text. Two fields of one type class hold the same value exactly when their texts are the same. */
export function fieldText(field: Field): string {
  const { tag, value } = field;
  if (value instanceof Uint8Array) return `<<${value.join(',')}>>`;
  if (value instanceof Map) return tableText(value);
  if (typeof value === 'object')
    return 'scale' in value ? `{${value.scale},${value.value}}` : arrayText(value);
  if ((tag === 'f' || tag === 'd') && Number.isInteger(value)) return `${value}.0`;
  return String(value);
}

function arrayText(fields: readonly Field[]): string {
  return `[${fields.map(fieldText).join(',')}]`;
}

function tableText(table: FieldTable): string {
  const entries = [...table].map(([key, field]) => `${key}=${fieldText(field)}`);
  return `{${entries.join(',')}}`;
}

/** True when both mean the same: all integer types are one class and so are both float types, so that 10 is 10 in any width. */
export function sameField(a: Field, b: Field): boolean {
  return typeClass(a) === typeClass(b) && fieldText(a) === fieldText(b);
}

function typeClass(field: Field): string {
  if (isInteger(field) || field.tag === 'D') return 'integer';
  if (field.tag === 'f' || field.tag === 'd') return 'float';
  return field.tag;
}
