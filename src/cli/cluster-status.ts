import type { ApiClient } from './api/api-client.ts';
import { ApiFailure } from './api/api-failure.ts';
import { fieldAt, isTrueAt, type JsonObject, listAt, numberAt, textAt } from './api/json-fields.ts';
import type { Output } from './terminal/output.ts';
import { bytesText, numberText, spanText } from './terminal/quantity-texts.ts';
import { visible, wrap } from './terminal/text-width.ts';
import { type Cell, type Column, textTable } from './text-table.ts';

/** What the node that was asked says of itself, and, where the owner answers, of all. */
export interface ClusterView extends JsonObject {
  readonly nodes?: readonly unknown[];
  readonly streams?: readonly unknown[];
  /** Why the nodes and streams are not known. */
  readonly unknown?: string;
}

/** The owner does not answer, or there is none. */
const NOT_NOW: ReadonlySet<string> = new Set(['UNAVAILABLE', 'BROKER_FAILED', 'TIMED_OUT']);

/** The node answers for itself; for all, the owner does, wherever it is. */
export async function readCluster(api: ApiClient): Promise<ClusterView> {
  const state = (await api.get('/v1/cluster')) as JsonObject;
  try {
    const all = await api.get('/v1/cluster/nodes');
    return { ...state, nodes: listAt(all, 'nodes'), streams: listAt(all, 'streams') };
  } catch (error) {
    if (!(error instanceof ApiFailure && NOT_NOW.has(error.code))) throw error;
    return { ...state, unknown: error.message };
  }
}

/** Whether clients that come to the node that was asked are served. It may not know yet that the owner has gone. */
export function isServed(view: ClusterView): boolean {
  return isTrueAt(view, 'serves_clients') && view.unknown === undefined;
}

export function clusterLines(output: Output, view: ClusterView): string[] {
  const { width, hasColors } = output;
  const lines = [output.style(visible(titleOf(view)), 'bold'), visible(askedText(view))];
  if (!isServed(view)) lines.push(output.style('Clients of this node are not served at the moment.', 'red'));
  if (view.unknown !== undefined) lines.push(...remark(`The rest is not known: ${view.unknown}`, width));
  const table = (columns: readonly Column[], rows: readonly (readonly Cell[])[]): void => {
    if (rows.length > 0) lines.push('', ...textTable(columns, rows, { width, hasColors }));
  };
  table(NODE_COLUMNS, (view.nodes ?? []).map(nodeRow));
  table(STREAM_COLUMNS, (view.streams ?? []).map(streamRow));
  return lines;
}

function titleOf(view: ClusterView): string {
  const cluster = textAt(view, 'cluster') ?? '';
  if (textAt(view, 'role') === 'single') return `No cluster: node ${textAt(view, 'node')} works alone`;
  const owner = textAt(view, 'owner');
  if (owner === undefined) return `Cluster ${cluster}: nobody owns the log`;
  const leaseMs = numberAt(view, 'lease_ms') ?? 0;
  const epoch = numberText(numberAt(view, 'epoch'));
  return `Cluster ${cluster}: node ${owner} owns the log, epoch ${epoch}, lease ${spanText(leaseMs / 1000)}`;
}

function askedText(view: ClusterView): string {
  const node = textAt(view, 'node') ?? '';
  switch (textAt(view, 'role')) {
    case 'owner':
      return `Asked was node ${node}, the owner.`;
    case 'standby':
      return `Asked was node ${node}, which stands by.`;
    case 'starting':
      return `Asked was node ${node}, which is starting.`;
    default:
      return 'It keeps its messages itself: see leveret status.';
  }
}

function remark(text: string, width: number | undefined): string[] {
  return width === undefined ? [visible(text)] : wrap(visible(text), width);
}

const NODE_COLUMNS: readonly Column[] = [
  { title: 'node', align: 'left' },
  { title: 'role', align: 'left', isWhole: true },
  { title: 'clients', align: 'left', dropRank: 1 },
  { title: 'version', align: 'left', dropRank: 3 },
  { title: 'HTTP', align: 'left', dropRank: 2 },
  { title: 'AMQP', align: 'left' },
];

function nodeRow(node: unknown): Cell[] {
  const role = textAt(node, 'role') ?? '';
  const isOwner = role === 'owner' || role === 'single';
  return [
    visible(textAt(node, 'name') ?? ''),
    isOwner ? { text: role, style: 'green' } : visible(role),
    isOwner ? 'served' : textAt(node, 'standby_mode') === 'refuse' ? 'refused' : 'passed on',
    visible(textAt(node, 'version') ?? ''),
    visible(textAt(node, 'http_address') ?? ''),
    visible(textAt(node, 'amqp_address') ?? ''),
  ];
}

const STREAM_COLUMNS: readonly Column[] = [
  { title: 'stream', align: 'left' },
  { title: 'entries', align: 'right', dropRank: 1 },
  { title: 'size', align: 'right' },
  { title: 'leader', align: 'left' },
  { title: 'replicas', align: 'left' },
];

function streamRow(stream: unknown): Cell[] {
  const leader = textAt(stream, 'leader') ?? '';
  const replicas = listAt(stream, 'replicas');
  const text = visible(replicas.map(replicaText).join(', '));
  const isInStep = replicas.every((replica) => isTrueAt(replica, 'is_current'));
  return [
    visible(textAt(stream, 'name') ?? ''),
    numberText(numberAt(stream, 'entries')),
    bytesText(numberAt(stream, 'bytes')),
    leader === '' ? { text: 'none', style: 'red' } : visible(leader),
    isInStep ? text : { text, style: 'yellow' },
  ];
}

function replicaText(replica: unknown): string {
  const server = textAt(replica, 'server') ?? '';
  if (isTrueAt(replica, 'is_offline')) return `${server} (offline)`;
  const isCurrent = fieldAt(replica, 'is_current') !== false;
  return isCurrent ? server : `${server} (${numberText(numberAt(replica, 'lag') ?? 0)} behind)`;
}
