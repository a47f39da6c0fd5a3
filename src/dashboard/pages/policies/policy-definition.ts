/** The definition of a policy as a form has it: fields for the keys that many use, rows for the others. */
import { type ArgumentRow, argumentRowsOf, argumentsOf } from '../../parts/argument-rows.ts';

export const NUMBER_KEYS = [
  'message-ttl',
  'expires',
  'max-length',
  'max-length-bytes',
  'delivery-limit',
] as const;
export const NAME_KEYS = ['dead-letter-exchange', 'dead-letter-routing-key', 'alternate-exchange'] as const;
export const OVERFLOWS = ['drop-head', 'reject-publish', 'reject-publish-dlx'] as const;
export const QUEUE_MODES = ['default', 'lazy'] as const;

export type NumberKey = (typeof NUMBER_KEYS)[number];
export type NameKey = (typeof NAME_KEYS)[number];
export type KnownKey = NumberKey | NameKey | 'overflow' | 'queue-mode';

/** What is not set is absent. */
export type KnownValues = Readonly<
  Partial<Record<NumberKey, number> & Record<Exclude<KnownKey, NumberKey>, string>>
>;

export interface DefinitionDraft {
  readonly known: KnownValues;
  readonly others: readonly ArgumentRow[];
}

/** Keys without a field of their own. */
export const OTHER_KEYS: readonly string[] = [
  'consumer-timeout',
  'outcome-ttl',
  'dead-letter-strategy',
  'delayed-retry-type',
  'delayed-retry-min',
  'delayed-retry-max',
  'delayed-retry-exponential',
  'max-in-memory-length',
  'max-in-memory-bytes',
  'queue-version',
  'queue-leader-locator',
  'target-group-size',
  'max-age',
  'stream-max-segment-size-bytes',
];

/** Operator policies have no other ones. */
export const OPERATOR_OTHER_KEYS: readonly string[] = [
  'outcome-ttl',
  'delayed-retry-type',
  'delayed-retry-min',
  'delayed-retry-max',
  'max-in-memory-length',
  'max-in-memory-bytes',
  'queue-version',
  'target-group-size',
];

/** `keys`: the fields that the form has. A value that a field cannot show becomes a row. */
export function draftOf(
  definition: Readonly<Record<string, unknown>>,
  keys: readonly KnownKey[],
): DefinitionDraft {
  const isKnown = ([key, value]: [string, unknown]): boolean =>
    keys.some((known) => known === key) && fits(key as KnownKey, value);
  const entries = Object.entries(definition);
  return {
    known: Object.fromEntries(entries.filter(isKnown)),
    others: argumentRowsOf(Object.fromEntries(entries.filter((entry) => !isKnown(entry)))),
  };
}

function fits(key: KnownKey, value: unknown): boolean {
  const isOneOf = (all: readonly string[]): boolean => all.some((each) => each === value);
  if (key === 'overflow') return isOneOf(OVERFLOWS);
  if (key === 'queue-mode') return isOneOf(QUEUE_MODES);
  if (NUMBER_KEYS.some((each) => each === key)) return typeof value === 'number';
  // an empty field is not set, and the empty name is that of the default exchange
  return typeof value === 'string' && value !== '';
}

/** Undefined while a row is wrong. */
export function definitionOf({
  known,
  others,
}: DefinitionDraft): Readonly<Record<string, unknown>> | undefined {
  const rows = argumentsOf(others);
  return rows === undefined ? undefined : { ...known, ...rows };
}

/** Without the key when the value is absent or empty. */
export function withKnown(
  draft: DefinitionDraft,
  key: KnownKey,
  value: string | number | undefined,
): DefinitionDraft {
  const { [key]: _before, ...rest } = draft.known;
  const known: KnownValues = value === undefined || value === '' ? rest : { ...rest, [key]: value };
  return { ...draft, known };
}
