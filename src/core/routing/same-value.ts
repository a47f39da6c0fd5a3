import { encodeUtf8 } from '../../codec/bytes.ts';
import type { Decimal, Field, FieldScalar, FieldTable } from '../../codec/field-table.ts';

/**
 * Whether two values of field tables are equal, as RabbitMQ compares them: by value and not by type tag. Numbers are equal
 * whatever their width (10 as `b`, `I`, `l`, `d` or `T`), strings and byte arrays when their bytes are, decimals when
 * scale and digits are, tables whatever the order of their keys. A boolean equals booleans only, void only void, not-a-number itself.
 */
export function sameValue(one: FieldScalar, other: FieldScalar): boolean {
  if (one === other || Object.is(one, other)) return true;
  if (typeof one === 'bigint' || typeof other === 'bigint') return sameInteger(one, other);
  if (one instanceof Uint8Array || other instanceof Uint8Array) return sameBytes(one, other);
  if (one instanceof Map) return other instanceof Map && sameTable(one, other);
  if (isArray(one)) return isArray(other) && sameArray(one, other);
  return isDecimal(one) && isDecimal(other) && one.scale === other.scale && one.value === other.value;
}

function sameTable(one: FieldTable, other: FieldTable): boolean {
  if (one.size !== other.size) return false;
  for (const [key, field] of one) {
    const counterpart = other.get(key);
    if (counterpart === undefined || !sameValue(field.value, counterpart.value)) return false;
  }
  return true;
}

/** A long is a bigint only beyond 2^53, where a double may still name the same integer. */
function sameInteger(one: FieldScalar, other: FieldScalar): boolean {
  if (typeof one === 'bigint')
    return typeof other === 'number' && Number.isInteger(other) && BigInt(other) === one;
  return typeof one === 'number' && Number.isInteger(one) && BigInt(one) === other;
}

function sameBytes(one: FieldScalar, other: FieldScalar): boolean {
  const left = bytesOf(one);
  const right = bytesOf(other);
  if (left === undefined || right === undefined || left.length !== right.length) return false;
  for (let index = 0; index < left.length; index++) if (left[index] !== right[index]) return false;
  return true;
}

function bytesOf(value: FieldScalar): Uint8Array | undefined {
  if (value instanceof Uint8Array) return value;
  return typeof value === 'string' ? encodeUtf8(value) : undefined;
}

function isArray(value: FieldScalar): value is readonly Field[] {
  return Array.isArray(value);
}

function sameArray(one: readonly Field[], other: readonly Field[]): boolean {
  if (one.length !== other.length) return false;
  for (let index = 0; index < one.length; index++) {
    if (!sameValue(one[index]!.value, other[index]!.value)) return false;
  }
  return true;
}

function isDecimal(value: FieldScalar): value is Decimal {
  return typeof value === 'object' && 'scale' in value;
}
