import type { StandardJSONSchemaV1 } from '@standard-schema/spec';
import type { Schema } from '../contract.ts';
import type { JsonSchema } from './async-api-document.ts';

/** AsyncAPI's own schemas are those of this draft. */
const TARGET = 'draft-07';

/**
 * What is sent, as JSON Schema, when the schema's library can say so (Standard JSON Schema: zod does, from 4.2); otherwise anything
 * is allowed, and the description says why. `place` is where in the document it stands: what refers to the schema's own parts is made to refer there.
 */
export function payloadSchema(schema: Schema, place: string): JsonSchema {
  const { vendor, jsonSchema } = schema['~standard'] as Partial<StandardJSONSchemaV1.Props> & {
    readonly vendor: string;
  };
  if (jsonSchema === undefined) return { description: `Checked by ${vendor}, which gives no JSON Schema.` };
  try {
    const { $schema: _, ...found } = jsonSchema.input({ target: TARGET });
    return relocated(found, place) as JsonSchema;
  } catch (reason) {
    const why = reason instanceof Error ? reason.message : String(reason);
    return { description: `Checked by ${vendor}, which gives no JSON Schema: ${why}` };
  }
}

/** Values of the user's, in which `$ref` means nothing. */
const VALUES = new Set(['const', 'default', 'enum', 'examples']);

function relocated(value: unknown, place: string): unknown {
  if (Array.isArray(value)) return value.map((item) => relocated(item, place));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, inner]) => [name, relocatedIn(name, inner, place)]),
  );
}

function relocatedIn(name: string, value: unknown, place: string): unknown {
  if (VALUES.has(name)) return value;
  if (name === '$ref' && typeof value === 'string' && value.startsWith('#')) return place + value.slice(1);
  return relocated(value, place);
}
