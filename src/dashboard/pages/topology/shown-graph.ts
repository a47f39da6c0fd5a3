/** Which part of the graph is shown: unused exchanges, what the filter leaves out, and all but the busiest of very many are not. */
import type { Graph, TopologyEdge, TopologyNode } from './graph.ts';
import { DEFAULT_EXCHANGE, exchangeId } from './graph.ts';

export interface ShownOptions {
  /** Shows exchanges that are built in and unused, and all that the default exchange is bound to. */
  readonly withBuiltIn: boolean;
  readonly filter: string;
  readonly nodesMax: number;
}

/** What is not to be left out, whatever the options are. */
export interface Marked {
  readonly nodes: ReadonlySet<string>;
  readonly edges: ReadonlySet<string>;
}

export const NOTHING_MARKED: Marked = { nodes: new Set(), edges: new Set() };

export interface Choice {
  readonly nodes: ReadonlySet<string>;
  /** What there would be to show without a limit. */
  readonly total: number;
}

export interface ShownGraph {
  readonly nodes: readonly TopologyNode[];
  readonly edges: readonly TopologyEdge[];
  readonly total: number;
}

/** The same for graphs of the same things, whatever their rates are. */
export function structureKey({ nodes, edges }: Graph): string {
  return [...nodes.keys(), ...edges.keys()].join('\n');
}

/** To be made anew only when the structure changes: what is the busiest changes all the time. */
export function chooseNodes(graph: Graph, { withBuiltIn, filter, nodesMax }: ShownOptions): Choice {
  const around = neighboursOf(graph, shownEdges(graph, withBuiltIn, NOTHING_MARKED));
  const candidates = [...graph.nodes.values()].filter(
    (node) => withBuiltIn || node.kind !== 'exchange' || !node.isUnused,
  );
  const matching = filter === '' ? candidates : filtered(candidates, filter, around);
  const nodes = matching.length <= nodesMax ? matching : busiest(matching, around, nodesMax);
  return { nodes: new Set(nodes.map(({ id }) => id)), total: matching.length };
}

export function shownGraph(graph: Graph, choice: Choice, withBuiltIn: boolean, marked: Marked): ShownGraph {
  const isShown = (id: string): boolean => choice.nodes.has(id) || marked.nodes.has(id);
  return {
    nodes: [...graph.nodes.values()].filter(({ id }) => isShown(id)),
    edges: shownEdges(graph, withBuiltIn, marked).filter(
      ({ source, target }) => isShown(source) && isShown(target),
    ),
    total: choice.total,
  };
}

/** The default exchange is bound to every queue: that is said only of those that nothing else is bound to. */
function shownEdges({ edges }: Graph, withBuiltIn: boolean, marked: Marked): readonly TopologyEdge[] {
  const all = [...edges.values()];
  if (withBuiltIn) return all;
  const byDefault = exchangeId(DEFAULT_EXCHANGE);
  const isByDefault = ({ kind, source }: TopologyEdge): boolean => kind === 'binding' && source === byDefault;
  const reached = new Set(all.filter((edge) => !isByDefault(edge)).map(({ target }) => target));
  return all.filter((edge) => !isByDefault(edge) || !reached.has(edge.target) || marked.edges.has(edge.id));
}

interface Neighbours {
  readonly before: readonly TopologyNode[];
  readonly after: readonly TopologyNode[];
}

type NeighboursOf = (node: TopologyNode) => Neighbours;

function neighboursOf({ nodes }: Graph, edges: readonly TopologyEdge[]): NeighboursOf {
  const before = new Map<string, TopologyNode[]>();
  const after = new Map<string, TopologyNode[]>();
  for (const { source, target } of edges) {
    append(after, source, nodes.get(target));
    append(before, target, nodes.get(source));
  }
  return ({ id }) => ({ before: before.get(id) ?? [], after: after.get(id) ?? [] });
}

function append(lists: Map<string, TopologyNode[]>, id: string, node: TopologyNode | undefined): void {
  if (node === undefined) return;
  const list = lists.get(id);
  if (list === undefined) lists.set(id, [node]);
  else list.push(node);
}

/** What matches, what it is joined with, and the consumers of the queues among that. */
function filtered(
  candidates: readonly TopologyNode[],
  filter: string,
  around: NeighboursOf,
): readonly TopologyNode[] {
  const wanted = filter.toLowerCase();
  const kept = new Set<TopologyNode>();
  for (const node of candidates) {
    if (!namesOf(node).some((name) => name.toLowerCase().includes(wanted))) continue;
    const { before, after } = around(node);
    for (const each of [node, ...before, ...after]) kept.add(each);
  }
  for (const node of [...kept])
    if (node.kind === 'queue')
      for (const next of around(node).after) if (next.kind === 'consumer') kept.add(next);
  return candidates.filter((node) => kept.has(node));
}

function namesOf(node: TopologyNode): readonly string[] {
  if (node.kind !== 'consumer') return [node.name];
  return node.connection === undefined ? node.tags : [node.connection, ...node.tags];
}

/** Queue by queue, each with the exchanges it gets its messages from and its consumers; what room is left is for the others. */
function busiest(
  candidates: readonly TopologyNode[],
  around: NeighboursOf,
  nodesMax: number,
): readonly TopologyNode[] {
  const allowed = new Set(candidates);
  const kept = new Set<TopologyNode>();
  for (const node of [...candidates].sort(byTraffic)) {
    if (node.kind === 'consumer') continue;
    const { before, after } = around(node);
    const consumers = after.filter(({ kind }) => kind === 'consumer');
    const added = [node, ...before, ...consumers].filter((each) => allowed.has(each) && !kept.has(each));
    if (kept.size + added.length <= nodesMax) for (const each of added) kept.add(each);
    if (kept.size >= nodesMax) break;
  }
  return candidates.filter((node) => kept.has(node));
}

/** Queues first, for they bring the exchanges along. */
function byTraffic(a: TopologyNode, b: TopologyNode): number {
  return (
    Number(b.kind === 'queue') - Number(a.kind === 'queue') ||
    trafficOf(b) - trafficOf(a) ||
    depthOf(b) - depthOf(a)
  );
}

function trafficOf(node: TopologyNode): number {
  if (node.kind !== 'queue' && node.kind !== 'exchange') return 0;
  return (node.inRate ?? 0) + (node.outRate ?? 0);
}

function depthOf(node: TopologyNode): number {
  return node.kind === 'queue' ? (node.messageCount ?? 0) : 0;
}
