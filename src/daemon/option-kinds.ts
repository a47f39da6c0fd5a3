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

const BYTE_UNITS: ReadonlyMap<string, number> = new Map([
  ['', 1],
  ['B', 1],
  ['KB', 1e3],
  ['MB', 1e6],
  ['GB', 1e9],
  ['KiB', 2 ** 10],
  ['MiB', 2 ** 20],
  ['GiB', 2 ** 30],
]);

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

/** A size in bytes, like `128MiB`. */
export function byteSize(min: number, max: number): OptionKind<number> {
  const inRange = (value: unknown): number | undefined =>
    typeof value === 'number' && Number.isInteger(value) && value >= min && value <= max ? value : undefined;
  return {
    placeholder: 'size',
    allowed: `a size from ${showBytes(min)} to ${showBytes(max)}, in bytes or like 64KiB or 100MB`,
    fromText: (text) => inRange(readBytes(text)),
    fromValue: (value) => inRange(typeof value === 'string' ? readBytes(value) : value),
  };
}

/** A share of the memory (0.05 to 1), or a size. A number above 1 is bytes. */
export function memoryShare(min: number): OptionKind<number> {
  const inRange = (value: number | undefined): number | undefined => {
    if (value === undefined || !Number.isFinite(value)) return undefined;
    const isShare = value >= 0.05 && value <= 1;
    return isShare || (Number.isInteger(value) && value >= min) ? value : undefined;
  };
  const read = (text: string): number | undefined =>
    /^(0?\.\d+|1\.0+)$/.test(text) ? Number(text) : readBytes(text);
  return {
    placeholder: 'share|size',
    allowed: `a share of the memory from 0.05 to 1, or a size of at least ${showBytes(min)}, like 512MiB`,
    fromText: (text) => inRange(read(text)),
    fromValue: (value) => {
      if (typeof value === 'string') return inRange(read(value));
      return typeof value === 'number' ? inRange(value) : undefined;
    },
  };
}

/** Any text that is not empty. */
export function text(placeholder: string): OptionKind<string> {
  const notEmpty = (value: unknown): string | undefined =>
    typeof value === 'string' && value !== '' ? value : undefined;
  return { placeholder, allowed: 'a text that is not empty', fromText: notEmpty, fromValue: notEmpty };
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

/** `128 MiB` for 134217728; sizes that are no round number of a unit are shown in bytes. */
export function showBytes(bytes: number): string {
  for (const unit of ['GiB', 'MiB', 'KiB']) {
    const size = BYTE_UNITS.get(unit) ?? 1;
    if (bytes >= size && bytes % size === 0) return `${bytes / size} ${unit}`;
  }
  return bytes === 1 ? '1 byte' : `${bytes} bytes`;
}

function readBytes(size: string): number | undefined {
  const match = /^(\d{1,15})(\.\d{1,6})? ?([KMG]?i?B)?$/.exec(size);
  const [, whole, fraction = '', unit = ''] = match ?? [];
  const unitBytes = BYTE_UNITS.get(unit);
  if (whole === undefined || unitBytes === undefined || (fraction !== '' && unit === '')) return undefined;
  return Math.floor(Number(whole + fraction) * unitBytes);
}
