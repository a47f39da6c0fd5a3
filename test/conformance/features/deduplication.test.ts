import { describe, expect, test } from 'vitest';
import type { TableInput } from '../../../src/client/delivery.ts';
import type { DirectChannel } from '../../../src/client/direct-channel.ts';
import type { Field } from '../../../src/codec/field-table.ts';
import { field } from '../../../src/codec/field-table.ts';
import { Publication } from '../../../src/core/message/publication.ts';
import { drain, liveBytes, publish, refusal, type Scene, startScene, take } from './scene.ts';

const DEDUPLICATED = { 'x-message-deduplication': true };

/** Publishes a message with this key to exchange 'x', or to the queue of the routing key. */
function send(
  channel: DirectChannel,
  key: Field | string | undefined,
  text: string,
  more: { readonly exchange?: string; readonly routingKey?: string; readonly ttlMs?: number } = {},
): Promise<void> {
  const { exchange = 'x', routingKey = 'q', ttlMs } = more;
  const headers = new Map<string, Field>();
  if (key !== undefined)
    headers.set('x-deduplication-header', typeof key === 'string' ? field.string(key) : key);
  if (ttlMs !== undefined) headers.set('x-cache-ttl', field.int(ttlMs));
  return publish(channel, routingKey, text, { exchange, properties: { headers, deliveryMode: 2 } });
}

async function startWithExchange(args: TableInput, type = 'direct'): Promise<Scene> {
  const scene = await startScene();
  await scene.channel.exchangeDeclare('x', type, { arguments: args });
  await scene.channel.queueDeclare('q');
  await scene.channel.queueBind('q', 'x', { routingKey: 'q' });
  return scene;
}

describe('an exchange that deduplicates', () => {
  test('routes a message once, confirms its repetitions, and lets others through', async () => {
    const scene = await startWithExchange(DEDUPLICATED);
    const { channel } = scene;
    await channel.confirmSelect();
    for (const key of ['a', 'b', 'a', undefined, undefined]) await send(channel, key, key ?? 'none');
    const returned: unknown[] = [];
    channel.on('return', (message) => returned.push(message));
    const headers = { 'x-deduplication-header': 'a' };
    await publish(channel, 'q', 'a', { exchange: 'x', mandatory: true, properties: { headers } });
    expect(await drain(channel, 'q')).toEqual(['a', 'b', 'none', 'none']);
    expect(returned).toEqual([]);
  });

  test('remembers for its time, or that of the message', async () => {
    const { channel, advance } = await startWithExchange({ ...DEDUPLICATED, 'x-cache-ttl': 1000 });
    await send(channel, 'a', 'a1');
    await send(channel, 'b', 'b1', { ttlMs: 5000 });
    await advance(999);
    await send(channel, 'a', 'a2');
    await advance(1);
    await send(channel, 'a', 'a3');
    await send(channel, 'b', 'b2');
    expect(await drain(channel, 'q')).toEqual(['a1', 'b1', 'a3']);
  });

  test('remembers as many as it is told to, the newest', async () => {
    const scene = await startWithExchange({ ...DEDUPLICATED, 'x-cache-size': 2 });
    const { channel } = scene;
    for (const key of ['a', 'b', 'c', 'c', 'b', 'a']) await send(channel, key, key);
    expect(await drain(channel, 'q')).toEqual(['a', 'b', 'c', 'a']);
    expect(scene.vhost.deduplication.count).toBe(2);
  });

  test('knows values of every type apart, and numbers in whatever width', async () => {
    const { channel } = await startWithExchange(DEDUPLICATED);
    const keys: Field[] = [
      field.string('10'),
      field.int(10),
      field.long(10),
      field.double(10),
      field.bool(true),
      field.string('true'),
      field.timestamp(10),
      field.bytes(Uint8Array.of(1, 2)),
      field.bytes(Uint8Array.of(1, 2)),
      field.nothing(),
      field.nothing(),
      field.string('long'.repeat(1000)),
      field.string(`${'long'.repeat(1000)}er`),
    ];
    for (const [index, key] of keys.entries()) await send(channel, key, String(index));
    expect(await drain(channel, 'q')).toEqual(['0', '1', '3', '4', '5', '6', '7', '9', '10', '11', '12']);
  });

  test('may look at another header', async () => {
    const { channel } = await startWithExchange({ ...DEDUPLICATED, 'x-deduplication-header': 'order' });
    for (const text of ['1', '2', '2']) {
      await publish(channel, 'q', text, { exchange: 'x', properties: { headers: { order: text } } });
    }
    expect(await drain(channel, 'q')).toEqual(['1', '2']);
  });

  test('does not remember what no queue took', async () => {
    const { channel } = await startWithExchange(DEDUPLICATED);
    await send(channel, 'a', 'nowhere', { routingKey: 'missing' });
    await send(channel, 'a', 'routed');
    await channel.queueDeclare('full', { arguments: { 'x-max-length': 0, 'x-overflow': 'reject-publish' } });
    await channel.queueBind('full', 'x', { routingKey: 'full' });
    await channel.confirmSelect();
    await expect(send(channel, 'b', 'refused', { routingKey: 'full' })).rejects.toThrow();
    await send(channel, 'b', 'again');
    expect(await drain(channel, 'q')).toEqual(['routed', 'again']);
  });

  test('deduplicates a transaction, too', async () => {
    const { channel } = await startWithExchange(DEDUPLICATED);
    await channel.txSelect();
    await send(channel, 'a', '1');
    await channel.txRollback();
    await send(channel, 'a', '2');
    await send(channel, 'a', '3');
    await channel.txCommit();
    await send(channel, 'a', '4');
    await channel.txCommit();
    expect(await drain(channel, 'q')).toEqual(['2']);
  });

  test('may be of the type x-message-deduplication, which routes as fanout does', async () => {
    const { channel } = await startWithExchange({ 'x-cache-size': 10 }, 'x-message-deduplication');
    await send(channel, 'a', '1', { routingKey: 'whatever' });
    await send(channel, 'a', '2');
    expect(await drain(channel, 'q')).toEqual(['1']);
  });

  test('forgets with its end, and takes no room any more', async () => {
    const scene = await startWithExchange(DEDUPLICATED);
    const { channel } = scene;
    for (let index = 0; index < 2000; index++) await send(channel, `k${index}`, 'a');
    await drain(channel, 'q');
    expect(liveBytes(scene)).toBeGreaterThan(0);
    await channel.exchangeDelete('x');
    await scene.settled();
    expect(scene.vhost.deduplication.count).toBe(0);
    expect(liveBytes(scene)).toBe(0);
  });

  test('goes with its vhost', async () => {
    const scene = await startWithExchange(DEDUPLICATED);
    await send(scene.channel, 'a', '1');
    await scene.settled();
    scene.broker.broker.deleteVhost('/');
    await scene.settled();
    expect(liveBytes(scene)).toBe(0);
  });

  test.each<[string, TableInput]>([
    ['x-message-deduplication', { 'x-message-deduplication': 'yes' }],
    ['x-cache-size', { ...DEDUPLICATED, 'x-cache-size': 0 }],
    ['x-cache-ttl', { ...DEDUPLICATED, 'x-cache-ttl': 'long' }],
    ['x-deduplication-header', { ...DEDUPLICATED, 'x-deduplication-header': 5 }],
  ])('refuses a wrong %s with 406', async (name, args) => {
    const { channel } = await startScene();
    const declared = channel.exchangeDeclare('x', 'direct', { arguments: args });
    expect(await refusal(declared)).toMatchObject({ code: 406, text: expect.stringContaining(name) });
  });

  test('is another one without, and so refused with 406', async () => {
    const { channel } = await startWithExchange(DEDUPLICATED);
    expect(await refusal(channel.exchangeDeclare('x', 'direct'))).toMatchObject({ code: 406 });
  });
});

describe('a queue that deduplicates', () => {
  async function startWithQueue(args: TableInput = {}): Promise<Scene> {
    const scene = await startScene();
    await scene.channel.queueDeclare('q', { arguments: { ...DEDUPLICATED, ...args } });
    return scene;
  }
  const toQueue = { exchange: '' };

  test('takes no message while one like it is in it, ready or unacked', async () => {
    const { channel, settled } = await startWithQueue();
    await send(channel, 'a', '1', toQueue);
    await send(channel, 'a', '2', toQueue);
    const message = await take(channel, 'q');
    await send(channel, 'a', '3', toQueue);
    channel.ack(message);
    await settled();
    await send(channel, 'a', '4', toQueue);
    expect(await drain(channel, 'q')).toEqual(['4']);
  });

  test('takes one like it after a purge', async () => {
    const { channel } = await startWithQueue();
    await send(channel, 'a', '1', toQueue);
    await channel.queuePurge('q');
    await send(channel, 'a', '2', toQueue);
    expect(await drain(channel, 'q')).toEqual(['2']);
  });

  test('with a time takes none like it for that time, whatever became of the first', async () => {
    const { channel, advance } = await startWithQueue({ 'x-cache-ttl': 1000 });
    await send(channel, 'a', '1', toQueue);
    expect(await drain(channel, 'q')).toEqual(['1']);
    await send(channel, 'a', '2', toQueue);
    expect(await drain(channel, 'q')).toEqual([]);
    await advance(1000);
    await send(channel, 'a', '3', toQueue);
    expect(await drain(channel, 'q')).toEqual(['3']);
  });

  test('is looked at on its own when a message goes to several', async () => {
    const { channel } = await startWithQueue();
    await channel.queueDeclare('other');
    for (const queue of ['q', 'other']) await channel.queueBind(queue, 'amq.fanout');
    for (const text of ['1', '2']) await send(channel, 'a', text, { exchange: 'amq.fanout' });
    expect([await drain(channel, 'q'), await drain(channel, 'other')]).toEqual([['1'], ['1', '2']]);
  });

  test('takes every dead letter, also its own: it would be lost', async () => {
    const { channel } = await startWithQueue({
      'x-dead-letter-exchange': '',
      'x-dead-letter-routing-key': 'q',
    });
    await send(channel, 'a', '1', toQueue);
    channel.nack(await take(channel, 'q'), { requeue: false });
    await send(channel, 'a', '2', toQueue);
    expect(await drain(channel, 'q')).toEqual(['1']);
  });

  test('keeps no more keys than messages, about, however many go through', async () => {
    const scene = await startWithQueue();
    const { channel } = scene;
    await send(channel, 'stays', 'stays', toQueue);
    const stays = await take(channel, 'q');
    for (let index = 0; index < 500; index++) {
      await send(channel, `k${index}`, 'a', toQueue);
      await channel.get('q', { noAck: true });
    }
    expect(scene.vhost.deduplication.count).toBeLessThan(5);
    await send(channel, 'stays', 'again', toQueue);
    channel.ack(stays);
    expect(await drain(channel, 'q')).toEqual([]);
    await channel.queueDelete('q');
    await scene.settled();
    expect(liveBytes(scene)).toBe(0);
  });
});

test('a key of any protocol counts in its scope for its time', async () => {
  const { vhost, advance, channel } = await startScene();
  const { deduplication } = vhost;
  await channel.queueDeclare('q');
  expect(deduplication.isRepeated('http ann /v1', 'k')).toBe(false);
  vhost.publish(vhost.exchange(''), Publication.of('', 'q', {}, Uint8Array.of(1)));
  deduplication.remember('http ann /v1', 'k', 1000, true);
  expect(deduplication.isRepeated('http ann /v1', 'k')).toBe(true);
  expect(deduplication.isRepeated('http bob /v1', 'k')).toBe(false);
  await advance(1000);
  expect(deduplication.isRepeated('http ann /v1', 'k')).toBe(false);
});
