import { beforeEach, describe, expect, test } from 'vitest';
import { ApiUnderTest } from '../../../test/management/api-under-test.ts';
import type { DirectChannel } from '../../client/direct-channel.ts';

let api: ApiUnderTest;
let channel: DirectChannel;

beforeEach(async () => {
  api = await ApiUnderTest.start();
  channel = await (await api.running.connect()).createChannel();
  await channel.queueDeclare('dead');
  const args = { 'x-dead-letter-exchange': '', 'x-dead-letter-routing-key': 'dead' };
  for (const name of ['orders', 'mails']) await channel.queueDeclare(name, { arguments: args });
  await channel.queueBind('orders', 'amq.topic', { routingKey: 'order.#' });
});

async function groups(query = '', user?: string) {
  return (await api.get(`/v1/queues/%2F/dead/dead-letters${query}`, user)).json;
}

/** Publishes a message that its consumer rejects. */
async function reject(routingKey: string, headers: Record<string, string> = {}): Promise<void> {
  const queue = routingKey.startsWith('order.') ? 'orders' : routingKey;
  const exchange = routingKey === queue ? '' : 'amq.topic';
  await channel.publish({ exchange, routingKey, body: routingKey, properties: { headers } });
  const message = await channel.get(queue);
  if (message !== undefined) channel.reject(message, { requeue: false });
  await api.running.settled();
}

describe('dead letters', () => {
  test('are grouped by how they died and by their error, the largest group first', async () => {
    await reject('mails', { 'x-error': 'no route' });
    await api.running.clock.advance('1m');
    for (const key of ['order.new', 'order.paid', 'order.new']) {
      await reject(key, { 'x-exception-message': 'Timeout\n  at line 7' });
      await api.running.clock.advance('1s');
    }
    expect(await groups()).toEqual({
      groups: [
        {
          reason: 'rejected',
          queue: 'orders',
          exchange: 'amq.topic',
          error: 'Timeout',
          routing_keys: ['order.new', 'order.paid'],
          count: 3,
          oldest_at: '2026-01-01T00:01:00.000Z',
          newest_at: '2026-01-01T00:01:02.000Z',
          sample_position: '0-1',
        },
        {
          reason: 'rejected',
          queue: 'mails',
          exchange: '',
          error: 'no route',
          routing_keys: ['mails'],
          count: 1,
          oldest_at: '2026-01-01T00:00:00.000Z',
          newest_at: '2026-01-01T00:00:00.000Z',
          sample_position: '0-0',
        },
      ],
      other: 0,
      looked_at: 4,
      next: null,
    });
  });

  test('that did not die are a group, too, and what died in the queue itself counts by where it was before', async () => {
    await channel.publish({ routingKey: 'dead', body: 'x' });
    const first = {
      'x-first-death-queue': 'old',
      'x-first-death-reason': 'expired',
      'x-first-death-exchange': 'e',
    };
    await channel.publish({ routingKey: 'dead', body: 'x', properties: { headers: first } });
    const nothing = { reason: null, queue: null, exchange: null, error: null, routing_keys: [] };
    expect((await groups()).groups).toMatchObject([
      { ...nothing, count: 1 },
      { ...nothing, reason: 'expired', queue: 'old', exchange: 'e' },
    ]);
  });

  test('are looked at in pieces', async () => {
    for (let count = 0; count < 5; count++) await reject('mails');
    const first = await groups('?max=3');
    expect(first).toMatchObject({ looked_at: 3, next: '0-3', groups: [{ count: 3 }] });
    expect(await groups(`?from=${first.next}`)).toMatchObject({ looked_at: 2, next: null });
  });

  test('make no more groups than there may be, however many errors there are', async () => {
    for (let index = 0; index < 210; index++) {
      const headers = { 'x-error': `order ${index}` };
      await channel.publish({ routingKey: 'dead', body: 'x', properties: { headers } });
    }
    const found = await groups();
    expect([found.groups.length, found.other, found.looked_at]).toEqual([200, 10, 210]);
  });

  test('are told to whoever may read the queue', async () => {
    api.addUser('writer', [], ['', '.*', '']);
    const path = '/v1/queues/%2F/dead/dead-letters';
    expect((await api.get(path, 'writer:writer')).status).toBe(403);
    for (const query of ['?max=0', '?max=100001', '?from=x', '?colour=red'])
      expect((await api.get(`${path}${query}`)).status).toBe(400);
    expect((await api.get('/v1/queues/%2F/nothing/dead-letters')).status).toBe(404);
  });

  test('show their history as a list that reads like a timeline', async () => {
    await reject('order.new');
    const { messages } = (await api.get('/v1/queues/%2F/dead/messages')).json;
    expect(messages[0].headers['x-death']).toEqual([
      {
        count: 1,
        reason: 'rejected',
        queue: 'orders',
        time: Date.UTC(2026, 0, 1) / 1000,
        exchange: 'amq.topic',
        'routing-keys': ['order.new'],
      },
    ]);
  });
});

describe('dropping messages', () => {
  function drop(body: unknown, user?: string) {
    return api.ask('DELETE', '/v1/queues/%2F/dead/messages', body, user);
  }

  test('removes just those, wherever they are, and says which were not there', async () => {
    for (const body of ['a', 'b', 'c', 'd']) await channel.publish({ routingKey: 'dead', body });
    expect((await drop({ positions: ['0-1', '0-3', '0-1', '0-9', '7-0'] })).json).toEqual({
      dropped: 2,
      gone: 3,
      left: 2,
    });
    const { messages } = (await api.get('/v1/queues/%2F/dead/messages')).json;
    expect(messages.map(({ payload }: { payload: string }) => payload)).toEqual(['a', 'c']);
    expect(new TextDecoder().decode((await channel.get('dead'))?.body)).toBe('a');
    expect(new TextDecoder().decode((await channel.get('dead'))?.body)).toBe('c');
  });

  test('is noted in the audit log, and records outcomes as a purge does', async () => {
    const headers = { 'x-outcome-ttl': 60_000 };
    await channel.publish({ routingKey: 'dead', body: 'a', properties: { messageId: 'm', headers } });
    await drop({ positions: ['0-0'] });
    const { outcomes } = (await api.get('/v1/outcomes/%2F/m')).json;
    expect(outcomes).toMatchObject([{ queue: 'dead', status: 'dropped', reason: 'purged' }]);
    const [entry] = (await api.get('/v1/audit')).json.entries;
    expect(entry).toMatchObject({
      operation: 'DELETE /v1/queues/:vhost/:queue/messages',
      object: 'vhost /, queue dead',
      result: 'done',
    });
  });

  test('needs positions, and the permission to read the queue', async () => {
    await channel.publish({ routingKey: 'dead', body: 'a' });
    api.addUser('writer', [], ['', '.*', '']);
    expect((await drop({ positions: ['0-0'] }, 'writer:writer')).status).toBe(403);
    for (const body of [
      undefined,
      {},
      [],
      { positions: [] },
      { positions: '0-0' },
      { positions: [1] },
      { all: true },
    ])
      expect((await drop(body)).status, JSON.stringify(body)).toBe(400);
    expect((await api.get('/v1/queues/%2F/dead/messages')).json.looked_at).toBe(1);
  });
});
