import type { SagaDefinition } from '../../saga.ts';
import { validated } from '../../schema.ts';
import { Fatal, PayloadInvalid } from '../../service-failures.ts';

/** What is kept between two messages of a saga. */
export interface SagaRow {
  readonly state: unknown;
  /** Tokens of the timers that run, by name: the id of the message that each will send. */
  readonly timers: Map<string, string>;
}

interface StoredRow {
  readonly state: unknown;
  readonly timers: readonly (readonly [timer: string, token: string])[];
}

/** Which saga, for error messages: `saga 'order' with key '7'`. */
export function sagaText(definition: SagaDefinition, key: string): string {
  return `saga '${definition.name}' with key '${key}'`;
}

/** The row as it was kept. Its state goes through the schema, so that dates are dates and defaults of a newer version are there. */
export async function readRow(definition: SagaDefinition, key: string, text: string): Promise<SagaRow> {
  const stored = JSON.parse(text) as StoredRow;
  const state = await checkedState(definition, key, 'the state that is kept', stored.state);
  return { state, timers: new Map(stored.timers) };
}

/** The row to keep. Throws `Fatal` for a state that could not be read again: it would be lost for good. */
export async function writeRow(
  definition: SagaDefinition,
  key: string,
  cause: string,
  row: SagaRow,
): Promise<string> {
  const what = `the state after ${cause}`;
  const stored: StoredRow = { state: row.state, timers: [...row.timers] };
  const text = jsonOf(stored, `${sagaText(definition, key)}: ${what}`);
  await checkedState(definition, key, what, (JSON.parse(text) as StoredRow).state);
  return text;
}

function jsonOf(stored: StoredRow, what: string): string {
  if (stored.state === undefined) {
    throw new Fatal(`${what} is undefined; return the new state, or 'done'`);
  }
  try {
    return JSON.stringify(stored);
  } catch (error) {
    throw new Fatal(`${what} is nothing that JSON can hold: ${(error as Error).message}`, { cause: error });
  }
}

async function checkedState(
  definition: SagaDefinition,
  key: string,
  what: string,
  state: unknown,
): Promise<unknown> {
  try {
    return await validated(what, definition.state, state);
  } catch (error) {
    if (!(error instanceof PayloadInvalid)) throw error;
    const issues = error.issues.map(({ path, message }) => (path === '' ? message : `${path}: ${message}`));
    const text = `${sagaText(definition, key)}: ${what} does not fit the schema of the saga: ${issues.join('; ')}`;
    throw new Fatal(text, { cause: error });
  }
}
