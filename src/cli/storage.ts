import { inspectDataDir, verifyDataDir } from '../daemon/data-dir-tools.ts';
import { didYouMean } from '../daemon/nearest-names.ts';
import { type Command, EXIT_FAILURE, EXIT_OK, EXIT_USAGE } from './command.ts';
import { readDataDirArguments } from './data-dir-arguments.ts';
import { runDataDirCommand } from './data-dir-command.ts';
import { inspectionText, verificationText } from './storage-texts.ts';

const ACTIONS: readonly string[] = ['inspect', 'verify'];

const HELP = `Usage: leveret storage inspect [--data-dir <directory>] [--json]
       leveret storage verify [--data-dir <directory>]

inspect shows what the files of a data directory hold: how much of it is still
needed, and records by kind. verify checks every checksum, and says where the
data is damaged; inspect refuses damaged data. Neither changes it. The broker
that uses the directory must be stopped, and this user must be able to write to
the directory: a lock in it keeps brokers away meanwhile.

  --data-dir <directory>
      The data directory. Default: ./leveret-data. Found as leveret serve finds
      it: also in LEVERET_DATA_DIR and in the configuration file.
  --config <path>
      The configuration file. Default: none.
  --json
      The result of inspect as one line of JSON, with sizes in bytes.
  --help
      Print this text.
`;

/** `leveret storage`: looks into a data directory without changing it. */
export const storageCommand: Command = {
  name: 'storage',
  summary: 'Look into a data directory, or check it: leveret storage inspect',

  async run([action, ...args]) {
    if ([action, ...args].some((argument) => argument === '--help' || argument === '-h')) {
      process.stdout.write(HELP);
      return EXIT_OK;
    }
    if (action === 'inspect') return runDataDirCommand('storage', () => inspect(args));
    if (action === 'verify') return runDataDirCommand('storage', () => verify(args));
    const found = action === undefined ? 'the action is missing' : `unknown action '${action}'`;
    const meant = action === undefined ? '' : didYouMean(action, ACTIONS);
    process.stderr.write(
      `leveret storage: ${found}${meant}; allowed: ${ACTIONS.join(', ')}; see leveret storage --help\n`,
    );
    return EXIT_USAGE;
  },
};

async function inspect(args: readonly string[]): Promise<number> {
  const { dataDir, given } = readDataDirArguments(args, ['--json']);
  const streams = await inspectDataDir(dataDir);
  process.stdout.write(given.has('--json') ? `${JSON.stringify(streams)}\n` : inspectionText(streams));
  return EXIT_OK;
}

async function verify(args: readonly string[]): Promise<number> {
  const { dataDir } = readDataDirArguments(args, []);
  const verification = await verifyDataDir(dataDir);
  process.stdout.write(verificationText(verification, dataDir));
  return verification.losses.length === 0 ? EXIT_OK : EXIT_FAILURE;
}
