import { OptionError } from '../../daemon/option-error.ts';
import type { RunningBroker } from '../../daemon/start-broker.ts';
import { type Command, EXIT_OK } from '../command.ts';
import type { Flag, FlagValues } from '../grammar/flags.ts';
import { stopSignal } from '../stop-signal.ts';
import { spanText } from '../terminal/quantity-texts.ts';
import { hasColors } from '../terminal/style.ts';
import { spawnStart } from './child-command.ts';
import { FolderWatch } from './folder-watch.ts';
import { keptAlive } from './kept-alive.ts';
import { startOwnBroker } from './own-broker.ts';
import { PrefixedLines } from './prefixed-lines.ts';
import { findProject, type Project, shownPath } from './project.ts';
import { ReloadingProcess } from './reloading-process.ts';
import { serviceCommand } from './service-command.ts';
import { DATA_DIR_FLAG, ENTRY_FLAG, LOG_FLAG, OWN_BROKER_FLAGS } from './service-flags.ts';
import { brokerText } from './up.ts';

/** Whoever writes a program waits for the next start. */
const DRAIN = '5s';

const FLAGS: {
  readonly keep: Flag<boolean>;
  readonly amqpPort: Flag<number | false | undefined>;
  readonly httpPort: Flag<number | false | undefined>;
  readonly dataDir: Flag<string | undefined>;
  readonly logLevel: typeof LOG_FLAG;
  readonly entry: Flag<string | undefined>;
} = { ...OWN_BROKER_FLAGS, dataDir: DATA_DIR_FLAG, logLevel: LOG_FLAG, entry: ENTRY_FLAG };
type Values = FlagValues<typeof FLAGS>;

export const devCommand: Command = serviceCommand({
  name: 'dev',
  summary: 'Run all services of a project while writing them, with a broker and its dashboard',
  about: `
Runs all services of a project in one process, and a broker with its dashboard in
this one. When a file of the project changes, the services finish what they
handle and start anew; the broker and its messages stay.`,
  operands: [],
  flags: FLAGS,
  examples: [
    ['leveret dev', 'the project of this folder'],
    ['leveret dev --keep', 'messages outlive this command, too'],
  ],
  async run({ flags }) {
    if (flags.amqpPort === false)
      throw new OptionError('option --amqp-port: found none; allowed: a port, which the services need');
    const isStopped = stopSignal();
    const project = findProject(process.cwd(), flags.entry);
    const lines = new PrefixedLines(
      (text) => process.stdout.write(text),
      hasColors(process.stdout),
      'leveret'.length,
    );
    const broker = await startOwnBroker(project, flags, ({ level, text }) => {
      if (level !== 'info') lines.line('broker', text, level === 'error' ? 'red' : 'yellow');
    });
    lines.line('leveret', brokerText(broker, flags.keep));
    await develop(project, broker, { flags, lines, isStopped });
    return EXIT_OK;
  },
});

interface Surroundings {
  readonly flags: Values;
  readonly lines: PrefixedLines;
  readonly isStopped: Promise<unknown>;
}

async function develop(
  project: Project,
  broker: RunningBroker,
  { flags, lines, isStopped }: Surroundings,
): Promise<void> {
  const services = new ReloadingProcess({
    spawn: () => {
      const child = spawnStart(project, broker.url ?? '', startWords(flags));
      lines.follow('app', [child.stdout, child.stderr]);
      return child;
    },
    onReady: (names, startMs) =>
      lines.line('leveret', `${names.join(', ')} ready after ${spanText(startMs / 1000)}`, 'green'),
    onExit: (how, restartMs) => {
      const next =
        restartMs === undefined ? 'waiting for a change' : `again in ${spanText(restartMs / 1000)}`;
      lines.line('leveret', `the services ended (${how}); ${next}`, 'red');
    },
  });
  const watch = new FolderWatch(project.root, (path) => {
    lines.line('leveret', `${shownPath(path, project.root)} changed: starting anew`, 'bold');
    void services.reload();
  });
  void services.reload();
  await keptAlive(isStopped);
  watch.close();
  lines.line('leveret', 'stopping');
  await services.stop();
  await broker.close();
}

function startWords({ dataDir, logLevel }: Values): string[] {
  const place = dataDir === undefined ? [] : ['--data-dir', dataDir];
  return ['--all', '--drain', DRAIN, '--log-level', logLevel, ...place];
}
