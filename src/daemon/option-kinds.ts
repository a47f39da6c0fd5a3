import { isIP } from 'node:net';

/**
 * The kinds of values that options have. A kind reads text (from a flag or an environment variable) and plain values
 * (from a configuration file or from `startBroker`), and says in words what it allows.
 */
export interface OptionKind<T> {
  /** Shown behind the flag in help: `--amqp-port <port>`. */
  readonly placeholder: string;
  /** Completes the sentence "allowed: ...". */
  readonly allowed: string;
  /** The value, or undefined when `text` is not one. */
  fromText(text: string): T | undefined;
  /** The value, or undefined when `value` is not one. */
  fromValue(value: unknown): T | undefined;
}

/** Units of sizes, from the largest to the smallest. */
const BINARY_UNITS: readonly (readonly [string, number])[] = [
  ['TiB', 2 ** 40],
  ['GiB', 2 ** 30],
  ['MiB', 2 ** 20],
  ['KiB', 2 ** 10],
];
const DECIMAL_UNITS: readonly (readonly [string, number])[] = [
  ['TB', 1e12],
  ['GB', 1e9],
  ['MB', 1e6],
  ['KB', 1e3],
];
/** What users type, in capitals. Not a letter alone: 32M is 32 MB for some programs and 32 MiB for others. */
const BYTES_OF_UNIT: ReadonlyMap<string, number> = new Map([
  ['', 1],
  ['B', 1],
  ...[...BINARY_UNITS, ...DECIMAL_UNITS].map(([unit, bytes]) => [unit.toUpperCase(), bytes] as const),
]);
const UNITS_TEXT = 'KB, MB, GB, TB, KiB, MiB, GiB or TiB';

/** A whole number from `min` to `max`. */
export function wholeNumber(min: number, max: number, placeholder = 'number'): OptionKind<number> {
  const inRange = (value: unknown): number | undefined =>
    typeof value === 'number' && Number.isInteger(value) && value >= min && value <= max ? value : undefined;
  return {
    placeholder,
    allowed: `a whole number from ${min} to ${max}`,
    fromText: (text) => (/^\d{1,16}$/.test(text) ? inRange(Number(text)) : undefined),
    fromValue: inRange,
  };
}

/** A whole number of a unit, like seconds. */
export function wholeNumberOf(unit: string, min: number, max: number): OptionKind<number> {
  return { ...wholeNumber(min, max, unit), allowed: `a whole number of ${unit} from ${min} to ${max}` };
}

/** A TCP port; 0 means any free one. */
export function port(): OptionKind<number> {
  return {
    ...wholeNumber(0, 65_535, 'port'),
    allowed: 'a port number from 0 to 65535, where 0 takes any free one',
  };
}

/** A TCP port, or none at all. */
export function portOrNone(): OptionKind<number | false> {
  const { placeholder, allowed, fromText, fromValue } = port();
  return {
    placeholder,
    allowed: `${allowed}, or none`,
    fromText: (text) => (text === 'none' ? false : fromText(text)),
    fromValue: (value) => (value === false || value === 'none' ? false : fromValue(value)),
  };
}

/** A size in bytes, like `128MiB`. */
export function byteSize(min: number, max: number): OptionKind<number> {
  const inRange = (value: unknown): number | undefined =>
    typeof value === 'number' && Number.isInteger(value) && value >= min && value <= max ? value : undefined;
  return {
    placeholder: 'size',
    allowed: `a size from ${showBytes(min)} to ${showBytes(max)}: bytes, or with a unit (${UNITS_TEXT})`,
    fromText: (text) => inRange(readBytes(text)),
    fromValue: (value) => inRange(typeof value === 'string' ? readBytes(value) : value),
  };
}

/** A share of the memory (0.05 to 1), or a size. A number above 1 is bytes. */
export function memoryShare(min: number): OptionKind<number> {
  const share = (value: number): number | undefined => (value >= 0.05 && value <= 1 ? value : undefined);
  const size = (value: number): number | undefined =>
    Number.isSafeInteger(value) && value >= min ? value : undefined;
  const read = (text: string): number | undefined => {
    const found = readShare(text);
    return found === undefined ? size(readBytes(text) ?? 0) : share(found);
  };
  return {
    placeholder: 'share|size',
    allowed:
      'a share of the memory from 0.05 to 1 or from 5% to 100%, ' +
      `or a size of at least ${showBytes(min)}: bytes, or with a unit (${UNITS_TEXT})`,
    fromText: read,
    fromValue: (value) => {
      if (typeof value === 'string') return read(value);
      return typeof value === 'number' ? (share(value) ?? size(value)) : undefined;
    },
  };
}

/** Any text that is not empty. */
export function text(placeholder: string): OptionKind<string> {
  const notEmpty = (value: unknown): string | undefined =>
    typeof value === 'string' && value !== '' ? value : undefined;
  return { placeholder, allowed: 'a text that is not empty', fromText: notEmpty, fromValue: notEmpty };
}

/** A name that can be part of the names of streams and keys. */
export function plainName(): OptionKind<string> {
  const read = (value: unknown): string | undefined =>
    typeof value === 'string' && /^[A-Za-z0-9-]{1,64}$/.test(value) ? value : undefined;
  return {
    placeholder: 'name',
    allowed: 'up to 64 letters, digits and hyphens',
    fromText: read,
    fromValue: read,
  };
}

/** Any text, or none. */
export function optionalText(placeholder: string, allowed: string): OptionKind<string> {
  const read = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined);
  return { placeholder, allowed, fromText: read, fromValue: read };
}

/** Where something is reached, without a port; or none. */
export function optionalHost(): OptionKind<string> {
  const read = (value: unknown): string | undefined =>
    typeof value === 'string' && (value === '' || isIP(value) !== 0 || /^[\w.-]+$/.test(value))
      ? value
      : undefined;
  const allowed = 'a host name or an address without a port, or nothing';
  return { placeholder: 'host', allowed, fromText: read, fromValue: read };
}

/** The path of a file, or none. */
export function optionalFile(): OptionKind<string> {
  const { allowed, fromText } = directory();
  const path = (value: unknown): string | undefined =>
    value === '' ? '' : typeof value === 'string' ? fromText(value) : undefined;
  return { placeholder: 'file', allowed: `${allowed}, or nothing`, fromText: path, fromValue: path };
}

/** An https URL, an http URL of this machine, the path of a file, or nothing. */
export function optionalSource(): OptionKind<string> {
  const file = optionalFile();
  const read = (value: unknown): string | undefined =>
    typeof value === 'string' && /^[a-z]+:\/\//i.test(value) ? safeUrl(value) : file.fromValue(value);
  return {
    placeholder: 'url|file',
    allowed:
      'a URL that begins with https:// (or with http:// on this machine), the path of a file, or nothing',
    fromText: read,
    fromValue: read,
  };
}

function safeUrl(text: string): string | undefined {
  if (!URL.canParse(text)) return undefined;
  const { protocol, hostname, username } = new URL(text);
  const isHere = /^(localhost|127(\.\d+){3}|\[::1\])$/.test(hostname);
  if (username !== '') return undefined;
  return protocol === 'https:' || (protocol === 'http:' && isHere) ? text : undefined;
}

/** Some of the given words, with commas between them. */
export function someOf<const T extends string>(
  choices: readonly T[],
  placeholder: string,
): OptionKind<readonly T[]> {
  const list = names(placeholder, false);
  const chosen = (found: readonly string[] | undefined): readonly T[] | undefined =>
    found?.every((each) => choices.some((choice) => choice === each)) ? (found as readonly T[]) : undefined;
  return {
    placeholder,
    allowed: `${choices.join(', ')}, with commas between them`,
    fromText: (text) => chosen(list.fromText(text)),
    fromValue: (value) => chosen(list.fromValue(value)),
  };
}

/** The path of a directory. `~` is the work of a shell, which does not do it behind `=`, in a variable or in a file. */
export function directory(): OptionKind<string> {
  const path = (value: unknown): string | undefined =>
    typeof value === 'string' && value !== '' && !/^~(\/|$)/.test(value) ? value : undefined;
  return {
    placeholder: 'directory',
    allowed: 'a path that does not begin with ~/, which only a shell replaces',
    fromText: path,
    fromValue: path,
  };
}

/** Names with commas between them; in a file also an array. */
export function names(placeholder: string, canBeEmpty: boolean): OptionKind<readonly string[]> {
  const checked = (found: readonly unknown[]): readonly string[] | undefined => {
    if (found.length === 0 && !canBeEmpty) return undefined;
    const good = found.filter((each): each is string => typeof each === 'string' && each !== '');
    return good.length === found.length ? good : undefined;
  };
  const read = (list: string): readonly string[] | undefined =>
    checked(list === '' ? [] : list.split(',').map((each) => each.trim()));
  return {
    placeholder,
    allowed: `names with commas between them${canBeEmpty ? ', or nothing' : ''}`,
    fromText: read,
    fromValue: (value) => {
      if (typeof value === 'string') return read(value);
      return Array.isArray(value) ? checked(value) : undefined;
    },
  };
}

/** One of the given words. */
export function oneOf<const T extends string>(
  choices: readonly T[],
  placeholder: string,
  note = '',
): OptionKind<T> {
  const find = (value: unknown): T | undefined => choices.find((choice) => choice === value);
  return { placeholder, allowed: `${choices.join(', ')}${note}`, fromText: find, fromValue: find };
}

/**
 * A size in the largest unit that fits: `128 MiB` for 134217728, `1 TB` for 10^12. It can be typed back unless it takes more
 * than one decimal: 10^9 - 1 is shown as `953.7 MiB`.
 */
export function showBytes(bytes: number): string {
  const [binary, decimal] = [BINARY_UNITS, DECIMAL_UNITS].map((units) =>
    units.find(([, size]) => bytes >= size),
  );
  for (const unit of [binary, decimal]) {
    if (unit !== undefined && Number.isInteger((bytes * 10) / unit[1]))
      return `${bytes / unit[1]} ${unit[0]}`;
  }
  if (binary !== undefined) return `${(bytes / binary[1]).toFixed(1)} ${binary[0]}`;
  return bytes === 1 ? '1 byte' : `${bytes} bytes`;
}

/** A share of something, or the same in percent; undefined for what is no share, like a size. */
function readShare(text: string): number | undefined {
  if (/^(0?\.\d+|1(\.0+)?)$/.test(text)) return Number(text);
  return /^\d{1,3}(\.\d+)?%$/.test(text) ? Number(text.slice(0, -1)) / 100 : undefined;
}

function readBytes(size: string): number | undefined {
  const match = /^(\d{1,15})(\.\d{1,6})? ?([A-Za-z]*)$/.exec(size);
  const [, whole, fraction = '', unit = ''] = match ?? [];
  const unitBytes = BYTES_OF_UNIT.get(unit.toUpperCase());
  if (whole === undefined || unitBytes === undefined || (fraction !== '' && unit === '')) return undefined;
  return Math.floor(Number(whole + fraction) * unitBytes);
}
