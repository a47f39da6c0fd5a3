import { expect, it } from 'vitest';
import { firstView } from './first-view.ts';
import { queueId, type TopologyNode } from './graph.ts';

const WINDOW = { width: 1000, height: 800 };

function queues(count: number): readonly TopologyNode[] {
  return Array.from({ length: count }, (_, at) => ({
    kind: 'queue',
    id: queueId(`q${at}`),
    name: `q${at}`,
    type: 'classic',
    state: 'flowing',
    messageCount: 0,
    inRate: at === 30 ? 5 : 1,
    outRate: 0,
  }));
}

function view(count: number, path?: readonly string[]): readonly string[] | undefined {
  const nodes = queues(count);
  const positions = new Map(nodes.map(({ id }, at) => [id, { x: 0, y: at * 80 }]));
  const marked = path && { nodes: new Set(path), edges: new Set<string>() };
  return firstView({ nodes, edges: [], total: count }, positions, marked, WINDOW);
}

it('is all of a graph that can be read then', () => {
  expect(view(10)).toBeUndefined();
});

it('is what stands around the busiest queue of a larger one', () => {
  expect(view(60)?.[0]).toBe(queueId('q30'));
  expect(view(60)).toContain(queueId('q29'));
  expect(view(60)).not.toContain(queueId('q1'));
});

it('is the way of a message that is asked for', () => {
  expect(view(60, ['e-shop', 'q-q1'])).toEqual(['e-shop', 'q-q1']);
});
