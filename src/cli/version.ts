import { VERSION } from '../daemon/version.ts';
import { type Command, EXIT_OK } from './command.ts';

export const versionCommand: Command = {
  name: 'version',
  summary: 'Print the versions of Leveret and Node.js',

  async run() {
    process.stdout.write(
      `Leveret ${VERSION} (Node.js ${process.versions.node}, ${process.platform} ${process.arch})\n`,
    );
    return EXIT_OK;
  },
};
