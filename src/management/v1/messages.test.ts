import { describe, expect, test } from 'vitest';
import { ApiUnderTest } from '../../../test/management/api-under-test.ts';
import type { DirectChannel } from '../../client/direct-channel.ts';
import { decodeUtf8 } from '../../codec/bytes.ts';

let api: ApiUnderTest;
let channel: DirectChannel;

async function start(): Promise<void> {
  api = await ApiUnderTest.start();
  channel = await (await api.running.connect()).createChannel();
  await channel.queueDeclare('orders');
}

const ORDERS = '/v1/exchanges/%2F/amq.default/messages';

function publish(message: unknown, url = ORDERS, user?: string) {
  return api.ask('POST', url, message, user);
}

async function received(queue = 'orders') {
  const message = await channel.get(queue, { noAck: true });
  if (message === undefined) return undefined;
  return { ...message, text: decodeUtf8(message.body, 0, message.body.length) };
}

/** A request with a body that is no JSON of ours. */
async function send(url: string, payload: string | Buffer, headers: Record<string, string> = {}) {
  const authorization = `Basic ${Buffer.from('guest:guest').toString('base64')}`;
  const { statusCode, json } = await api.app.inject({
    method: 'POST',
    url,
    payload,
    headers: { authorization, 'content-type': 'application/x-www-form-urlencoded', ...headers },
  });
  return { status: statusCode, json: json() };
}

describe('publishing one message', () => {
  test('puts it where its routing key leads, and says where that is', async () => {
    await start();
    const answer = await publish({ routing_key: 'orders', payload: 'hello' });
    expect(answer.status).toBe(200);
    expect(answer.headers['content-type']).toMatch(/^application\/json/);
    expect(answer.json).toEqual({ routed: true, queues: ['orders'] });
    expect(await received()).toMatchObject({ text: 'hello', properties: { deliveryMode: 2 } });
  });

  test('names all queues that it went to', async () => {
    await start();
    await channel.queueDeclare('audit');
    for (const queue of ['orders', 'audit']) await channel.queueBind(queue, 'amq.fanout');
    const { json } = await publish({ payload: 'x' }, '/v1/exchanges/%2F/amq.fanout/messages');
    expect(json.queues.toSorted()).toEqual(['audit', 'orders']);
  });

  test('takes properties and typed headers', async () => {
    await start();
    const properties = {
      content_type: 'text/plain',
      priority: 3,
      correlation_id: 'c',
      reply_to: 'r',
      message_id: 'm',
      timestamp: 1_700_000_000,
      type: 't',
      user_id: 'guest',
      app_id: 'a',
    };
    const headers = { text: 'x', whole: 5, half: 0.5, yes: true, list: ['a'], deep: { k: 'v' } };
    const message = { routing_key: 'orders', payload: 'AAE=', encoding: 'base64', properties, headers };
    const answer = await publish({ ...message, persistent: false, ttl_ms: 60_000 });
    expect(answer.status).toBe(200);
    const delivered = await received();
    expect([...(delivered?.body ?? [])]).toEqual([0, 1]);
    expect(delivered?.properties).toMatchObject({
      contentType: 'text/plain',
      priority: 3,
      correlationId: 'c',
      replyTo: 'r',
      messageId: 'm',
      timestamp: 1_700_000_000,
      type: 't',
      userId: 'guest',
      appId: 'a',
      deliveryMode: 1,
      expiration: '60000',
    });
    const table = delivered?.properties.headers;
    expect(table?.get('whole')).toEqual({ tag: 'l', value: 5 });
    expect(table?.get('half')).toEqual({ tag: 'd', value: 0.5 });
    expect(table?.get('yes')).toEqual({ tag: 't', value: true });
    expect(table?.get('list')?.tag).toBe('A');
    expect(table?.get('deep')?.tag).toBe('F');
  });

  test('takes a raw body with its properties beside it', async () => {
    await start();
    const answer = await send(`${ORDERS}?routing_key=orders&persistent=false`, Buffer.from([0xff, 0]), {
      'content-type': 'image/png',
      'x-property-message-id': 'm-1',
      'x-property-priority': '7',
      'x-header-tenant': 'acme',
    });
    expect(answer).toEqual({ status: 200, json: { routed: true, queues: ['orders'] } });
    const delivered = await received();
    expect([...(delivered?.body ?? [])]).toEqual([0xff, 0]);
    expect(delivered?.properties).toMatchObject({
      contentType: 'image/png',
      messageId: 'm-1',
      priority: 7,
      deliveryMode: 1,
    });
    expect(delivered?.properties.headers?.get('tenant')).toEqual({ tag: 'S', value: 'acme' });
  });

  test('takes what curl -d sends, without a type, and JSON as it is when asked to', async () => {
    await start();
    const url = '/v1/queues/%2F/orders/messages';
    expect((await send(url, 'a=b')).status).toBe(200);
    expect(await received()).toMatchObject({ text: 'a=b', properties: { deliveryMode: 2 } });
    expect((await send(`${url}?raw=true`, '{"id":1}', { 'content-type': 'application/json' })).status).toBe(
      200,
    );
    expect(await received()).toMatchObject({
      text: '{"id":1}',
      properties: { contentType: 'application/json' },
    });
  });

  test('says that a message leads nowhere: an error only when it is mandatory', async () => {
    await start();
    expect((await publish({ routing_key: 'nowhere', payload: '' })).json).toEqual({
      routed: false,
      queues: [],
    });
    const answer = await publish({ routing_key: 'nowhere', payload: '', mandatory: true });
    expect(answer.status).toBe(422);
    expect(answer.json).toMatchObject({ type: '/docs#problem-unroutable', status: 422 });
    expect(answer.json.detail).toContain("'nowhere'");
    expect(api.broker.vhosts.get('/')?.answers).toMatchObject({ dropUnroutable: 1, returnUnroutable: 1 });
  });

  test('is refused by a queue at its limit, with the time to wait', async () => {
    await start();
    await channel.queueDeclare('short', {
      arguments: { 'x-max-length': 1, 'x-overflow': 'reject-publish' },
    });
    expect((await publish({ routing_key: 'short', payload: '1' })).status).toBe(200);
    const answer = await publish({ routing_key: 'short', payload: '2' });
    expect(answer.status).toBe(429);
    expect(answer.headers['retry-after']).toBe('1');
    expect(answer.json.detail).toContain("'short'");
  });

  test('is refused during an alarm', async () => {
    await start();
    api.broker.setAlarm('memory', true);
    const answer = await publish({ routing_key: 'orders', payload: 'x' });
    expect(answer.status).toBe(503);
    expect(answer.headers['retry-after']).toBe('5');
    expect(answer.json.detail).toContain('low on memory');
    api.broker.setAlarm('memory', false);
    expect((await publish({ routing_key: 'orders', payload: 'x' })).status).toBe(200);
  });

  test('waits for its time', async () => {
    await start();
    const later = await publish({ routing_key: 'orders', payload: 'later', delay_ms: 5000 });
    expect(later.json).toEqual({ routed: true, queues: [], deliver_at: '2026-01-01T00:00:05.000Z' });
    await publish({ routing_key: 'orders', payload: 'at', deliver_at: '2026-01-01T00:00:02Z' });
    expect(await received()).toBeUndefined();
    await api.running.clock.advance('2s');
    expect((await received())?.text).toBe('at');
    await api.running.clock.advance('3s');
    expect((await received())?.text).toBe('later');
  });

  test('may be a reply to who waits for it without a queue', async () => {
    await start();
    const replies: string[] = [];
    await channel.consume('amq.rabbitmq.reply-to', (reply) => void replies.push(String(reply.routingKey)), {
      noAck: true,
    });
    await channel.publish({
      routingKey: 'orders',
      body: 'ask',
      properties: { replyTo: 'amq.rabbitmq.reply-to' },
    });
    const replyTo = (await received())?.properties.replyTo ?? '';
    expect((await publish({ routing_key: replyTo, payload: 'answer' })).json.routed).toBe(true);
    await api.running.settled();
    expect(replies).toEqual([replyTo]);
  });
});

describe('an idempotency key', () => {
  const key = { 'content-type': 'text/plain', 'idempotency-key': 'k-1' };
  const url = '/v1/queues/%2F/orders/messages';

  test('makes a repeated request one message', async () => {
    await start();
    expect((await send(url, 'a', key)).json).toEqual({ routed: true, queues: ['orders'] });
    expect((await send(url, 'a', key)).json).toEqual({ routed: true, queues: [], repeated: true });
    expect((await send(url, 'b', { ...key, 'idempotency-key': 'k-2' })).json.repeated).toBeUndefined();
    expect((await received())?.text).toBe('a');
    expect((await received())?.text).toBe('b');
    expect(await received()).toBeUndefined();
  });

  test('counts for a day, and not for what led nowhere', async () => {
    await start();
    expect((await send(`${ORDERS}?routing_key=later`, 'a', key)).json.routed).toBe(false);
    await channel.queueDeclare('later');
    expect((await send(`${ORDERS}?routing_key=later`, 'a', key)).json.queues).toEqual(['later']);
    expect((await send(`${ORDERS}?routing_key=later`, 'a', key)).json.repeated).toBe(true);
    await api.running.clock.advance('86401s');
    expect((await send(`${ORDERS}?routing_key=later`, 'a', key)).json.repeated).toBeUndefined();
  });

  test('may be given to each message of many', async () => {
    await start();
    const message = { routing_key: 'orders', payload: 'x' };
    const many = [{ ...message, idempotency_key: 'a' }, { ...message, idempotency_key: 'a' }, message];
    const { json } = await publish(many, `${ORDERS}/batch`);
    expect(json.results.map((each: { repeated?: boolean }) => each.repeated ?? false)).toEqual([
      false,
      true,
      false,
    ]);
  });

  test('belongs to one user, and has a length', async () => {
    await start();
    api.addUser('other', [], ['.*', '.*', '.*']);
    const message = { payload: '', routing_key: 'orders', idempotency_key: 'a' };
    await publish(message);
    expect((await publish(message, ORDERS, 'other:other')).json.repeated).toBeUndefined();
    expect((await publish({ ...message, idempotency_key: '' })).status).toBe(400);
    expect((await send(url, 'a', { ...key, 'idempotency-key': 'x'.repeat(256) })).status).toBe(400);
  });
});

describe('what is refused', () => {
  const wrong: readonly (readonly [string, unknown, string])[] = [
    ['no payload', { routing_key: 'orders' }, 'body/payload'],
    ['a payload that is no string', { payload: 5 }, 'body/payload'],
    ['base64 that is none', { payload: '=', encoding: 'base64' }, 'body/payload'],
    ['another encoding', { payload: '', encoding: 'hex' }, 'body/encoding'],
    ['an unknown field', { payload: '', pay: 1 }, 'body/pay'],
    ['an unknown property', { payload: '', properties: { colour: 'red' } }, 'body/properties/colour'],
    ['a priority of 256', { payload: '', properties: { priority: 256 } }, 'body/properties/priority'],
    ['a time that is none', { payload: '', deliver_at: 'soon' }, 'body/deliver_at'],
    ['two times', { payload: '', deliver_at: '2026-01-01T00:00:02Z', delay_ms: 1 }, 'body/deliver_at'],
    ['a negative delay', { payload: '', delay_ms: -1 }, 'body/delay_ms'],
  ];
  for (const [what, message, at] of wrong) {
    test(`400 for ${what}`, async () => {
      await start();
      const answer = await publish(message);
      expect(answer.status).toBe(400);
      expect(answer.json.detail).toContain(at);
      expect(answer.json.errors[0].at).toBe(at);
    });
  }

  test('400 for JSON that is none, or no object, or not UTF-8', async () => {
    await start();
    const type = { 'content-type': 'application/json' };
    for (const body of ['{', '[]', 'null', '5', Buffer.from([0x22, 0xff, 0x22])]) {
      expect((await send(ORDERS, body, type)).status).toBe(400);
    }
  });

  test('400 for a string that AMQP has no room for, and for headers without a meaning', async () => {
    await start();
    const long = 'x'.repeat(256);
    for (const message of [
      { payload: '', routing_key: long },
      { payload: '', properties: { message_id: long } },
      { payload: '', headers: { [long]: 1 } },
      { payload: '', headers: { none: null } },
      { payload: '', headers: { CC: 'no array' } },
    ]) {
      expect((await publish(message)).status).toBe(400);
    }
  });

  test("400 for another one's user-id, and for a reply queue that only a channel has", async () => {
    await start();
    for (const properties of [{ user_id: 'somebody' }, { reply_to: 'amq.rabbitmq.reply-to' }]) {
      expect((await publish({ payload: '', properties })).status).toBe(400);
    }
  });

  test('404 for an exchange, a queue or a vhost that is not there', async () => {
    await start();
    for (const url of [
      '/v1/exchanges/%2F/nothing/messages',
      '/v1/exchanges/nowhere/amq.default/messages',
      '/v1/queues/%2F/nothing/messages',
    ]) {
      expect((await publish({ payload: '' }, url)).status).toBe(404);
    }
  });

  test('403 without the permission, also for a routing key in CC or a topic', async () => {
    await start();
    api.addUser('reader', [], ['', '', '.*']);
    api.addUser('writer', [], ['', '.*', '']);
    api.addUser('nobody', []);
    api.broker.access.setTopicPermission({
      user: 'writer',
      vhost: '/',
      exchange: 'amq.topic',
      write: '^a',
      read: '',
    });
    const topic = '/v1/exchanges/%2F/amq.topic/messages';
    expect((await publish({ payload: '' }, ORDERS, 'reader:reader')).status).toBe(403);
    expect((await publish({ payload: '' }, ORDERS, 'nobody:nobody')).status).toBe(403);
    expect((await publish({ payload: '', routing_key: 'a' }, topic, 'writer:writer')).status).toBe(200);
    expect((await publish({ payload: '', routing_key: 'b' }, topic, 'writer:writer')).status).toBe(403);
    const copied = { payload: '', routing_key: 'a', headers: { CC: ['b'] } };
    expect((await publish(copied, topic, 'writer:writer')).status).toBe(403);
    expect((await publish({ payload: '' }, ORDERS, 'writer:wrong')).status).toBe(401);
  });
});

describe('publishing many messages', () => {
  const BATCH = `${ORDERS}/batch`;
  const LINES = { 'content-type': 'application/x-ndjson' };

  test('says of each what became of it', async () => {
    await start();
    const answer = await publish(
      [
        { routing_key: 'orders', payload: '1' },
        { routing_key: 'nowhere', payload: '2', mandatory: true },
        { routing_key: 'orders', payload: '3', wrong: true },
        { routing_key: 'orders', payload: '4' },
      ],
      BATCH,
    );
    expect(answer.status).toBe(207);
    expect(answer.json).toMatchObject({ published: 2, failed: 2 });
    expect(answer.json.results[0]).toEqual({ routed: true, queues: ['orders'] });
    expect(answer.json.results[1]).toMatchObject({ status: 422 });
    expect(answer.json.results[2]).toMatchObject({ status: 400, errors: [{ at: 'body/2/wrong' }] });
    expect((await received())?.text).toBe('1');
    expect((await received())?.text).toBe('4');
  });

  test('takes a line for each, and an empty request', async () => {
    await start();
    const lines =
      '{"routing_key":"orders","payload":"1"}\n\r\n{"routing_key":"orders","payload":"2"}\r\n{broken';
    expect((await send(BATCH, lines, LINES)).json).toMatchObject({ published: 2, failed: 1 });
    expect(await send(BATCH, '', LINES)).toEqual({
      status: 200,
      json: { published: 0, failed: 0, results: [] },
    });
    expect((await publish([], BATCH)).status).toBe(200);
  });

  test('is not looked at as a whole when it has far too many lines', async () => {
    await start();
    for (const line of ['\n', '1\n']) {
      const lines = Buffer.alloc(2 ** 24, line);
      const beganMs = performance.now();
      expect((await send(BATCH, lines, LINES)).status).toBe(413);
      // Reading them all takes seconds.
      expect(performance.now() - beganMs).toBeLessThan(2500);
    }
  });

  test('ends with problems when an alarm goes off in the middle', async () => {
    await start();
    await channel.consume('orders', () => api.broker.setAlarm('memory', true), { noAck: true });
    const message = { routing_key: 'orders', payload: 'x' };
    const { status, json } = await publish(new Array(10_000).fill(message), BATCH);
    expect([status, json.published + json.failed]).toEqual([207, 10_000]);
    expect(json.results.at(-1)).toMatchObject({ status: 503 });
    api.broker.setAlarm('memory', false);
  });

  test('may have a line that is too long, which is a problem of that line', async () => {
    await start();
    const line = JSON.stringify({ routing_key: 'orders', payload: '1' });
    const long = JSON.stringify({ routing_key: 'orders', payload: 'x'.repeat(2 ** 22) });
    const { results } = (await send(BATCH, `${line}\n${long}\n${line}\n`, LINES)).json;
    expect(results.map(({ status }: { status?: number }) => status ?? 200)).toEqual([200, 413, 200]);
  });

  test('is refused when it is JSON that takes long to read', async () => {
    await start();
    const { json } = await send(BATCH, `[${'{},'.repeat(1_300_000)}{}]\n`, LINES);
    expect(json.results[0]).toMatchObject({ status: 413 });
  });

  test('is refused when it is no array, of no known type, or too much', async () => {
    await start();
    expect((await publish({ payload: '' }, BATCH)).status).toBe(400);
    expect((await send(BATCH, 'x')).status).toBe(415);
    expect((await publish(new Array(10_001).fill({ payload: '' }), BATCH)).status).toBe(413);
  });
});
