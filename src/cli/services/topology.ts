import { openTransport } from '../../client/open-transport.ts';
import type { TopologyDeclaration } from '../../client/topology.ts';
import type { Transport } from '../../client/transport.ts';
import { topologyOf } from '../../services/runtime/topology-of.ts';
import { type Command, EXIT_FAILURE, EXIT_OK } from '../command.ts';
import { type Flag, toggle } from '../grammar/flags.ts';
import type { Output } from '../terminal/output.ts';
import { amountOf, numberText } from '../terminal/quantity-texts.ts';
import type { Style } from '../terminal/style.ts';
import { type Cell, type Column, textTable } from '../text-table.ts';
import { chosenUnits, loadProject } from './load-project.ts';
import { findProject } from './project.ts';
import { ProjectError } from './project-error.ts';
import { serviceCommand } from './service-command.ts';
import { BROKER_FLAG, brokerUrl, DEFAULT_BROKER, ENTRY_FLAG, QUEUE_TYPE_FLAG } from './service-flags.ts';
import { type Finding, TopologyCheck } from './topology-check.ts';

const CONNECT_MS = 10_000;

const FLAGS: {
  readonly create: Flag<boolean>;
  readonly broker: Flag<string | undefined>;
  readonly queueType: typeof QUEUE_TYPE_FLAG;
  readonly json: Flag<boolean>;
  readonly entry: Flag<string | undefined>;
} = {
  create: toggle('make what is missing'),
  broker: { ...BROKER_FLAG, doc: `the broker (${DEFAULT_BROKER}); BROKER_URL` },
  queueType: QUEUE_TYPE_FLAG,
  json: toggle('print JSON'),
  entry: ENTRY_FLAG,
};

export const topologyCommand: Command = serviceCommand({
  name: 'topology',
  summary: 'Compare the queues that services declare with those of a broker',
  about: `
Shows the exchanges and queues that the services of a project declare, and which
of them a broker has, lacks, or has otherwise: a service does not start then. It
speaks AMQP alone. Bindings cannot be seen so; --create makes them anew. The exit
code is 1 when something differs.`,
  operands: [{ name: 'SERVICE', optional: true, many: true }],
  flags: FLAGS,
  examples: [
    ['leveret topology --broker amqp://broker', 'all services of the project'],
    ['leveret topology orders --create', 'one of them; what is missing is made'],
  ],
  async run({ flags, operands, output }) {
    const { units } = await loadProject(findProject(process.cwd(), flags.entry));
    const chosen = chosenUnits(units, operands, operands.length === 0);
    const declared = merged(chosen.map((unit) => topologyOf(unit, { queueType: flags.queueType })));
    const transport = await opened(brokerUrl(flags.broker) ?? DEFAULT_BROKER);
    try {
      const check = new TopologyCheck(transport);
      const found = await check.compare(declared);
      const findings = flags.create ? await check.create(declared, found) : found;
      if (flags.json) output.json(findings.map(jsonOf));
      else print(output, findings);
      return findings.some(({ state }) => state === 'different') ? EXIT_FAILURE : EXIT_OK;
    } finally {
      await transport.close();
    }
  },
});

/** Services share exchanges. */
function merged(all: readonly Required<TopologyDeclaration>[]): Required<TopologyDeclaration> {
  const exchanges = new Map(
    all.flatMap((each) => each.exchanges).map((exchange) => [exchange.exchange, exchange]),
  );
  return {
    exchanges: [...exchanges.values()],
    queues: all.flatMap(({ queues }) => queues),
    bindings: all.flatMap(({ bindings }) => bindings),
  };
}

async function opened(broker: string): Promise<Transport> {
  const events = { onClosed: () => {}, onBlocked: () => {}, onUnblocked: () => {} };
  try {
    const options = { connectionName: 'leveret topology' };
    return await openTransport(broker, options, events, AbortSignal.timeout(CONNECT_MS));
  } catch (reason) {
    throw new ProjectError('START_FAILED', `the broker cannot be asked: ${(reason as Error).message}`);
  }
}

const COLUMNS: readonly Column[] = [
  { title: 'state', align: 'left', isWhole: true },
  { title: 'kind', align: 'left', isWhole: true },
  { title: 'name', align: 'left' },
  { title: 'ready', align: 'right' },
  { title: 'what differs', align: 'left', dropRank: 1 },
];

const STYLES: Readonly<Record<Finding['state'], Style>> = {
  same: 'dim',
  missing: 'yellow',
  different: 'red',
  created: 'green',
};

function print(output: Output, findings: readonly Finding[]): void {
  const rows = findings.map((finding): Cell[] => [
    { text: finding.state, style: STYLES[finding.state] },
    finding.kind,
    finding.name,
    numberText(finding.messageCount),
    differenceText(finding),
  ]);
  output.lines(textTable(COLUMNS, rows, { width: output.width, hasColors: output.hasColors }));
  const advice = adviceOn(findings);
  if (advice.length > 0) output.lines(['', ...advice]);
}

function differenceText({ difference }: Pick<Finding, 'difference'>): string {
  if (difference === undefined) return '';
  const { argument, declared, existing } = difference;
  return `${argument}: declared ${declared}, existing ${existing}`;
}

function adviceOn(findings: readonly Finding[]): string[] {
  const lines = findings.flatMap((finding) => (finding.state === 'different' ? adviceFor(finding) : []));
  const missing = findings.filter(({ state }) => state === 'missing').length;
  if (missing > 0) {
    lines.push(`${missing} missing: a service makes what it needs when it starts; --create makes it now.`);
  }
  return lines;
}

/** Neither AMQP nor any broker can change what was declared: it has to be made anew. */
function adviceFor({ kind, name, messageCount = 0, difference }: Finding): string[] {
  const what = `${kind} ${name}: ${differenceText({ difference })}. Declare it as it is, or make it anew:`;
  if (kind === 'exchange') {
    return [
      what,
      `  leveret exchanges delete ${name}`,
      '  leveret topology --create      its bindings to queues of other services come back when those start',
      '',
    ];
  }
  const keep = messageCount > 0;
  return [
    what,
    ...(keep
      ? [
          `  leveret queues declare ${name}.kept`,
          `  leveret move ${name} ${name}.kept      its ${amountOf(messageCount, 'message')}, with the service stopped`,
        ]
      : []),
    `  leveret queues delete ${name} --if-empty`,
    '  leveret topology --create',
    ...(keep
      ? [`  leveret move ${name}.kept ${name}`, `  leveret queues delete ${name}.kept --if-empty`]
      : []),
    '',
  ];
}

function jsonOf({ kind, name, state, messageCount, difference }: Finding): unknown {
  const differs =
    difference === undefined
      ? undefined
      : { argument: difference.argument, declared: difference.declared, existing: difference.existing };
  return { kind, name, state, messages_ready: messageCount, difference: differs };
}
