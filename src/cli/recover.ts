import { salvageDataDir } from '../daemon/data-dir-tools.ts';
import { type Command, EXIT_FAILURE, EXIT_OK } from './command.ts';
import { readDataDirArguments } from './data-dir-arguments.ts';
import { runDataDirCommand } from './data-dir-command.ts';
import { salvageText } from './storage-texts.ts';

const HELP = `Usage: leveret recover [--data-dir <directory>] [--dry-run]

Makes a damaged data directory usable again: keeps all that is sound, leaves out
what is not, and lists what is lost. A file that has to be written anew moves to
the folder quarantine in it, as NAME-before-salvage-NUMBER; other files stay as
they are. The broker that uses the directory must be stopped, and this user must
be able to write to the directory.

  --data-dir <directory>
      The data directory. Default: ./leveret-data. Found as leveret serve finds
      it: also in LEVERET_DATA_DIR and in the configuration file.
  --config <path>
      The configuration file. Default: none.
  --dry-run
      Only list what would be lost, and change nothing; exit code 1 if anything
      would.
  --help
      Print this text.
`;

/** `leveret recover`: saves what can be saved of a damaged data directory. */
export const recoverCommand: Command = {
  name: 'recover',
  summary: 'Save what can be saved of a damaged data directory',

  async run(args) {
    if (args.includes('--help') || args.includes('-h')) {
      process.stdout.write(HELP);
      return EXIT_OK;
    }
    return runDataDirCommand('recover', () => recover(args));
  },
};

async function recover(args: readonly string[]): Promise<number> {
  const { dataDir, given } = readDataDirArguments(args, ['--dry-run']);
  const dryRun = given.has('--dry-run');
  const salvage = await salvageDataDir(dataDir, { dryRun });
  process.stdout.write(salvageText(salvage, { dataDir, dryRun }));
  return dryRun && salvage.losses.length > 0 ? EXIT_FAILURE : EXIT_OK;
}
