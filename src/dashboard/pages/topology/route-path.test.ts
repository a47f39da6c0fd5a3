import { expect, it } from 'vitest';
import type { RouteExplanation } from '../../data/topology.ts';
import { edgeId, exchangeId, queueId } from './graph.ts';
import { routePath } from './route-path.ts';

const EXPLANATION: RouteExplanation = {
  exchange: 'shop',
  permission: { allowed: true, why: '' },
  result: 'routed to 1 queue',
  exchanges: [
    {
      exchange: 'shop',
      type: 'topic',
      reached_by: 'publish',
      from: null,
      bindings_total: 3,
      bindings_matched: 2,
      bindings: [
        {
          destination: 'a',
          destination_type: 'queue',
          routing_key: '',
          arguments: {},
          matched: true,
          why: '',
        },
        {
          destination: 'b',
          destination_type: 'exchange',
          routing_key: '',
          arguments: {},
          matched: 'by chance',
          why: '',
        },
        {
          destination: 'c',
          destination_type: 'queue',
          routing_key: '',
          arguments: {},
          matched: false,
          why: '',
        },
      ],
      alternate_exchange: { name: 'other', used: false, why: '' },
    },
  ],
  queues: [{ queue: 'a', by_chance: false, takes: true, notes: [] }],
};

it('leads over the bindings that match, or may by chance', () => {
  const { nodes, edges } = routePath(EXPLANATION);
  expect([...nodes]).toEqual([exchangeId('shop'), queueId('a')]);
  expect([...edges]).toEqual([
    edgeId('binding', exchangeId('shop'), queueId('a')),
    edgeId('binding', exchangeId('shop'), exchangeId('b')),
  ]);
});

it('leads over an alternate exchange that is used', () => {
  const [first] = EXPLANATION.exchanges;
  const used = { ...first!, bindings: [], alternate_exchange: { name: 'other', used: true, why: '' } };
  expect([...routePath({ ...EXPLANATION, exchanges: [used] }).edges]).toEqual([
    edgeId('alternate', exchangeId('shop'), exchangeId('other')),
  ]);
});
