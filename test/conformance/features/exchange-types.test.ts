import { expect, test } from 'vitest';
import type { GottenMessage } from '../../../src/client/delivery.ts';
import type { DirectChannel } from '../../../src/client/direct-channel.ts';
import { type Field, field, type PlainValue } from '../../../src/codec/field-table.ts';
import {
  drain,
  drainMessages,
  headersOf,
  publish,
  publishAll,
  refusal,
  type Scene,
  startScene,
  take,
} from './scene.ts';

/** Declares an exchange of the type, and queues bound to it, each with its own binding keys. */
async function declareBound(
  scene: Scene,
  type: string,
  bindings: Readonly<Record<string, readonly string[]>>,
  args: Record<string, PlainValue> = {},
): Promise<void> {
  const { channel } = scene;
  await channel.exchangeDeclare('x', type, { arguments: args });
  for (const [queue, keys] of Object.entries(bindings)) {
    await channel.queueDeclare(queue);
    for (const routingKey of keys) await channel.queueBind(queue, 'x', { routingKey });
  }
}

/** The queues that a message with this key reaches through exchange x. */
async function reached(
  scene: Scene,
  routingKey: string,
  headers?: Record<string, PlainValue>,
): Promise<string[]> {
  await publish(scene.channel, routingKey, 'm', { exchange: 'x', properties: { headers } });
  const queues: string[] = [];
  for (const { name } of scene.vhost.queues.values()) {
    const messages = await drain(scene.channel, name);
    expect(messages.length).toBeLessThanOrEqual(1);
    if (messages.length === 1) queues.push(name);
  }
  return queues;
}

async function publishAllTo(
  channel: DirectChannel,
  exchange: string,
  texts: readonly string[],
): Promise<void> {
  for (const text of texts) await publish(channel, '', text, { exchange });
}

test('the default exchange routes to the queue that the routing key names', async () => {
  const { channel } = await startScene();
  await channel.queueDeclare('orders');
  await publish(channel, 'orders', 'one');
  await publish(channel, 'other', 'two');
  expect(await drain(channel, 'orders')).toEqual(['one']);
});

test('the exchanges of the standard exist in every vhost', async () => {
  const { channel } = await startScene();
  const types = {
    'amq.direct': 'direct',
    'amq.fanout': 'fanout',
    'amq.topic': 'topic',
    'amq.headers': 'headers',
    'amq.match': 'headers',
  };
  for (const [name, type] of Object.entries(types))
    await channel.exchangeDeclare(name, type, { durable: true });
});

test('a direct exchange routes to the queues bound with the routing key', async () => {
  const scene = await startScene();
  await declareBound(scene, 'direct', { a: ['red'], b: ['red', 'blue'], c: ['green'] });
  expect(await reached(scene, 'red')).toEqual(['a', 'b']);
  expect(await reached(scene, 'blue')).toEqual(['b']);
  expect(await reached(scene, 'black')).toEqual([]);
});

test('a fanout exchange routes to all bound queues, whatever the keys', async () => {
  const scene = await startScene();
  await declareBound(scene, 'fanout', { a: ['red'], b: [''], c: [] });
  expect(await reached(scene, 'anything')).toEqual(['a', 'b']);
});

test('a queue that is bound twice gets a message once', async () => {
  const scene = await startScene();
  await declareBound(scene, 'topic', { a: ['#', 'red', '*'] });
  expect(await reached(scene, 'red')).toEqual(['a']);
});

test('in a topic exchange a star stands for one word and a hash for any number of words', async () => {
  const scene = await startScene();
  await declareBound(scene, 'topic', { star: ['*.orange.*'], hash: ['lazy.#'], both: ['#.end'], all: ['#'] });
  expect(await reached(scene, 'quick.orange.fox')).toEqual(['star', 'all']);
  expect(await reached(scene, 'lazy')).toEqual(['hash', 'all']);
  expect(await reached(scene, 'lazy.orange.end')).toEqual(['star', 'hash', 'both', 'all']);
  expect(await reached(scene, 'orange')).toEqual(['all']);
  expect(await reached(scene, '')).toEqual(['all']);
});

test('unbinding takes effect for the next message with the same key', async () => {
  const scene = await startScene();
  await declareBound(scene, 'topic', { a: ['red'], b: ['red'] });
  expect(await reached(scene, 'red')).toEqual(['a', 'b']);
  await scene.channel.queueUnbind('a', 'x', { routingKey: 'red' });
  expect(await reached(scene, 'red')).toEqual(['b']);
  await scene.channel.queueBind('a', 'x', { routingKey: 'red' });
  expect(await reached(scene, 'red')).toEqual(['a', 'b']);
});

async function bindHeaders(scene: Scene, queue: string, args: Record<string, PlainValue>): Promise<void> {
  await scene.channel.queueDeclare(queue);
  await scene.channel.queueBind(queue, 'x', { arguments: args });
}

test('a headers exchange matches all headers unless x-match says any', async () => {
  const scene = await startScene();
  await scene.channel.exchangeDeclare('x', 'headers');
  await bindHeaders(scene, 'default', { a: 1, b: 'two' });
  await bindHeaders(scene, 'all', { 'x-match': 'all', a: 1, b: 'two' });
  await bindHeaders(scene, 'any', { 'x-match': 'any', a: 1, b: 'two' });
  expect(await reached(scene, '', { a: 1, b: 'two', c: 3 })).toEqual(['default', 'all', 'any']);
  expect(await reached(scene, '', { a: 1 })).toEqual(['any']);
  expect(await reached(scene, '', { a: 2, b: 'three' })).toEqual([]);
  expect(await reached(scene, '')).toEqual([]);
});

test('headers that begin with x- count only for all-with-x and any-with-x', async () => {
  const scene = await startScene();
  await scene.channel.exchangeDeclare('x', 'headers');
  await bindHeaders(scene, 'all', { 'x-match': 'all', 'x-kind': 'a', n: 1 });
  await bindHeaders(scene, 'all-with-x', { 'x-match': 'all-with-x', 'x-kind': 'a', n: 1 });
  await bindHeaders(scene, 'any', { 'x-match': 'any', 'x-kind': 'a' });
  await bindHeaders(scene, 'any-with-x', { 'x-match': 'any-with-x', 'x-kind': 'a' });
  expect(await reached(scene, '', { n: 1 })).toEqual(['all']);
  expect(await reached(scene, '', { 'x-kind': 'a', n: 1 })).toEqual(['all', 'all-with-x', 'any-with-x']);
});

test('an unknown x-match is refused', async () => {
  const scene = await startScene();
  await scene.channel.queueDeclare('q');
  const attempt = scene.channel.queueBind('q', 'amq.headers', { arguments: { 'x-match': 'some' } });
  expect(await refusal(attempt)).toMatchObject({ level: 'channel', code: 406 });
});

test('a consistent-hash exchange sends each key to one queue, always the same one, and uses all queues', async () => {
  const scene = await startScene();
  await declareBound(scene, 'x-consistent-hash', { a: ['10'], b: ['10'], c: ['10'] });
  const used = new Set<string>();
  for (let key = 0; key < 60; key++) {
    const queues = await reached(scene, `key-${key}`);
    expect(queues).toHaveLength(1);
    expect(await reached(scene, `key-${key}`)).toEqual(queues);
    used.add(queues[0] as string);
  }
  expect(used.size).toBe(3);
});

test('a consistent-hash exchange can hash a header or a property', async () => {
  for (const args of [{ 'hash-header': 'customer' }, { 'hash-property': 'message_id' }]) {
    const scene = await startScene();
    await declareBound(scene, 'x-consistent-hash', { a: ['1'], b: ['1'], c: ['1'] }, args);
    for (let key = 0; key < 30; key++) {
      const properties = { messageId: 'same', headers: { customer: 'same' } };
      await publish(scene.channel, `key-${key}`, 'm', { exchange: 'x', properties });
    }
    const counts = ['a', 'b', 'c'].map((name) => scene.queue(name).readyCount).sort();
    expect(counts).toEqual([0, 0, 30]);
  }
});

test('the binding key of a consistent-hash exchange is a weight: anything else is refused', async () => {
  const scene = await startScene();
  await scene.channel.exchangeDeclare('x', 'x-consistent-hash');
  await scene.channel.queueDeclare('q');
  const attempt = scene.channel.queueBind('q', 'x', { routingKey: 'heavy' });
  expect(await refusal(attempt)).toMatchObject({ level: 'channel', code: 406 });
});

test('a modulus-hash exchange sends each key to one queue, and a random exchange each message to one', async () => {
  for (const type of ['x-modulus-hash', 'x-random']) {
    const scene = await startScene({ seed: 1 });
    await declareBound(scene, type, { a: [''], b: [''], c: [''] });
    const used = new Set<string>();
    for (let key = 0; key < 60; key++) {
      const queues = await reached(scene, `key-${key}`);
      expect(queues).toHaveLength(1);
      used.add(queues[0] as string);
    }
    expect(used.size).toBe(3);
  }
});

test('a delayed exchange keeps a message for x-delay milliseconds and then routes it as its type does', async () => {
  const scene = await startScene();
  await declareBound(scene, 'x-delayed-message', { a: ['red'], b: ['blue'] }, { 'x-delayed-type': 'direct' });
  await publish(scene.channel, 'red', 'late', {
    exchange: 'x',
    properties: { headers: { 'x-delay': 5000 } },
  });
  await publish(scene.channel, 'red', 'later', {
    exchange: 'x',
    properties: { headers: { 'x-delay': 9000 } },
  });
  await publish(scene.channel, 'red', 'now', { exchange: 'x' });
  await scene.advance(4999);
  expect(await drain(scene.channel, 'a')).toEqual(['now']);
  await scene.advance(1);
  expect(await drain(scene.channel, 'a')).toEqual(['late']);
  await scene.advance(4000);
  expect(await drain(scene.channel, 'a')).toEqual(['later']);
  expect(await drain(scene.channel, 'b')).toEqual([]);
});

test('messages with the same delay leave a delayed exchange in the order in which they came', async () => {
  const scene = await startScene();
  await declareBound(scene, 'x-delayed-message', { a: [''] }, { 'x-delayed-type': 'fanout' });
  const order = Array.from({ length: 50 }, (_, index) => `${index}`);
  for (const text of order) {
    await publish(scene.channel, '', text, { exchange: 'x', properties: { headers: { 'x-delay': 100 } } });
  }
  await scene.advance(100);
  expect(await drain(scene.channel, 'a')).toEqual(order);
});

test('a delayed message goes to the bindings that exist when its time has come', async () => {
  const scene = await startScene();
  await declareBound(scene, 'x-delayed-message', { a: ['red'] }, { 'x-delayed-type': 'direct' });
  await publish(scene.channel, 'red', 'late', {
    exchange: 'x',
    properties: { headers: { 'x-delay': 1000 } },
  });
  await scene.channel.queueUnbind('a', 'x', { routingKey: 'red' });
  await scene.channel.queueDeclare('b');
  await scene.channel.queueBind('b', 'x', { routingKey: 'red' });
  await scene.advance(1000);
  expect([await drain(scene.channel, 'a'), await drain(scene.channel, 'b')]).toEqual([[], ['late']]);
});

test('a delayed message is confirmed when it is taken, not when it is routed', async () => {
  const scene = await startScene();
  await declareBound(scene, 'x-delayed-message', {}, { 'x-delayed-type': 'direct' });
  await scene.channel.confirmSelect();
  const properties = { headers: { 'x-delay': 1000 } };
  await publish(scene.channel, '', 'late', { exchange: 'x', properties, mandatory: true });
  expect(scene.vhost.scheduledCount).toBe(1);
});

test('who receives a delayed message sees its delay negated', async () => {
  const scene = await startScene();
  await declareBound(scene, 'x-delayed-message', { a: [''] }, { 'x-delayed-type': 'fanout' });
  const properties = { headers: { 'x-delay': 1000, other: 1 } };
  await publish(scene.channel, '', 'm', { exchange: 'x', properties });
  await scene.advance(1000);
  expect((await drainMessages(scene.channel, 'a')).map(headersOf)).toEqual([{ 'x-delay': -1000, other: 1 }]);
});

test('a delayed exchange holds a dead letter with x-delay, once', async () => {
  const scene = await startScene();
  const { channel } = scene;
  await declareBound(scene, 'x-delayed-message', { a: ['work'] }, { 'x-delayed-type': 'direct' });
  await channel.queueDeclare('work', { arguments: { 'x-dead-letter-exchange': 'x' } });
  await publish(channel, 'work', 'm', { properties: { headers: { 'x-delay': 1000 } } });
  channel.reject(await take(channel, 'work'), { requeue: false });
  await scene.advance(999);
  expect(scene.queue('a').readyCount).toBe(0);
  await scene.advance(1);
  const [message] = await drainMessages(channel, 'a');
  expect(headersOf(message as GottenMessage)).toMatchObject({
    'x-delay': -1000,
    'x-first-death-queue': 'work',
  });
});

test('a delayed exchange needs an x-delayed-type, which may not be a delayed one', async () => {
  for (const args of [{}, { 'x-delayed-type': 'x-delayed-message' }, { 'x-delayed-type': 7 }]) {
    const { channel } = await startScene();
    const attempt = channel.exchangeDeclare('x', 'x-delayed-message', { arguments: args });
    expect(await refusal(attempt)).toMatchObject({ level: 'channel', code: 406 });
  }
});

test('a recent-history exchange gives a new binding the last 20 messages, or as many as it was declared with', async () => {
  for (const [args, expected] of [
    [{}, 20],
    [{ 'x-recent-history-length': 3 }, 3],
  ] as const) {
    const scene = await startScene();
    await declareBound(scene, 'x-recent-history', { early: [''] }, args);
    const sent = Array.from({ length: 25 }, (_, index) => `${index}`);
    for (const text of sent) await publish(scene.channel, '', text, { exchange: 'x' });
    await scene.channel.queueDeclare('late');
    await scene.channel.queueBind('late', 'x');
    expect(await drain(scene.channel, 'late')).toEqual(sent.slice(-expected));
    expect(await drain(scene.channel, 'early')).toEqual(sent);
  }
});

test('a recent-history exchange does not keep a message with x-recent-history-no-store', async () => {
  const scene = await startScene();
  await declareBound(scene, 'x-recent-history', {});
  await publish(scene.channel, '', 'kept', { exchange: 'x' });
  const properties = { headers: { 'x-recent-history-no-store': true } };
  await publish(scene.channel, '', 'passing', { exchange: 'x', properties });
  await scene.channel.queueDeclare('late');
  await scene.channel.queueBind('late', 'x');
  expect(await drain(scene.channel, 'late')).toEqual(['kept']);
});

test('an unknown exchange type is refused with 503, which ends the connection', async () => {
  const { channel } = await startScene();
  expect(await refusal(channel.exchangeDeclare('x', 'x-nonsense'))).toMatchObject({
    level: 'connection',
    code: 503,
  });
});

test('CC and BCC are further routing keys, and nobody sees BCC', async () => {
  const scene = await startScene();
  for (const name of ['a', 'b', 'c']) await scene.channel.queueDeclare(name);
  const headers = { CC: ['b', 'nowhere'], BCC: ['c', 'a'], other: 1 };
  await publish(scene.channel, 'a', 'copied', { properties: { headers } });
  for (const name of ['a', 'b', 'c']) {
    const messages = await drainMessages(scene.channel, name);
    expect(messages.map(headersOf)).toEqual([{ CC: ['b', 'nowhere'], other: 1 }]);
    expect(messages[0]?.routingKey).toBe('a');
  }
});

test('CC works through a topic exchange as well', async () => {
  const scene = await startScene();
  await declareBound(scene, 'topic', { a: ['one.*'], b: ['two.*'], c: ['three.*'] });
  expect(await reached(scene, 'one.x', { CC: ['two.x'] })).toEqual(['a', 'b']);
});

test('a CC or BCC that is no array is refused with 406', async () => {
  for (const headers of [{ CC: 'b' }, { BCC: 7 }]) {
    const { channel } = await startScene();
    await channel.confirmSelect();
    const attempt = publish(channel, 'a', 'x', { properties: { headers } });
    expect(await refusal(attempt)).toMatchObject({ level: 'channel', code: 406 });
  }
});

test('publishing to an exchange that is not there closes the channel with 404', async () => {
  const { channel } = await startScene();
  await channel.confirmSelect();
  expect(await refusal(publish(channel, 'a', 'x', { exchange: 'none' }))).toEqual({
    level: 'channel',
    code: 404,
    text: "NOT_FOUND - no exchange 'none' in vhost '/'",
  });
});

test('a mandatory message that nobody gets comes back with 312 NO_ROUTE, before its confirm', async () => {
  const { channel } = await startScene();
  await channel.confirmSelect();
  const events: string[] = [];
  channel.on('return', ({ replyCode, replyText, routingKey }) => {
    events.push(`${replyCode} ${replyText} ${routingKey}`);
  });
  await publish(channel, 'nowhere', 'm', { mandatory: true });
  events.push('confirmed');
  await publish(channel, 'nowhere', 'm');
  expect(events).toEqual(['312 NO_ROUTE nowhere', 'confirmed']);
});

test('the routes of a publisher follow queues that come and go', async () => {
  const scene = await startScene();
  await scene.channel.queueDeclare('q');
  await publishAll(scene.channel, 'q', ['one', 'two']);
  await scene.channel.queueDelete('q');
  await publish(scene.channel, 'q', 'lost');
  await scene.channel.queueDeclare('q');
  await publish(scene.channel, 'q', 'three');
  expect(await drain(scene.channel, 'q')).toEqual(['three']);
});

test('a binding of a headers exchange whose argument is not a number goes with its queue', async () => {
  const { channel, vhost } = await startScene();
  await channel.queueDeclare('q', { autoDelete: true });
  const args = new Map([['n', field.double(Number.NaN)]]);
  await channel.queueBind('q', 'amq.headers', { arguments: args });
  await channel.queueUnbind('q', 'amq.headers', { arguments: args });
  expect(vhost.exchange('amq.headers').bindings.size).toBe(0);
  await channel.queueBind('q', 'amq.headers', { arguments: args });
  await publish(channel, '', 'm', { exchange: 'amq.headers', properties: { headers: args } });
  expect(await drain(channel, 'q')).toEqual(['m']);
  await channel.queueDelete('q');
  expect(vhost.exchange('amq.headers').bindings.size).toBe(0);
});

test('a recent-history exchange whose messages come back to it replays each once', async () => {
  const { channel } = await startScene();
  await channel.exchangeDeclare('x', 'x-recent-history');
  await channel.exchangeDeclare('y', 'fanout');
  await channel.queueDeclare('q');
  await channel.queueBind('q', 'y');
  await channel.exchangeBind('x', 'y');
  await publishAllTo(channel, 'x', ['a', 'b']);
  await channel.exchangeBind('y', 'x');
  expect(await drain(channel, 'q')).toEqual(['a', 'b']);
  await channel.queueDeclare('late');
  await channel.queueBind('late', 'x');
  expect(await drain(channel, 'late')).toEqual(['a', 'b']);
});

test('a recent-history exchange that gets back what a new queue drops replays each message once', async () => {
  const { channel } = await startScene();
  await channel.exchangeDeclare('x', 'x-recent-history');
  await publishAllTo(channel, 'x', ['a', 'b', 'c']);
  const args = { 'x-max-length': 1, 'x-dead-letter-exchange': 'x' };
  await channel.queueDeclare('q', { arguments: args });
  await channel.queueBind('q', 'x');
  expect(await drain(channel, 'q')).toEqual(['c']);
});

test('a replayed message does not show its BCC', async () => {
  const { channel } = await startScene();
  await channel.exchangeDeclare('x', 'x-recent-history');
  await publish(channel, '', 'm', { exchange: 'x', properties: { headers: { BCC: ['secret'], other: 1 } } });
  await channel.queueDeclare('q');
  await channel.queueBind('q', 'x');
  expect((await drainMessages(channel, 'q')).map(headersOf)).toEqual([{ other: 1 }]);
});

test('a recent-history exchange takes a length from 1 to 1024, and nothing else', async () => {
  const wrong = [0, -1, 1025, 2.5, '20', Number.NaN];
  for (const length of wrong) {
    const { channel } = await startScene();
    const args = { 'x-recent-history-length': length };
    const answer = await refusal(channel.exchangeDeclare('x', 'x-recent-history', { arguments: args }));
    expect(answer).toMatchObject({ level: 'channel', code: 406 });
    expect(answer.text).toContain("'x-recent-history-length'");
  }
  const { channel } = await startScene();
  for (const length of [1, 1024]) {
    const args = { 'x-recent-history-length': length };
    await channel.exchangeDeclare(`x${length}`, 'x-recent-history', { arguments: args });
  }
});

test('a delay of more than 2^32 - 1 milliseconds is refused with 406, and one below zero is none', async () => {
  const scene = await startScene();
  await declareBound(scene, 'x-delayed-message', { a: [''] }, { 'x-delayed-type': 'fanout' });
  const send = async (delay: Field): Promise<unknown> => {
    const channel = await scene.connection.createChannel();
    await channel.confirmSelect();
    const headers = new Map([['x-delay', delay]]);
    return publish(channel, '', 'm', { exchange: 'x', properties: { headers } });
  };
  for (const delay of [
    field.int(2 ** 32),
    field.double(Number.POSITIVE_INFINITY),
    field.double(Number.NaN),
  ]) {
    const answer = await refusal(send(delay));
    expect(answer).toMatchObject({ level: 'channel', code: 406 });
    expect(answer.text).toContain("'x-delay'");
  }
  await send(field.int(2 ** 32 - 1));
  expect(scene.vhost.scheduledCount).toBe(1);
  for (const delay of [field.int(0), field.int(-5), field.double(Number.NEGATIVE_INFINITY)])
    await send(delay);
  expect(scene.queue('a').readyCount).toBe(3);
});

test('a dead letter with a delay that no publisher could ask for is routed, at the latest after 2^32 - 1 ms', async () => {
  const scene = await startScene();
  const { channel } = scene;
  await declareBound(scene, 'x-delayed-message', { a: ['work'] }, { 'x-delayed-type': 'direct' });
  await channel.queueDeclare('work', { arguments: { 'x-dead-letter-exchange': 'x' } });
  const delays = [field.double(Number.POSITIVE_INFINITY), field.double(Number.NaN), field.int(2 ** 40)];
  for (const delay of delays) {
    await publish(channel, 'work', 'm', { properties: { headers: new Map([['x-delay', delay]]) } });
    channel.reject(await take(channel, 'work'), { requeue: false });
  }
  await scene.settled();
  expect([scene.queue('a').readyCount, scene.vhost.scheduledCount]).toEqual([1, 2]);
  await scene.advance(2 ** 32);
  expect(scene.queue('a').readyCount).toBe(3);
});
