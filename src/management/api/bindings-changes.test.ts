import { beforeEach, describe, expect, test } from 'vitest';
import { ApiUnderTest } from '../../../test/management/api-under-test.ts';

const TO_QUEUE = '/api/bindings/%2F/e/amq.topic/q/orders';

let api: ApiUnderTest;

beforeEach(async () => {
  api = await ApiUnderTest.start();
  await api.ask('PUT', '/api/queues/%2F/orders');
});

/** The routing keys that lead from amq.topic to the queue. */
async function routingKeys(): Promise<string[]> {
  const answer = await api.get(TO_QUEUE);
  return answer.json.map((binding: { routing_key: string }) => binding.routing_key);
}

describe('POST of a binding', () => {
  test.each([
    [undefined, 'orders/~'],
    [{ routing_key: 'a.b' }, 'orders/a.b'],
    [{ routing_key: 'a/b c~d' }, 'orders/a%252Fb%2Bc%257Ed'],
    [{ routing_key: '~' }, 'orders/%257E'],
    [{ routing_key: 5 }, 'orders/5'],
  ])('of %j answers 201 with its name in the Location', async (body, location) => {
    const answer = await api.ask('POST', TO_QUEUE, body);
    expect(answer).toMatchObject({ status: 201, text: '' });
    expect(answer.headers['location']).toBe(location);
  });

  test('with arguments has a hash of them in its name', async () => {
    const answer = await api.ask('POST', TO_QUEUE, { routing_key: 'k', arguments: { a: 1 } });
    expect(answer.headers['location']).toMatch(/^orders\/k~[\w-]+$/);
    const without = await api.ask('POST', TO_QUEUE, { arguments: { a: 1 } });
    expect(without.headers['location']).toMatch(/^orders\/~[\w-]+$/);
  });

  test('binds exchanges, too', async () => {
    const answer = await api.ask('POST', '/api/bindings/%2F/e/amq.topic/e/amq.fanout', { routing_key: 'k' });
    expect(answer).toMatchObject({ status: 201, headers: { location: 'amq.fanout/k' } });
  });

  test.each([
    ['/api/bindings/%2F/e/none/q/orders', 404, "no exchange 'none' in vhost '/'"],
    ['/api/bindings/%2F/e/amq.topic/q/none', 404, "no queue 'none' in vhost '/'"],
    ['/api/bindings/%2F/e/amq.topic/x/orders', 404, 'Not Found'],
    ['/api/bindings/none/e/amq.topic/q/orders', 404, 'vhost_not_found'],
    ['/api/bindings/%2F/e/amq.default/q/orders', 401, 'operation not permitted on the default exchange'],
  ])('to %s is refused with %i', async (url, status, reason) => {
    const answer = await api.ask('POST', url, { routing_key: 'k' });
    expect(answer).toMatchObject({ status, json: { reason } });
  });

  test('asks for the permissions that AMQP asks for', async () => {
    api.addUser('ann', ['management'], ['.*', '^orders$', '^$']);
    expect((await api.ask('POST', TO_QUEUE, {}, 'ann:ann')).status).toBe(401);
    api.addUser('bob', ['management'], ['', '^orders$', '^amq']);
    expect((await api.ask('POST', TO_QUEUE, {}, 'bob:bob')).status).toBe(201);
  });
});

describe('DELETE of a binding', () => {
  test.each([
    {},
    { routing_key: 'a.b' },
    { routing_key: 'a/b c~d%ü' },
    { routing_key: 'k', arguments: { a: [1] } },
  ])('of %j by its Location removes it, once', async (body) => {
    const { headers } = await api.ask('POST', TO_QUEUE, body);
    const name = String(headers['location']).slice('orders/'.length);
    await api.ask('POST', TO_QUEUE, { routing_key: 'another' });
    expect((await api.ask('DELETE', `${TO_QUEUE}/${name}`)).status).toBe(204);
    expect(await routingKeys()).toEqual(['another']);
    expect((await api.ask('DELETE', `${TO_QUEUE}/${name}`)).status).toBe(404);
  });

  test('by its properties_key as it is in a list removes it, too', async () => {
    await api.ask('POST', TO_QUEUE, { routing_key: 'a/b' });
    const [{ properties_key: key }] = (await api.get(TO_QUEUE)).json;
    expect((await api.ask('DELETE', `${TO_QUEUE}/${key}`)).status).toBe(204);
    expect(await routingKeys()).toEqual([]);
  });

  test('takes the one of exactly that name where another would do as well', async () => {
    await api.ask('POST', TO_QUEUE, { routing_key: 'a%2Eb' });
    await api.ask('POST', TO_QUEUE, { routing_key: 'a.b' });
    expect((await api.ask('DELETE', `${TO_QUEUE}/a.b`)).status).toBe(204);
    expect(await routingKeys()).toEqual(['a%2Eb']);
  });

  test('of an empty routing key takes no other', async () => {
    await api.ask('POST', TO_QUEUE, { routing_key: '~' });
    expect((await api.ask('DELETE', `${TO_QUEUE}/~`)).status).toBe(404);
    await api.ask('POST', TO_QUEUE);
    expect((await api.ask('DELETE', `${TO_QUEUE}/~`)).status).toBe(204);
    expect(await routingKeys()).toEqual(['~']);
  });

  test('of one between exchanges removes it', async () => {
    const url = '/api/bindings/%2F/e/amq.topic/e/amq.fanout';
    await api.ask('POST', url, { routing_key: 'k' });
    expect((await api.ask('DELETE', `${url}/k`)).status).toBe(204);
    expect((await api.ask('DELETE', `${url}/k`)).status).toBe(404);
  });

  test('of what is not there is a 404', async () => {
    expect((await api.ask('DELETE', `${TO_QUEUE}/none`)).status).toBe(404);
    expect((await api.ask('DELETE', '/api/bindings/%2F/e/none/q/orders/k')).status).toBe(404);
    expect((await api.ask('DELETE', '/api/bindings/%2F/e/amq.topic/q/none/k')).status).toBe(404);
  });

  test('asks for permission', async () => {
    await api.ask('POST', TO_QUEUE, { routing_key: 'k' });
    api.addUser('ann', ['management'], ['.*', '', '.*']);
    expect((await api.ask('DELETE', `${TO_QUEUE}/k`, undefined, 'ann:ann')).status).toBe(401);
    expect(await routingKeys()).toEqual(['k']);
  });
});
