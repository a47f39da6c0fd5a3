import { parseArgs } from 'node:util';
import { didYouMean } from '../../daemon/nearest-names.ts';
import { OptionError } from '../../daemon/option-error.ts';
import { type Flags, type FlagValues, flagName } from './flags.ts';

/** What stands behind a command, by its place. */
export interface Operand {
  /** In capitals, as in help: `QUEUE`. */
  readonly name: string;
  readonly optional?: true;
  /** The last one, which stands for any number of words. */
  readonly many?: true;
}

export interface Words<F extends Flags> {
  readonly flags: FlagValues<F>;
  readonly operands: readonly string[];
}

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * Takes the words behind a command apart. A flag wins over its environment variable.
 *
 * @throws OptionError for a flag that is unknown or has a value that is not allowed, and for operands that are missing or
 * too many.
 */
export function readWords<F extends Flags>(
  args: readonly string[],
  flags: F,
  operands: readonly Operand[],
  environment: Environment,
): Words<F> {
  const keys = new Map(Object.keys(flags).map((key) => [flagName(key), key]));
  const values = initialValues(flags, environment);
  const found: string[] = [];
  for (const token of tokensOf(args, keys, flags)) {
    if (token.kind === 'positional') found.push(token.value);
    if (token.kind !== 'option') continue;
    const key = keys.get(token.rawName);
    const flag = key === undefined ? undefined : flags[key];
    if (key === undefined || flag === undefined) throw unknownFlag(token.rawName, keys.keys());
    values.set(
      key,
      flag.read(`option ${token.rawName}`, textBehind(token, flag.placeholder), values.get(key)),
    );
  }
  checkOperands(found, operands);
  return { flags: Object.fromEntries(values) as FlagValues<F>, operands: found };
}

function initialValues(flags: Flags, environment: Environment): Map<string, unknown> {
  const values = new Map<string, unknown>();
  for (const [key, flag] of Object.entries(flags)) {
    const text = flag.variable === undefined ? undefined : environment[flag.variable];
    const source = `environment variable ${flag.variable}`;
    // start scripts set a variable to nothing to unset it
    values.set(key, text ? flag.read(source, text, flag.initial) : flag.initial);
  }
  return values;
}

type Token = NonNullable<ReturnType<typeof parseArgs>['tokens']>[number];
type OptionToken = Extract<Token, { kind: 'option' }>;

/** `parseArgs` cuts the words; what is wrong with them is said here, because its own texts name no alternatives. */
function tokensOf(args: readonly string[], keys: ReadonlyMap<string, string>, flags: Flags): Token[] {
  const options = Object.fromEntries(
    [...keys].map(([name, key]) => [
      name.slice(2),
      { type: flags[key]?.placeholder === undefined ? ('boolean' as const) : ('string' as const) },
    ]),
  );
  return parseArgs({ args: [...args], options, strict: false, tokens: true }).tokens;
}

function textBehind(token: OptionToken, placeholder: string | undefined): string {
  const { rawName, value } = token;
  if (placeholder === undefined) {
    if (value === undefined) return '';
    throw new OptionError(`option ${rawName} takes no value, found '${value}'`);
  }
  // A flag in the place of a value means that the value was forgotten; --option=--value is taken as written.
  if (value === undefined || (token.inlineValue === false && value.startsWith('--'))) {
    throw new OptionError(`option ${rawName}: the value is missing; allowed: ${rawName} <${placeholder}>`);
  }
  return value;
}

function checkOperands(found: readonly string[], operands: readonly Operand[]): void {
  const missing = operands[found.length];
  if (missing !== undefined && missing.optional === undefined) {
    throw new OptionError(`${missing.name} is missing`);
  }
  const surplus = operands.at(-1)?.many ? undefined : found[operands.length];
  if (surplus !== undefined) throw new OptionError(`unexpected argument '${surplus}'`);
}

function unknownFlag(rawName: string, known: Iterable<string>): OptionError {
  return new OptionError(`option ${rawName} is not known${didYouMean(rawName, known)}`);
}
