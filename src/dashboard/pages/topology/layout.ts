/** Where the nodes stand: messages flow from left to right. */
import { Graph, layout } from '@dagrejs/dagre';
import type { ShownGraph } from './shown-graph.ts';

export interface Position {
  readonly x: number;
  readonly y: number;
}

export const NODE_WIDTH = 224;
export const NODE_HEIGHT = 60;
const NODE_GAP = 22;
const RANK_GAP = 76;
/** Of an edge's label: it is cut off beyond. */
export const LABEL_WIDTH_MAX = 150;
const LABEL_HEIGHT = 18;
const LETTER_WIDTH = 7;
/** The best ranks take 1.4 s for 400 nodes, good ones a third of it. */
const COMPACT_MAX = 120;
const LONE_COLUMNS = 4;
const LONE_GAP = 40;

/** By node id: the upper left corner. What is joined with nothing stands below all the others. */
export function layoutGraph({ nodes, edges }: ShownGraph): ReadonlyMap<string, Position> {
  const joined = new Set(edges.flatMap(({ source, target }) => [source, target]));
  const positions = flowPositions(
    nodes.map(({ id }) => id).filter((id) => joined.has(id)),
    edges,
  );
  const bottom = Math.max(0, ...[...positions.values()].map(({ y }) => y + NODE_HEIGHT + LONE_GAP));
  const alone = nodes.filter(({ id }) => !joined.has(id));
  for (const [at, { id }] of alone.entries()) {
    positions.set(id, {
      x: (at % LONE_COLUMNS) * (NODE_WIDTH + NODE_GAP),
      y: bottom + Math.floor(at / LONE_COLUMNS) * (NODE_HEIGHT + NODE_GAP),
    });
  }
  return positions;
}

function flowPositions(ids: readonly string[], edges: ShownGraph['edges']): Map<string, Position> {
  const graph = new Graph({ multigraph: true });
  const ranker = ids.length > COMPACT_MAX ? 'tight-tree' : 'network-simplex';
  graph.setGraph({ rankdir: 'LR', nodesep: NODE_GAP, ranksep: RANK_GAP, acyclicer: 'greedy', ranker });
  for (const id of ids) graph.setNode(id, { width: NODE_WIDTH, height: NODE_HEIGHT });
  for (const { id, kind, source, target, keys } of edges) {
    // a cycle is cut where dead letters or unroutable messages go back
    const weight = kind === 'binding' || kind === 'delivery' ? 2 : 1;
    graph.setEdge(source, target, { weight, ...labelSize(keys) }, id);
  }
  if (ids.length > 0) layout(graph);
  return new Map(
    ids.map((id) => {
      const { x = 0, y = 0 } = graph.node(id) as Partial<Position>;
      return [id, { x: x - NODE_WIDTH / 2, y: y - NODE_HEIGHT / 2 }];
    }),
  );
}

function labelSize(keys: readonly string[]): { width: number; height: number; labelpos: 'c' } {
  const letters = keys.join(', ').length;
  return {
    width: Math.min(letters * LETTER_WIDTH, LABEL_WIDTH_MAX),
    height: letters === 0 ? 0 : LABEL_HEIGHT,
    labelpos: 'c',
  };
}
