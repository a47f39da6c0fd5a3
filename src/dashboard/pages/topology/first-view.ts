/** What is brought into view at first: all, while one can read it then. */
import type { TopologyNode } from './graph.ts';
import type { Position } from './layout.ts';
import type { Marked, ShownGraph } from './shown-graph.ts';

/** Of the window's size: a larger graph would be too small to read. */
const READABLE = 2.5;
/** As many nodes as fill the view. */
const NEAREST = 8;

export interface Size {
  readonly width: number;
  readonly height: number;
}

/** The ids to fit into the view; undefined: all of them. Of a very large graph, what is around its busiest queue. */
export function firstView(
  { nodes }: ShownGraph,
  positions: ReadonlyMap<string, Position>,
  path: Marked | undefined,
  window: Size,
): readonly string[] | undefined {
  if (path !== undefined) return [...path.nodes];
  const xs = [...positions.values()].map(({ x }) => x);
  const ys = [...positions.values()].map(({ y }) => y);
  const isReadable = spanOf(xs) <= READABLE * window.width && spanOf(ys) <= READABLE * window.height;
  const centre = positions.get(busiestOf(nodes)?.id ?? '');
  if (isReadable || centre === undefined) return undefined;
  const distance = ({ x, y }: Position): number => Math.hypot(x - centre.x, y - centre.y);
  return [...positions]
    .sort(([, a], [, b]) => distance(a) - distance(b))
    .slice(0, NEAREST)
    .map(([id]) => id);
}

function spanOf(values: readonly number[]): number {
  return values.length === 0 ? 0 : Math.max(...values) - Math.min(...values);
}

function busiestOf(nodes: readonly TopologyNode[]): TopologyNode | undefined {
  let busiest: TopologyNode | undefined;
  let most = -1;
  for (const node of nodes) {
    const traffic = node.kind === 'queue' ? (node.inRate ?? 0) + (node.outRate ?? 0) : -1;
    if (traffic > most) [busiest, most] = [node, traffic];
  }
  return busiest;
}
