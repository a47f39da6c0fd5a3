import { type Field, type FieldScalar, type FieldTable, field } from '../codec/field-table.ts';

/** A table or value as amqplib takes it: a plain one gets a type of amqplib's choice, one with `!` has the type that is named. */
export type AmqplibTable = Record<string, unknown>;

/** amqplib's names of the types whose values it would send as another type otherwise. */
const TYPE_NAMES: Readonly<Record<string, string>> = {
  b: 'int8',
  B: 'uint8',
  s: 'int16',
  u: 'uint16',
  I: 'int32',
  i: 'uint32',
  l: 'int64',
  L: 'int64',
  f: 'float',
  d: 'double',
  T: 'timestamp',
};

/** The object has no prototype: a header may be called `__proto__`. */
export function amqplibTable(table: FieldTable): AmqplibTable {
  const entries: AmqplibTable = Object.create(null);
  for (const [key, value] of table) entries[key] = amqplibValue(value);
  return entries;
}

function amqplibValue({ tag, value }: Field): unknown {
  const typeName = TYPE_NAMES[tag];
  if (typeName !== undefined) return { '!': typeName, value };
  if (value === undefined) return null;
  if (value instanceof Uint8Array) return bufferOf(value);
  if (value instanceof Map) return amqplibTable(value);
  if (isFieldArray(value)) return value.map(amqplibValue);
  if (typeof value === 'object')
    return { '!': 'decimal', value: { places: value.scale, digits: value.value } };
  return value;
}

/** The same bytes as a Buffer. */
export function bufferOf(bytes: Uint8Array): Buffer {
  return Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** A table that amqplib has decoded; undefined for an empty one. */
export function fieldTableOfAmqplib(table: object | undefined): FieldTable | undefined {
  if (table === undefined) return undefined;
  const entries = Object.entries(table);
  if (entries.length === 0) return undefined;
  return new Map(entries.map(([key, value]) => [key, fieldOfAmqplib(value)]));
}

function fieldOfAmqplib(value: unknown): Field {
  if (value === null || value === undefined) return field.nothing();
  switch (typeof value) {
    case 'string':
      return field.string(value);
    case 'boolean':
      return field.bool(value);
    case 'number':
      return Number.isSafeInteger(value) ? field.int(value) : field.double(value);
    default:
      return objectFieldOf(value);
  }
}

function objectFieldOf(value: object): Field {
  if (value instanceof Uint8Array) return field.bytes(value);
  if (Array.isArray(value)) return field.array(value.map(fieldOfAmqplib));
  if ('!' in value && 'value' in value) return typedFieldOf(value);
  return field.table(fieldTableOfAmqplib(value) ?? new Map());
}

/** amqplib decodes two types to such objects. */
function typedFieldOf(typed: { readonly '!': unknown; readonly value: unknown }): Field {
  if (typed['!'] === 'timestamp') return field.timestamp(Number(typed.value));
  const { places, digits } = typed.value as { readonly places: number; readonly digits: number };
  return { tag: 'D', value: { scale: places, value: digits } };
}

function isFieldArray(value: FieldScalar): value is readonly Field[] {
  return Array.isArray(value);
}
