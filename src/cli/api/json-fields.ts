/**
 * Reading what the API answered. Brokers and versions differ in which fields they have, and some write another type where
 * they have nothing to say: what is absent or of another type is undefined here, and shown as nothing.
 */

export type JsonObject = Readonly<Record<string, unknown>>;

/** The value at a path of keys like `message_stats.publish_details.rate`. */
export function fieldAt(value: unknown, path: string): unknown {
  let found = value;
  for (const key of path.split('.')) {
    if (typeof found !== 'object' || found === null || !Object.hasOwn(found, key)) return undefined;
    found = (found as JsonObject)[key];
  }
  return found;
}

export function textAt(value: unknown, path: string): string | undefined {
  const found = fieldAt(value, path);
  return typeof found === 'string' ? found : undefined;
}

export function numberAt(value: unknown, path: string): number | undefined {
  const found = fieldAt(value, path);
  return typeof found === 'number' ? found : undefined;
}

export function isTrueAt(value: unknown, path: string): boolean {
  return fieldAt(value, path) === true;
}

export function listAt(value: unknown, path: string): readonly unknown[] {
  return listOf(fieldAt(value, path));
}

export function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

/** The entries of an object; none when it is something else: RabbitMQ writes an empty object as `[]` in places. */
export function entriesAt(value: unknown, path: string): readonly (readonly [string, unknown])[] {
  const found = fieldAt(value, path);
  return typeof found === 'object' && found !== null && !Array.isArray(found) ? Object.entries(found) : [];
}

/** Any value in few words: texts as they are, all else as JSON. */
export function shortText(value: unknown): string {
  if (value === undefined || value === null) return '';
  return typeof value === 'string' ? value : JSON.stringify(value);
}
