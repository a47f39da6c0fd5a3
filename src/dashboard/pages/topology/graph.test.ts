import { expect, it } from 'vitest';
import type {
  TopologyAnswers,
  TopologyBinding,
  TopologyConsumer,
  TopologyExchange,
  TopologyQueue,
} from '../../data/topology.ts';
import { buildGraph, CONNECTIONS_SHOWN_MAX, edgeId, exchangeId, queueId } from './graph.ts';

const NOTHING: TopologyAnswers = { exchanges: [], queues: [], bindings: [], consumers: [], policies: [] };

function exchange(
  name: string,
  fields: Partial<TopologyExchange> & { readonly rate?: number } = {},
): TopologyExchange {
  const { rate, ...rest } = fields;
  const stats = rate === undefined ? {} : { message_stats: { publish_in: 1, publish_in_details: { rate } } };
  return { name, type: 'topic', arguments: {}, ...stats, ...rest };
}

function queue(
  name: string,
  fields: Partial<TopologyQueue> & { readonly rate?: number } = {},
): TopologyQueue {
  const { rate, ...rest } = fields;
  const stats =
    rate === undefined ? {} : { message_stats: { publish_details: { rate }, deliver_get_details: { rate } } };
  return { name, type: 'classic', state: 'running', arguments: {}, ...stats, ...rest };
}

function binding(
  source: string,
  destination: string,
  fields: Partial<TopologyBinding> = {},
): TopologyBinding {
  return { source, destination, destination_type: 'queue', routing_key: 'key', arguments: {}, ...fields };
}

function consumer(queueName: string, connection: string | undefined, tag: string): TopologyConsumer {
  return {
    consumer_tag: tag,
    queue: { name: queueName },
    channel_details: connection === undefined ? null : { connection_name: connection },
  };
}

it('joins bindings with the same ends to one edge, with their keys', () => {
  const { edges } = buildGraph({
    ...NOTHING,
    exchanges: [exchange('x')],
    queues: [queue('q')],
    bindings: [binding('x', 'q', { routing_key: 'a' }), binding('x', 'q', { routing_key: 'b' })],
  });
  expect([...edges.values()].map(({ keys }) => keys)).toEqual([['a', 'b']]);
});

it('says what a header must be where a binding has arguments', () => {
  const { edges } = buildGraph({
    ...NOTHING,
    exchanges: [exchange('x', { type: 'headers' })],
    queues: [queue('q')],
    bindings: [binding('x', 'q', { routing_key: '', arguments: { 'x-match': 'any', pages: 2 } })],
  });
  expect([...edges.values()][0]?.keys).toEqual(['x-match=any, pages=2']);
});

it('shares what comes in at a queue among the exchanges bound to it, by their traffic', () => {
  const { edges } = buildGraph({
    ...NOTHING,
    exchanges: [exchange('much', { rate: 30 }), exchange('little', { rate: 10 }), exchange('')],
    queues: [queue('q', { rate: 20 })],
    bindings: [binding('much', 'q'), binding('little', 'q'), binding('', 'q')],
  });
  const rateFrom = (name: string): number | undefined =>
    edges.get(edgeId('binding', exchangeId(name), queueId('q')))?.rate;
  expect(['much', 'little', ''].map(rateFrom)).toEqual([15, 5, 0]);
});

it('shares alike when no exchange has traffic', () => {
  const { edges } = buildGraph({
    ...NOTHING,
    exchanges: [exchange('a'), exchange('b'), exchange('')],
    queues: [queue('q', { rate: 20 })],
    bindings: [binding('a', 'q'), binding('b', 'q'), binding('', 'q')],
  });
  expect([...edges.values()].map(({ rate }) => rate)).toEqual([10, 10, 0]);
});

it('links a queue with its dead-letter exchange, by argument or by policy', () => {
  const { edges } = buildGraph({
    ...NOTHING,
    exchanges: [exchange('dead')],
    queues: [
      queue('a', { arguments: { 'x-dead-letter-exchange': 'dead' } }),
      queue('b', { effective_policy_definition: { 'dead-letter-exchange': 'dead' } }),
      queue('c'),
    ],
  });
  expect([...edges.values()].map(({ kind, source }) => [kind, source])).toEqual([
    ['dead-letter', queueId('a')],
    ['dead-letter', queueId('b')],
  ]);
});

it('links a queue with the queue that its dead letters go to through the default exchange', () => {
  const { edges } = buildGraph({
    ...NOTHING,
    exchanges: [exchange('')],
    queues: [
      queue('work', { arguments: { 'x-dead-letter-exchange': '', 'x-dead-letter-routing-key': 'dead' } }),
      queue('dead'),
    ],
  });
  expect([...edges.values()].map(({ target }) => target)).toEqual([queueId('dead')]);
});

it('shows an exchange that is named and missing', () => {
  const { nodes, edges } = buildGraph({
    ...NOTHING,
    exchanges: [exchange('x', { arguments: { 'alternate-exchange': 'gone' } })],
  });
  const missing = [...nodes.values()].find(({ kind }) => kind === 'missing');
  expect(missing).toMatchObject({ name: 'gone' });
  expect([...edges.values()]).toMatchObject([{ kind: 'alternate', target: missing?.id }]);
});

it('finds the alternate exchange that a policy names', () => {
  const { edges } = buildGraph({
    ...NOTHING,
    exchanges: [exchange('x', { policy: 'p' }), exchange('other')],
    policies: [{ name: 'p', definition: { 'alternate-exchange': 'other' } }],
  });
  expect([...edges.values()]).toMatchObject([{ kind: 'alternate', target: exchangeId('other') }]);
});

it('groups the consumers of a queue by connection, and gives each its share', () => {
  const { nodes } = buildGraph({
    ...NOTHING,
    queues: [queue('q', { rate: 30 })],
    consumers: [consumer('q', 'one', 'a'), consumer('q', 'one', 'b'), consumer('q', undefined, 'c')],
  });
  expect([...nodes.values()].filter(({ kind }) => kind === 'consumer')).toMatchObject([
    { connection: 'one', tags: ['a', 'b'], rate: 20 },
    { connection: undefined, tags: ['c'], rate: 10 },
  ]);
});

it('shows consumers of many connections as one', () => {
  const many = Array.from({ length: CONNECTIONS_SHOWN_MAX + 1 }, (_, at) =>
    consumer('q', `c${at}`, `t${at}`),
  );
  const { nodes } = buildGraph({ ...NOTHING, queues: [queue('q')], consumers: many });
  expect([...nodes.values()].filter(({ kind }) => kind === 'consumer')).toMatchObject([
    { connection: undefined, connectionCount: many.length },
  ]);
});

it('keeps the id of a consumer that comes back with another connection', () => {
  const idWith = (connection: string): string[] => [
    ...buildGraph({
      ...NOTHING,
      queues: [queue('q')],
      consumers: [consumer('q', connection, 't')],
    }).nodes.keys(),
  ];
  expect(idWith('before')).toEqual(idWith('after'));
});

it('knows a queue that holds messages without a consumer from one that is idle', () => {
  const { nodes } = buildGraph({
    ...NOTHING,
    queues: [
      queue('a', { messages_ready: 3, consumers: 0 }),
      queue('b', { consumers: 0 }),
      queue('c', { rate: 1 }),
    ],
  });
  expect([...nodes.values()]).toMatchObject([{ state: 'stuck' }, { state: 'idle' }, { state: 'flowing' }]);
});

it('knows built-in exchanges that nobody uses', () => {
  const { nodes } = buildGraph({
    ...NOTHING,
    exchanges: [exchange(''), exchange('amq.topic'), exchange('amq.fanout'), exchange('own')],
    queues: [queue('q')],
    bindings: [binding('amq.topic', 'q'), binding('', 'q')],
  });
  const unused = [...nodes.values()].filter((node) => node.kind === 'exchange' && node.isUnused);
  expect(unused).toMatchObject([{ name: '' }, { name: 'amq.fanout' }]);
});

it('makes ids of any name that may stand in a selector', () => {
  expect(queueId('a "quoted" <b>&')).toMatch(/^[\w%.-]+$/);
});
