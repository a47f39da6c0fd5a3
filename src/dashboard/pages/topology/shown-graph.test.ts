import { describe, expect, it } from 'vitest';
import type { Graph, TopologyEdge, TopologyNode } from './graph.ts';
import { edgeId, exchangeId, queueId } from './graph.ts';
import { chooseNodes, NOTHING_MARKED, type ShownOptions, shownGraph, structureKey } from './shown-graph.ts';

const ALL: ShownOptions = { withBuiltIn: false, filter: '', nodesMax: 100 };

function exchange(name: string, isUnused = false): TopologyNode {
  const id = exchangeId(name);
  return { kind: 'exchange', id, name, type: 'topic', isBuiltIn: isUnused, isUnused, inRate: 0, outRate: 0 };
}

function queue(name: string, inRate = 0): TopologyNode {
  const id = queueId(name);
  return { kind: 'queue', id, name, type: 'classic', state: 'idle', messageCount: 0, inRate, outRate: 0 };
}

function consumer(of: string, tag: string): TopologyNode {
  return {
    kind: 'consumer',
    id: `c-${of}`,
    queue: of,
    connection: undefined,
    connectionCount: 1,
    tags: [tag],
    rate: 0,
  };
}

function graphOf(nodes: readonly TopologyNode[], ends: readonly (readonly [string, string])[]): Graph {
  const edges = ends.map(([source, target]): TopologyEdge => {
    return { id: edgeId('binding', source, target), kind: 'binding', source, target, keys: [], rate: 0 };
  });
  return {
    nodes: new Map(nodes.map((node) => [node.id, node])),
    edges: new Map(edges.map((edge) => [edge.id, edge])),
  };
}

const shop = graphOf(
  [
    exchange('amq.topic', true),
    exchange('shop'),
    queue('orders', 5),
    queue('mail', 9),
    consumer('orders', 'worker'),
  ],
  [
    [exchangeId('shop'), queueId('orders')],
    [exchangeId('shop'), queueId('mail')],
    [queueId('orders'), 'c-orders'],
  ],
);

describe('which nodes are shown', () => {
  it('are those in use', () => {
    expect(chooseNodes(shop, ALL).nodes).not.toContain(exchangeId('amq.topic'));
    expect(chooseNodes(shop, { ...ALL, withBuiltIn: true }).nodes).toContain(exchangeId('amq.topic'));
  });

  it('are those that match, what they are joined with, and consumers', () => {
    expect([...chooseNodes(shop, { ...ALL, filter: 'ORD' }).nodes]).toEqual([
      exchangeId('shop'),
      queueId('orders'),
      'c-orders',
    ]);
    expect([...chooseNodes(shop, { ...ALL, filter: 'shop' }).nodes]).toContain('c-orders');
  });

  it('are found by the tag of a consumer', () => {
    expect([...chooseNodes(shop, { ...ALL, filter: 'worker' }).nodes]).toEqual([
      queueId('orders'),
      'c-orders',
    ]);
  });

  it('are the busiest queues, with their exchanges, where there are too many', () => {
    const { nodes, total } = chooseNodes(shop, { ...ALL, nodesMax: 3 });
    expect([...nodes]).toEqual([exchangeId('shop'), queueId('mail')]);
    expect(total).toBe(4);
  });

  it('are also those on the way of a message', () => {
    const choice = chooseNodes(shop, { ...ALL, filter: 'mail' });
    const marked = { nodes: new Set([queueId('orders')]), edges: new Set<string>() };
    const { nodes } = shownGraph(shop, choice, false, marked);
    expect(nodes.map(({ id }) => id)).toContain(queueId('orders'));
  });
});

it('shows of the default exchange only what nothing else is bound to, and the way of a message', () => {
  const byDefault = [exchangeId(''), queueId('bound')] as const;
  const graph = graphOf(
    [exchange(''), exchange('x'), queue('bound'), queue('lone')],
    [byDefault, [exchangeId(''), queueId('lone')], [exchangeId('x'), queueId('bound')]],
  );
  const choice = chooseNodes(graph, ALL);
  const shown = shownGraph(graph, choice, false, NOTHING_MARKED).edges.map(({ id }) => id);
  expect(shown).not.toContain(edgeId('binding', ...byDefault));
  expect(shown).toHaveLength(2);
  const marked = { nodes: new Set<string>(), edges: new Set([edgeId('binding', ...byDefault)]) };
  expect(shownGraph(graph, choice, false, marked).edges).toHaveLength(3);
  expect(shownGraph(graph, choice, true, NOTHING_MARKED).edges).toHaveLength(3);
});

it('has the same structure whatever the rates are', () => {
  const busy = graphOf([queue('q', 1)], []);
  expect(structureKey(busy)).toBe(structureKey(graphOf([queue('q', 2)], [])));
  expect(structureKey(busy)).not.toBe(structureKey(graphOf([queue('other', 1)], [])));
});
