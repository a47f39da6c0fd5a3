import { OptionError, StorageError } from '../daemon/start-broker.ts';
import { EXIT_FAILURE, EXIT_USAGE } from './command.ts';

/** Runs a command about a data directory; one line for what it does not understand, and for a directory it cannot use. */
export async function runDataDirCommand(name: string, run: () => Promise<number>): Promise<number> {
  try {
    return await run();
  } catch (error) {
    if (error instanceof OptionError) {
      process.stderr.write(`leveret ${name}: ${error.message}; see leveret ${name} --help\n`);
      return EXIT_USAGE;
    }
    if (error instanceof StorageError) {
      process.stderr.write(`leveret ${name}: ${error.message}\n`);
      return EXIT_FAILURE;
    }
    throw error;
  }
}
