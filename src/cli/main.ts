#!/usr/bin/env node
import { auditCommand } from './audit.ts';
import { bindingsCommand } from './bindings.ts';
import { channelsCommand } from './channels.ts';
import { EXIT_FAILURE, EXIT_USAGE, lazyCommand } from './command.ts';
import { connectionsCommand } from './connections.ts';
import { consumeCommand } from './consume.ts';
import { consumersCommand } from './consumers.ts';
import { deadCommand } from './dead.ts';
import { definitionsCommand } from './definitions.ts';
import { exchangesCommand } from './exchanges.ts';
import { explainCommand } from './explain.ts';
import { getCommand } from './get.ts';
import { type CommandGroup, commandsOf, helpCommandFor, unknownCommand } from './help.ts';
import { moveCommand } from './move.ts';
import { outcomeCommand } from './outcome.ts';
import { pauseCommand, resumeCommand } from './pause.ts';
import { permissionsCommand } from './permissions.ts';
import { policiesCommand } from './policies.ts';
import { publishCommand } from './publish.ts';
import { purgeCommand } from './purge.ts';
import { queuesCommand } from './queues.ts';
import { scheduledCommand } from './scheduled.ts';
import { statusCommand } from './status.ts';
import { topCommand } from './top.ts';
import { usersCommand } from './users.ts';
import { versionCommand } from './version.ts';
import { vhostsCommand } from './vhosts.ts';

/** The broker itself is most of the code, and these alone need it. */
const serveCommand = lazyCommand(
  'serve',
  'Start the broker',
  async () => (await import('./serve.ts')).serveCommand,
);
const storageCommand = lazyCommand(
  'storage',
  'Look into a data directory, or check it: leveret storage inspect',
  async () => (await import('./storage.ts')).storageCommand,
);
const recoverCommand = lazyCommand(
  'recover',
  'Save what can be saved of a damaged data directory',
  async () => (await import('./recover.ts')).recoverCommand,
);
const perfCommand = lazyCommand(
  'perf',
  'Load an AMQP broker and measure it',
  async () => (await import('./perf.ts')).perfCommand,
);
const clusterCommand = lazyCommand(
  'cluster',
  'Look after nodes that share a log: leveret cluster status',
  async () => (await import('./cluster.ts')).clusterCommand,
);
/** Only these know services, and each what it needs of them. */
const startCommand = lazyCommand(
  'start',
  'Run services of a project in this process, as a container does',
  async () => (await import('./services/start.ts')).startCommand,
);
const newCommand = lazyCommand(
  'new',
  'Make a project of two services, with a test, that runs at once',
  async () => (await import('./services/new.ts')).newCommand,
);
const devCommand = lazyCommand(
  'dev',
  'Run all services of a project while writing them, with a broker and its dashboard',
  async () => (await import('./services/dev.ts')).devCommand,
);
const upCommand = lazyCommand(
  'up',
  'Run all services of a project, a process each, and as many as needed',
  async () => (await import('./services/up.ts')).upCommand,
);
const topologyCommand = lazyCommand(
  'topology',
  'Compare the queues that services declare with those of a broker',
  async () => (await import('./services/topology.ts')).topologyCommand,
);
const asyncapiCommand = lazyCommand(
  'asyncapi',
  'Print the AsyncAPI document of the services of a project',
  async () => (await import('./services/asyncapi.ts')).asyncapiCommand,
);

const GROUPS: readonly CommandGroup[] = [
  { title: 'Run a broker on this machine', commands: [serveCommand, storageCommand, recoverCommand] },
  {
    title: 'Write and run services',
    commands: [newCommand, devCommand, upCommand, startCommand, topologyCommand, asyncapiCommand],
  },
  { title: 'See how a broker is', commands: [statusCommand, topCommand, explainCommand] },
  {
    title: 'Work with messages',
    commands: [
      publishCommand,
      getCommand,
      consumeCommand,
      moveCommand,
      deadCommand,
      purgeCommand,
      scheduledCommand,
      outcomeCommand,
    ],
  },
  {
    title: 'Work with queues and clients',
    commands: [
      queuesCommand,
      exchangesCommand,
      bindingsCommand,
      connectionsCommand,
      channelsCommand,
      consumersCommand,
      pauseCommand,
      resumeCommand,
    ],
  },
  {
    title: 'Administer',
    commands: [
      vhostsCommand,
      usersCommand,
      permissionsCommand,
      policiesCommand,
      definitionsCommand,
      auditCommand,
      clusterCommand,
    ],
  },
  { title: 'Other', commands: [perfCommand, versionCommand] },
];
const COMMANDS = commandsOf(GROUPS);
const helpCommand = helpCommandFor(GROUPS);
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
