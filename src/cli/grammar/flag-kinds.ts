/** Kinds of values that only flags of commands have. */
import type { OptionKind } from '../../daemon/option-kinds.ts';

export type JsonValue =
  | string
  | number
  | boolean
  | null
  | readonly JsonValue[]
  | { readonly [key: string]: JsonValue };

/** Any text, the empty one, too. */
export function anyText(placeholder: string): OptionKind<string> {
  return kindOf(placeholder, 'a text', (text) => text);
}

/** A time like `500ms`, `30s`, `10m`, `1h30m` or `2d`, in milliseconds. */
export function timeSpan(minMs: number, maxMs: number): OptionKind<number> {
  const allowed = `a time from ${spanText(minMs)} to ${spanText(maxMs)}, like 500ms, 30s, 10m or 1h30m`;
  return kindOf('time', allowed, (text) => {
    const ms = readSpan(text);
    return ms !== undefined && ms >= minMs && ms <= maxMs ? ms : undefined;
  });
}

/** What was given in flags of the kind `pair`. */
export type Pairs = readonly (readonly [name: string, value: JsonValue])[];

/** `name=value`, where a value that is a number, true, false, or JSON is taken as that, and all else as a text. */
export function pair(placeholder: string): OptionKind<readonly [name: string, value: JsonValue]> {
  return kindOf(
    placeholder,
    'a name, = and a value: a number, true, false, JSON, or else a text ("10" in quotes is a text)',
    (text) => {
      const equals = text.indexOf('=');
      return equals > 0 ? [text.slice(0, equals), jsonOrText(text.slice(equals + 1))] : undefined;
    },
  );
}

/** A JSON object. */
export function jsonObject(placeholder: string): OptionKind<{ readonly [key: string]: JsonValue }> {
  return kindOf(placeholder, 'a JSON object, like {"max-length": 1000}', (text) => {
    const value = parsed(text);
    const isObject = typeof value === 'object' && value !== null && !Array.isArray(value);
    return isObject ? (value as { readonly [key: string]: JsonValue }) : undefined;
  });
}

/** Pairs as an object; the last of equal names wins. */
export function objectOf(pairs: Pairs): { [key: string]: JsonValue } {
  return Object.fromEntries(pairs);
}

export function kindOf<T>(
  placeholder: string,
  allowed: string,
  fromText: (text: string) => T | undefined,
): OptionKind<T> {
  return { placeholder, allowed, fromText, fromValue: () => undefined };
}

const SPAN_UNITS: readonly (readonly [unit: string, ms: number])[] = [
  ['d', 86_400_000],
  ['h', 3_600_000],
  ['m', 60_000],
  ['s', 1000],
  ['ms', 1],
];

function readSpan(text: string): number | undefined {
  if (!/^(\d{1,12}(\.\d{1,3})?(ms|[smhd]))+$/.test(text)) return undefined;
  let ms = 0;
  for (const [, amount, unit] of text.matchAll(/(\d+(?:\.\d+)?)(ms|[smhd])/g)) {
    ms += Number(amount) * (SPAN_UNITS.find(([name]) => name === unit)?.[1] ?? 0);
  }
  return Math.round(ms);
}

function spanText(ms: number): string {
  const [unit, size] = SPAN_UNITS.find(([, each]) => ms >= each && ms % each === 0) ?? ['ms', 1];
  return `${ms / size}${unit}`;
}

function jsonOrText(text: string): JsonValue {
  // A number that JavaScript would round is left to the broker as it stands.
  if (/^-?\d{16,}$/.test(text)) return text;
  return parsed(text) ?? (text === 'null' ? null : text);
}

function parsed(text: string): JsonValue | undefined {
  try {
    return JSON.parse(text) as JsonValue;
  } catch {
    return undefined;
  }
}
