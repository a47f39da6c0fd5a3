import { OptionError, StorageError } from '../daemon/start-broker.ts';
import { EXIT_FAILURE } from './command.ts';
import { reportFailure, reportOptionError } from './failure-report.ts';

/** Runs a command about a data directory; one line for what it does not understand, and for a directory it cannot use. */
export async function runDataDirCommand(name: string, run: () => Promise<number>): Promise<number> {
  try {
    return await run();
  } catch (error) {
    if (error instanceof OptionError) return reportOptionError(`leveret ${name}`, error, name);
    if (error instanceof StorageError) return reportFailure(`leveret ${name}`, error, EXIT_FAILURE);
    throw error;
  }
}
