import { DURATION_FORM, durationOf } from './duration.ts';
import { invalidPart, invalidRequest, shownValue } from './problem.ts';

interface Range {
  readonly min: number;
  readonly max: number;
}

const FIELD_NAME_SHOWN_MAX = 100;

/**
 * The fields of a query or of a JSON object, each read as what it has to be. Every method returns undefined for a field that is
 * absent, and throws a Problem 400 that names the field, what was found and what is allowed.
 */
export class RequestInput {
  /** Where the fields stand: `query`, `body`, `body/0`. */
  readonly at: string;
  readonly #fields: Readonly<Record<string, unknown>>;

  /** `known`: the names that a field may have. */
  constructor(at: string, fields: unknown, known: ReadonlySet<string>) {
    this.at = at;
    this.#fields = objectOf(at, fields);
    for (const name in this.#fields) if (!known.has(name)) throw unknownField(at, name, known);
  }

  has(name: string): boolean {
    return this.#fields[name] !== undefined;
  }

  /** As it came. */
  raw(name: string): unknown {
    return this.#fields[name];
  }

  text(name: string): string | undefined {
    const value = this.#fields[name];
    if (value === undefined || typeof value === 'string') return value;
    throw this.#invalid(name, 'it must be a string');
  }

  /** `true` and `false`; in a query also as text. */
  flag(name: string): boolean | undefined {
    const value = this.#fields[name];
    if (value === undefined || typeof value === 'boolean') return value;
    if (value === 'true') return true;
    if (value === 'false') return false;
    throw this.#invalid(name, 'it must be true or false');
  }

  /** A whole number; in a query as its digits. */
  integer(name: string, { min, max }: Range): number | undefined {
    const value = this.#fields[name];
    if (value === undefined) return undefined;
    const number = typeof value === 'string' && /^-?\d{1,16}$/.test(value) ? Number(value) : value;
    if (typeof number === 'number' && Number.isSafeInteger(number) && number >= min && number <= max)
      return number;
    throw this.#invalid(name, `it must be a whole number from ${min} to ${max}`);
  }

  /** Milliseconds of a text like `30s`. */
  duration(name: string, { min, max }: Range): number | undefined {
    const value = this.#fields[name];
    if (value === undefined) return undefined;
    const ms = typeof value === 'string' ? durationOf(value) : undefined;
    if (ms !== undefined && ms >= min && ms <= max) return ms;
    throw this.#invalid(name, `it must be ${DURATION_FORM}, from ${min}ms to ${durationText(max)}`);
  }

  oneOf<T extends string>(name: string, allowed: readonly T[]): T | undefined {
    const value = this.#fields[name];
    if (value === undefined) return undefined;
    const found = allowed.find((each) => each === value);
    if (found !== undefined) return found;
    throw this.#invalid(name, `it must be one of ${allowed.join(', ')}`);
  }

  #invalid(name: string, allowed: string): Error {
    return invalidPart(`${this.at}/${name}`, this.#fields[name], allowed);
  }
}

export function durationText(ms: number): string {
  for (const [unitMs, unit] of [
    [86_400_000, 'd'],
    [3_600_000, 'h'],
    [60_000, 'm'],
    [1000, 's'],
  ] as const) {
    if (ms >= unitMs && ms % unitMs === 0) return `${ms / unitMs}${unit}`;
  }
  return `${ms}ms`;
}

function objectOf(at: string, fields: unknown): Readonly<Record<string, unknown>> {
  if (typeof fields === 'object' && fields !== null && !Array.isArray(fields))
    return fields as Record<string, unknown>;
  throw invalidRequest(`${at} is ${shownValue(fields)}: it must be a JSON object`, [
    { at, message: 'must be a JSON object' },
  ]);
}

function unknownField(at: string, name: string, known: ReadonlySet<string>): Error {
  const allowed = [...known];
  const place = `${at}/${name.slice(0, FIELD_NAME_SHOWN_MAX)}`;
  return invalidRequest(`${place} is not known: known are ${allowed.join(', ')}`, [
    { at: place, message: 'is not known here', allowed },
  ]);
}
