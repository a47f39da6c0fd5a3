import { beforeEach, describe, expect, test } from 'vitest';
import { tableOf } from '../../../src/codec/field-table.ts';
import { closeReason, drain, drainMessages, headersOf, publish, type Scene, startScene } from './scene.ts';

let scene: Scene;

beforeEach(async () => {
  scene = await startScene();
  const { channel, vhost } = scene;
  await channel.queueDeclare('traces');
  await channel.queueBind('traces', 'amq.rabbitmq.trace', { routingKey: '#' });
  await channel.queueDeclare('work');
  vhost.setMetadata({ tracing: true });
});

async function traces(): Promise<{ routingKey: string; headers: Record<string, unknown>; text: string }[]> {
  await scene.settled();
  const messages = await drainMessages(scene.channel, 'traces');
  return messages.map((message) => {
    const text = new TextDecoder().decode(message.body);
    return { routingKey: message.routingKey, headers: headersOf(message), text };
  });
}

describe('while tracing is on', () => {
  test('each published message goes to amq.rabbitmq.trace, too, with where it went', async () => {
    await publish(scene.channel, 'work', 'hello', {
      properties: { contentType: 'text/plain', headers: tableOf({ tenant: 'a' }), deliveryMode: 2 },
    });
    const [trace, ...others] = await traces();
    expect(others).toEqual([]);
    expect(trace).toMatchObject({ routingKey: 'publish.', text: 'hello' });
    expect(trace?.headers).toMatchObject({
      exchange_name: '',
      routing_keys: ['work'],
      properties: { content_type: 'text/plain', headers: { tenant: 'a' }, delivery_mode: 2 },
      node: scene.broker.broker.settings.nodeName,
      vhost: '/',
      channel: 1,
      user: 'guest',
      routed_queues: ['work'],
    });
    expect(trace?.headers['connection']).toMatch(/ -> /);
  });

  test('each delivery does, by basic.get and to a consumer, and says whether it is a redelivery', async () => {
    const { channel } = scene;
    await publish(channel, 'work', 'hello');
    const message = await channel.get('work');
    if (message !== undefined) channel.nack(message, { requeue: true });
    await channel.consume('work', () => {}, { noAck: true });
    const [, got, delivered] = await traces();
    expect(got).toMatchObject({ routingKey: 'deliver.work', text: 'hello', headers: { redelivered: 0 } });
    expect(delivered).toMatchObject({ routingKey: 'deliver.work', headers: { redelivered: 1 } });
  });

  test('a message that nobody gets is traced with no queue', async () => {
    await publish(scene.channel, 'nobody', 'lost');
    expect((await traces())[0]?.headers['routed_queues']).toEqual([]);
  });

  test('a message that waits for its time is traced when it comes', async () => {
    const headers = tableOf({ 'x-deliver-at': Date.UTC(2026, 0, 1, 1) });
    await publish(scene.channel, 'work', 'later', { properties: { headers } });
    expect(await traces()).toMatchObject([{ routingKey: 'publish.', headers: { routed_queues: [] } }]);
  });

  test('what a transaction publishes is traced by its commit', async () => {
    const channel = await scene.otherChannel();
    await channel.txSelect();
    await publish(channel, 'work', 'hello');
    expect(await traces()).toEqual([]);
    await channel.txCommit();
    expect(await traces()).toHaveLength(1);
  });

  test('traces are not traced, also not when one queue gets messages and their traces', async () => {
    const { channel } = scene;
    await channel.queueBind('work', 'amq.rabbitmq.trace', { routingKey: 'publish.#' });
    await publish(channel, 'work', 'hello');
    await scene.settled();
    expect(await drain(channel, 'work')).toEqual(['hello', 'hello']);
    const keys = (await traces()).map(({ routingKey }) => routingKey);
    expect(keys).toEqual(['publish.', 'deliver.work']);
  });

  test('headers that are as deep as they may be are left out of the trace', async () => {
    let deep = tableOf({ end: true });
    for (let level = 1; level < 16; level++) deep = tableOf({ deep });
    await publish(scene.channel, 'work', 'hello', { properties: { headers: deep, type: 'a' } });
    expect((await traces())[0]?.headers['properties']).toEqual({ type: 'a' });
  });
});

test('nothing is traced once tracing is off, on a route that was used before', async () => {
  const { channel, vhost } = scene;
  await publish(channel, 'work', 'one');
  await scene.settled();
  vhost.setMetadata({ tracing: false });
  await publish(channel, 'work', 'two');
  await drain(channel, 'work');
  expect((await traces()).map(({ text }) => text)).toEqual(['one']);
});

test('a route that a publisher keeps does not lead past a tracer that is switched on later', async () => {
  const { channel, vhost } = scene;
  vhost.setMetadata({ tracing: false });
  await publish(channel, 'work', 'one');
  await publish(channel, 'work', 'two');
  vhost.setMetadata({ tracing: true });
  await publish(channel, 'work', 'three');
  expect((await traces()).map(({ text }) => text)).toEqual(['three']);
});

test('amq.rabbitmq.trace is there in every vhost, and nobody may publish to it', async () => {
  const exchange = scene.vhost.exchange('amq.rabbitmq.trace');
  expect(exchange).toMatchObject({ type: 'topic', durable: true, internal: true, predeclared: true });
  const channel = await scene.otherChannel();
  const closed = closeReason(channel);
  await publish(channel, 'x', 'y', { exchange: 'amq.rabbitmq.trace' });
  expect((await closed).text).toContain("cannot publish to internal exchange 'amq.rabbitmq.trace'");
});
