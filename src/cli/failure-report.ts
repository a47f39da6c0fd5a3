import type { OptionError } from '../daemon/option-error.ts';
import { EXIT_USAGE } from './command.ts';

/** What a user can do something about. The code is stable: docs/errors.md lists all of them. */
interface CodedError {
  readonly code: string;
  readonly message: string;
}

/**
 * Writes one line to standard error, the same for every command: `leveret recover: DATA_DIR_IN_USE: ...`. Returns
 * `exitCode`.
 *
 * @param hint which options to look at: the errors of `startBroker` do not know what they are called on a command line.
 */
export function reportFailure(command: string, error: CodedError, exitCode: number, hint?: string): number {
  const end = hint === undefined ? '' : `; ${hint}`;
  process.stderr.write(`${command}: ${error.code}: ${error.message}${end}\n`);
  return exitCode;
}

/** The same for an option that is not understood. `name`: the command, for its help. */
export function reportOptionError(command: string, error: OptionError, name: string): number {
  return reportFailure(command, error, EXIT_USAGE, `see leveret ${name} --help`);
}
