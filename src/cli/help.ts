import { didYouMean } from '../daemon/nearest-names.ts';
import { type Command, EXIT_OK, EXIT_USAGE } from './command.ts';
import { visible } from './terminal/text-width.ts';

/** Commands that belong together, under a title. */
export interface CommandGroup {
  readonly title: string;
  readonly commands: readonly Command[];
}

/** `leveret help` and `leveret help <command>`, over the given commands. */
export function helpCommandFor(groups: readonly CommandGroup[]): Command {
  const commands = commandsOf(groups);
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
        process.stdout.write(overview([...groups.slice(0, -1), withHelp(groups.at(-1))]));
        return EXIT_OK;
      }
      process.stderr.write(`${unknownCommand(name, [...commands, helpCommand])}\n`);
      return EXIT_USAGE;
    },
  };
  const withHelp = (last: CommandGroup = { title: 'Other', commands: [] }): CommandGroup => ({
    ...last,
    commands: [...last.commands, helpCommand],
  });
  return helpCommand;
}

export function commandsOf(groups: readonly CommandGroup[]): Command[] {
  return groups.flatMap((group) => group.commands);
}

/** One line for a command that does not exist. */
export function unknownCommand(name: string, commands: readonly Command[]): string {
  const names = commands.map((command) => command.name);
  return `leveret: unknown command '${visible(name)}'${didYouMean(name, names)}; leveret help lists all`;
}

function overview(groups: readonly CommandGroup[]): string {
  const width = Math.max(...commandsOf(groups).map((command) => command.name.length));
  const sections = groups.map(({ title, commands }) => {
    const lines = commands.map((command) => `  ${command.name.padEnd(width)}  ${command.summary}`);
    return `${title}:\n${lines.join('\n')}\n`;
  });
  return `Leveret, an AMQP 0-9-1 message broker

Usage: leveret <command> [options]

${sections.join('\n')}
leveret <command> --help explains a command and its options.
`;
}
