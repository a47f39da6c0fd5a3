import { Handle, type NodeProps, Position, useReactFlow } from '@xyflow/react';
import { type FocusEvent, memo, type ReactNode } from 'react';
import { useFormats, useTexts } from '../../language/language.tsx';
import { Badge } from '../../parts/badge.tsx';
import { classNames } from '../../parts/class-names.ts';
import { Icon } from '../../parts/icon.tsx';
import type { TopologyNode } from './graph.ts';
import styles from './graph-node.module.css';
import { useGraphValues } from './graph-values.ts';
import { NODE_HEIGHT, NODE_WIDTH } from './layout.ts';
import { faceOf, type NodeFace } from './node-face.ts';

/** An exchange, a queue, or consumers. It is a link to what it stands for, so that Tab and Enter work as anywhere. */
export const GraphNode = memo(function GraphNode({ id }: NodeProps): ReactNode {
  const { topology } = useTexts();
  const formats = useFormats();
  const { nodes, path, vhost } = useGraphValues();
  const node = nodes.get(id);
  const showWhole = useShowWhole();
  if (node === undefined) return null;
  const face = faceOf(node, vhost, topology, formats);
  const content = <Content node={node} face={face} />;
  const className = classNames(
    styles['node'],
    styles[node.kind],
    styles[face.tone],
    path?.nodes.has(id) === true && styles['marked'],
    path !== undefined && !path.nodes.has(id) && styles['dimmed'],
  );
  const title = `${face.name}\n${face.details}`;
  return (
    <>
      <Handle type="target" position={Position.Left} isConnectable={false} className={styles['handle']} />
      {face.href === undefined ? (
        <span className={className} title={title}>
          {content}
        </span>
      ) : (
        <a className={className} title={title} href={face.href} draggable={false} onFocus={showWhole(id)}>
          {content}
        </a>
      )}
      <Handle type="source" position={Position.Right} isConnectable={false} className={styles['handle']} />
    </>
  );
});

function Content({ node, face }: { readonly node: TopologyNode; readonly face: NodeFace }): ReactNode {
  const { topology } = useTexts();
  return (
    <>
      <span className={styles['icon']}>
        <Icon name={face.icon} size={17} />
      </span>
      <span className={styles['text']}>
        <span className={styles['name']}>
          <span className="visually-hidden">{topology.kinds[node.kind]} </span>
          {face.name}
        </span>
        <span className={styles['facts']}>{face.facts}</span>
      </span>
      {face.mark !== undefined && (
        <span className={styles['mark']}>
          <Badge tone={face.tone === 'bad' ? 'bad' : 'warn'}>{face.mark}</Badge>
        </span>
      )}
    </>
  );
}

/** Who comes by the keyboard sees what is focused, wherever it stands. */
function useShowWhole(): (id: string) => (event: FocusEvent) => void {
  const { getNode, getZoom, setCenter } = useReactFlow();
  return (id) => (event) => {
    const node = getNode(id);
    if (node === undefined || !event.currentTarget.matches(':focus-visible')) return;
    const { x, y } = node.position;
    void setCenter(x + NODE_WIDTH / 2, y + NODE_HEIGHT / 2, { zoom: Math.max(getZoom(), ZOOM_READABLE) });
  };
}

const ZOOM_READABLE = 0.7;
