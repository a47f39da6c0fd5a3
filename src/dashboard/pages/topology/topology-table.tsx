import { type ReactNode, useMemo } from 'react';
import type { Formats } from '../../format/formats.ts';
import { type Texts, useFormats, useTexts } from '../../language/language.tsx';
import { Card } from '../../parts/card.tsx';
import { type Column, DataTable } from '../../parts/data-table.tsx';
import type { TopologyEdge, TopologyNode } from './graph.ts';
import { NodeLink } from './node-link.tsx';
import type { ShownGraph } from './shown-graph.ts';
import styles from './topology-table.module.css';

/** The graph for who cannot see it, and where there is no room for it. */
export function TopologyTable({
  vhost,
  shown,
}: {
  readonly vhost: string;
  readonly shown: ShownGraph;
}): ReactNode {
  const { topology } = useTexts();
  const formats = useFormats();
  const columns = useMemo(() => columnsOf(vhost, topology, formats), [vhost, topology, formats]);
  const rows = useMemo(() => rowsOf(shown), [shown]);
  return (
    <Card flush>
      <DataTable
        label={topology.graphLabel(vhost)}
        columns={columns}
        rows={rows}
        rowKey={({ edge, from }) => edge?.id ?? from.id}
      />
      <p className={styles['note']}>{topology.estimated}</p>
    </Card>
  );
}

interface Row {
  readonly from: TopologyNode;
  /** Absent for what is joined with nothing. */
  readonly edge?: TopologyEdge;
  readonly to?: TopologyNode;
}

function rowsOf({ nodes, edges }: ShownGraph): readonly Row[] {
  const byId = new Map(nodes.map((node) => [node.id, node]));
  const joined = new Set(edges.flatMap(({ source, target }) => [source, target]));
  const rows: Row[] = [];
  for (const edge of edges) {
    const [from, to] = [byId.get(edge.source), byId.get(edge.target)];
    if (from !== undefined && to !== undefined) rows.push({ from, edge, to });
  }
  return [...rows, ...nodes.filter(({ id }) => !joined.has(id)).map((from) => ({ from }))];
}

function columnsOf(vhost: string, topology: Texts['topology'], formats: Formats): readonly Column<Row>[] {
  const { columns, edgeKinds, alone } = topology;
  const kind = ({ edge }: Row): string => (edge === undefined ? alone : edgeKinds[edge.kind]);
  return [
    {
      id: 'from',
      header: columns.from,
      cell: ({ from }) => <NodeLink node={from} vhost={vhost} />,
      value: ({ from }) => nameOf(from),
    },
    {
      id: 'kind',
      header: columns.kind,
      cell: (row) => <span className={styles['kind']}>{kind(row)}</span>,
      value: kind,
      minor: true,
    },
    {
      id: 'key',
      header: columns.key,
      cell: ({ edge }) => <Keys keys={edge?.keys ?? []} />,
      value: ({ edge }) => edge?.keys.join(', '),
    },
    {
      id: 'to',
      header: columns.to,
      cell: ({ to }) => to !== undefined && <NodeLink node={to} vhost={vhost} />,
      value: ({ to }) => to && nameOf(to),
    },
    {
      id: 'rate',
      header: columns.rate,
      cell: ({ edge }) => formats.rate(edge?.rate),
      value: ({ edge }) => edge?.rate,
      align: 'end',
    },
  ];
}

function Keys({ keys }: { readonly keys: readonly string[] }): ReactNode {
  return (
    <span className={styles['keys']}>
      {keys.map((key) => (
        <code key={key}>{key}</code>
      ))}
    </span>
  );
}

function nameOf(node: TopologyNode): string {
  return node.kind === 'consumer' ? (node.connection ?? '') : node.name;
}
