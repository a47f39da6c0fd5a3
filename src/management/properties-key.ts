/**
 * The name of a binding in a URL, as RabbitMQ makes it: `properties_key` in lists, and the last segment of the path.
 *
 *     no arguments       the routing key, quoted; `~` for an empty one
 *     arguments          the routing key, quoted; `~`; a hash of the arguments
 *
 * The hash is another one than RabbitMQ's, and long enough that nobody finds two tables with the same.
 */
import { createHash } from 'node:crypto';
import type { FieldTable } from '../codec/field-table.ts';
import { tableKey } from '../core/arguments/table-key.ts';

/** 96 bits, as 16 characters of base64url. */
const HASH_BYTES = 12;
/** What stands for itself; a space becomes a plus, and all else its UTF-8 in hexadecimal. */
const QUOTED = /[^A-Za-z0-9._-]/gu;
const HEXADECIMAL = /^%[0-9a-f]{2}$/i;

interface BindingProperties {
  readonly routingKey: string;
  readonly arguments: FieldTable;
}

export function propertiesKey({ routingKey, arguments: args }: BindingProperties): string {
  const key = quote(routingKey);
  if (args.size === 0) return key === '' ? '~' : key;
  return `${key}~${hashOf(args)}`;
}

/**
 * The binding that `segment`, from the path of a URL, names: the one of exactly this key, or else one that it may stand for. Clients
 * send the properties_key as it is or quoted once more, so that here it may have been unquoted already. There may be many
 * bindings: the keys of those are made only that have the routing key.
 */
export function findByPropertiesKey<T extends BindingProperties>(
  segment: string,
  bindings: Iterable<T>,
): T | undefined {
  const isNamed = propertiesKeyMatcher(segment);
  let other: T | undefined;
  for (const binding of bindings) {
    if (!isNamed(binding)) continue;
    if (propertiesKey(binding) === segment) return binding;
    other ??= binding;
  }
  return other;
}

function propertiesKeyMatcher(segment: string): (binding: BindingProperties) => boolean {
  const hashAt = segment.lastIndexOf('~');
  const whole = namesOf(segment);
  const beforeHash = namesOf(segment.slice(0, Math.max(0, hashAt)));
  const hash = segment.slice(hashAt + 1);
  return ({ routingKey, arguments: args }) =>
    args.size === 0 ? whole.has(routingKey) : beforeHash.has(routingKey) && hash === hashOf(args);
}

/** The routing keys that a text stands for: itself, unquoted; `~` also for an empty one, with arguments and without. */
function namesOf(quoted: string): ReadonlySet<string> {
  const names = new Set([quoted, unquote(quoted)]);
  return quoted === '~' ? names.add('') : names;
}

function hashOf(args: FieldTable): string {
  const digest = createHash('sha256').update(tableKey(args), 'latin1').digest();
  return digest.subarray(0, HASH_BYTES).toString('base64url');
}

function quote(text: string): string {
  return text.replace(QUOTED, (character) => {
    if (character === ' ') return '+';
    let quoted = '';
    for (const byte of Buffer.from(character, 'utf8')) {
      quoted += `%${byte.toString(16).toUpperCase().padStart(2, '0')}`;
    }
    return quoted;
  });
}

/** What is no percent and two digits stays as it is. */
function unquote(text: string): string {
  const bytes = text
    .replaceAll('+', ' ')
    .split(/(%[0-9a-f]{2})/i)
    .map((part) => (HEXADECIMAL.test(part) ? Buffer.from(part.slice(1), 'hex') : Buffer.from(part, 'utf8')));
  return Buffer.concat(bytes).toString('utf8');
}
