import { expect, test } from 'vitest';
import type { PlainValue } from '../../../src/codec/field-table.ts';
import {
  drain,
  drainMessages,
  expectNothingHeld,
  headersOf,
  publish,
  publishAll,
  type Scene,
  startScene,
  take,
  textOf,
} from './scene.ts';

/** A queue whose dead letters go to queue `dead`. */
async function declareWithDeadLetters(scene: Scene, args: Record<string, PlainValue> = {}): Promise<void> {
  await scene.channel.queueDeclare('dead');
  await scene.channel.queueDeclare('q', {
    durable: true,
    arguments: { 'x-dead-letter-exchange': '', 'x-dead-letter-routing-key': 'dead', ...args },
  });
}

test('a rejected message goes to the dead-letter exchange, by reject and by nack', async () => {
  const scene = await startScene();
  const { channel, settled } = scene;
  await declareWithDeadLetters(scene);
  await publishAll(channel, 'q', ['a', 'b', 'c']);
  channel.reject(await take(channel, 'q'), { requeue: false });
  await take(channel, 'q');
  channel.nack(await take(channel, 'q'), { requeue: false, multiple: true });
  await settled();
  expect(await drain(channel, 'dead')).toEqual(['a', 'b', 'c']);
  expectNothingHeld(scene);
});

test('a message that is acknowledged or purged is no dead letter', async () => {
  const scene = await startScene();
  const { channel, settled, queue } = scene;
  await declareWithDeadLetters(scene);
  await publishAll(channel, 'q', ['a', 'b']);
  channel.ack(await take(channel, 'q'));
  await channel.queuePurge('q');
  await settled();
  expect(queue('dead').messageCount).toBe(0);
  await publish(channel, 'q', 'c');
  await channel.queueDelete('q');
  expect(queue('dead').messageCount).toBe(0);
  expectNothingHeld(scene);
});

test('x-death tells the first death in full', async () => {
  const scene = await startScene({ startTime: new Date('2026-02-03T04:05:06.700Z') });
  const { channel, settled } = scene;
  await declareWithDeadLetters(scene);
  await publish(channel, 'q', 'm', { properties: { headers: { mine: 1 }, messageId: 'id-1' } });
  channel.reject(await take(channel, 'q'), { requeue: false });
  await settled();
  const [dead] = await drainMessages(channel, 'dead');
  expect(headersOf(dead!)).toEqual({
    mine: 1,
    'x-death': [
      {
        count: 1,
        reason: 'rejected',
        queue: 'q',
        time: Date.UTC(2026, 1, 3, 4, 5, 6) / 1000,
        exchange: '',
        'routing-keys': ['q'],
      },
    ],
    'x-first-death-exchange': '',
    'x-first-death-queue': 'q',
    'x-first-death-reason': 'rejected',
    'x-last-death-exchange': '',
    'x-last-death-queue': 'q',
    'x-last-death-reason': 'rejected',
  });
  expect([dead?.properties.messageId, dead?.exchange, dead?.routingKey]).toEqual(['id-1', '', 'dead']);
});

test('a dead letter of the first queue may die in the second: newest death first, the first one is remembered', async () => {
  const { channel, advance } = await startScene();
  await channel.queueDeclare('third');
  await channel.queueDeclare('second', {
    arguments: { 'x-message-ttl': 100, 'x-dead-letter-exchange': '', 'x-dead-letter-routing-key': 'third' },
  });
  await channel.queueDeclare('first', {
    arguments: { 'x-max-length': 1, 'x-dead-letter-exchange': '', 'x-dead-letter-routing-key': 'second' },
  });
  await publishAll(channel, 'first', ['a', 'b']);
  await advance(100);
  const [dead] = await drainMessages(channel, 'third');
  const headers = headersOf(dead!) as { 'x-death': { queue: string; reason: string; count: number }[] };
  expect(headers['x-death'].map(({ queue, reason, count }) => [queue, reason, count])).toEqual([
    ['second', 'expired', 1],
    ['first', 'maxlen', 1],
  ]);
  expect(headers).toMatchObject({
    'x-first-death-queue': 'first',
    'x-first-death-reason': 'maxlen',
    'x-last-death-queue': 'second',
    'x-last-death-reason': 'expired',
  });
});

test('a message that dies again in the same way is counted up, and its entry comes first again', async () => {
  const { channel, advance, settled } = await startScene();
  await channel.queueDeclare('wait', {
    arguments: { 'x-message-ttl': 100, 'x-dead-letter-exchange': '', 'x-dead-letter-routing-key': 'work' },
  });
  await channel.queueDeclare('work', {
    arguments: { 'x-dead-letter-exchange': '', 'x-dead-letter-routing-key': 'wait' },
  });
  await publish(channel, 'work', 'm');
  for (let round = 0; round < 3; round++) {
    channel.reject(await take(channel, 'work'), { requeue: false });
    await settled();
    await advance(100);
  }
  const message = await take(channel, 'work');
  const { 'x-death': deaths } = headersOf(message) as {
    'x-death': { queue: string; reason: string; count: number }[];
  };
  expect(deaths.map(({ queue, reason, count }) => [queue, reason, count])).toEqual([
    ['wait', 'expired', 3],
    ['work', 'rejected', 3],
  ]);
});

test('a message that goes in a circle without being rejected is dropped', async () => {
  const scene = await startScene();
  const { channel, advance } = scene;
  for (const [name, next] of [
    ['a', 'b'],
    ['b', 'a'],
  ] as const) {
    const args = { 'x-message-ttl': 100, 'x-dead-letter-exchange': '', 'x-dead-letter-routing-key': next };
    await channel.queueDeclare(name, { arguments: args });
  }
  await publish(channel, 'a', 'm');
  await advance(100);
  expect(scene.queue('b').readyCount).toBe(1);
  await advance(100);
  expect([scene.queue('a').messageCount, scene.queue('b').messageCount]).toEqual([0, 0]);
  expectNothingHeld(scene);
});

test('a rejected message may go back to the queue that it came from', async () => {
  const { channel, settled } = await startScene();
  await channel.queueDeclare('q', { arguments: { 'x-dead-letter-exchange': '' } });
  await publish(channel, 'q', 'm');
  channel.reject(await take(channel, 'q'), { requeue: false });
  await settled();
  expect(await drain(channel, 'q')).toEqual(['m']);
});

test('an expired message loses its expiration, and x-death keeps it', async () => {
  const scene = await startScene();
  const { channel, advance } = scene;
  await declareWithDeadLetters(scene);
  await publish(channel, 'q', 'm', { properties: { expiration: '250' } });
  await advance('1h');
  const [dead] = await drainMessages(channel, 'dead');
  expect(dead?.properties.expiration).toBeUndefined();
  const { 'x-death': deaths } = headersOf(dead!) as { 'x-death': Record<string, unknown>[] };
  expect(deaths[0]).toMatchObject({ reason: 'expired', 'original-expiration': '250' });
});

test('without a dead-letter routing key a message keeps its own, and its CC', async () => {
  const { channel, settled } = await startScene();
  await channel.exchangeDeclare('dlx', 'direct');
  for (const name of ['one', 'two']) {
    await channel.queueDeclare(name);
    await channel.queueBind(name, 'dlx', { routingKey: name === 'one' ? 'q' : 'copied' });
  }
  await channel.queueDeclare('q', { arguments: { 'x-dead-letter-exchange': 'dlx' } });
  await publish(channel, 'q', 'm', { properties: { headers: { CC: ['copied'] } } });
  channel.reject(await take(channel, 'q'), { requeue: false });
  await settled();
  for (const name of ['one', 'two']) {
    const [dead] = await drainMessages(channel, name);
    expect([dead?.exchange, dead?.routingKey]).toEqual(['dlx', 'q']);
    const headers = headersOf(dead!) as { CC: string[]; 'x-death': { 'routing-keys': string[] }[] };
    expect([headers.CC, headers['x-death'][0]?.['routing-keys']]).toEqual([['copied'], ['q', 'copied']]);
  }
});

test('with a dead-letter routing key CC counts no more and is taken out', async () => {
  const scene = await startScene();
  const { channel, settled, queue } = scene;
  await declareWithDeadLetters(scene);
  await channel.queueDeclare('copied');
  await publish(channel, 'q', 'm', { properties: { headers: { CC: ['copied'] } } });
  await drain(channel, 'copied');
  channel.reject(await take(channel, 'q'), { requeue: false });
  await settled();
  const [dead] = await drainMessages(channel, 'dead');
  expect(headersOf(dead!)).not.toHaveProperty('CC');
  expect(queue('copied').messageCount).toBe(0);
});

test('dead letters are dropped while their exchange is not there', async () => {
  const scene = await startScene();
  const { channel, settled, queue } = scene;
  await channel.queueDeclare('q', { arguments: { 'x-dead-letter-exchange': 'later' } });
  await channel.queueDeclare('dead');
  await publishAll(channel, 'q', ['a', 'b']);
  channel.reject(await take(channel, 'q'), { requeue: false });
  await channel.exchangeDeclare('later', 'fanout');
  await channel.queueBind('dead', 'later');
  channel.reject(await take(channel, 'q'), { requeue: false });
  await settled();
  expect(await drain(channel, 'dead')).toEqual(['b']);
  expect(queue('q').messageCount).toBe(0);
});

test('dead letters through a long chain of full queues arrive one after the other', async () => {
  const scene = await startScene();
  const { channel } = scene;
  const length = 100;
  for (let index = 0; index < length; index++) {
    const args = {
      'x-max-length': 1,
      'x-dead-letter-exchange': '',
      'x-dead-letter-routing-key': `q${index + 1}`,
    };
    await channel.queueDeclare(`q${index}`, { arguments: args });
  }
  await channel.queueDeclare(`q${length}`);
  await publishAll(
    channel,
    'q0',
    Array.from({ length: length + 2 }, (_, index) => `${index}`),
  );
  expect(await drain(channel, `q${length}`)).toEqual(['0', '1']);
});

test('a queue may be its own dead-letter target when it is full', async () => {
  const scene = await startScene();
  const { channel } = scene;
  const args = { 'x-max-length': 2, 'x-dead-letter-exchange': '', 'x-dead-letter-routing-key': 'q' };
  await channel.queueDeclare('q', { arguments: args });
  await publishAll(channel, 'q', ['a', 'b', 'c', 'd']);
  expect(await drain(channel, 'q')).toEqual(['c', 'd']);
  expectNothingHeld(scene);
});

test('a routing key that is no UTF-8 does not keep a message from being dead-lettered', async () => {
  const scene = await startScene();
  const { channel, advance, queue } = scene;
  await declareWithDeadLetters(scene, { 'x-message-ttl': 100 });
  await channel.queueDeclare('copies', {
    arguments: { 'x-message-ttl': 100, 'x-dead-letter-exchange': 'amq.fanout' },
  });
  await channel.queueBind('copies', 'amq.topic', { routingKey: '#' });
  await channel.queueBind('dead', 'amq.fanout');
  await publish(channel, '\uFFFD'.repeat(85), 'm', { exchange: 'amq.topic' });
  await advance(100);
  expect(queue('dead').readyCount).toBe(1);
});

test('a message with as many headers as a table may have can die more than once', async () => {
  const scene = await startScene();
  const { channel, advance } = scene;
  await channel.queueDeclare('third');
  for (const [name, next] of [
    ['first', 'second'],
    ['second', 'third'],
  ] as const) {
    const args = { 'x-message-ttl': 100, 'x-dead-letter-exchange': '', 'x-dead-letter-routing-key': next };
    await channel.queueDeclare(name, { arguments: args });
  }
  const headers = Object.fromEntries(Array.from({ length: 1020 }, (_, index) => [`h${index}`, index]));
  await publish(channel, 'first', 'm', { properties: { headers } });
  await advance(1000);
  expect(scene.queue('third').readyCount).toBe(1);
});

test('a message over its delivery limit is dead-lettered with the reason delivery_limit', async () => {
  for (const type of ['quorum', 'classic']) {
    const scene = await startScene();
    const { channel, settled } = scene;
    await declareWithDeadLetters(scene, { 'x-queue-type': type, 'x-delivery-limit': 2 });
    await publish(channel, 'q', 'm');
    for (let delivery = 0; delivery < 3; delivery++) {
      channel.nack(await take(channel, 'q'));
      await settled();
    }
    const [dead] = await drainMessages(channel, 'dead');
    expect(headersOf(dead!)).toMatchObject({ 'x-first-death-reason': 'delivery_limit' });
    expectNothingHeld(scene);
  }
});

test('a message over its delivery limit is dropped when there is no dead-letter exchange', async () => {
  const scene = await startScene();
  const { channel, settled, queue } = scene;
  await channel.queueDeclare('q', {
    durable: true,
    arguments: { 'x-queue-type': 'quorum', 'x-delivery-limit': 0 },
  });
  await publish(channel, 'q', 'm');
  channel.nack(await take(channel, 'q'));
  await settled();
  expect(queue('q').messageCount).toBe(0);
  expectNothingHeld(scene);
});

test('a quorum queue says in x-delivery-count how often a message came back', async () => {
  const { channel, settled } = await startScene();
  await channel.queueDeclare('q', { durable: true, arguments: { 'x-queue-type': 'quorum' } });
  await publish(channel, 'q', 'm');
  const counts: unknown[] = [];
  for (let delivery = 0; delivery < 30; delivery++) {
    const message = await take(channel, 'q');
    counts.push(headersOf(message)['x-delivery-count']);
    channel.nack(message);
    await settled();
  }
  expect(counts.slice(0, 3)).toEqual([undefined, 1, 2]);
  expect(counts[29]).toBe(29);
});

test('a channel that closes counts as a delivery that failed', async () => {
  const { channel, connection, settled } = await startScene();
  await channel.queueDeclare('q', { durable: true, arguments: { 'x-queue-type': 'quorum' } });
  await publish(channel, 'q', 'm');
  const other = await connection.createChannel();
  await take(other, 'q');
  await other.close();
  await settled();
  expect(headersOf(await take(channel, 'q'))).toEqual({ 'x-delivery-count': 1 });
});

test('a classic queue does not add x-delivery-count', async () => {
  const { channel, settled } = await startScene();
  await channel.queueDeclare('q', { arguments: { 'x-delivery-limit': 5 } });
  await publish(channel, 'q', 'm', { properties: { headers: { mine: 1 } } });
  channel.nack(await take(channel, 'q'));
  await settled();
  const again = await take(channel, 'q');
  expect([headersOf(again), textOf(again)]).toEqual([{ mine: 1 }, 'm']);
});

test('a client cannot forge a history that keeps its message from being dead-lettered', async () => {
  const scene = await startScene();
  const { channel, settled } = scene;
  await declareWithDeadLetters(scene);
  await publish(channel, 'q', 'm', { properties: { headers: { 'x-death': 'nonsense' } } });
  await publish(channel, 'q', 'n', { properties: { headers: { 'x-death': [1, 'two', { queue: 3 }] } } });
  for (let count = 0; count < 2; count++) channel.reject(await take(channel, 'q'), { requeue: false });
  await settled();
  expect(await drain(channel, 'dead')).toEqual(['m', 'n']);
});
