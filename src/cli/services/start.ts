import { join } from 'node:path';
import { ConsoleLog } from '../../daemon/console-log.ts';
import { OptionError } from '../../daemon/option-error.ts';
import { port, text } from '../../daemon/option-kinds.ts';
import { systemClock } from '../../services/clock.ts';
import type { App, Health, RunOptions } from '../../services/runtime/app.ts';
import {
  type HealthServer,
  type HealthSource,
  openHealthServer,
} from '../../services/runtime/health-server.ts';
import type { Unit } from '../../services/service.ts';
import { reportProgress } from '../../services/supervisor/report-progress.ts';
import { type Command, EXIT_OK } from '../command.ts';
import { timeSpan } from '../grammar/flag-kinds.ts';
import { type Flag, type FlagValues, option, optionOr, toggle } from '../grammar/flags.ts';
import { stopSignal } from '../stop-signal.ts';
import { eventLine } from './event-text.ts';
import { chosenUnits, loadProject, toolkitOf } from './load-project.ts';
import { findProject, type Project } from './project.ts';
import { ProjectError } from './project-error.ts';
import { serviceCommand } from './service-command.ts';
import {
  BROKER_FLAG,
  brokerUrl,
  DATA_DIR_FLAG,
  DEFAULT_BROKER,
  ENTRY_FLAG,
  LOG_FLAG,
  QUEUE_TYPE_FLAG,
  serviceVariable,
} from './service-flags.ts';

const DRAIN_MS = 30_000;

const FLAGS: {
  readonly all: Flag<boolean>;
  readonly broker: Flag<string | undefined>;
  readonly httpPort: Flag<number | undefined>;
  readonly httpHost: Flag<string>;
  readonly queueType: typeof QUEUE_TYPE_FLAG;
  readonly dataDir: Flag<string | undefined>;
  readonly drain: Flag<number>;
  readonly logLevel: typeof LOG_FLAG;
  readonly entry: Flag<string | undefined>;
} = {
  all: toggle('all services of the project'),
  broker: { ...BROKER_FLAG, doc: `the broker (${DEFAULT_BROKER}); BROKER_URL` },
  httpPort: option(port(), 'where /livez, /readyz and /metrics are (none)'),
  httpHost: optionOr(text('host'), '127.0.0.1', 'who may ask there: 0.0.0.0 is everybody'),
  queueType: QUEUE_TYPE_FLAG,
  dataDir: DATA_DIR_FLAG,
  drain: {
    ...optionOr(timeSpan(0, 3_600_000), DRAIN_MS, 'time for handlers that run when it is stopped'),
    initialText: '30s',
  },
  logLevel: LOG_FLAG,
  entry: ENTRY_FLAG,
};
type Values = FlagValues<typeof FLAGS>;

export const startCommand: Command = serviceCommand({
  name: 'start',
  summary: 'Run services of a project in this process, as a container does',
  about: `
Runs services until SIGTERM or Ctrl+C: then it takes no more messages, lets the
handlers that run finish, sends what is to be sent, and exits with 0.

The database of the service order-mails is ORDER_MAILS_DATABASE_URL, or what the
service says, or a file in data/; its cache is ORDER_MAILS_CACHE_URL likewise.`,
  operands: [{ name: 'SERVICE', optional: true, many: true }],
  flags: FLAGS,
  examples: [
    ['leveret start orders --broker amqp://broker --http-port 8080', 'one service'],
    ['leveret start --all', 'all of the project, in one process'],
  ],
  async run({ flags, operands }) {
    if (operands.length === 0 && !flags.all)
      throw new OptionError('SERVICE is missing; allowed: names of services, or --all');
    if (operands.length > 0 && flags.all) throw new OptionError('option --all excludes names of services');
    const project = findProject(process.cwd(), flags.entry);
    const { units } = await loadProject(project);
    return await start(project, chosenUnits(units, operands, flags.all), flags);
  },
});

async function start(project: Project, units: readonly Unit[], flags: Values): Promise<number> {
  const log = new ConsoleLog(flags.logLevel, (line) => process.stderr.write(line));
  const isStopped = stopped();
  const starting = new AbortController();
  void isStopped.then(() => starting.abort());
  const source = new StartingSource();
  const health = await healthServer(source, flags, log);
  try {
    const app = await opened(project, units, { ...runOptions(project, flags, log), signal: starting.signal });
    source.app = app;
    if (app !== undefined) await untilStopped(app, isStopped, flags.drain, log);
    return EXIT_OK;
  } finally {
    await health?.close();
    disconnect();
  }
}

async function untilStopped(
  app: App,
  isStopped: Promise<unknown>,
  drainMs: number,
  log: ConsoleLog,
): Promise<void> {
  const report = reporting(app);
  await isStopped;
  log.onEvent({ level: 'info', text: 'stopping: handlers that run may finish; again to stop at once' });
  report?.stop();
  await app.close({ timeoutMs: drainMs });
}

/** Answers from the start on, so that nobody takes a service that waits for its broker for a dead one. */
class StartingSource implements HealthSource {
  app: App | undefined;

  async health(): Promise<Health> {
    return this.app?.health() ?? { isReady: false, reasons: ['it starts'], units: [] };
  }

  async metrics(): Promise<string> {
    return this.app?.metrics() ?? '';
  }
}

async function healthServer(
  source: HealthSource,
  { httpPort, httpHost }: Values,
  log: ConsoleLog,
): Promise<HealthServer | undefined> {
  if (httpPort === undefined) return undefined;
  try {
    const server = await openHealthServer(source, { port: httpPort, host: httpHost });
    const address = hostAndPort(server.host, server.port);
    log.onEvent({ level: 'info', text: `health and metrics at http://${address}` });
    return server;
  } catch (reason) {
    throw new ProjectError('START_FAILED', `--http-port: ${(reason as Error).message}`);
  }
}

function hostAndPort(host: string, port: number): string {
  return `${host.includes(':') ? `[${host}]` : host}:${port}`;
}

/** Undefined when it was stopped meanwhile. */
async function opened(
  project: Project,
  units: readonly Unit[],
  options: RunOptions,
): Promise<App | undefined> {
  const { run } = await toolkitOf(project);
  try {
    return await run(units, options);
  } catch (reason) {
    if (options.signal?.aborted) return undefined;
    const text = reason instanceof Error ? reason.message : String(reason);
    const names = units.map(({ name }) => name).join(', ');
    // an error with a code says all there is to say; one of the program needs its stack
    const isExpected = typeof (reason as { readonly code?: unknown } | null)?.code === 'string';
    throw new ProjectError('START_FAILED', `${names}: ${text}`, isExpected ? {} : { cause: reason });
  }
}

function runOptions(project: Project, flags: Values, log: ConsoleLog): RunOptions {
  return {
    broker: brokerUrl(flags.broker) ?? DEFAULT_BROKER,
    databaseUrl: (service) => process.env[serviceVariable(service, 'DATABASE_URL')] || undefined,
    cacheUrl: (service) => process.env[serviceVariable(service, 'CACHE_URL')] || undefined,
    dataDir: flags.dataDir ?? join(project.root, 'data'),
    queueType: flags.queueType,
    onEvent: (event) => log.onEvent(eventLine(event)),
  };
}

/** A process that another one started ends with it; Ctrl+C in a terminal goes to both, and that one says when to stop. */
function stopped(): Promise<unknown> {
  if (process.send === undefined) return stopSignal();
  process.on('SIGINT', () => {});
  return new Promise((resolve) => {
    process.on('SIGTERM', resolve);
    process.on('disconnect', resolve);
  });
}

function reporting(app: App): { stop(): void } | undefined {
  if (process.send === undefined) return undefined;
  return reportProgress(app, (report) => process.connected && process.send?.(report), systemClock);
}

function disconnect(): void {
  if (process.connected) process.disconnect();
}
