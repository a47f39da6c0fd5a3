import { expect, it } from 'vitest';
import type { TopologyEdge, TopologyNode } from './graph.ts';
import { layoutGraph, NODE_HEIGHT, NODE_WIDTH } from './layout.ts';

function node(id: string): TopologyNode {
  return { kind: 'missing', id, name: id };
}

function edge(source: string, target: string, kind: TopologyEdge['kind'] = 'binding'): TopologyEdge {
  return { id: `${kind}${source}${target}`, kind, source, target, keys: ['key'], rate: undefined };
}

function layoutOf(ids: string, edges: readonly TopologyEdge[]): (id: string) => { x: number; y: number } {
  const positions = layoutGraph({ nodes: [...ids].map(node), edges, total: ids.length });
  return (id) => positions.get(id) ?? { x: Number.NaN, y: Number.NaN };
}

it('flows from left to right', () => {
  const at = layoutOf('xqc', [edge('x', 'q'), edge('q', 'c', 'delivery')]);
  expect(at('q').x).toBeGreaterThan(at('x').x + NODE_WIDTH);
  expect(at('c').x).toBeGreaterThan(at('q').x + NODE_WIDTH);
});

it('cuts a cycle where dead letters go back', () => {
  const at = layoutOf('xq', [edge('x', 'q'), edge('q', 'x', 'dead-letter')]);
  expect(at('q').x).toBeGreaterThan(at('x').x);
});

it('lets nothing overlap, and puts what is joined with nothing below', () => {
  const at = layoutOf('xabl', [edge('x', 'a'), edge('x', 'b')]);
  expect(Math.abs(at('a').y - at('b').y)).toBeGreaterThan(NODE_HEIGHT);
  expect(at('l').y).toBeGreaterThan(Math.max(at('a').y, at('b').y) + NODE_HEIGHT);
});

it('has a place for each end of two edges between the same nodes', () => {
  const at = layoutOf('ab', [edge('a', 'b'), edge('a', 'b', 'alternate')]);
  expect(at('b').x).toBeGreaterThan(at('a').x);
});

it('is empty where nothing is', () => {
  expect(layoutGraph({ nodes: [], edges: [], total: 0 }).size).toBe(0);
});
