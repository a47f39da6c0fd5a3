import {
  applyNodeChanges,
  Background,
  Controls,
  type Edge,
  Position as HandlePosition,
  type Node,
  type NodeChange,
  type NodeHandle,
  Panel,
  ReactFlow,
  ReactFlowProvider,
  useReactFlow,
  useStore,
} from '@xyflow/react';
import '@xyflow/react/dist/base.css';
import { type ReactNode, useCallback, useEffect, useMemo, useRef, useState } from 'react';
import { useTexts } from '../../language/language.tsx';
import { Button } from '../../parts/button.tsx';
import { firstView } from './first-view.ts';
import { GraphEdge } from './graph-edge.tsx';
import { GraphNode } from './graph-node.tsx';
import { type GraphValues, GraphValuesContext } from './graph-values.ts';
import { layoutGraph, NODE_HEIGHT, NODE_WIDTH, type Position } from './layout.ts';
import type { Marked, ShownGraph } from './shown-graph.ts';
import styles from './topology-graph.module.css';

interface TopologyGraphProps {
  readonly vhost: string;
  readonly shown: ShownGraph;
  /** The way of a message that was asked for. */
  readonly path: Marked | undefined;
  /** When it changes, all of the graph is brought into view. */
  readonly viewKey: string;
}

const NODE_TYPES = { topology: GraphNode };
const EDGE_TYPES = { topology: GraphEdge };
/** Of larger graphs only what can be seen exists. */
const DRAWN_MAX = 150;
const ZOOM_MIN = 0.05;
const ZOOM_MAX = 2;
/** Further away they cannot be read, and only cover the edges. */
const ZOOM_OF_LABELS = 0.45;
/** Beside the controls, and below the button. */
const PADDING = { top: '56px', right: '28px', bottom: '28px', left: '68px' } as const;
const FIT = { padding: PADDING, minZoom: 0.2, maxZoom: 1 };

export function TopologyGraph(props: TopologyGraphProps): ReactNode {
  const { shown, vhost, path } = props;
  const values = useMemo<GraphValues>(
    () => ({
      vhost,
      path,
      nodes: new Map(shown.nodes.map((node) => [node.id, node])),
      edges: new Map(shown.edges.map((edge) => [edge.id, edge])),
      rateMax: shown.edges.reduce((most, { rate = 0 }) => Math.max(most, rate), 0),
    }),
    [shown, vhost, path],
  );
  return (
    <ReactFlowProvider>
      <GraphValuesContext value={values}>
        <Canvas {...props} />
      </GraphValuesContext>
    </ReactFlowProvider>
  );
}

function Canvas({ vhost, shown, path, viewKey }: TopologyGraphProps): ReactNode {
  const { topology } = useTexts();
  const { positions, nodes, edges, onNodesChange, arrange } = useArrangement(shown);
  const { fitView } = useReactFlow();
  const isFar = useStore(({ transform: [, , zoom] }) => zoom < ZOOM_OF_LABELS);
  // biome-ignore lint/correctness/useExhaustiveDependencies: only who looks at something else wants another view
  useEffect(() => {
    const ids = firstView(shown, positions, path, {
      width: window.innerWidth,
      height: window.innerHeight,
    });
    void fitView({ ...FIT, ...(ids === undefined ? {} : { nodes: ids.map((id) => ({ id })) }) });
  }, [viewKey, path, fitView]);
  return (
    <div className={styles['canvas']} data-far={isFar || undefined}>
      <ReactFlow
        nodes={nodes}
        edges={edges}
        onNodesChange={onNodesChange}
        nodeTypes={NODE_TYPES}
        edgeTypes={EDGE_TYPES}
        aria-label={topology.graphLabel(vhost)}
        ariaLabelConfig={{
          'controls.ariaLabel': topology.controls.label,
          'controls.zoomIn.ariaLabel': topology.controls.zoomIn,
          'controls.zoomOut.ariaLabel': topology.controls.zoomOut,
          'controls.fitView.ariaLabel': topology.controls.fit,
        }}
        minZoom={ZOOM_MIN}
        maxZoom={ZOOM_MAX}
        nodesConnectable={false}
        nodesFocusable={false}
        edgesFocusable={false}
        elementsSelectable={false}
        deleteKeyCode={null}
        selectionKeyCode={null}
        disableKeyboardA11y
        onlyRenderVisibleElements={nodes.length > DRAWN_MAX}
      >
        <Background gap={24} size={1.5} />
        <Controls showInteractive={false} fitViewOptions={{ ...FIT, minZoom: ZOOM_MIN }} />
        <Panel position="top-right">
          <Button
            small
            icon="refresh"
            onClick={() => {
              arrange();
              void fitView(FIT);
            }}
          >
            {topology.arrange}
          </Button>
        </Panel>
      </ReactFlow>
    </div>
  );
}

interface Arrangement {
  readonly positions: ReadonlyMap<string, Position>;
  readonly nodes: Node[];
  readonly edges: Edge[];
  readonly onNodesChange: (changes: NodeChange[]) => void;
  /** Forgets where things were moved to. */
  readonly arrange: () => void;
}

/** Laid out when nodes or edges come or go, and not for new values. What somebody has moved stays where it is. */
function useArrangement(shown: ShownGraph): Arrangement {
  const moved = useRef(new Map<string, Position>());
  const structure = [...shown.nodes, ...shown.edges].map(({ id }) => id).join('\n');
  // biome-ignore lint/correctness/useExhaustiveDependencies: the structure stands for what is shown
  const positions = useMemo(() => layoutGraph(shown), [structure]);
  const [nodes, setNodes] = useState<Node[]>(() => flowNodes(positions, moved.current));
  useEffect(() => setNodes(flowNodes(positions, moved.current)), [positions]);
  // biome-ignore lint/correctness/useExhaustiveDependencies: as above
  const edges = useMemo(() => flowEdges(shown), [structure]);
  const onNodesChange = useCallback((changes: NodeChange[]) => {
    for (const change of changes)
      if (change.type === 'position' && change.position !== undefined)
        moved.current.set(change.id, change.position);
    setNodes((before) => applyNodeChanges(changes, before));
  }, []);
  const arrange = (): void => {
    moved.current.clear();
    setNodes(flowNodes(positions, moved.current));
  };
  return { positions, nodes, edges, onNodesChange, arrange };
}

/** Where edges end, known before a node is drawn. */
const HANDLES: NodeHandle[] = [
  { type: 'target', position: HandlePosition.Left, x: 0, y: NODE_HEIGHT / 2, width: 1, height: 1 },
  { type: 'source', position: HandlePosition.Right, x: NODE_WIDTH, y: NODE_HEIGHT / 2, width: 1, height: 1 },
];

/** In the order in which one reads them, which is that of the Tab key. */
function flowNodes(positions: ReadonlyMap<string, Position>, moved: ReadonlyMap<string, Position>): Node[] {
  return [...positions]
    .map(([id, laidOut]) => ({
      id,
      type: 'topology',
      position: moved.get(id) ?? laidOut,
      data: {},
      width: NODE_WIDTH,
      height: NODE_HEIGHT,
      // those that are not drawn yet are never measured
      measured: { width: NODE_WIDTH, height: NODE_HEIGHT },
      handles: HANDLES,
    }))
    .sort((a, b) => a.position.x - b.position.x || a.position.y - b.position.y);
}

function flowEdges({ nodes, edges }: ShownGraph): Edge[] {
  const names = new Map(nodes.map((node) => [node.id, node.kind === 'consumer' ? node.queue : node.name]));
  return edges.map(({ id, source, target, keys }) => ({
    id,
    source,
    target,
    type: 'topology',
    ariaLabel: `${names.get(source)} → ${names.get(target)} ${keys.join(', ')}`,
  }));
}
