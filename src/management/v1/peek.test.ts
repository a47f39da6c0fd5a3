import { beforeEach, describe, expect, test } from 'vitest';
import { ApiUnderTest } from '../../../test/management/api-under-test.ts';
import type { DirectChannel } from '../../client/direct-channel.ts';
import type { Queue } from '../../core/queue/queue.ts';

let api: ApiUnderTest;
let channel: DirectChannel;

beforeEach(async () => {
  api = await ApiUnderTest.start();
  channel = await (await api.running.connect()).createChannel();
  await channel.queueDeclare('q');
});

async function put(...bodies: string[]): Promise<void> {
  for (const body of bodies) await channel.publish({ routingKey: 'q', body });
  await api.running.settled();
}

async function peek(query = '', queue = 'q') {
  const answer = await api.get(`/v1/queues/%2F/${queue}/messages${query}`);
  expect(answer.status).toBe(200);
  return answer.json;
}

function payloads({ messages }: { messages: readonly { payload: string }[] }): string[] {
  return messages.map(({ payload }) => payload);
}

function queue(name = 'q'): Queue {
  return api.broker.vhosts.get('/')?.queues.get(name) as Queue;
}

describe('looking into a queue', () => {
  test('answers with what is large in the pieces that it was made in', async () => {
    await put('a'.repeat(100_000), 'b'.repeat(100_000));
    const answer = await api.get('/v1/queues/%2F/q/messages?truncate=100000');
    expect(payloads(answer.json).map((payload) => payload[0])).toEqual(['a', 'b']);
    expect(answer.headers['content-length']).toBeUndefined();
  });

  test('shows its messages in order, from anywhere, and changes nothing', async () => {
    await put(...Array.from({ length: 25 }, (_, index) => `m${index}`));
    const first = await peek();
    expect(payloads(first)).toEqual(Array.from({ length: 10 }, (_, index) => `m${index}`));
    expect(first.messages[0]).toMatchObject({ position: '0-0', redelivered: false, routing_key: 'q' });
    const second = await peek(`?from=${first.next}&limit=100`);
    expect(payloads(second)[0]).toBe('m10');
    expect(second).toMatchObject({ looked_at: 15, next: null });
    expect(queue()).toMatchObject({ readyCount: 25, unackedCount: 0 });
    expect(queue().counters.get).toBe(0);
  });

  test('shows what came back first, and not what is unacked', async () => {
    await put('a', 'b', 'c', 'd');
    await channel.get('q');
    const b = await channel.get('q');
    await channel.get('q');
    if (b !== undefined) channel.nack(b, { requeue: true });
    await api.running.settled();
    const found = await peek();
    expect(payloads(found)).toEqual(['b', 'd']);
    expect(found.messages[0].redelivered).toBe(true);
  });

  test('shows higher priorities first', async () => {
    await channel.queueDeclare('urgent', { arguments: { 'x-max-priority': 2 } });
    for (const priority of [0, 2, 1]) {
      await channel.publish({ routingKey: 'urgent', body: `p${priority}`, properties: { priority } });
    }
    const found = await peek('?limit=2', 'urgent');
    expect(payloads(found)).toEqual(['p2', 'p1']);
    expect(payloads(await peek(`?from=${found.next}`, 'urgent'))).toEqual(['p0']);
  });

  test('searches payloads, keys and headers', async () => {
    await channel.queueBind('q', 'amq.topic', { routingKey: '#' });
    for (let index = 0; index < 40; index++) {
      await channel.publish({
        exchange: 'amq.topic',
        routingKey: `key.${index % 2}`,
        body: `order ${index}`,
        properties: { messageId: `id-${index}`, headers: { tenant: `t${index % 4}`, number: index } },
      });
    }
    expect(payloads(await peek('?search=order%2039'))).toEqual(['order 39']);
    expect((await peek('?routing_key=key.1&limit=100')).messages).toHaveLength(20);
    expect((await peek('?routing_key=key.1&header.tenant=t3&limit=100')).messages).toHaveLength(10);
    expect(payloads(await peek('?header.number=7'))).toEqual(['order 7']);
    expect(payloads(await peek('?message_id=id-5'))).toEqual(['order 5']);
    expect(payloads(await peek('?header.absent=7'))).toEqual([]);
    expect(await peek('?search=nothing')).toEqual({ messages: [], looked_at: 40, next: null });
  });

  test('searches payloads that are JSON by path', async () => {
    const text = JSON.stringify({
      customer: { id: 7, name: 'Ann "A" Ödön', tags: ['new'] },
      items: [{ sku: 'a' }],
    });
    await put(text, '{"customer":{"id":8},"items":[]}', 'no JSON of customer 7', '[{"id":7}]', '"7"', 'null');
    const found = async (query: string) => payloads(await peek(`?${query}`));
    expect(await found('json.customer.id=7')).toEqual([text]);
    expect(await found('json.items.0.sku=a')).toEqual([text]);
    expect(await found('json.0.id=7')).toEqual(['[{"id":7}]']);
    expect(await found(`json.customer.name=${encodeURIComponent('Ann "A" Ödön')}`)).toEqual([text]);
    expect(await found(`json.customer.tags=${encodeURIComponent('["new"]')}`)).toEqual([text]);
    expect(await found('json.customer.id=8&json.items=[]')).toHaveLength(1);
    expect(await found('json.customer.id=7&search=nothing')).toEqual([]);
    for (const absent of [
      'customer.id.0',
      'customer.toString',
      'items.length',
      'items.-1',
      'absent',
      '__proto__',
    ])
      expect(await found(`json.${absent}=1`), absent).toEqual([]);
  });

  test('finds a text in JSON however it is escaped, and a number however it is written', async () => {
    await put('{"a":"\\u0041nn"}', '{"a":7.0}');
    expect(payloads(await peek('?json.a=Ann'))).toEqual(['{"a":"\\u0041nn"}']);
    expect(payloads(await peek('?json.a=7'))).toEqual(['{"a":7.0}']);
  });

  test('parses no payload that is long, and stops when it has parsed much', async () => {
    const long = JSON.stringify({ id: 7, text: 'x'.repeat(256 * 1024) });
    const most = JSON.stringify({ id: 8, text: 'x'.repeat(255 * 1024) });
    await put(long, ...Array.from({ length: 300 }, () => most));
    expect((await peek('?json.id=7')).messages).toEqual([]);
    const { looked_at, next } = await peek('?json.id=9');
    expect(looked_at).toBeLessThan(300);
    expect(await peek(`?json.id=9&from=${next}`)).toMatchObject({ looked_at: 301 - looked_at, next: null });
  });

  test('cuts long payloads', async () => {
    await put('0123456789');
    expect((await peek('?truncate=4')).messages[0]).toMatchObject({
      payload: '0123',
      payload_bytes: 10,
      truncated: true,
    });
  });

  test('needs the permission to read, and a query that makes sense', async () => {
    api.addUser('writer', [], ['', '.*', '']);
    expect((await api.get('/v1/queues/%2F/q/messages', 'writer:writer')).status).toBe(403);
    expect((await api.get('/v1/queues/%2F/nothing/messages')).status).toBe(404);
    for (const query of [
      '?limit=0',
      '?from=x',
      '?truncate=-1',
      '?colour=red',
      '?header.x=1&header.x=2',
      '?json.=1',
      '?json.a..b=1',
    ]) {
      expect((await api.get(`/v1/queues/%2F/q/messages${query}`)).status).toBe(400);
    }
  });
});

describe('moving messages', () => {
  function move(body: object, user?: string) {
    return api.ask('POST', '/v1/queues/%2F/q/move', body, user);
  }

  test('puts all that are ready into another queue, as they are', async () => {
    await channel.queueDeclare('target');
    await put('a', 'b', 'c');
    expect((await move({ queue: 'target' })).json).toEqual({ moved: 3, left: 0, stopped_by: null });
    expect(payloads(await peek('', 'target'))).toEqual(['a', 'b', 'c']);
    expect((await peek('', 'target')).messages[0].routing_key).toBe('q');
    expect(queue().messageCount).toBe(0);
  });

  test('moves no more than asked for', async () => {
    await channel.queueDeclare('target');
    await put('a', 'b', 'c');
    expect((await move({ queue: 'target', max: 2 })).json).toMatchObject({ moved: 2, left: 1 });
  });

  test('replays what was dead-lettered, under the key that it had', async () => {
    await channel.queueDeclare('work', { arguments: { 'x-dead-letter-exchange': 'amq.fanout' } });
    await channel.queueBind('work', 'amq.topic', { routingKey: 'job.#' });
    await channel.queueBind('q', 'amq.fanout');
    await channel.publish({ exchange: 'amq.topic', routingKey: 'job.1', body: 'x' });
    const job = await channel.get('work');
    if (job !== undefined) channel.reject(job, { requeue: false });
    await api.running.settled();
    expect((await move({ exchange: 'amq.topic' })).json).toMatchObject({ moved: 1 });
    expect(queue('work').readyCount).toBe(1);
    expect((await peek('', 'work')).messages[0]).toMatchObject({
      exchange: 'amq.topic',
      routing_key: 'job.1',
    });
  });

  test('stops where a message leads nowhere or is refused, and keeps it', async () => {
    await channel.queueDeclare('short', {
      arguments: { 'x-max-length': 1, 'x-overflow': 'reject-publish' },
    });
    await put('a', 'b');
    expect((await move({ exchange: 'amq.direct' })).json).toMatchObject({
      moved: 0,
      stopped_by: 'unroutable',
    });
    expect((await move({ queue: 'short' })).json).toEqual({ moved: 1, left: 1, stopped_by: 'refused' });
    expect(payloads(await peek())).toEqual(['b']);
  });

  test('never leaves a message in two places: what one of several queues would refuse goes to none', async () => {
    await channel.queueDeclare('short', {
      arguments: {
        'x-max-length': 1,
        'x-overflow': 'reject-publish-dlx',
        'x-dead-letter-exchange': '',
        'x-dead-letter-routing-key': 'dead',
      },
    });
    await channel.queueDeclare('dead');
    await channel.queueDeclare('long');
    for (const name of ['short', 'long']) await channel.queueBind(name, 'amq.fanout');
    await put('a', 'b');
    const answer = { moved: 1, left: 1, stopped_by: 'refused' };
    expect((await move({ exchange: 'amq.fanout' })).json).toEqual(answer);
    expect((await move({ queue: 'short' })).json).toEqual({ ...answer, moved: 0 });
    expect([queue('short').readyCount, queue('long').readyCount, queue('dead').readyCount]).toEqual([
      1, 1, 0,
    ]);
  });

  test('ends although its messages come back', async () => {
    await channel.queueBind('q', 'amq.fanout');
    await put('a', 'b');
    expect((await move({ exchange: 'amq.fanout', max: 1000 })).json).toMatchObject({ moved: 2, left: 2 });
  });

  test('loses no message that an exchange or queue with deduplication has seen before', async () => {
    const once = { arguments: { 'x-message-deduplication': true, 'x-cache-ttl': 60_000 } };
    await channel.exchangeDeclare('once', 'fanout', once);
    await channel.queueDeclare('work', once);
    await channel.queueBind('work', 'once');
    const properties = { headers: { 'x-deduplication-header': 'key' } };
    await channel.publish({ exchange: 'once', routingKey: '', body: 'a', properties });
    await channel.publish({ routingKey: 'q', body: 'a', properties });
    await api.running.settled();
    expect((await move({ exchange: 'once' })).json).toMatchObject({ moved: 1 });
    expect(queue('work').readyCount).toBe(2);
  });

  test('needs the permissions to read and to write, and one place to go to', async () => {
    await put('a');
    await channel.queueDeclare('target');
    api.addUser('reader', [], ['', '', '.*']);
    expect((await move({ queue: 'target' }, 'reader:reader')).status).toBe(403);
    expect((await move({ exchange: 'amq.topic' }, 'reader:reader')).status).toBe(403);
    expect((await move({ queue: 'q' })).status).toBe(400);
    expect((await move({ queue: 'target', exchange: 'amq.topic' })).status).toBe(400);
    expect((await move({})).status).toBe(400);
    expect((await move({ queue: 'nothing' })).status).toBe(404);
    expect(queue().readyCount).toBe(1);
  });
});
