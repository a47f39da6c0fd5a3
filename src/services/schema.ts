import type { StandardSchemaV1 } from '@standard-schema/spec';
import type { Schema } from './contract.ts';
import { PayloadInvalid } from './service-failures.ts';

/**
 * The payload as its schema makes it, at once unless the schema takes its time. Throws `PayloadInvalid`, which names each place
 * that is wrong. Who sends checks with it, and sends the payload as it was given: who gets it applies the schema again.
 */
export function validated<Got>(
  what: string,
  schema: Schema<unknown, Got>,
  payload: unknown,
): Got | Promise<Got> {
  const result = schema['~standard'].validate(payload);
  return result instanceof Promise
    ? result.then((later) => checkedValue(what, later))
    : checkedValue(what, result);
}

function checkedValue<Got>(what: string, result: StandardSchemaV1.Result<Got>): Got {
  if (result.issues === undefined) return result.value;
  throw new PayloadInvalid(
    what,
    result.issues.map(({ message, path }) => ({ message, path: pathText(path) })),
  );
}

function pathText(path: StandardSchemaV1.Issue['path']): string {
  return (path ?? []).map((step) => String(typeof step === 'object' ? step.key : step)).join('.');
}
