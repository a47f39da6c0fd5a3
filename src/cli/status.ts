import type { ApiClient } from './api/api-client.ts';
import { fieldAt, type JsonObject, listAt, numberAt, textAt } from './api/json-fields.ts';
import { productText } from './api/product-text.ts';
import { type Command, EXIT_FAILURE, EXIT_OK } from './command.ts';
import { apiCommand } from './grammar/api-command.ts';
import { verb } from './grammar/verb.ts';
import { type Finding, findingsOf, QUEUES_SHOWN, readSnapshot, type Snapshot } from './status-snapshot.ts';
import type { Output } from './terminal/output.ts';
import {
  amountOf,
  bytesText,
  numberText,
  percentText,
  rateText,
  spanText,
} from './terminal/quantity-texts.ts';
import { cutAtEnd, visible, wrap } from './terminal/text-width.ts';
import { type Cell, type Column, textTable } from './text-table.ts';

const LABEL_WIDTH = 11;

export const statusCommand: Command = apiCommand({
  name: 'status',
  summary: 'Say on one screen whether the broker is healthy',
  about: `
One screen: version, listeners, alarms, memory and disk with their limits, what
is connected, messages and rates, the longest queues, and what to look into.
Exit code 1 when an alarm is on, so that publishers have to wait.`,
  verbs: [
    verb({
      name: '',
      summary: 'Say on one screen whether the broker is healthy',
      flags: {},
      vhosts: 'none',
      async run({ api, output, json }) {
        const snapshot = await readSnapshot(api);
        const findings = findingsOf(snapshot);
        if (json) output.json({ ...snapshot, findings });
        else output.lines(statusLines(output, api, snapshot, findings));
        return findings.some(({ isAlarm }) => isAlarm) ? EXIT_FAILURE : EXIT_OK;
      },
    }),
  ],
  examples: [['leveret status', 'is it healthy?']],
});

function statusLines(
  output: Output,
  api: ApiClient,
  snapshot: Snapshot,
  findings: readonly Finding[],
): string[] {
  const lines = [
    output.style(titleText(api, snapshot), 'bold'),
    '',
    ...factsOf(output, snapshot, findings).flatMap((fact) => factLines(fact, output.width)),
  ];
  const hasMessages = (numberAt(snapshot.queues[0], 'messages') ?? 0) > 0;
  if (hasMessages) lines.push('', ...queueTable(output, snapshot));
  if (findings.length > 0) lines.push('', ...findings.flatMap((finding) => findingLines(output, finding)));
  return lines;
}

function titleText(api: ApiClient, { overview, nodes }: Snapshot): string {
  const product = productText(overview);
  const uptimeMs = numberAt(nodes[0], 'uptime');
  const up = uptimeMs === undefined ? '' : `, up ${spanText(uptimeMs / 1000)}`;
  return `${product} at ${visible(api.shownUrl)}${up}`;
}

/** Each text begins a line of its own. */
type Fact = readonly [label: string, ...texts: string[]];

function factsOf(output: Output, snapshot: Snapshot, findings: readonly Finding[]): Fact[] {
  const { overview, nodes } = snapshot;
  const totals = fieldAt(overview, 'object_totals');
  const count = (name: string): number => numberAt(totals, name) ?? 0;
  const clients = [
    amountOf(count('connections'), 'connection'),
    amountOf(count('channels'), 'channel'),
    amountOf(count('consumers'), 'consumer'),
  ];
  return [
    ['Health', healthText(output, findings)],
    ['Listeners', ...listenerTexts(overview)],
    ...nodes.flatMap((node) => nodeFacts(node as JsonObject)),
    ['Clients', clients.join(', ')],
    ['Topology', `${amountOf(count('queues'), 'queue')}, ${amountOf(count('exchanges'), 'exchange')}`],
    ['Messages', messagesText(overview)],
    ['Rates', ratesText(overview)],
  ];
}

/** Over several lines where the terminal is narrow. */
function factLines([label, ...texts]: Fact, width: number | undefined): string[] {
  const lines = width === undefined ? texts : texts.flatMap((text) => wrap(text, width - LABEL_WIDTH));
  return lines.map((line, index) => `${(index === 0 ? label : '').padEnd(LABEL_WIDTH)}${line}`);
}

function healthText(output: Output, findings: readonly Finding[]): string {
  if (findings.some(({ isAlarm }) => isAlarm)) return output.style('ALARM: publishers have to wait', 'red');
  if (findings.length === 0) return output.style('good', 'green');
  return output.style(`good, but ${amountOf(findings.length, 'thing')} to look into (below)`, 'yellow');
}

/** A text for each protocol, with all its addresses. */
function listenerTexts(overview: unknown): string[] {
  const addressesOf = new Map<string, Set<string>>();
  for (const listener of listAt(overview, 'listeners')) {
    const protocol = textAt(listener, 'protocol') ?? '';
    if (protocol === 'clustering') continue;
    const address = textAt(listener, 'ip_address') ?? '';
    const host = address.includes(':') ? `[${address}]` : address;
    const addresses = addressesOf.get(protocol) ?? new Set();
    addressesOf.set(protocol, addresses.add(`${host}:${numberAt(listener, 'port')}`));
  }
  if (addressesOf.size === 0) return ['none'];
  const width = Math.max(...[...addressesOf.keys()].map((protocol) => protocol.length));
  return [...addressesOf].map(([protocol, addresses]) =>
    visible(`${protocol.padEnd(width)}  ${[...addresses].join(', ')}`),
  );
}

function nodeFacts(node: JsonObject): Fact[] {
  const used = numberAt(node, 'mem_used');
  const limit = numberAt(node, 'mem_limit');
  const free = numberAt(node, 'disk_free');
  const freeLimit = numberAt(node, 'disk_free_limit');
  const stored = numberAt(node, 'stored_bytes');
  const dataDir = textAt(node, 'db_dir');
  const share = used === undefined || !limit ? '' : ` (${percentText(used / limit)} of the limit)`;
  const facts: Fact[] = [];
  if (used !== undefined) {
    const wait = limit === undefined ? '' : `; above ${bytesText(limit)} publishers wait`;
    facts.push(['Memory', `${bytesText(used)}${share}${wait}`]);
  }
  if (free !== undefined) {
    facts.push(['Disk', `${bytesText(free)} free; below ${bytesText(freeLimit)} publishers wait`]);
  }
  if (dataDir === '') facts.push(['Storage', 'in memory: messages are gone when the broker stops']);
  else if (dataDir !== undefined) {
    facts.push(['Storage', `${stored === undefined ? '' : `${bytesText(stored)} `}in ${visible(dataDir)}`]);
  }
  return facts;
}

function messagesText(overview: unknown): string {
  const ready = numberText(numberAt(overview, 'queue_totals.messages_ready') ?? 0);
  const unacked = numberText(numberAt(overview, 'queue_totals.messages_unacknowledged') ?? 0);
  return `${ready} ready, ${unacked} unacked`;
}

function ratesText(overview: unknown): string {
  const rate = (event: string): string =>
    rateText(numberAt(overview, `message_stats.${event}_details.rate`) ?? 0);
  return `${rate('publish')} in, ${rate('deliver_get')} out, ${rate('ack')} acked`;
}

const QUEUE_COLUMNS: readonly Column[] = [
  { title: 'longest queues', align: 'left' },
  { title: 'ready', align: 'right' },
  { title: 'unacked', align: 'right' },
  { title: 'in', align: 'right', dropRank: 2 },
  { title: 'out', align: 'right', dropRank: 2 },
  { title: 'consumers', align: 'right', dropRank: 1 },
  { title: 'oldest waits', align: 'right', dropRank: 3 },
];

function queueTable(output: Output, { queues, oldestSeconds }: Snapshot): string[] {
  const rate = (queue: unknown, event: string): string =>
    rateText(numberAt(queue, `message_stats.${event}_details.rate`) ?? 0);
  const shown = queues.slice(0, QUEUES_SHOWN).filter((queue) => (numberAt(queue, 'messages') ?? 0) > 0);
  const rows = shown.map((queue, index): Cell[] => [
    queueName(queue),
    numberText(numberAt(queue, 'messages_ready')),
    numberText(numberAt(queue, 'messages_unacknowledged')),
    rate(queue, 'publish'),
    rate(queue, 'deliver_get'),
    numberText(numberAt(queue, 'consumers')),
    spanText(oldestSeconds[index]),
  ]);
  return textTable(QUEUE_COLUMNS, rows, { width: output.width, hasColors: output.hasColors });
}

/** With its vhost, unless that is the default one. */
function queueName(queue: unknown): string {
  const vhost = textAt(queue, 'vhost') ?? '/';
  const name = visible(textAt(queue, 'name') ?? '');
  return vhost === '/' ? name : `${name} (${visible(vhost)})`;
}

function findingLines(output: Output, { isAlarm, text }: Finding): string[] {
  const line = visible(text);
  const lines = output.width === undefined ? [line] : wrap(line, output.width - 2);
  return lines.map((each, index) =>
    output.style(`${index === 0 ? '! ' : '  '}${cutTo(output.width, each)}`, isAlarm ? 'red' : 'yellow'),
  );
}

/** A name that is longer than a line is cut. */
function cutTo(width: number | undefined, line: string): string {
  return width === undefined ? line : cutAtEnd(line, width - 2);
}
