import { readFileSync } from 'node:fs';
import { inspect, parseArgs } from 'node:util';
import { jsonErrorAt } from './json-error.ts';
import { didYouMean } from './nearest-names.ts';
import { OptionError } from './option-error.ts';
import {
  badValue,
  environmentVariable,
  fileKey,
  flagOf,
  OPTION_NAMES,
  OPTIONS,
  type OptionName,
  type OptionValues,
  optionDefinition,
} from './options.ts';

/** Names the configuration file. Not in the table: it cannot stand in the file itself. */
const CONFIG_FLAG = '--config';
const CONFIG_VARIABLE = 'LEVERET_CONFIG';

const READ_FAILURES: ReadonlyMap<string, string> = new Map([
  ['ENOENT', 'does not exist'],
  ['EISDIR', 'is a directory'],
  ['EACCES', 'may not be read by this user'],
]);

type SomeValues = Map<OptionName, unknown>;
type Environment = Readonly<Record<string, string | undefined>>;

/** Options of `startBroker` that are functions, and so not in the table. */
const LISTENER_NAMES: readonly string[] = ['onEvent', 'onFailure'];

const DEFAULTS: Readonly<Record<OptionName, unknown>> = Object.fromEntries(
  OPTION_NAMES.map((name) => [name, OPTIONS[name].default]),
) as Record<OptionName, unknown>;

/** Which options a command has: the flags of others are refused, and their variables not read. */
export interface OptionScope {
  readonly names: readonly OptionName[];
  /** Flags that the command itself has taken out of the arguments, for "did you mean". */
  readonly otherFlags: readonly string[];
  /** One option with a value, for messages. */
  readonly example: string;
}

const ALL_OPTIONS: OptionScope = { names: OPTION_NAMES, otherFlags: [], example: '--amqp-port 5673' };

/**
 * Puts the options together: a flag wins over the environment, that over the configuration file, that over the default.
 * Throws an `OptionError` for anything that is not understood.
 */
export function readOptions(
  args: readonly string[],
  environment: Environment,
  scope: OptionScope = ALL_OPTIONS,
): OptionValues {
  const flags = readFlags(args, scope);
  const path = flags.configPath ?? environment[CONFIG_VARIABLE];
  const fromFile: SomeValues = path ? readConfigFile(path) : new Map();
  const values: SomeValues = new Map(Object.entries(DEFAULTS) as [OptionName, unknown][]);
  for (const layer of [fromFile, readEnvironment(environment, scope.names), flags.values]) {
    for (const [name, value] of layer) values.set(name, value);
  }
  return frozen(values);
}

/**
 * The same for the options of `startBroker`, where undefined means the default, a data directory the file storage, and HTTP
 * is there only for those who ask for it.
 */
export function checkOptions(given: { readonly [name: string]: unknown }): OptionValues {
  const values: SomeValues = new Map();
  const storage = given['dataDir'] === undefined ? 'memory' : 'file';
  const defaults = { ...DEFAULTS, storage, httpPort: false, httpsPort: false };
  for (const name of OPTION_NAMES) {
    const value = given[name];
    const { embedded } = optionDefinition(name);
    if (value !== undefined && embedded !== undefined) {
      throw new OptionError(`option ${name}: startBroker has ${embedded} in its place`);
    }
    values.set(name, value === undefined ? defaults[name] : checked(`option ${name}`, name, value));
  }
  for (const key of Object.keys(given)) {
    if (!values.has(key as OptionName))
      throw unknown(`option ${key}`, key, [...OPTION_NAMES, ...LISTENER_NAMES]);
  }
  return frozen(values);
}

/** Refuses a listener of `startBroker` that cannot be called: it would show only when there is something to tell. */
export function checkListeners(given: { readonly [name: string]: unknown }): void {
  for (const name of LISTENER_NAMES) {
    const found = given[name];
    if (found === undefined || typeof found === 'function') continue;
    throw new OptionError(`option ${name}: bad value ${inspect(found, { depth: 0 })}; allowed: a function`);
  }
}

function frozen(values: ReadonlyMap<OptionName, unknown>): OptionValues {
  return Object.freeze(Object.fromEntries(values)) as Record<OptionName, unknown> as OptionValues;
}

function readFlags(
  args: readonly string[],
  scope: OptionScope,
): { values: SomeValues; configPath: string | undefined } {
  const names = new Map(scope.names.map((name) => [flagOf(name), name]));
  const known = [...names.keys(), CONFIG_FLAG];
  const values: SomeValues = new Map();
  let configPath: string | undefined;
  for (const { flag, value } of flagTokens(args, known, scope.example)) {
    const name = names.get(flag);
    if (!name && flag !== CONFIG_FLAG) throw unknown(`option ${flag}`, flag, [...known, ...scope.otherFlags]);
    if (value === undefined) {
      const allowed = name ? optionDefinition(name).kind.allowed : 'a path';
      throw new OptionError(`option ${flag}: the value is missing; allowed: ${allowed}`);
    }
    if (name) values.set(name, parsed(`option ${flag}`, name, value));
    else configPath = value;
  }
  return { values, configPath };
}

/** `parseArgs` cuts the words; what is wrong with them is said here, because its own texts name no alternatives. */
function* flagTokens(
  args: readonly string[],
  known: readonly string[],
  example: string,
): Generator<{ flag: string; value: string | undefined }> {
  const options = Object.fromEntries(known.map((flag) => [flag.slice(2), { type: 'string' as const }]));
  const { tokens } = parseArgs({ args: [...args], options, strict: false, tokens: true });
  for (const token of tokens) {
    if (token.kind === 'positional') {
      throw new OptionError(
        `unexpected argument '${token.value}': an option starts with --, as in ${example}`,
      );
    }
    if (token.kind === 'option') {
      // A flag in the place of a value means that the value was forgotten; --option=--value is taken as written.
      const forgotten = token.inlineValue === false && token.value.startsWith('--');
      yield { flag: token.rawName, value: forgotten ? undefined : token.value };
    }
  }
}

function readEnvironment(environment: Environment, names: readonly OptionName[]): SomeValues {
  const values: SomeValues = new Map();
  for (const name of names) {
    const variable = environmentVariable(name);
    const value = environment[variable];
    // start scripts set a variable to nothing to unset it, unless nothing is a value
    if (value === '' && optionDefinition(name).kind.fromText(value) === undefined) continue;
    if (value !== undefined) values.set(name, parsed(`environment variable ${variable}`, name, value));
  }
  return values;
}

function readConfigFile(path: string): SomeValues {
  const keys = new Map(OPTION_NAMES.map((name) => [fileKey(name), name]));
  const values: SomeValues = new Map();
  for (const [key, value] of Object.entries(jsonObject(path))) {
    const name = keys.get(key);
    if (!name) throw unknown(`key "${key}" in ${path}`, key, keys.keys());
    values.set(name, checked(`key "${key}" in ${path}`, name, value));
  }
  return values;
}

function jsonObject(path: string): object {
  const text = readText(path);
  const errorAt = jsonErrorAt(text);
  if (errorAt !== undefined) throw new OptionError(`configuration file ${path}: ${notJson(text, errorAt)}`);
  const value: unknown = JSON.parse(text);
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value;
  throw new OptionError(`configuration file ${path}: not a JSON object, like {"amqp-port": 5673}`);
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8').replace(/^\ufeff/, '');
  } catch (error) {
    const { code = '', message } = error as NodeJS.ErrnoException;
    throw new OptionError(`configuration file ${path}: ${READ_FAILURES.get(code) ?? message}`);
  }
}

function notJson(text: string, at: number): string {
  const before = text.slice(0, at).split('\n');
  const found =
    at === text.length ? 'end of the file' : `'${String.fromCodePoint(text.codePointAt(at) ?? 0)}'`;
  return `not JSON from line ${before.length}, column ${(before.at(-1) ?? '').length + 1} on (${found})`;
}

function parsed(where: string, name: OptionName, found: string): unknown {
  const value = optionDefinition(name).kind.fromText(found);
  if (value === undefined) throw badValue(where, name, found);
  return value;
}

function checked(where: string, name: OptionName, found: unknown): unknown {
  const value = optionDefinition(name).kind.fromValue(found);
  if (value === undefined) throw badValue(where, name, found);
  return value;
}

function unknown(where: string, given: string, names: Iterable<string>): OptionError {
  return new OptionError(`${where} is not known${didYouMean(given, names)}`);
}
