import { describe, expect, test } from 'vitest';
import type { Publication } from '../../../src/client/delivery.ts';
import type { DirectChannel } from '../../../src/client/direct-channel.ts';
import { plainTable, tableOf } from '../../../src/codec/field-table.ts';
import type { Outcome } from '../../../src/core/outcome/outcome.ts';
import {
  closeReason,
  collect,
  liveBytes,
  policy,
  publish,
  type Scene,
  startScene,
  take,
  textOf,
} from './scene.ts';

const MINUTE = 60_000;

/** Publishes a message whose outcome is wanted for a minute. */
function ask(
  channel: DirectChannel,
  routingKey: string,
  messageId: string,
  properties: Publication['properties'] = {},
): Promise<void> {
  const headers = { 'x-outcome-ttl': MINUTE };
  return publish(channel, routingKey, 'work', { properties: { messageId, headers, ...properties } });
}

function outcome({ vhost }: Scene, messageId = 'm'): Outcome | undefined {
  return vhost.outcomes.get(messageId)[0];
}

async function giveResult(
  channel: DirectChannel,
  deliveryTag: number,
  text: string,
  more: { readonly error?: string; readonly contentType?: string } = {},
): Promise<void> {
  const error = more.error === undefined ? {} : { 'x-error': more.error };
  const headers = { 'x-delivery-tag': deliveryTag, ...error };
  await publish(channel, 'leveret.result', text, { properties: { headers, contentType: more.contentType } });
}

describe('the outcome of a message', () => {
  test('that was acknowledged is completed, with how often, how long it waited and was worked on', async () => {
    const scene = await startScene();
    const { channel, advance, settled } = scene;
    await channel.queueDeclare('q');
    await ask(channel, 'q', 'm');
    await advance(250);
    const message = await take(channel, 'q');
    await advance(1000);
    channel.ack(message);
    await settled();
    expect(outcome(scene)).toEqual({
      messageId: 'm',
      queue: 'q',
      status: 'completed',
      reason: undefined,
      result: undefined,
      contentType: undefined,
      headers: undefined,
      error: undefined,
      deliveries: 1,
      waitingMs: 250,
      workingMs: 1000,
      settledAtMs: scene.broker.clock.now.getTime(),
    });
  });

  test('counts each delivery, and times the last', async () => {
    const scene = await startScene();
    const { channel, advance, settled } = scene;
    await channel.queueDeclare('q');
    await ask(channel, 'q', 'm');
    channel.nack(await take(channel, 'q'));
    await advance(100);
    const message = await take(channel, 'q');
    await advance(5);
    channel.ack(message);
    await settled();
    expect(outcome(scene)).toMatchObject({ deliveries: 2, waitingMs: 100, workingMs: 5 });
  });

  test('that is delivered without acknowledgements is completed then', async () => {
    const scene = await startScene();
    const { channel, settled } = scene;
    await channel.queueDeclare('q');
    await ask(channel, 'q', 'm');
    await ask(channel, 'q', 'n');
    await channel.get('q', { noAck: true });
    await collect(channel, 'q', { noAck: true });
    await settled();
    expect([outcome(scene, 'm')?.status, outcome(scene, 'n')?.status]).toEqual(['completed', 'completed']);
  });

  test('that was rejected is failed without a dead-letter exchange, and dead-lettered with one', async () => {
    const scene = await startScene();
    const { channel, settled } = scene;
    await channel.queueDeclare('plain');
    await channel.queueDeclare('dlx', {
      arguments: { 'x-dead-letter-exchange': '', 'x-dead-letter-routing-key': 'dead' },
    });
    await channel.queueDeclare('nowhere', { arguments: { 'x-dead-letter-exchange': 'missing' } });
    await channel.queueDeclare('dead');
    for (const queue of ['plain', 'dlx', 'nowhere']) {
      await ask(channel, queue, queue);
      channel.nack(await take(channel, queue), { requeue: false });
    }
    await settled();
    expect(outcome(scene, 'plain')).toMatchObject({ status: 'failed', reason: 'rejected' });
    expect(outcome(scene, 'dlx')).toMatchObject({ status: 'dead-lettered', reason: 'rejected' });
    expect(outcome(scene, 'nowhere')).toMatchObject({ status: 'failed', reason: 'rejected' });
  });

  test('that died on has an outcome in each queue', async () => {
    const scene = await startScene();
    const { channel, settled } = scene;
    await channel.queueDeclare('first', {
      arguments: { 'x-dead-letter-exchange': '', 'x-dead-letter-routing-key': 'second' },
    });
    await channel.queueDeclare('second');
    await ask(channel, 'first', 'm');
    channel.nack(await take(channel, 'first'), { requeue: false });
    channel.ack(await take(channel, 'second'));
    await settled();
    expect(scene.vhost.outcomes.get('m').map(({ queue, status }) => [queue, status])).toEqual([
      ['first', 'dead-lettered'],
      ['second', 'completed'],
    ]);
    expect(scene.vhost.outcomes.get('m', 'second')).toHaveLength(1);
  });

  test('whose time was over is expired, or dead-lettered for that reason', async () => {
    const scene = await startScene();
    const { channel, advance } = scene;
    await channel.queueDeclare('plain', { arguments: { 'x-message-ttl': 100 } });
    await channel.queueDeclare('dlx', {
      arguments: { 'x-message-ttl': 100, 'x-dead-letter-exchange': 'amq.fanout' },
    });
    await ask(channel, 'plain', 'plain');
    await ask(channel, 'dlx', 'dlx');
    await advance(150);
    expect(outcome(scene, 'plain')).toMatchObject({
      status: 'expired',
      reason: 'expired',
      deliveries: 0,
      waitingMs: 100,
    });
    expect(outcome(scene, 'dlx')).toMatchObject({ status: 'dead-lettered', reason: 'expired' });
  });

  test('that a full queue gave up is dropped', async () => {
    const scene = await startScene();
    const { channel, settled } = scene;
    await channel.queueDeclare('q', { arguments: { 'x-max-length': 1 } });
    await ask(channel, 'q', 'm');
    await ask(channel, 'q', 'n');
    await settled();
    expect(outcome(scene, 'm')).toMatchObject({ status: 'dropped', reason: 'maxlen' });
    expect(outcome(scene, 'n')).toBeUndefined();
  });

  test('that was delivered too often is failed', async () => {
    const scene = await startScene();
    const { channel, settled } = scene;
    await channel.queueDeclare('q', { arguments: { 'x-delivery-limit': 1 } });
    await ask(channel, 'q', 'm');
    channel.nack(await take(channel, 'q'));
    channel.nack(await take(channel, 'q'));
    await settled();
    expect(outcome(scene)).toMatchObject({ status: 'failed', reason: 'delivery_limit', deliveries: 2 });
  });

  test('that was purged, or went with its queue, is dropped', async () => {
    const scene = await startScene();
    const { channel, settled } = scene;
    await channel.queueDeclare('q');
    await ask(channel, 'q', 'unacked');
    await take(channel, 'q');
    for (let index = 0; index < 3000; index++) await ask(channel, 'q', `p${index}`);
    await channel.queuePurge('q');
    await settled();
    for (const id of ['p0', 'p1500', 'p2999']) {
      expect(outcome(scene, id)).toMatchObject({ status: 'dropped', reason: 'purged' });
    }
    expect(outcome(scene, 'unacked')).toBeUndefined();
    await ask(channel, 'q', 'ready');
    await channel.queueDelete('q');
    await settled();
    expect(outcome(scene, 'ready')).toMatchObject({ status: 'dropped', reason: 'deleted' });
    expect(outcome(scene, 'unacked')).toMatchObject({ status: 'dropped', reason: 'deleted', deliveries: 1 });
  });

  test('of a message-id that comes again takes the place of the former one', async () => {
    const scene = await startScene();
    const { channel, settled } = scene;
    await channel.queueDeclare('q');
    await ask(channel, 'q', 'm');
    channel.nack(await take(channel, 'q'), { requeue: false });
    await ask(channel, 'q', 'm');
    channel.ack(await take(channel, 'q'));
    await settled();
    expect(scene.vhost.outcomes.get('m').map(({ status }) => status)).toEqual(['completed']);
    expect(scene.vhost.outcomes.count).toBe(1);
  });

  test('goes when its time is over, and takes no room any more', async () => {
    const scene = await startScene();
    const { channel, advance } = scene;
    await channel.queueDeclare('q');
    await ask(channel, 'q', 'm');
    channel.ack(await take(channel, 'q'));
    await advance(MINUTE - 1);
    expect(outcome(scene)).toBeDefined();
    expect(liveBytes(scene)).toBeGreaterThan(0);
    await advance(1);
    expect(outcome(scene)).toBeUndefined();
    expect(liveBytes(scene)).toBe(0);
  });
});

describe('an outcome is wanted', () => {
  test('not without a message-id', async () => {
    const scene = await startScene();
    const { channel, settled } = scene;
    await channel.queueDeclare('q');
    await publish(channel, 'q', 'a', { properties: { headers: { 'x-outcome-ttl': MINUTE } } });
    channel.ack(await take(channel, 'q'));
    await settled();
    expect(scene.vhost.outcomes.count).toBe(0);
  });

  test('of all messages of a queue that says so, for as long as it says, but for those that do not want it', async () => {
    const scene = await startScene();
    const { channel, advance } = scene;
    await channel.queueDeclare('q', { arguments: { 'x-outcome-ttl': 1000 } });
    await publish(channel, 'q', 'a', { properties: { messageId: 'own' } });
    await publish(channel, 'q', 'a', { properties: { messageId: 'none', headers: { 'x-outcome-ttl': 0 } } });
    await publish(channel, 'q', 'a', {
      properties: { messageId: 'longer', headers: { 'x-outcome-ttl': 2000 } },
    });
    for (let count = 0; count < 3; count++) channel.ack(await take(channel, 'q'));
    await advance(1);
    expect(['own', 'none', 'longer'].map((id) => outcome(scene, id)?.status)).toEqual([
      'completed',
      undefined,
      'completed',
    ]);
    await advance(1500);
    expect(['own', 'longer'].map((id) => outcome(scene, id)?.status)).toEqual([undefined, 'completed']);
  });

  test('where a policy says so', async () => {
    const scene = await startScene();
    const { channel, settled } = scene;
    await channel.queueDeclare('q');
    scene.vhost.setPolicy(policy('p', 'q', tableOf({ 'outcome-ttl': 1000 })));
    await publish(channel, 'q', 'a', { properties: { messageId: 'm' } });
    channel.ack(await take(channel, 'q'));
    await settled();
    expect(outcome(scene)?.status).toBe('completed');
  });

  test.each([-1, 2 ** 32, '60000', 1.5])('not with x-outcome-ttl %j: 406', async (ttl) => {
    const { channel } = await startScene();
    const closed = closeReason(channel);
    await publish(channel, 'q', 'a', { properties: { messageId: 'm', headers: { 'x-outcome-ttl': ttl } } });
    expect(await closed).toMatchObject({
      code: 406,
      text: expect.stringContaining("header 'x-outcome-ttl'"),
    });
  });

  test.each([-1, 2 ** 32])('not with the queue argument x-outcome-ttl %j: 406', async (ttl) => {
    const { channel } = await startScene();
    await expect(channel.queueDeclare('q', { arguments: { 'x-outcome-ttl': ttl } })).rejects.toMatchObject({
      replyCode: 406,
    });
  });
});

describe('a result', () => {
  test('is kept with the acknowledgement, with its content-type and headers', async () => {
    const scene = await startScene();
    const { channel, settled } = scene;
    await channel.queueDeclare('q');
    await ask(channel, 'q', 'm');
    const { deliveryTag } = await take(channel, 'q');
    const headers = { 'x-delivery-tag': deliveryTag, pages: 3 };
    await publish(channel, 'leveret.result', '{"ok":true}', {
      properties: { contentType: 'application/json', headers },
    });
    expect(outcome(scene)).toBeUndefined();
    channel.ack(deliveryTag);
    await settled();
    const kept = outcome(scene) as Outcome;
    expect(kept).toMatchObject({ status: 'completed', contentType: 'application/json' });
    expect(textOf({ body: kept.result as Uint8Array })).toBe('{"ok":true}');
    expect(plainTable(kept.headers ?? new Map())).toEqual({ pages: 3 });
  });

  test('of each delivery counts when several are acknowledged at once, and the last one given', async () => {
    const scene = await startScene();
    const { channel, settled } = scene;
    await channel.queueDeclare('q');
    const tags: number[] = [];
    for (const id of ['a', 'b', 'c']) {
      await ask(channel, 'q', id);
      tags.push((await take(channel, 'q')).deliveryTag);
    }
    await giveResult(channel, tags[1] as number, 'old');
    await giveResult(channel, tags[1] as number, 'B');
    await giveResult(channel, tags[0] as number, 'A');
    channel.ack(tags[2] as number, { multiple: true });
    await settled();
    const results = ['a', 'b', 'c'].map((id) => outcome(scene, id)?.result);
    expect(results.map((body) => body && textOf({ body }))).toEqual(['A', 'B', undefined]);
  });

  test('with an error makes the message failed, however it is settled', async () => {
    const scene = await startScene();
    const { channel, settled } = scene;
    await channel.queueDeclare('q', { arguments: { 'x-dead-letter-exchange': 'amq.fanout' } });
    for (const id of ['rejected', 'acknowledged']) {
      await ask(channel, 'q', id);
      const { deliveryTag } = await take(channel, 'q');
      await giveResult(channel, deliveryTag, '', { error: 'no such page' });
      if (id === 'rejected') channel.reject(deliveryTag, { requeue: false });
      else channel.ack(deliveryTag);
    }
    await settled();
    const failed = { status: 'failed', error: 'no such page', result: undefined };
    expect(outcome(scene, 'rejected')).toMatchObject(failed);
    expect(outcome(scene, 'acknowledged')).toMatchObject(failed);
  });

  test('of a delivery that comes back is dropped', async () => {
    const scene = await startScene();
    const { channel, settled } = scene;
    await channel.queueDeclare('q');
    await ask(channel, 'q', 'm');
    const { deliveryTag } = await take(channel, 'q');
    await giveResult(channel, deliveryTag, 'early');
    channel.nack(deliveryTag);
    channel.ack(await take(channel, 'q'));
    await settled();
    expect(outcome(scene)).toMatchObject({ status: 'completed', result: undefined });
  });

  test('of a channel that ends is dropped, and no longer counted', async () => {
    const scene = await startScene();
    const { connection, channel, settled } = scene;
    await channel.queueDeclare('q');
    await ask(channel, 'q', 'm');
    const body = new Uint8Array(9 * 2 ** 20);
    for (let round = 0; round < 2; round++) {
      const other = await connection.createChannel();
      const { deliveryTag } = await take(other, 'q');
      await other.publish({
        routingKey: 'leveret.result',
        body,
        properties: { headers: { 'x-delivery-tag': deliveryTag } },
      });
      await other.close();
    }
    channel.ack(await take(channel, 'q'));
    await settled();
    expect(outcome(scene)).toMatchObject({ status: 'completed', result: undefined });
  });

  test.each([
    ['for no delivery', { 'x-delivery-tag': 7 }, 'unknown delivery tag 7'],
    ['without a tag', {}, 'expected an integer, the tag of the delivery that the result is of, got none'],
    ['with a tag that is no integer', { 'x-delivery-tag': '1' }, 'got 1 of type S'],
    ['with an error that is no text', { 'x-delivery-tag': 1, 'x-error': 5 }, "header 'x-error'"],
  ])('%s is refused with 406', async (_name, headers, text) => {
    const { channel } = await startScene();
    await channel.queueDeclare('q');
    await ask(channel, 'q', 'm');
    await take(channel, 'q');
    const closed = closeReason(channel);
    await publish(channel, 'leveret.result', 'r', { properties: { headers } });
    expect(await closed).toMatchObject({ code: 406, text: expect.stringContaining(text) });
  });

  test('that would be more than a connection may hold is refused with 406', async () => {
    const { channel } = await startScene();
    await channel.queueDeclare('q');
    const body = new Uint8Array(9 * 2 ** 20);
    const closed = closeReason(channel);
    for (const id of ['a', 'b']) {
      await ask(channel, 'q', id);
      const { deliveryTag } = await take(channel, 'q');
      await channel.publish({
        routingKey: 'leveret.result',
        body,
        properties: { headers: { 'x-delivery-tag': deliveryTag } },
      });
    }
    expect(await closed).toMatchObject({
      code: 406,
      text: expect.stringContaining('a connection may give 16777216'),
    });
  });

  test('is confirmed, and needs no permission but to read the queue', async () => {
    const scene = await startScene();
    const { channel, settled } = scene;
    const { broker } = scene.broker;
    broker.putUser('worker', 'worker');
    broker.access.setPermission({ user: 'worker', vhost: '/', configure: '^$', write: '^$', read: '^q$' });
    await channel.queueDeclare('q');
    await ask(channel, 'q', 'm');
    const worker = await scene.otherChannel({ username: 'worker', password: 'worker' });
    await worker.confirmSelect();
    const { deliveryTag } = await take(worker, 'q');
    await giveResult(worker, deliveryTag, 'done');
    worker.ack(deliveryTag);
    await settled();
    expect(outcome(scene)).toMatchObject({ status: 'completed' });
    const closed = closeReason(worker);
    await Promise.all([expect(publish(worker, 'q', 'x')).rejects.toThrow(), closed]);
    expect(await closed).toMatchObject({ code: 403 });
  });

  test('in a transaction is there with its commit, and not after a rollback', async () => {
    const scene = await startScene();
    const { channel, settled } = scene;
    await channel.queueDeclare('q');
    for (const id of ['committed', 'rolled back']) await ask(channel, 'q', id);
    const worker = await scene.otherChannel();
    await worker.txSelect();
    const first = await take(worker, 'q');
    await giveResult(worker, first.deliveryTag, 'one');
    worker.ack(first);
    await settled();
    expect(outcome(scene, 'committed')).toBeUndefined();
    await worker.txCommit();
    expect(textOf({ body: outcome(scene, 'committed')?.result as Uint8Array })).toBe('one');
    const second = await take(worker, 'q');
    await giveResult(worker, second.deliveryTag, 'two');
    worker.ack(second);
    await worker.txRollback();
    worker.ack(second);
    await worker.txCommit();
    expect(outcome(scene, 'rolled back')).toMatchObject({ status: 'completed', result: undefined });
  });
});

describe('who waits for an outcome', () => {
  test('is told of the next one, of the queue that was asked for, once', async () => {
    const scene = await startScene();
    const { channel, settled } = scene;
    await channel.queueDeclare('first', {
      arguments: { 'x-dead-letter-exchange': '', 'x-dead-letter-routing-key': 'second' },
    });
    await channel.queueDeclare('second');
    const told: string[] = [];
    scene.vhost.outcomes.wait('m', undefined, ({ queue }) => told.push(`any ${queue}`));
    scene.vhost.outcomes.wait('m', 'second', ({ queue }) => told.push(`second ${queue}`));
    scene.vhost.outcomes.wait('m', 'second', () => told.push('cancelled'))();
    scene.vhost.outcomes.wait('other', undefined, () => told.push('other'));
    await ask(channel, 'first', 'm');
    channel.nack(await take(channel, 'first'), { requeue: false });
    channel.ack(await take(channel, 'second'));
    await settled();
    expect(told).toEqual(['any first', 'second second']);
  });
});
