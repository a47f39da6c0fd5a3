/**
 * What the API shows of something: fields, each with the way to find it. Only those are looked for that a request asks for, and
 * a list is sorted by a field without the others being made.
 */
import type { JsonObject, JsonValue } from './field-json.ts';
import type { Column, ListQuery } from './list-query.ts';

/** Undefined: the field is left out. */
type FieldOf<T> = (item: T, query: ListQuery) => JsonValue | undefined;

export type Fields<T> = { readonly [field: string]: FieldOf<T> };

/** Fields with any number of elements, which are made one after the other. */
export type Lists<T> = {
  readonly [field: string]: (item: T, query: ListQuery) => Iterable<JsonValue>;
};

export class View<T> {
  /** A map, because requests name columns as they like. */
  readonly #fields: ReadonlyMap<string, FieldOf<T>>;
  readonly #lists: Lists<T>;

  constructor(fields: Fields<T>, lists: Lists<T> = {}) {
    this.#fields = new Map(Object.entries(fields));
    this.#lists = lists;
  }

  /** The lists that `query` asks for, and their elements. */
  *lists(item: T, query: ListQuery): Generator<readonly [field: string, elements: Iterable<JsonValue>]> {
    const { columns } = query;
    for (const [field, find] of Object.entries(this.#lists)) {
      if (columns === undefined) yield [field, find(item, query)];
      else if (columns.some(([first]) => first === field))
        yield [field, elementsWith(find(item, query), within(columns, field))];
    }
  }

  /** The columns that `query` asks for, without lists. */
  json(item: T, query: ListQuery): JsonObject {
    return query.columns === undefined ? this.#whole(item, query) : this.#columns(item, query.columns, query);
  }

  /** The value at a column; undefined when there is none. */
  value(item: T, [field = '', ...path]: Column, query: ListQuery): JsonValue | undefined {
    const value = this.#fields.get(field)?.(item, query);
    return path.reduce<JsonValue | undefined>((within, key) => memberOf(within, key), value);
  }

  #whole(item: T, query: ListQuery): JsonObject {
    const json: { [field: string]: JsonValue } = {};
    for (const [field, find] of this.#fields) {
      const value = find(item, query);
      if (value !== undefined) json[field] = value;
    }
    return json;
  }

  #columns(item: T, columns: readonly Column[], query: ListQuery): JsonObject {
    const json: { [field: string]: JsonValue } = {};
    for (const [field, find] of this.#fields) {
      if (!columns.some(([first]) => first === field)) continue;
      const value = find(item, query);
      if (value !== undefined) json[field] = onlyColumns(value, within(columns, field));
    }
    return json;
  }
}

function* elementsWith(
  elements: Iterable<JsonValue>,
  columns: readonly Column[] | undefined,
): Generator<JsonValue> {
  for (const element of elements) yield onlyColumns(element, columns);
}

/** What `columns` leave of a value; of an array, what they leave of each element. */
export function onlyColumns(value: JsonValue, columns: readonly Column[] | undefined): JsonValue {
  if (columns === undefined || typeof value !== 'object' || value === null) return value;
  if (isArray(value)) return value.map((element) => onlyColumns(element, columns));
  const json: { [key: string]: JsonValue } = Object.create(null);
  for (const [key, member] of Object.entries(value)) {
    if (columns.some(([first]) => first === key)) json[key] = onlyColumns(member, within(columns, key));
  }
  return json;
}

/** What is wanted within a column; undefined: all of it. */
function within(columns: readonly Column[], key: string): readonly Column[] | undefined {
  const inner: Column[] = [];
  for (const [first, ...rest] of columns) {
    if (first !== key) continue;
    if (rest.length === 0) return undefined;
    inner.push(rest);
  }
  return inner;
}

function memberOf(value: JsonValue | undefined, key: string): JsonValue | undefined {
  if (typeof value !== 'object' || value === null || isArray(value)) return undefined;
  return Object.hasOwn(value, key) ? value[key] : undefined;
}

/** `Array.isArray` does not narrow a readonly array. */
function isArray(value: object): value is readonly JsonValue[] {
  return Array.isArray(value);
}
