/**
 * A place in a JSON value, as a search names it, and what has to be there:
 *
 *     customer.id=7      the member `id` of the member `customer`
 *     items.0.sku=a      the first element of an array
 *
 * A text is wanted as it is, anything else as JSON writes it: `7`, `true`, `null`, `["a"]`.
 */
import { invalidPart } from './problem.ts';

const INDEX = /^\d{1,9}$/;

export class JsonPath {
  /** The bytes of a text that stands in every body that matches and has no backslash; undefined: there is no such text. */
  readonly literal: Buffer | undefined;
  readonly #steps: readonly string[];
  readonly #wanted: string;

  /** Problem 400 for a path with an empty step. */
  constructor(path: string, wanted: string) {
    this.#steps = path.split('.');
    this.#wanted = wanted;
    this.literal = isJson(wanted) ? undefined : Buffer.from(wanted);
    if (this.#steps.includes(''))
      throw invalidPart(
        'query/json',
        path,
        "it must be names and indexes with dots between, like 'items.0.id'",
      );
  }

  matches(json: unknown): boolean {
    let value = json;
    for (const step of this.#steps) {
      if (typeof value !== 'object' || value === null) return false;
      if (Array.isArray(value) ? !INDEX.test(step) : !Object.hasOwn(value, step)) return false;
      value = (value as Record<string, unknown>)[step];
    }
    return value !== undefined && isWanted(value, this.#wanted);
  }
}

/** Whether a value is what a query asks for. */
export function isWanted(value: unknown, wanted: string): boolean {
  return wanted === (typeof value === 'string' ? value : JSON.stringify(value));
}

/** What may be written in several ways, like a number. */
function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
