#!/usr/bin/env node
import { type Command, EXIT_FAILURE, EXIT_USAGE } from './command.ts';
import { helpCommandFor, unknownCommand } from './help.ts';
import { perfCommand } from './perf.ts';
import { recoverCommand } from './recover.ts';
import { serveCommand } from './serve.ts';
import { storageCommand } from './storage.ts';
import { versionCommand } from './version.ts';

const COMMANDS: readonly Command[] = [
  serveCommand,
  perfCommand,
  storageCommand,
  recoverCommand,
  versionCommand,
];
const helpCommand = helpCommandFor(COMMANDS);
const SPELLINGS: ReadonlyMap<string, string> = new Map([
  ['--help', 'help'],
  ['-h', 'help'],
  ['--version', 'version'],
  ['-v', 'version'],
]);

// Whoever read our output has gone (a closed terminal, or head). A broker goes on without it; others end by themselves.
for (const stream of [process.stdout, process.stderr]) stream.on('error', ignorePipeError);

process.on('uncaughtException', (error) => {
  process.stderr.write(
    `leveret: stopped by a defect; please report it with this text:\n${describe(error)}\n`,
  );
  process.exit(EXIT_FAILURE);
});

async function main([given = 'help', ...args]: string[]): Promise<number> {
  const name = SPELLINGS.get(given) ?? given;
  const command = [...COMMANDS, helpCommand].find((each) => each.name === name);
  if (command) return command.run(args);
  process.stderr.write(`${unknownCommand(given, [...COMMANDS, helpCommand])}\n`);
  return EXIT_USAGE;
}

function ignorePipeError(error: NodeJS.ErrnoException): void {
  if (error.code !== 'EPIPE') throw error;
}

/** The stack with those of its causes. */
function describe(error: Error): string {
  const cause = error.cause instanceof Error ? `\ncaused by ${describe(error.cause)}` : '';
  return `${error.stack ?? error.message}${cause}`;
}

process.exitCode = await main(process.argv.slice(2));
