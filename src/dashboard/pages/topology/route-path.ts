import type { ExplainedBinding, ExplainedExchange, RouteExplanation } from '../../data/topology.ts';
import { edgeId, exchangeId, queueId } from './graph.ts';
import type { Marked } from './shown-graph.ts';

/** What a message would come by, from the exchange it is published to up to the queues. */
export function routePath({ exchanges, queues }: RouteExplanation): Marked {
  const nodes = [
    ...exchanges.map(({ exchange }) => exchangeId(exchange)),
    ...queues.map(({ queue }) => queueId(queue)),
  ];
  return { nodes: new Set(nodes), edges: new Set(exchanges.flatMap(edgesFrom)) };
}

function edgesFrom({ exchange, bindings, alternate_exchange: alternate }: ExplainedExchange): string[] {
  const source = exchangeId(exchange);
  const edges = bindings
    .filter(({ matched }) => matched !== false)
    .map((binding) => edgeId('binding', source, targetOf(binding)));
  if (alternate?.used === true) edges.push(edgeId('alternate', source, exchangeId(alternate.name)));
  return edges;
}

function targetOf({ destination, destination_type }: ExplainedBinding): string {
  return destination_type === 'exchange' ? exchangeId(destination) : queueId(destination);
}
