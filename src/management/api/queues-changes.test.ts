import { beforeEach, describe, expect, test } from 'vitest';
import { ApiUnderTest } from '../../../test/management/api-under-test.ts';

const URL = '/api/queues/%2F/orders';

let api: ApiUnderTest;

beforeEach(async () => {
  api = await ApiUnderTest.start();
});

function queue() {
  return api.broker.vhosts.get('/')?.queues.get('orders');
}

async function publish(routingKey = 'orders'): Promise<void> {
  const body = { routing_key: routingKey, payload: 'hi', payload_encoding: 'string', properties: {} };
  expect((await api.ask('POST', '/api/exchanges/%2F/amq.default/publish', body)).status).toBe(200);
}

describe('PUT of a queue', () => {
  test('makes it, and is harmless when it is there and the same', async () => {
    const body = {
      durable: true,
      auto_delete: false,
      arguments: { 'x-max-length': 10 },
      node: 'rabbit@here',
    };
    expect((await api.ask('PUT', URL, body)).status).toBe(201);
    expect(queue()).toMatchObject({ durable: true, autoDelete: false, settings: { maxLength: 10 } });
    expect((await api.ask('PUT', URL, body)).status).toBe(204);
  });

  test('without a body makes one that is not durable, as in RabbitMQ', async () => {
    expect((await api.ask('PUT', URL)).status).toBe(201);
    expect(queue()).toMatchObject({ durable: false, autoDelete: false });
  });

  test('takes an empty list for no arguments, as PHP writes an empty map', async () => {
    expect((await api.ask('PUT', URL, { arguments: [] })).status).toBe(201);
  });

  test('takes booleans as strings, as command line tools send them', async () => {
    expect((await api.ask('PUT', URL, { durable: 'true', auto_delete: 'false' })).status).toBe(201);
    expect(queue()).toMatchObject({ durable: true, autoDelete: false });
  });

  test.each([
    [{ durable: 'maybe' }, "durable is 'maybe', but must be true or false"],
    [{ arguments: 'x' }, 'arguments is a string, but must be a JSON object'],
    [{ arguments: { 'x-max-length': 'a' } }, "invalid arg 'x-max-length' for queue 'orders' in vhost '/'"],
    [{ arguments: { a: null } }, 'arguments holds null'],
  ])('is refused with 400 for %j', async (body, reason) => {
    const answer = await api.ask('PUT', URL, body);
    expect(answer).toMatchObject({ status: 400, json: { error: 'bad_request' } });
    expect(answer.json.reason).toContain(reason);
    expect(queue()).toBeUndefined();
  });

  test('with other arguments than it has says which, in RabbitMQ’s words', async () => {
    await api.ask('PUT', URL, { arguments: { 'x-max-length': 10 } });
    expect((await api.ask('PUT', URL, { arguments: { 'x-max-length': 11 } })).json).toEqual({
      error: 'bad_request',
      reason:
        "inequivalent arg 'x-max-length' for queue 'orders' in vhost '/': received '11' but current is '10'",
    });
  });

  test('of a reserved name is refused with 401, and in an unknown vhost with 404', async () => {
    expect((await api.ask('PUT', '/api/queues/%2F/amq.x')).status).toBe(401);
    const answer = await api.ask('PUT', '/api/queues/none/orders');
    expect(answer).toMatchObject({ status: 404, json: { error: 'not_found', reason: 'vhost_not_found' } });
  });

  test('asks for the permission that AMQP asks for', async () => {
    api.addUser('ann', ['management'], ['^mine$', '', '']);
    expect((await api.ask('PUT', URL, {}, 'ann:ann')).status).toBe(401);
    expect((await api.ask('PUT', '/api/queues/%2F/mine', {}, 'ann:ann')).status).toBe(201);
    api.addUser('bob', [], ['.*', '.*', '.*']);
    expect((await api.ask('PUT', URL, {}, 'bob:bob')).status).toBe(401);
    expect(queue()).toBeUndefined();
  });
});

describe('DELETE of a queue', () => {
  test('removes it, once', async () => {
    await api.ask('PUT', URL);
    expect((await api.ask('DELETE', URL)).status).toBe(204);
    expect((await api.ask('DELETE', URL)).json).toEqual({ error: 'Object Not Found', reason: 'Not Found' });
  });

  test('that must be empty leaves one that is not', async () => {
    await api.ask('PUT', URL);
    await publish();
    const answer = await api.ask('DELETE', `${URL}?if-empty=true`);
    expect(answer).toMatchObject({ status: 400, json: { reason: "queue 'orders' in vhost '/' not empty" } });
    expect((await api.ask('DELETE', `${URL}?if-empty=false&if-unused=true`)).status).toBe(204);
  });

  test('that must be unused leaves one with a consumer', async () => {
    await api.ask('PUT', URL);
    const channel = await (await api.running.connect()).createChannel();
    await channel.consume('orders', () => {});
    const answer = await api.ask('DELETE', `${URL}?if-unused=true`);
    expect(answer).toMatchObject({ status: 400, json: { reason: "queue 'orders' in vhost '/' in use" } });
    expect(queue()).toBeDefined();
  });

  test('asks for permission', async () => {
    await api.ask('PUT', URL);
    api.addUser('ann', ['management'], ['^mine$', '.*', '.*']);
    expect((await api.ask('DELETE', URL, undefined, 'ann:ann')).status).toBe(401);
  });

  test('of another connection’s queue is refused', async () => {
    const channel = await (await api.running.connect()).createChannel();
    await channel.queueDeclare('orders', { exclusive: true });
    expect((await api.ask('DELETE', URL)).status).toBe(400);
    expect(queue()).toBeDefined();
  });
});

test('DELETE of the contents purges the queue', async () => {
  await api.ask('PUT', URL);
  await publish();
  expect((await api.ask('DELETE', `${URL}/contents`)).status).toBe(204);
  expect(queue()?.readyCount).toBe(0);
  expect((await api.ask('DELETE', '/api/queues/%2F/none/contents')).status).toBe(404);
  api.addUser('ann', ['management'], ['.*', '.*', '^$']);
  expect((await api.ask('DELETE', `${URL}/contents`, undefined, 'ann:ann')).status).toBe(401);
});

test('what RabbitMQ does with mirrors and nodes is accepted, and does nothing', async () => {
  await api.ask('PUT', URL);
  expect((await api.ask('POST', `${URL}/actions`, { action: 'sync' })).status).toBe(204);
  expect((await api.ask('POST', `${URL}/actions`, { action: 'cancel_sync' })).status).toBe(204);
  expect((await api.ask('POST', `${URL}/actions`, { action: 'dance' })).status).toBe(400);
  expect((await api.ask('POST', `${URL}/actions`, {})).json.reason).toBe('[{key_missing,action}]');
  expect((await api.ask('POST', '/api/queues/%2F/none/actions', { action: 'sync' })).status).toBe(404);
  expect((await api.ask('POST', '/api/rebalance/queues')).status).toBe(204);
  api.addUser('ann', ['monitoring'], ['.*', '.*', '.*']);
  expect((await api.ask('POST', '/api/rebalance/queues', {}, 'ann:ann')).status).toBe(401);
  expect((await api.ask('POST', `${URL}/actions`, { action: 'sync' }, 'ann:ann')).status).toBe(401);
});
