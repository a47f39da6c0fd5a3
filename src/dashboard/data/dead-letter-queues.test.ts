import { describe, expect, test } from 'vitest';
import { EXCHANGES_MAX, findDeadLetterQueues } from './dead-letter-queues.ts';

interface Queue {
  readonly name: string;
  readonly vhost?: string;
  readonly arguments?: object;
  readonly effective_policy_definition?: object | null;
  readonly messages_ready?: number;
}

/** A broker with these queues, and exchanges that are bound to what is listed; an exchange begins with `x`. */
function broker(queues: readonly Queue[], bindings: Readonly<Record<string, readonly string[]>>) {
  const asked: string[] = [];
  const get = async <T>(path: string): Promise<T> => {
    asked.push(path);
    if (path.startsWith('/api/queues')) return queues.map((queue) => ({ vhost: '/', ...queue })) as T;
    const exchange = decodeURIComponent(path.split('/')[4] ?? '');
    const bound = bindings[exchange];
    if (bound === undefined) throw new Error(`there is no exchange ${exchange}`);
    return bound.map((destination) => ({
      destination,
      destination_type: destination.startsWith('x') ? 'exchange' : 'queue',
    })) as T;
  };
  return { asked, get };
}

const dead = (exchange: string, key?: string): object => ({
  'x-dead-letter-exchange': exchange,
  ...(key === undefined ? {} : { 'x-dead-letter-routing-key': key }),
});

describe('queues of dead letters', () => {
  test('are those to which dead-letter exchanges of arguments and policies lead', async () => {
    const { get } = broker(
      [
        { name: 'a', arguments: dead('x1') },
        { name: 'b', effective_policy_definition: { 'dead-letter-exchange': 'x1' } },
        { name: 'c', arguments: {}, effective_policy_definition: null },
        { name: 'parked', messages_ready: 7 },
      ],
      { x1: ['parked'] },
    );
    expect(await findDeadLetterQueues(get, undefined)).toEqual({
      queues: [{ vhost: '/', name: 'parked', ready: 7, sources: ['a', 'b'], exchanges: ['x1'] }],
      isPartial: false,
    });
  });

  test('are found through the default exchange by the routing key, with an argument before a policy', async () => {
    const policy = { 'dead-letter-exchange': 'x1', 'dead-letter-routing-key': 'other' };
    const { get } = broker(
      [
        { name: 'a', arguments: dead('', 'parked'), effective_policy_definition: policy },
        { name: 'b', arguments: dead('') },
        { name: 'parked' },
        { name: 'other' },
      ],
      {},
    );
    const { queues } = await findDeadLetterQueues(get, '/');
    expect(queues.map(({ name, sources }) => [name, sources])).toEqual([['parked', ['a']]]);
  });

  test('are found through bindings of exchanges to exchanges, which may form a circle', async () => {
    const { get } = broker([{ name: 'a', arguments: dead('x1') }, { name: 'parked' }], {
      x1: ['x2'],
      x2: ['x1', 'parked'],
    });
    const { queues } = await findDeadLetterQueues(get, '/');
    expect(queues.map(({ name, exchanges }) => [name, exchanges])).toEqual([['parked', ['x1']]]);
  });

  test('are those of services, which need no dead-letter exchange', async () => {
    const names = ['orders.in', 'orders.dead', 'lost.dead', 'a.b.in', 'a.b.dead'];
    const { get } = broker(
      names.map((name) => ({ name })),
      {},
    );
    expect((await findDeadLetterQueues(get, '/')).queues).toEqual([
      { vhost: '/', name: 'orders.dead', ready: 0, sources: ['orders.in'], exchanges: [] },
    ]);
  });

  test('are none where the exchange does not exist', async () => {
    const { get } = broker([{ name: 'a', arguments: dead('x9') }], {});
    expect((await findDeadLetterQueues(get, '/')).queues).toEqual([]);
  });

  test('stand with the fullest first', async () => {
    const { get } = broker(
      [
        { name: 'a', arguments: dead('x1') },
        { name: 'few', messages_ready: 1 },
        { name: 'many', messages_ready: 9 },
      ],
      { x1: ['few', 'many'] },
    );
    expect((await findDeadLetterQueues(get, '/')).queues.map(({ name }) => name)).toEqual(['many', 'few']);
  });

  test('are not all when there are many exchanges: one request for each, and no more than the most', async () => {
    const queues = Array.from({ length: EXCHANGES_MAX + 1 }, (_, at) => ({
      name: `q${at}`,
      arguments: dead(`x${at}`),
    }));
    const { get, asked } = broker([...queues, ...queues], {});
    expect((await findDeadLetterQueues(get, '/')).isPartial).toBe(true);
    expect(asked).toHaveLength(1 + EXCHANGES_MAX);
  });
});
