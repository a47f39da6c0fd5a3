import { type Client, connect } from '../../client/client.ts';
import { OptionError } from '../../daemon/option-error.ts';
import { countText } from '../../daemon/size-text.ts';
import { systemClock } from '../../services/clock.ts';
import type { Flow } from '../../services/supervisor/flow-meter.ts';
import type { InstanceChange } from '../../services/supervisor/instance.ts';
import type { ScaleTarget } from '../../services/supervisor/scale-plan.ts';
import { Supervisor, type SupervisorEvent } from '../../services/supervisor/supervisor.ts';
import { type Command, EXIT_OK } from '../command.ts';
import type { Flag, FlagValues } from '../grammar/flags.ts';
import { stopSignal } from '../stop-signal.ts';
import { rateText, spanText } from '../terminal/quantity-texts.ts';
import { hasColors, type Style } from '../terminal/style.ts';
import { spawnStart } from './child-command.ts';
import { keptAlive } from './kept-alive.ts';
import { startOwnBroker } from './own-broker.ts';
import { PrefixedLines } from './prefixed-lines.ts';
import { findProject, type Project } from './project.ts';
import { type DescribedService, describedServices } from './project-description.ts';
import { ProjectError } from './project-error.ts';
import { serviceCommand } from './service-command.ts';
import {
  BROKER_FLAG,
  brokerUrl,
  DATA_DIR_FLAG,
  ENTRY_FLAG,
  LOG_FLAG,
  OWN_BROKER_FLAGS,
} from './service-flags.ts';

/** What the handlers of an instance have to finish. */
const DRAIN = '30s';
/** A little more than that, for the process to end. */
const STOP_GRACE_MS = 35_000;

const FLAGS: {
  readonly broker: Flag<string | undefined>;
  readonly keep: Flag<boolean>;
  readonly amqpPort: Flag<number | false | undefined>;
  readonly httpPort: Flag<number | false | undefined>;
  readonly dataDir: Flag<string | undefined>;
  readonly logLevel: typeof LOG_FLAG;
  readonly entry: Flag<string | undefined>;
} = {
  broker: { ...BROKER_FLAG, doc: 'the broker (one of its own, in this process); BROKER_URL' },
  ...OWN_BROKER_FLAGS,
  dataDir: DATA_DIR_FLAG,
  logLevel: LOG_FLAG,
  entry: ENTRY_FLAG,
};
type Values = FlagValues<typeof FLAGS>;

export const upCommand: Command = serviceCommand({
  name: 'up',
  summary: 'Run all services of a project, a process each, and as many as needed',
  about: `
Runs each service in processes of its own. One that ends is started again. A
service with scale: { min, max, delayMs } gets as many instances as its queue
needs for messages to wait no longer than that. Without --broker it starts a
broker in this process, with the dashboard.`,
  operands: [],
  flags: FLAGS,
  examples: [
    ['leveret up', 'all services, and a broker'],
    ['leveret up --keep', 'the same; messages outlive a restart'],
    ['leveret up --broker amqp://broker.example', 'with a broker that runs elsewhere'],
  ],
  async run({ flags }) {
    const isStopped = stopSignal();
    const project = findProject(process.cwd(), flags.entry);
    const services = await describedServices(project);
    const lines = new PrefixedLines(
      (text) => process.stdout.write(text),
      hasColors(process.stdout),
      Math.max(...services.map(({ name }) => name.length + 2), 'leveret'.length),
    );
    const broker = await brokerFor(project, flags, lines);
    try {
      await supervise(project, services, { flags, broker: broker.url, lines, isStopped });
    } finally {
      await broker.close();
    }
    lines.line('leveret', 'stopped');
    return EXIT_OK;
  },
});

interface Surroundings {
  readonly flags: Values;
  readonly broker: string;
  readonly lines: PrefixedLines;
  readonly isStopped: Promise<unknown>;
}

async function supervise(
  project: Project,
  services: readonly DescribedService[],
  { flags, broker, lines, isStopped }: Surroundings,
): Promise<void> {
  const client = await connected(broker);
  const supervised = services.map(({ name, queues, scale }) => ({ name, queues, scale: targetOf(scale) }));
  lines.line('leveret', supervised.map(({ name, scale }) => `${name} ${countOf(scale)}`).join(', '));
  const supervisor = new Supervisor({
    services: supervised,
    clock: systemClock,
    random: Math.random,
    spawn: (service, number) => {
      const child = spawnStart(project, broker, startWords(service, flags));
      lines.follow(`${service}.${number}`, [child.stdout, child.stderr]);
      return child;
    },
    readyCount: async (queue) => (await client.inspect(queue))?.messageCount,
    onEvent: (event) => tell(lines, event),
  });
  supervisor.start();
  await keptAlive(isStopped);
  lines.line('leveret', 'stopping: handlers that run may finish; again to stop at once');
  await supervisor.stop(STOP_GRACE_MS);
  await client.close();
}

function startWords(service: string, { dataDir, logLevel }: Values): string[] {
  const place = dataDir === undefined ? [] : ['--data-dir', dataDir];
  return [service, '--drain', DRAIN, '--log-level', logLevel, ...place];
}

async function brokerFor(
  project: Project,
  flags: Values,
  lines: PrefixedLines,
): Promise<{ readonly url: string; close(): Promise<void> }> {
  const url = brokerUrl(flags.broker);
  if (url !== undefined) {
    if (flags.keep)
      throw new OptionError('option --keep is about the broker of its own, and --broker excludes it');
    return { url, close: async () => {} };
  }
  if (flags.amqpPort === false)
    throw new OptionError('option --amqp-port: found none; allowed: a port, which the services need');
  const broker = await startOwnBroker(project, flags, ({ level, text }) => {
    if (level !== 'info') lines.line('broker', text, level === 'error' ? 'red' : 'yellow');
  });
  lines.line('leveret', brokerText(broker, flags.keep));
  return { url: broker.url ?? '', close: () => broker.close() };
}

export function brokerText(
  { url, httpUrl }: { readonly url: string | undefined; readonly httpUrl: string | undefined },
  keep: boolean,
): string {
  const page = httpUrl === undefined ? '' : `; dashboard at ${httpUrl} (guest, guest)`;
  return `broker at ${url}, messages ${keep ? 'in .leveret/' : 'in memory'}${page}`;
}

async function connected(broker: string): Promise<Client> {
  try {
    return await connect(broker, { connectionName: 'leveret up' });
  } catch (reason) {
    throw new ProjectError('START_FAILED', `the broker does not let it in: ${(reason as Error).message}`);
  }
}

/** One instance, for a service that says nothing. */
function targetOf(scale: DescribedService['scale']): ScaleTarget {
  const { min = 1, max = min, delayMs = 0 } = scale ?? {};
  return { min, max, delayMs };
}

function countOf({ min, max }: ScaleTarget): string {
  return min === max ? `x ${max}` : `x ${min} to ${max}`;
}

function tell(lines: PrefixedLines, event: SupervisorEvent): void {
  const { type, service } = event;
  if (type === 'instance') tellChange(lines, `${service}.${event.number}`, event.change);
  if (type === 'scaled') {
    const change = `${service}: ${event.from} -> ${event.to} instances`;
    lines.line('leveret', `${change}: ${flowText(event.flow)}`, 'bold');
  }
  if (type === 'unsampled') {
    const text = `${service}: the broker does not say how long its queue is: ${event.reason.message}`;
    lines.line('leveret', text, 'yellow');
  }
}

function flowText({ arrivalsPerSecond, handledPerSecond, queued, delayMs }: Flow): string {
  const delay = delayMs === undefined ? '' : ` for ${spanText(delayMs / 1000)}`;
  const waiting = queued === 0 ? 'none wait' : `${countText(queued)} wait${delay}`;
  return `${rateText(arrivalsPerSecond)} in, ${rateText(handledPerSecond)} out, ${waiting}`;
}

function tellChange(lines: PrefixedLines, name: string, change: InstanceChange): void {
  const [text, style] = changeText(change);
  lines.line(name, text, style);
}

function changeText(change: InstanceChange): readonly [text: string, style: Style] {
  switch (change.type) {
    case 'starting':
      return [`process ${change.pid ?? ''} starts`, 'dim'];
    case 'ready':
      return ['ready', 'green'];
    case 'exited':
      return [`ended ${change.how}; again in ${spanText(change.restartMs / 1000)}`, 'red'];
    case 'stopped':
      return [`ended ${change.how}`, 'dim'];
  }
}
