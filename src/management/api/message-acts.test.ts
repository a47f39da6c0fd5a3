import { beforeEach, describe, expect, test } from 'vitest';
import { ApiUnderTest } from '../../../test/management/api-under-test.ts';

const GET = '/api/queues/%2F/orders/get';
const PUBLISH = '/api/exchanges/%2F/amq.default/publish';
const ONE = { routing_key: 'orders', payload: 'hi', payload_encoding: 'string', properties: {} };
const ALL = { count: -1, ackmode: 'ack_requeue_true', encoding: 'auto' };

let api: ApiUnderTest;

beforeEach(async () => {
  api = await ApiUnderTest.start();
  await api.ask('PUT', '/api/queues/%2F/orders', { durable: true });
});

function queue() {
  return api.broker.vhosts.get('/')?.queues.get('orders');
}

async function publishAll(...payloads: string[]): Promise<void> {
  for (const payload of payloads) await api.ask('POST', PUBLISH, { ...ONE, payload });
}

async function payloads(body: object): Promise<string[]> {
  const answer = await api.ask('POST', GET, body);
  expect(answer.status).toBe(200);
  return answer.json.map((message: { payload: string }) => message.payload);
}

describe('what one answer holds', () => {
  test('has a bound, also when the messages are empty', async () => {
    const channel = await (await api.running.connect()).createChannel();
    const published = Array.from({ length: 66_000 }, () =>
      channel.publish({ routingKey: 'orders', body: new Uint8Array(0) }),
    );
    await Promise.all(published);
    const { json } = await api.ask('POST', GET, ALL);
    expect(json).toHaveLength(65_536);
    expect(queue()?.readyCount).toBe(66_000);
  });

  test('comes in the pieces that it was made in, when it is large', async () => {
    await publishAll('a'.repeat(100_000), 'b'.repeat(100_000));
    const answer = await api.ask('POST', GET, ALL);
    expect(answer.json.map(({ payload }: { payload: string }) => payload[0])).toEqual(['a', 'b']);
    expect(answer.headers['content-length']).toBeUndefined();
  });
});

describe('POST of a message', () => {
  test('says whether it went to a queue', async () => {
    expect(await api.ask('POST', PUBLISH, ONE)).toMatchObject({ status: 200, json: { routed: true } });
    expect(queue()?.readyCount).toBe(1);
    const lost = await api.ask('POST', PUBLISH, { ...ONE, routing_key: 'nobody' });
    expect(lost).toMatchObject({ status: 200, json: { routed: false } });
  });

  test('keeps all properties, and shows them again', async () => {
    const properties = {
      delivery_mode: 2,
      headers: { a: 1, b: 'x', c: [1, 2], d: { e: true }, f: 1.5 },
      content_type: 'text/plain',
      content_encoding: 'identity',
      priority: 3,
      timestamp: 123_456,
      expiration: '100000',
      message_id: 'm',
      app_id: 'a',
      cluster_id: 'c',
      reply_to: 'r',
      type: 't',
      correlation_id: 'co',
      user_id: 'guest',
    };
    await api.ask('POST', PUBLISH, { ...ONE, properties: { ...properties, nonsense: 5 } });
    expect((await api.ask('POST', GET, ALL)).json).toEqual([
      {
        payload_bytes: 2,
        redelivered: false,
        exchange: '',
        routing_key: 'orders',
        message_count: 0,
        properties,
        payload: 'hi',
        payload_encoding: 'string',
      },
    ]);
  });

  test('takes base64, and shows what is no text as such', async () => {
    await api.ask('POST', PUBLISH, { ...ONE, payload: '/w==', payload_encoding: 'base64', properties: [] });
    expect((await api.ask('POST', GET, ALL)).json).toMatchObject([
      { payload: '/w==', payload_encoding: 'base64', payload_bytes: 1, properties: [] },
    ]);
  });

  test.each([
    [
      {},
      '[{key_missing,routing_key},{key_missing,properties},{key_missing,payload},{key_missing,payload_encoding}]',
    ],
    [{ ...ONE, payload_encoding: 'foo' }, 'unsupported_encoding'],
    [{ ...ONE, payload: '!!', payload_encoding: 'base64' }, 'not_base64'],
    [{ ...ONE, payload: 5 }, 'payload_not_string'],
    [{ ...ONE, properties: 'x' }, 'properties is the string x, but must be a JSON object'],
    [{ ...ONE, properties: { delivery_mode: '2' } }, 'not_int: delivery_mode is the string 2'],
    [
      { ...ONE, properties: { priority: 256 } },
      'priority is the number 256, but must be a whole number from 0 to 255',
    ],
    [{ ...ONE, properties: { headers: [] } }, 'headers is an array, but must be a JSON object'],
    [{ ...ONE, properties: { expiration: 'x' } }, "406 PRECONDITION_FAILED - invalid expiration 'x'"],
    [{ ...ONE, properties: { user_id: 'x' } }, "406 PRECONDITION_FAILED - user_id property set to 'x'"],
    [{ ...ONE, routing_key: 'k'.repeat(256) }, 'routing_key has 256 bytes, but at most 255 are allowed'],
  ])('is refused with 400 for %j', async (body, reason) => {
    const answer = await api.ask('POST', PUBLISH, body);
    expect(answer).toMatchObject({ status: 400, json: { error: 'bad_request' } });
    expect(answer.json.reason).toContain(reason);
    expect(queue()?.readyCount).toBe(0);
  });

  test('to an exchange that is not there says so in RabbitMQ’s words', async () => {
    const answer = await api.ask('POST', '/api/exchanges/%2F/none/publish', ONE);
    expect(answer).toMatchObject({
      status: 400,
      json: { reason: "404 NOT_FOUND - no exchange 'none' in vhost '/'" },
    });
  });

  test('that a full queue refuses is an error', async () => {
    await api.ask('PUT', '/api/queues/%2F/full', {
      arguments: { 'x-max-length': 0, 'x-overflow': 'reject-publish' },
    });
    const answer = await api.ask('POST', PUBLISH, { ...ONE, routing_key: 'full' });
    expect(answer).toMatchObject({ status: 400, json: { error: 'bad_request' } });
    expect(answer.json.reason).toContain('rejected');
  });

  test('asks for permission', async () => {
    api.addUser('ann', ['management'], ['.*', '^x$', '.*']);
    expect((await api.ask('POST', PUBLISH, ONE, 'ann:ann')).status).toBe(401);
    expect(queue()?.readyCount).toBe(0);
  });
});

describe('POST for messages', () => {
  test.each([
    ['ack_requeue_true', ['a', 'b']],
    ['reject_requeue_true', ['a', 'b']],
    ['ack_requeue_false', []],
    ['reject_requeue_false', []],
  ])('with ackmode %s leaves %j in the queue', async (ackmode, left) => {
    await publishAll('a', 'b');
    expect(await payloads({ ...ALL, ackmode, count: 5 })).toEqual(['a', 'b']);
    const again = await api.ask('POST', GET, ALL);
    expect(again.json.map((message: { payload: string }) => message.payload)).toEqual(left);
    expect(again.json.every((message: { redelivered: boolean }) => message.redelivered)).toBe(true);
  });

  test('sends what is rejected to the dead-letter exchange', async () => {
    await api.ask('PUT', '/api/queues/%2F/dead');
    await api.ask('PUT', '/api/policies/%2F/dlx', {
      pattern: '^orders$',
      definition: { 'dead-letter-exchange': '', 'dead-letter-routing-key': 'dead' },
    });
    await publishAll('a');
    await payloads({ ...ALL, ackmode: 'reject_requeue_false' });
    expect(api.broker.vhosts.get('/')?.queues.get('dead')?.readyCount).toBe(1);
  });

  test('gives as many as asked for, and says how many are left', async () => {
    await publishAll('a', 'b', 'c');
    const answer = await api.ask('POST', GET, { ...ALL, count: '2' });
    expect(answer.json).toMatchObject([
      { payload: 'a', message_count: 2 },
      { payload: 'b', message_count: 1 },
    ]);
    expect(await payloads({ ...ALL, count: 0 })).toEqual([]);
  });

  test('cuts payloads, and shows them in base64, when asked to', async () => {
    await publishAll('hello');
    const answer = await api.ask('POST', GET, { ...ALL, encoding: 'base64', truncate: '2' });
    expect(answer.json).toMatchObject([{ payload: 'aGU=', payload_encoding: 'base64', payload_bytes: 5 }]);
    expect(await payloads({ ...ALL, truncate: 2 })).toEqual(['he']);
  });

  test.each([
    [{}, '[{key_missing,ackmode},{key_missing,count},{key_missing,encoding}]'],
    [{ ...ALL, ackmode: 'foo' }, "ackmode is 'foo', but must be one of ack_requeue_true"],
    [{ ...ALL, encoding: 'foo' }, 'Unsupported encoding. Please use auto or base64.'],
    [{ ...ALL, count: 'x' }, "count is 'x', but must be a whole number"],
  ])('is refused with 400 for %j', async (body, reason) => {
    await publishAll('a');
    const answer = await api.ask('POST', GET, body);
    expect(answer).toMatchObject({ status: 400, json: { error: 'bad_request' } });
    expect(answer.json.reason).toContain(reason);
    expect(queue()?.readyCount).toBe(1);
  });

  test('of a queue that is not there is a 404 that says so', async () => {
    const answer = await api.ask('POST', '/api/queues/%2F/none/get', ALL);
    expect(answer).toMatchObject({
      status: 404,
      json: { error: 'not_found', reason: "no queue 'none' in vhost '/'" },
    });
  });

  test('asks for permission', async () => {
    api.addUser('ann', ['management'], ['.*', '.*', '^x$']);
    expect((await api.ask('POST', GET, ALL, 'ann:ann')).status).toBe(401);
  });

  test('tells a tracer of what is published and delivered', async () => {
    await api.ask('PUT', '/api/queues/%2F/traces');
    await api.ask('POST', '/api/bindings/%2F/e/amq.rabbitmq.trace/q/traces', { routing_key: '#' });
    await api.ask('PUT', '/api/vhosts/%2F', { tracing: true });
    await publishAll('a');
    await payloads(ALL);
    const traces = (await api.ask('POST', '/api/queues/%2F/traces/get', ALL)).json;
    expect(traces).toMatchObject([
      { routing_key: 'publish.', properties: { headers: { user: 'guest', routed_queues: ['orders'] } } },
      { routing_key: 'deliver.orders', properties: { headers: { user: 'guest', redelivered: 0 } } },
    ]);
  });
});
