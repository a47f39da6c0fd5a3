import { createContext, useContext } from 'react';
import type { TopologyEdge, TopologyNode } from './graph.ts';
import type { Marked } from './shown-graph.ts';

/** What changes all the time. The graph is drawn anew only when its structure changes; its parts look here for the rest. */
export interface GraphValues {
  readonly vhost: string;
  readonly nodes: ReadonlyMap<string, TopologyNode>;
  readonly edges: ReadonlyMap<string, TopologyEdge>;
  /** Of the busiest edge. */
  readonly rateMax: number;
  /** The way of a message; undefined: none is asked for. */
  readonly path: Marked | undefined;
}

export const GraphValuesContext = createContext<GraphValues | undefined>(undefined);

export function useGraphValues(): GraphValues {
  const values = useContext(GraphValuesContext);
  if (values === undefined) throw new Error('useGraphValues needs a GraphValuesContext above it');
  return values;
}
