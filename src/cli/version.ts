import { VERSION } from '../daemon/version.ts';
import { type Command, EXIT_OK, EXIT_USAGE } from './command.ts';

export const versionCommand: Command = {
  name: 'version',
  summary: 'Print the versions of Leveret and Node.js',

  async run([argument]) {
    if (argument === '--help' || argument === '-h') {
      process.stdout.write(
        'Usage: leveret version\n\nPrints the versions of Leveret and Node.js, and the platform.\n',
      );
      return EXIT_OK;
    }
    if (argument !== undefined) {
      process.stderr.write(`leveret: unexpected argument '${argument}': leveret version takes none\n`);
      return EXIT_USAGE;
    }
    process.stdout.write(
      `Leveret ${VERSION} (Node.js ${process.versions.node}, ${process.platform} ${process.arch})\n`,
    );
    return EXIT_OK;
  },
};
