import { BaseEdge, EdgeLabelRenderer, type EdgeProps, getBezierPath } from '@xyflow/react';
import { memo, type ReactNode } from 'react';
import { useFormats, useTexts } from '../../language/language.tsx';
import { classNames } from '../../parts/class-names.ts';
import { edgeWidth } from './edge-width.ts';
import styles from './graph-edge.module.css';
import { useGraphValues } from './graph-values.ts';
import { LABEL_WIDTH_MAX } from './layout.ts';

export const GraphEdge = memo(function GraphEdge(ends: EdgeProps): ReactNode {
  const { topology } = useTexts();
  const formats = useFormats();
  const { edges, path, rateMax } = useGraphValues();
  const edge = edges.get(ends.id);
  if (edge === undefined) return null;
  const [shape, labelX, labelY] = getBezierPath(ends);
  const isMarked = path?.edges.has(edge.id) === true;
  const state = classNames(isMarked && styles['marked'], path !== undefined && !isMarked && styles['dimmed']);
  const text = edge.keys.join(', ');
  const title = [topology.edgeKinds[edge.kind], text, edge.rate === undefined ? '' : formats.rate(edge.rate)]
    .filter((part) => part !== '')
    .join(' · ');
  return (
    <>
      <title>{title}</title>
      <BaseEdge
        path={shape}
        interactionWidth={0}
        style={{ strokeWidth: edgeWidth(edge.rate, rateMax) }}
        className={classNames(
          styles['edge'],
          styles[edge.kind],
          (edge.rate ?? 0) > 0 && styles['busy'],
          state,
        )}
      />
      {edge.keys.length > 0 && (
        <EdgeLabelRenderer>
          <Label text={text} title={title} x={labelX} y={labelY} state={state} />
        </EdgeLabelRenderer>
      )}
    </>
  );
});

interface LabelProps {
  readonly text: string;
  readonly title: string;
  readonly x: number;
  readonly y: number;
  readonly state: string;
}

function Label({ text, title, x, y, state }: LabelProps): ReactNode {
  return (
    <span
      className={classNames(styles['label'], state)}
      style={{ transform: `translate(-50%, -50%) translate(${x}px, ${y}px)`, maxWidth: LABEL_WIDTH_MAX }}
      title={title}
    >
      {text}
    </span>
  );
}
