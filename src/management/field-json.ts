/**
 * Field tables as JSON and back, as RabbitMQ's management API does it:
 *
 *     field                        JSON                       JSON read back
 *     t                            true, false                t
 *     b B s u I i l L T            number                     whole number: l
 *     f d                          number                     other number: d
 *     D                            number                     whole number: l, other: d
 *     S                            string                     S
 *     S not UTF-8, x               string: its base64         S
 *     A                            array                      A
 *     F                            object                     F
 *     V                            null                       refused
 *
 * Keys come from strangers. Objects are made without a prototype, so that `__proto__` is a key like any other.
 */
import { isUtf8, SHORTSTR_BYTES_MAX, utf8Length } from '../codec/bytes.ts';
import {
  type Decimal,
  type Field,
  type FieldTable,
  field,
  TABLE_DEPTH_MAX,
  TABLE_ENTRIES_MAX,
} from '../codec/field-table.ts';
import { badRequest } from './api-error.ts';

export type JsonValue =
  | string
  | number
  | boolean
  | null
  | readonly JsonValue[]
  | { readonly [key: string]: JsonValue };

export type JsonObject = { readonly [key: string]: JsonValue };

/** The first number above what 64 bits with a sign hold; as JSON also that largest number itself, which no double can say. */
const TWO_63 = 2 ** 63;
const INT64_MAX = 2n ** 63n - 1n;

export function jsonOfTable(table: FieldTable): JsonObject {
  const json: { [key: string]: JsonValue } = Object.create(null);
  for (const [key, each] of table) json[key] = jsonOfField(each);
  return json;
}

/** Integers beyond 2^53 are rounded: JSON's readers would round them, too. */
export function jsonOfField({ value }: Field): JsonValue {
  switch (typeof value) {
    case 'undefined':
      return null;
    case 'bigint':
      return Number(value);
    case 'object':
      return jsonOfObject(value);
    default:
      return value;
  }
}

function jsonOfObject(value: Uint8Array | Decimal | FieldTable | readonly Field[]): JsonValue {
  if (value instanceof Map) return jsonOfTable(value);
  if (value instanceof Uint8Array) return textOfBytes(value);
  if ('scale' in value) return value.value / 10 ** value.scale;
  return value.map(jsonOfField);
}

/** Bytes that are text as that text, others as RabbitMQ shows them. */
export function textOfBytes(bytes: Uint8Array): string {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (isUtf8(bytes, 0, bytes.length)) return buffer.toString('utf8');
  return `Not UTF-8, base64 is: ${buffer.toString('base64')}`;
}

/**
 * The table that a JSON object stands for; an empty one when it is absent. `what` names it in errors: 400 for anything but an
 * object, for null in it, and for what goes beyond the limits of field tables.
 */
export function tableOfJson(json: unknown, what: string): FieldTable {
  if (json === undefined) return new Map();
  if (!isJsonObject(json)) throw badRequest(`${what} is ${kindOf(json)}, but must be a JSON object`);
  return new TableOfJson(what).table(json, 1);
}

/** The field that a JSON value stands for: 400 as for `tableOfJson`. */
export function fieldOfJson(json: unknown, what: string): Field {
  return new TableOfJson(what).field(json, 1);
}

class TableOfJson {
  readonly #what: string;
  #entriesLeft: number = TABLE_ENTRIES_MAX;

  constructor(what: string) {
    this.#what = what;
  }

  table(json: { readonly [key: string]: unknown }, depth: number): FieldTable {
    this.#checkDepth(depth);
    const table: FieldTable = new Map();
    for (const [key, value] of Object.entries(json)) {
      const keyBytes = utf8Length(key);
      if (keyBytes > SHORTSTR_BYTES_MAX) {
        throw badRequest(
          `${this.#what} has a key of ${keyBytes} bytes, but at most ${SHORTSTR_BYTES_MAX} are allowed`,
        );
      }
      table.set(key, this.#entry(value, depth));
    }
    return table;
  }

  field(json: unknown, depth: number): Field {
    switch (typeof json) {
      case 'string':
        return field.string(json);
      case 'boolean':
        return field.bool(json);
      case 'number':
        return numberField(json);
      default:
        if (Array.isArray(json)) return this.#array(json, depth + 1);
        if (isJsonObject(json)) return field.table(this.table(json, depth + 1));
        throw badRequest(`${this.#what} holds ${kindOf(json)}, which has no meaning there: leave it out`);
    }
  }

  #array(json: readonly unknown[], depth: number): Field {
    this.#checkDepth(depth);
    return field.array(json.map((value) => this.#entry(value, depth)));
  }

  #entry(value: unknown, depth: number): Field {
    if (--this.#entriesLeft < 0) {
      throw badRequest(`${this.#what} has more than the ${TABLE_ENTRIES_MAX} entries that are allowed`);
    }
    return this.field(value, depth);
  }

  #checkDepth(depth: number): void {
    if (depth <= TABLE_DEPTH_MAX) return;
    throw badRequest(`${this.#what} is nested more than the ${TABLE_DEPTH_MAX} levels deep that are allowed`);
  }
}

function numberField(value: number): Field {
  if (Number.isSafeInteger(value)) return field.long(value);
  if (!Number.isInteger(value) || value > TWO_63 || value < -TWO_63) return field.double(value);
  return field.long(value === TWO_63 ? INT64_MAX : BigInt(value));
}

export function isJsonObject(json: unknown): json is { readonly [key: string]: unknown } {
  return typeof json === 'object' && json !== null && !Array.isArray(json);
}

/** What a JSON value is, for error texts. */
function kindOf(json: unknown): string {
  if (json === null) return 'null';
  if (Array.isArray(json)) return 'an array';
  return typeof json === 'object' ? 'an object' : `a ${typeof json}`;
}
