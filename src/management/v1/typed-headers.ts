/**
 * Headers with their types, for those that plain JSON would change on the way out and in again: `{"tag":"T","value":1767225600}`. The
 * tags are AMQP's, as field-table.ts has them:
 *
 *     tag                  value
 *     t                    true, false
 *     b B s u I i          a whole number of 8, 16 or 32 bits: with a sign b, s, I
 *     l L T                a whole number of 64 bits: T without a sign; beyond 2^53 its digits as a string
 *     f d                  a number, or "NaN", "Infinity", "-Infinity"
 *     D                    {"scale": 2, "value": 314}
 *     S                    a string; bytes that are no UTF-8 as `base64` in place of `value`
 *     x                    `base64` in place of `value`
 *     A F                  an array, an object, of such fields
 *     V                    none
 */
import {
  type Decimal,
  type Field,
  type FieldTable,
  type FieldTag,
  TABLE_DEPTH_MAX,
  TABLE_ENTRIES_MAX,
} from '../../codec/field-table.ts';
import type { JsonObject, JsonValue } from '../field-json.ts';
import { bytesOfBase64 } from '../payload-text.ts';
import { invalidPart } from './problem.ts';
import { RequestInput } from './request-input.ts';

const FIELDS: ReadonlySet<string> = new Set(['tag', 'value', 'base64']);
const DECIMAL_FIELDS: ReadonlySet<string> = new Set(['scale', 'value']);
const TAGS: readonly FieldTag[] = [
  't',
  'b',
  'B',
  's',
  'u',
  'I',
  'i',
  'l',
  'L',
  'f',
  'd',
  'D',
  'S',
  'A',
  'T',
  'F',
  'V',
  'x',
];
const UINT8_MAX = 0xff;
const UINT32_MAX = 0xffff_ffff;
const DIGITS = /^-?\d{1,20}$/;
const NO_NUMBERS: ReadonlyMap<string, number> = new Map(
  [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY].map((value) => [String(value), value]),
);
/** The least and the greatest whole number of each tag. */
const RANGES: ReadonlyMap<FieldTag, readonly [bigint, bigint]> = new Map([
  ['b', signed(8n)],
  ['B', unsigned(8n)],
  ['s', signed(16n)],
  ['u', unsigned(16n)],
  ['I', signed(32n)],
  ['i', unsigned(32n)],
  ['l', signed(64n)],
  ['L', signed(64n)],
  ['T', unsigned(64n)],
]);

function signed(bits: bigint): [bigint, bigint] {
  return [-(2n ** (bits - 1n)), 2n ** (bits - 1n) - 1n];
}

function unsigned(bits: bigint): [bigint, bigint] {
  return [0n, 2n ** bits - 1n];
}

// ---- out ----

/** Those headers whose plain JSON, read back, would be something else. */
export function typedHeaders(table: FieldTable): JsonObject {
  const json: { [name: string]: JsonValue } = Object.create(null);
  for (const [name, field] of table) if (!isPlain(field)) json[name] = typedField(field);
  return json;
}

/** Whether its plain JSON, read back, is the same field. */
function isPlain({ tag, value }: Field): boolean {
  switch (tag) {
    case 't':
      return true;
    case 'S':
      return typeof value === 'string';
    case 'l':
      return typeof value === 'number';
    case 'd':
      return Number.isFinite(value) && !Number.isInteger(value);
    case 'A':
      return (value as readonly Field[]).every(isPlain);
    case 'F':
      return [...(value as FieldTable).values()].every(isPlain);
    default:
      return false;
  }
}

function typedField({ tag, value }: Field): JsonObject {
  if (value === undefined) return { tag };
  if (value instanceof Uint8Array) {
    const base64 = Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString('base64');
    return { tag, base64 };
  }
  if (value instanceof Map) {
    const json: { [name: string]: JsonValue } = Object.create(null);
    for (const [name, field] of value) json[name] = typedField(field);
    return { tag, value: json };
  }
  switch (typeof value) {
    case 'bigint':
      return { tag, value: String(value) };
    case 'number':
      return { tag, value: Number.isFinite(value) && !Object.is(value, -0) ? value : numberText(value) };
    case 'object':
      return { tag, value: 'scale' in value ? { ...value } : value.map(typedField) };
    default:
      return { tag, value };
  }
}

function numberText(value: number): string {
  return Object.is(value, -0) ? '-0' : String(value);
}

// ---- in ----

/** `headers` with the typed ones in them. Problem 400, also for more than a field table may hold. */
export function withTypedHeaders(headers: FieldTable | undefined, json: unknown, at: string): FieldTable {
  return new Map([...(headers ?? []), ...new TypedReader().table(json, at, 1)]);
}

class TypedReader {
  #entriesLeft: number = TABLE_ENTRIES_MAX;

  table(json: unknown, at: string, depth: number): FieldTable {
    this.#checkDepth(json, at, depth);
    if (typeof json !== 'object' || json === null || Array.isArray(json))
      throw invalidPart(at, json, 'it must be an object of fields with a tag each');
    const table: FieldTable = new Map();
    for (const [name, field] of Object.entries(json))
      table.set(name, this.#field(field, `${at}/${name}`, depth));
    return table;
  }

  #array(json: unknown, at: string, depth: number): readonly Field[] {
    this.#checkDepth(json, at, depth);
    if (!Array.isArray(json)) throw invalidPart(at, json, 'it must be an array of fields with a tag each');
    return json.map((field, index) => this.#field(field, `${at}/${index}`, depth));
  }

  #field(json: unknown, at: string, depth: number): Field {
    if (--this.#entriesLeft < 0)
      throw invalidPart(at, json, `at most ${TABLE_ENTRIES_MAX} fields are allowed in all`);
    const input = new RequestInput(at, json, FIELDS);
    const tag = input.oneOf('tag', TAGS);
    if (tag === undefined) throw invalidPart(`${at}/tag`, undefined, `it must be one of ${TAGS.join(', ')}`);
    if (tag === 'A') return { tag, value: this.#array(input.raw('value'), `${at}/value`, depth + 1) };
    if (tag === 'F') return { tag, value: this.table(input.raw('value'), `${at}/value`, depth + 1) };
    return { tag, value: scalarOf(input, tag) };
  }

  #checkDepth(json: unknown, at: string, depth: number): void {
    if (depth > TABLE_DEPTH_MAX) throw invalidPart(at, json, `at most ${TABLE_DEPTH_MAX} levels are allowed`);
  }
}

function scalarOf(input: RequestInput, tag: FieldTag): Field['value'] {
  if (tag === 'V') return undefined;
  if (tag === 'x' || (tag === 'S' && input.has('base64'))) return bytesAt(input);
  if (tag === 'D') return decimalAt(input);
  const value = tag === 'S' ? input.text('value') : tag === 't' ? input.flag('value') : numberOf(input, tag);
  if (value !== undefined) return value;
  throw invalidPart(
    `${input.at}/value`,
    undefined,
    `it must be there: the value of a field with the tag ${tag}`,
  );
}

function bytesAt(input: RequestInput): Uint8Array {
  const text = input.text('base64');
  const bytes = text === undefined ? undefined : bytesOfBase64(text);
  if (bytes !== undefined) return bytes;
  throw invalidPart(`${input.at}/base64`, text, 'it must be base64 with padding');
}

function decimalAt(input: RequestInput): Decimal {
  const given = new RequestInput(`${input.at}/value`, input.raw('value'), DECIMAL_FIELDS);
  const scale = given.integer('scale', { min: 0, max: UINT8_MAX });
  const value = given.integer('value', { min: 0, max: UINT32_MAX });
  if (scale !== undefined && value !== undefined) return { scale, value };
  throw invalidPart(given.at, input.raw('value'), 'it must have a scale and a value');
}

function numberOf(input: RequestInput, tag: FieldTag): number | bigint {
  const raw = input.raw('value');
  const range = RANGES.get(tag);
  if (range === undefined) {
    const value = typeof raw === 'string' ? (raw === '-0' ? -0 : NO_NUMBERS.get(raw)) : raw;
    if (typeof value === 'number') return value;
    throw invalidPart(`${input.at}/value`, raw, 'it must be a number, or one of NaN, Infinity, -Infinity');
  }
  const [least, greatest] = range;
  const isWhole = Number.isSafeInteger(raw) || (typeof raw === 'string' && DIGITS.test(raw));
  const value = isWhole ? BigInt(raw as number | string) : undefined;
  if (value !== undefined && value >= least && value <= greatest) return exact(value);
  throw invalidPart(`${input.at}/value`, raw, `it must be a whole number from ${least} to ${greatest}`);
}

function exact(value: bigint): number | bigint {
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : value;
}
