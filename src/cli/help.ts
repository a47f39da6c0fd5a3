import { didYouMean } from '../daemon/nearest-names.ts';
import { type Command, EXIT_OK, EXIT_USAGE } from './command.ts';

/** `leveret help` and `leveret help <command>`, over the given commands. */
export function helpCommandFor(commands: readonly Command[]): Command {
  const helpCommand: Command = {
    name: 'help',
    summary: 'Explain a command: leveret help serve',

    async run([given, extra]) {
      const name = given === '--help' || given === '-h' ? undefined : given;
      if (extra !== undefined) {
        process.stderr.write(
          `leveret: unexpected argument '${extra}': leveret help takes the name of one command\n`,
        );
        return EXIT_USAGE;
      }
      const command = commands.find((each) => each.name === name);
      if (command) return command.run(['--help']);
      if (name === undefined || name === helpCommand.name) {
        process.stdout.write(overview([...commands, helpCommand]));
        return EXIT_OK;
      }
      process.stderr.write(`${unknownCommand(name, [...commands, helpCommand])}\n`);
      return EXIT_USAGE;
    },
  };
  return helpCommand;
}

/** One line for a command that does not exist. */
export function unknownCommand(name: string, commands: readonly Command[]): string {
  const names = commands.map((command) => command.name);
  return `leveret: unknown command '${name}'${didYouMean(name, names)}; allowed: ${names.join(', ')}`;
}

function overview(commands: readonly Command[]): string {
  const width = Math.max(...commands.map((command) => command.name.length));
  const lines = commands.map((command) => `  ${command.name.padEnd(width)}  ${command.summary}`);
  return `Leveret, an AMQP 0-9-1 message broker

Usage: leveret <command> [options]

Commands:
${lines.join('\n')}

leveret <command> --help explains a command and its options.
`;
}
