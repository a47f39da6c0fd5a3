import { beforeEach, expect, test } from 'vitest';
import { ApiUnderTest } from '../../../test/management/api-under-test.ts';
import type { DirectChannel } from '../../client/direct-channel.ts';

let api: ApiUnderTest;
let channel: DirectChannel;

beforeEach(async () => {
  api = await ApiUnderTest.start();
  channel = await (await api.running.connect()).createChannel();
  await channel.queueDeclare('q');
});

/** Publishes a message for `seconds` from now. */
async function later(text: string, seconds: number, exchange = ''): Promise<void> {
  const headers = { 'x-deliver-at': api.running.clock.now.getTime() + seconds * 1000, tenant: 'acme' };
  const properties = { messageId: text, deliveryMode: 2, headers };
  await channel.publish({ exchange, routingKey: 'q', body: text, properties });
  await api.running.settled();
}

async function ids(): Promise<string[]> {
  const { items } = (await api.get('/v1/scheduled/%2F')).json;
  return items.map(({ id }: { id: string }) => id);
}

test('what waits is listed by time, page by page, without its payload', async () => {
  for (const [text, seconds] of [
    ['last', 30],
    ['first', 10],
    ['middle', 20],
  ] as const) {
    await later(text, seconds);
  }
  const first = (await api.get('/v1/scheduled/%2F?page_size=2')).json;
  expect(first).toMatchObject({ page: 1, page_size: 2, page_count: 2, total_count: 3 });
  expect(first.items[0]).toEqual({
    id: expect.stringMatching(/^\d+-1$/),
    due_at: '2026-01-01T00:00:10.000Z',
    exchange: '',
    routing_key: 'q',
    payload_bytes: 5,
    persistent: true,
    properties: { message_id: 'first' },
    headers: { 'x-deliver-at': Date.UTC(2026, 0, 1, 0, 0, 10), tenant: 'acme' },
  });
  const second = (await api.get('/v1/scheduled/%2F?page_size=2&page=2')).json;
  expect(second.items).toMatchObject([{ properties: { message_id: 'last' } }]);
  expect((await api.get('/v1/scheduled/%2F?page=3')).json.items).toEqual([]);
});

test('a message that is cancelled is not published', async () => {
  await later('a', 10);
  await later('b', 20);
  const [first] = await ids();
  expect((await api.ask('DELETE', `/v1/scheduled/%2F/${first}`)).status).toBe(204);
  expect((await api.ask('DELETE', `/v1/scheduled/%2F/${first}`)).status).toBe(404);
  await api.running.clock.advance('1m');
  expect((await channel.get('q'))?.properties.messageId).toBe('b');
  expect(await channel.get('q')).toBeUndefined();
});

test('who may publish to an exchange may cancel, and nobody else', async () => {
  api.addUser('reader', ['management'], ['^$', '^$', '.*']);
  api.addUser('writer', ['management'], ['^$', '^amq\\.default$', '^$']);
  api.addUser('stranger', ['management'], ['^$', '^$', '^$']);
  await later('a', 10);
  const [id] = await ids();
  const seen = async (user: string) => (await api.get('/v1/scheduled/%2F', user)).json.items.length;
  expect(await seen('reader:reader')).toBe(1);
  expect(await seen('writer:writer')).toBe(1);
  expect(await seen('stranger:stranger')).toBe(0);
  expect((await api.ask('DELETE', `/v1/scheduled/%2F/${id}`, undefined, 'reader:reader')).status).toBe(403);
  expect((await api.ask('DELETE', `/v1/scheduled/%2F/${id}`, undefined, 'writer:writer')).status).toBe(204);
});

test.each(['page=0', 'page=x', 'page_size=501', 'sort=due'])('the query %s is refused', async (query) => {
  expect((await api.get(`/v1/scheduled/%2F?${query}`)).status).toBe(400);
});

test('a vhost that is not there, or that the user may not see, is refused', async () => {
  api.addUser('ann', ['management']);
  expect((await api.get('/v1/scheduled/missing')).status).toBe(404);
  expect((await api.get('/v1/scheduled/%2F', 'ann:ann')).status).toBe(403);
});
