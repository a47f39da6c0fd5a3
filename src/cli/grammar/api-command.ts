import { didYouMean } from '../../daemon/nearest-names.ts';
import { OptionError } from '../../daemon/option-error.ts';
import { ApiFailure } from '../api/api-failure.ts';
import { type Command, EXIT_FAILURE, EXIT_OK } from '../command.ts';
import { reportFailure, reportOptionError } from '../failure-report.ts';
import { InterruptedPrompt } from '../terminal/secret-prompt.ts';
import { visible } from '../terminal/text-width.ts';
import { commandHelp, verbHelp } from './command-help.ts';
import type { Verb } from './verb.ts';

/** A command over the HTTP API: one verb with an empty name, or several, of which the first is meant when none is named. */
export interface ApiCommandDefinition {
  readonly name: string;
  /** One line for `leveret help`. */
  readonly summary: string;
  /** What it shows or does, in some lines of at most 80 columns. */
  readonly about: string;
  readonly verbs: readonly Verb[];
  /** Nothing can be meant without a verb. */
  readonly needsVerb?: true;
  /** Command lines, each with what it does. */
  readonly examples: readonly (readonly [line: string, what: string])[];
}

export function apiCommand(definition: ApiCommandDefinition): Command {
  const { name, summary } = definition;
  return { name, summary, run: (args) => runApiCommand(definition, args) };
}

async function runApiCommand(definition: ApiCommandDefinition, args: readonly string[]): Promise<number> {
  const command = `leveret ${definition.name}`;
  try {
    if (asksForHelp(args)) {
      const named = namedVerb(definition, args);
      process.stdout.write(named === undefined ? commandHelp(definition) : verbHelp(definition, named));
      return EXIT_OK;
    }
    const { verb, rest } = chosenVerb(definition, args);
    return await verb.invoke(rest);
  } catch (error) {
    if (error instanceof OptionError) {
      return reportOptionError(command, new OptionError(visible(error.message)), definition.name);
    }
    if (error instanceof ApiFailure) {
      return reportFailure(command, { code: error.code, message: visible(error.message) }, EXIT_FAILURE);
    }
    if (error instanceof InterruptedPrompt) return error.exitCode;
    throw error;
  }
}

function asksForHelp(args: readonly string[]): boolean {
  const end = args.indexOf('--');
  return (end < 0 ? args : args.slice(0, end)).some((word) => word === '--help' || word === '-h');
}

function namedVerb({ verbs }: ApiCommandDefinition, [word]: readonly string[]): Verb | undefined {
  return verbs.length === 1 ? undefined : verbs.find(({ name }) => name === word);
}

function chosenVerb(
  definition: ApiCommandDefinition,
  args: readonly string[],
): { readonly verb: Verb; readonly rest: readonly string[] } {
  const { name, verbs, needsVerb } = definition;
  const [first] = verbs;
  if (first === undefined) throw new Error(`leveret ${name} has no verb`);
  const [word] = args;
  if (verbs.length === 1 && first.name === '') return { verb: first, rest: args };
  if (word === undefined || word.startsWith('-')) {
    if (needsVerb) throw new OptionError(`the verb is missing; allowed: ${verbNames(verbs).join(', ')}`);
    return { verb: first, rest: args };
  }
  const verb = verbs.find((each) => each.name === word);
  if (verb !== undefined) return { verb, rest: args.slice(1) };
  const names = verbNames(verbs);
  throw new OptionError(`unknown verb '${word}'${didYouMean(word, names)}; allowed: ${names.join(', ')}`);
}

function verbNames(verbs: readonly Verb[]): string[] {
  return verbs.map(({ name }) => name);
}
