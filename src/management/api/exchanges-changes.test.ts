import { beforeEach, describe, expect, test } from 'vitest';
import { ApiUnderTest } from '../../../test/management/api-under-test.ts';

const URL = '/api/exchanges/%2F/events';

let api: ApiUnderTest;

beforeEach(async () => {
  api = await ApiUnderTest.start();
});

function exchange() {
  return api.broker.vhosts.get('/')?.exchanges.get('events');
}

describe('PUT of an exchange', () => {
  test('makes it, and is harmless when it is there and the same', async () => {
    const body = {
      type: 'topic',
      durable: true,
      internal: true,
      auto_delete: true,
      arguments: { 'alternate-exchange': 'amq.fanout' },
    };
    expect((await api.ask('PUT', URL, body)).status).toBe(201);
    expect(exchange()).toMatchObject({ type: 'topic', durable: true, internal: true, autoDelete: true });
    expect(exchange()?.alternateExchange).toBe('amq.fanout');
    expect((await api.ask('PUT', URL, body)).status).toBe(204);
  });

  test('without a body makes a direct one that is not durable, as in RabbitMQ', async () => {
    expect((await api.ask('PUT', URL)).status).toBe(201);
    expect(exchange()).toMatchObject({ type: 'direct', durable: false });
  });

  test.each([
    [{ type: 'nope' }, "unknown exchange type 'nope'"],
    [{ type: 5 }, 'type is the number 5, but must be a string'],
    [{ internal: 'x' }, "internal is 'x', but must be true or false"],
  ])('is refused with 400 for %j', async (body, reason) => {
    const answer = await api.ask('PUT', URL, body);
    expect(answer).toMatchObject({ status: 400, json: { error: 'bad_request' } });
    expect(answer.json.reason).toContain(reason);
  });

  test('with another type than it has is refused in RabbitMQ’s words', async () => {
    await api.ask('PUT', URL, { type: 'direct' });
    expect((await api.ask('PUT', URL, { type: 'fanout' })).json.reason).toBe(
      "inequivalent arg 'type' for exchange 'events' in vhost '/': received 'fanout' but current is 'direct'",
    );
  });

  test.each(['amq.x', 'amq.default'])('of the reserved name %s is refused with 401', async (name) => {
    expect((await api.ask('PUT', `/api/exchanges/%2F/${name}`, { type: 'direct' })).status).toBe(401);
  });
});

describe('DELETE of an exchange', () => {
  test('removes it, once', async () => {
    await api.ask('PUT', URL);
    expect((await api.ask('DELETE', URL)).status).toBe(204);
    expect((await api.ask('DELETE', URL)).status).toBe(404);
  });

  test('that must be unused leaves one with a binding', async () => {
    await api.ask('PUT', URL);
    await api.ask('POST', '/api/bindings/%2F/e/events/e/amq.fanout');
    const answer = await api.ask('DELETE', `${URL}?if-unused=true`);
    expect(answer).toMatchObject({ status: 400, json: { reason: "exchange 'events' in vhost '/' in use" } });
  });

  test.each(['amq.direct', 'amq.default', 'amq.rabbitmq.trace'])(
    'of %s is refused with 401',
    async (name) => {
      expect((await api.ask('DELETE', `/api/exchanges/%2F/${name}`)).status).toBe(401);
    },
  );

  test('asks for permission', async () => {
    await api.ask('PUT', URL);
    api.addUser('ann', ['management'], ['^mine$', '.*', '.*']);
    expect((await api.ask('DELETE', URL, undefined, 'ann:ann')).status).toBe(401);
    expect((await api.ask('PUT', '/api/exchanges/%2F/yours', {}, 'ann:ann')).status).toBe(401);
    expect((await api.ask('PUT', '/api/exchanges/%2F/mine', {}, 'ann:ann')).status).toBe(201);
  });
});
