import { expect } from 'vitest';

/** What a tool expects of a value. `integer` is what languages with types read into one: no fraction, no sign. */
export type Kind = 'string' | 'boolean' | 'number' | 'integer' | 'object' | 'array';

/** Fields that a tool reads, and what it takes them for. A name with dots leads into objects. */
export type Contract = Readonly<Record<string, Kind>>;

/** Fails for each field that is missing, or that the tool could not read. `what` is shown then. */
export function expectFields(json: unknown, contract: Contract, what = 'the answer'): void {
  const found = Object.entries(contract).map(([path]) => [path, kindOf(valueAt(json, path))]);
  const wanted = Object.entries(contract).map(([path, kind]) => {
    const actual = kindOf(valueAt(json, path));
    return [path, kind === 'number' && actual === 'integer' ? 'integer' : kind];
  });
  expect(Object.fromEntries(found), what).toEqual(Object.fromEntries(wanted));
}

/** Undefined when it is not there. */
export function valueAt(json: unknown, path: string): unknown {
  return path.split('.').reduce<unknown>((within, key) => {
    return typeof within === 'object' && within !== null ? Reflect.get(within, key) : undefined;
  }, json);
}

/** Of a JSON value, so that sets of them can be compared. */
export function kindOf(value: unknown): Kind | 'null' | 'missing' {
  if (value === undefined) return 'missing';
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'array';
  if (typeof value === 'number') return Number.isInteger(value) && value >= 0 ? 'integer' : 'number';
  return typeof value as 'string' | 'boolean' | 'object';
}
