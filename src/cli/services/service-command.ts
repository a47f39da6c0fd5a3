import { OptionError } from '../../daemon/option-error.ts';
import { type Command, EXIT_FAILURE, EXIT_OK } from '../command.ts';
import { reportFailure, reportOptionError } from '../failure-report.ts';
import { commandHelp } from '../grammar/command-help.ts';
import type { Flags, FlagValues } from '../grammar/flags.ts';
import { type Operand, readWords } from '../grammar/read-words.ts';
import { Output } from '../terminal/output.ts';
import { visibleLines } from '../terminal/text-width.ts';
import { ProjectError } from './project-error.ts';

/** What a command about services works with. */
export interface ServiceInvocation<F extends Flags> {
  readonly flags: FlagValues<F>;
  readonly operands: readonly string[];
  readonly output: Output;
}

export interface ServiceCommandDefinition<F extends Flags> {
  readonly name: string;
  /** One line for `leveret help`. */
  readonly summary: string;
  /** What it does, in some lines of at most 80 columns. */
  readonly about: string;
  readonly operands: readonly Operand[];
  readonly flags: F;
  /** Command lines, each with what it does. */
  readonly examples: readonly (readonly [line: string, what: string])[];
  /** Resolves to the exit code. */
  run(invocation: ServiceInvocation<F>): Promise<number>;
}

/** A command about services, which works on the files of a project and not over the HTTP API. */
export function serviceCommand<F extends Flags>(definition: ServiceCommandDefinition<F>): Command {
  const { name, summary } = definition;
  return { name, summary, run: (args) => runServiceCommand(definition, args) };
}

async function runServiceCommand<F extends Flags>(
  definition: ServiceCommandDefinition<F>,
  args: readonly string[],
): Promise<number> {
  const { name, flags, operands } = definition;
  const command = `leveret ${name}`;
  if (args.includes('--help') || args.includes('-h')) {
    process.stdout.write(helpOf(definition));
    return EXIT_OK;
  }
  try {
    const words = readWords(args, flags, operands, process.env);
    return await definition.run({ ...words, output: new Output(process.stdout, process.stderr) });
  } catch (error) {
    if (error instanceof OptionError) return reportOptionError(command, error, name);
    if (!(error instanceof ProjectError)) throw error;
    const message = visibleLines(error.message);
    reportFailure(command, { code: error.code, message }, EXIT_FAILURE);
    for (const line of error.cause instanceof Error ? placesIn(error.cause) : [])
      process.stderr.write(`${visibleLines(line)}\n`);
    return EXIT_FAILURE;
  }
}

function helpOf<F extends Flags>(definition: ServiceCommandDefinition<F>): string {
  const { summary, operands, flags } = definition;
  const verb = { name: '', summary, operands, flags, sharedFlags: {}, invoke: async () => EXIT_OK };
  return commandHelp({ ...definition, verbs: [verb] });
}

/** Where in the program it was; what Node.js and the toolkit did before is of no use to its author, who has read the message. */
function placesIn(error: Error): readonly string[] {
  const lines = (error.stack ?? '').split('\n');
  return lines.filter(
    (line) => /^\s+at /.test(line) && !/\(?node:|<anonymous>\)$|\/node_modules\//.test(line),
  );
}
