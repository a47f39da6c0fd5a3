/**
 * The flags of commands, each declared once: reading, `--help` and "did you mean" come from the declaration. The name of
 * a flag is its key in kebab-case: `autoDelete` is `--auto-delete`.
 */
import { OptionError } from '../../daemon/option-error.ts';
import type { OptionKind } from '../../daemon/option-kinds.ts';

export interface Flag<T> {
  /** Shown behind the flag in help; undefined for a switch, which takes no value. */
  readonly placeholder: string | undefined;
  readonly doc: string;
  /** The value without the flag. */
  readonly initial: T;
  /** How the initial value is said in help. */
  readonly initialText?: string;
  /** Taken when the flag is absent and the variable is not empty. */
  readonly variable?: string;
  /** The value after `text` was found behind the flag; `before` is what it was so far. Throws `OptionError`. */
  read(source: string, text: string, before: T): T;
}

export type Flags = Readonly<Record<string, Flag<unknown>>>;
export type FlagValues<F extends Flags> = { readonly [N in keyof F]: F[N] extends Flag<infer T> ? T : never };

/** Without the flag the value is undefined. */
export function option<T>(kind: OptionKind<T>, doc: string): Flag<T | undefined> {
  return { placeholder: kind.placeholder, doc, initial: undefined, read: single(kind) };
}

/** Without the flag the value is `initial`. */
export function optionOr<T extends string | number>(kind: OptionKind<T>, initial: T, doc: string): Flag<T> {
  return { placeholder: kind.placeholder, doc, initial, initialText: String(initial), read: single(kind) };
}

/** A flag that can be given more than once. */
export function list<T>(kind: OptionKind<T>, doc: string): Flag<readonly T[]> {
  const read = single(kind);
  return {
    placeholder: kind.placeholder,
    doc,
    initial: [],
    read: (source, text, before) => [...before, read(source, text)],
  };
}

/** A flag without a value. */
export function toggle(doc: string): Flag<boolean> {
  return { placeholder: undefined, doc, initial: false, read: () => true };
}

/** The same flag, which an environment variable can set, too. */
export function orVariable<T>(flag: Flag<T>, variable: string): Flag<T> {
  return { ...flag, variable };
}

/** `--auto-delete` of `autoDelete`. */
export function flagName(key: string): string {
  return `--${key.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
}

function single<T>(kind: OptionKind<T>): (source: string, text: string) => T {
  return (source, text) => {
    const value = kind.fromText(text);
    if (value !== undefined) return value;
    throw new OptionError(`${source}: bad value '${text}'; allowed: ${kind.allowed}`);
  };
}
