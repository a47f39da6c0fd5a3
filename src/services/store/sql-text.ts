import type { SqlValue } from './database.ts';
import { StoreError } from './store-error.ts';

/** The text of a statement, with its values as question marks: for people, and for SQLite. */
export function textWithMarks(text: TemplateStringsArray): string {
  return text.join('?');
}

/** The toolkit begins and ends transactions. A statement that does so too would take other messages with it. */
const ENDS_TRANSACTIONS =
  /^(?:\s|--[^\n]*(?:\n|$)|\/\*[\s\S]*?\*\/)*(begin|start|commit|end|rollback|abort|savepoint|release|prepare\s+transaction)\b/i;

export function refuseTransactionControl(text: string, instead: string): void {
  const found = ENDS_TRANSACTIONS.exec(text)?.[1];
  if (found === undefined) return;
  throw new StoreError('STATEMENT_INVALID', `'${found}' is not for a statement here: ${instead}`);
}

/** Drivers make null of `undefined` and NaN, or end the process over what they do not know. */
export function checkValue(
  value: unknown,
  index: number,
  text: TemplateStringsArray,
): asserts value is SqlValue {
  const what = problemOf(value);
  if (what === undefined) return;
  throw new StoreError(
    'STATEMENT_INVALID',
    `value ${index + 1} of the statement '${shortened(textWithMarks(text))}' is ${what}; ` +
      'allowed are string, number, bigint, boolean, null and Uint8Array',
  );
}

function problemOf(value: unknown): string | undefined {
  switch (typeof value) {
    case 'string':
    case 'boolean':
      return undefined;
    case 'number':
      return Number.isNaN(value) ? 'not a number' : undefined;
    case 'bigint':
      return BigInt.asIntN(64, value) === value ? undefined : `${value}, which needs more than 64 bits`;
    case 'object':
      if (value === null || value instanceof Uint8Array) return undefined;
      return value instanceof Date ? 'a Date (pass its time, or its text)' : 'an object (pass its JSON)';
    default:
      return value === undefined ? 'undefined (pass null)' : `a ${typeof value}`;
  }
}

const SHOWN_LENGTH = 200;

/** On one line, cut where it is long. */
export function shortened(text: string): string {
  const line = text.trim().replaceAll(/\s+/g, ' ');
  return line.length > SHOWN_LENGTH ? `${line.slice(0, SHOWN_LENGTH)}...` : line;
}
