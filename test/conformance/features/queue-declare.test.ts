import { expect, test } from 'vitest';
import type { QueueDeclareOptions } from '../../../src/client/channel-options.ts';
import type { PlainValue } from '../../../src/codec/field-table.ts';
import { collect, drain, publish, publishAll, refusal, startScene, take } from './scene.ts';

test('a queue without a name gets amq.gen- and 22 characters of URL-safe base64', async () => {
  const { channel } = await startScene();
  const first = await channel.queueDeclare('');
  const second = await channel.queueDeclare('');
  expect(first.queue).toMatch(/^amq\.gen-[A-Za-z0-9_-]{22}$/);
  expect(second.queue).not.toBe(first.queue);
});

test('a consumer without a tag gets amq.ctag- and 22 characters of URL-safe base64', async () => {
  const { channel } = await startScene();
  await channel.queueDeclare('q');
  const { consumerTag } = await channel.consume('q', () => {});
  expect(consumerTag).toMatch(/^amq\.ctag-[A-Za-z0-9_-]{22}$/);
});

test('an empty queue name means the queue that the channel declared last, and an empty key its name', async () => {
  const { channel, connection, vhost } = await startScene();
  const { queue } = await channel.queueDeclare('');
  await channel.queueBind('', 'amq.direct');
  await publish(channel, queue, 'm', { exchange: 'amq.direct' });
  expect(await drain(channel, '')).toEqual(['m']);
  await channel.queueDeclare('second');
  await channel.queueDelete('');
  expect([vhost.queues.has(queue), vhost.queues.has('second')]).toEqual([true, false]);
  const fresh = await connection.createChannel();
  expect(await refusal(fresh.get(''))).toMatchObject({ level: 'channel', code: 404 });
});

test('declaring says how many messages are ready and how many consumers there are', async () => {
  const { channel } = await startScene();
  await channel.queueDeclare('q');
  await publishAll(channel, 'q', ['a', 'b', 'c']);
  await take(channel, 'q');
  expect(await channel.queueDeclare('q')).toEqual({ queue: 'q', messageCount: 2, consumerCount: 0 });
  await collect(channel, 'q');
  expect(await channel.queueDeclare('q', { passive: true })).toEqual({
    queue: 'q',
    messageCount: 0,
    consumerCount: 1,
  });
});

const inequivalent: readonly (readonly [string, QueueDeclareOptions, QueueDeclareOptions, string])[] = [
  [
    'durable',
    {},
    { durable: true },
    "'durable' for queue 'q' in vhost '/': received 'true' but current is 'false'",
  ],
  [
    'auto_delete',
    { autoDelete: true },
    {},
    "'auto_delete' for queue 'q' in vhost '/': received 'false' but current is 'true'",
  ],
  [
    'an added argument',
    {},
    { arguments: { 'x-message-ttl': 10 } },
    "'x-message-ttl' for queue 'q' in vhost '/': received the value '10' of type 'signedint' but current is none",
  ],
  [
    'a missing argument',
    { arguments: { 'x-max-length': 5 } },
    {},
    "'x-max-length' for queue 'q' in vhost '/': received none but current is the value '5' of type 'signedint'",
  ],
  [
    'another value',
    { arguments: { 'x-dead-letter-exchange': 'a' } },
    { arguments: { 'x-dead-letter-exchange': 'b' } },
    "'x-dead-letter-exchange' for queue 'q' in vhost '/': received 'b' but current is 'a'",
  ],
  [
    'another type of queue',
    { durable: true },
    { durable: true, arguments: { 'x-queue-type': 'quorum' } },
    "'x-queue-type' for queue 'q' in vhost '/': received the value 'quorum' of type 'longstr' but current is none",
  ],
];

test.for(inequivalent)(
  'declaring a queue again with other properties is refused: %s',
  async ([, first, second, text]) => {
    const { channel } = await startScene();
    await channel.queueDeclare('q', first);
    expect(await refusal(channel.queueDeclare('q', second))).toEqual({
      level: 'channel',
      code: 406,
      text: `PRECONDITION_FAILED - inequivalent arg ${text}`,
    });
  },
);

test('declaring a queue again compares what arguments mean, and ignores those without a meaning', async () => {
  const { channel } = await startScene();
  const declare = (args: Record<string, PlainValue>) =>
    channel.queueDeclare('q', { durable: true, arguments: args });
  await declare({ 'x-message-ttl': 10, 'x-queue-type': 'classic', comment: 'first' });
  await declare({ 'x-message-ttl': 10, comment: 'second' });
  await declare({ 'x-message-ttl': 10, 'x-consumer-timeout': 7 });
});

test('a wrong argument is refused with 406 and a text that names it', async () => {
  const { connection } = await startScene();
  const wrong: Record<string, PlainValue>[] = [
    { 'x-message-ttl': 'soon' },
    { 'x-message-ttl': -1 },
    { 'x-expires': 0 },
    { 'x-max-length': -5 },
    { 'x-max-priority': 256 },
    { 'x-overflow': 'explode' },
    { 'x-dead-letter-exchange': 5 },
    { 'x-dead-letter-routing-key': 'without an exchange' },
    { 'x-queue-type': 'cubic' },
    { 'x-single-active-consumer': 'yes' },
    { 'x-queue-mode': 'busy' },
    { 'x-delayed-retry-type': 'sometimes' },
  ];
  for (const args of wrong) {
    const channel = await connection.createChannel();
    const answer = await refusal(channel.queueDeclare('q', { durable: true, arguments: args }));
    expect(answer).toMatchObject({ level: 'channel', code: 406 });
    expect(answer.text).toContain(Object.keys(args)[0]);
  }
});

test('names for dead letters that no message could carry are refused', async () => {
  const { connection } = await startScene();
  const long = 'x'.repeat(256);
  for (const args of [
    { 'x-dead-letter-exchange': long },
    { 'x-dead-letter-exchange': '', 'x-dead-letter-routing-key': long },
  ]) {
    const channel = await connection.createChannel();
    expect(await refusal(channel.queueDeclare('q', { arguments: args }))).toMatchObject({
      level: 'channel',
      code: 406,
    });
  }
});

test('arguments that RabbitMQ 4 dropped are still taken', async () => {
  const { channel } = await startScene();
  const old = {
    'x-queue-mode': 'lazy',
    'x-queue-version': 2,
    'x-ha-policy': 'all',
    'x-cancel-on-ha-failover': true,
  };
  await channel.queueDeclare('q', { arguments: { ...old, 'x-consumer-timeout': 1000 } });
});

test('a quorum queue is durable, not exclusive, and lives on without consumers', async () => {
  const { channel, connection } = await startScene();
  const quorum = { arguments: { 'x-queue-type': 'quorum' } };
  await channel.queueDeclare('q', { ...quorum, durable: true });
  for (const options of [
    quorum,
    { ...quorum, durable: true, exclusive: true },
    { ...quorum, durable: true, autoDelete: true },
  ]) {
    const attempt = (await connection.createChannel()).queueDeclare('other', options);
    expect(await refusal(attempt)).toMatchObject({ level: 'channel', code: 406 });
  }
  const unnamed = (await connection.createChannel()).queueDeclare('', { ...quorum, durable: true });
  expect(await refusal(unnamed)).toMatchObject({ level: 'channel', code: 406 });
});

test('a stream is answered with 540', async () => {
  const { channel } = await startScene();
  const attempt = channel.queueDeclare('s', { durable: true, arguments: { 'x-queue-type': 'stream' } });
  expect(await refusal(attempt)).toMatchObject({ level: 'connection', code: 540 });
});

test('a passive declaration of a queue that is not there is refused with 404', async () => {
  const { channel } = await startScene();
  expect(await refusal(channel.queueDeclare('none', { passive: true }))).toEqual({
    level: 'channel',
    code: 404,
    text: "NOT_FOUND - no queue 'none' in vhost '/'",
  });
});

test('an exclusive queue is locked for all other connections', async () => {
  const { channel, connect } = await startScene();
  await channel.queueDeclare('mine', { exclusive: true });
  const other = await connect();
  const attempts = [
    async () => (await other.createChannel()).queueDeclare('mine', { exclusive: true }),
    async () => (await other.createChannel()).queueDeclare('mine', { passive: true }),
    async () => (await other.createChannel()).queueBind('mine', 'amq.fanout'),
    async () => (await other.createChannel()).queuePurge('mine'),
    async () => (await other.createChannel()).queueDelete('mine'),
    async () => (await other.createChannel()).get('mine'),
    async () => (await other.createChannel()).consume('mine', () => {}),
  ];
  for (const attempt of attempts) {
    const answer = await refusal(attempt());
    expect(answer).toMatchObject({ level: 'channel', code: 405 });
    expect(answer.text).toContain("cannot obtain exclusive access to locked queue 'mine' in vhost '/'");
  }
});

test('others may publish to an exclusive queue', async () => {
  const { channel, otherChannel, settled } = await startScene();
  await channel.queueDeclare('mine', { exclusive: true });
  await publish(await otherChannel(), 'mine', 'm');
  await settled();
  expect(await drain(channel, 'mine')).toEqual(['m']);
});

test('declaring a queue again on its own connection with another "exclusive" is refused with 405', async () => {
  const { channel } = await startScene();
  await channel.queueDeclare('mine', { exclusive: true });
  expect(await refusal(channel.queueDeclare('mine'))).toMatchObject({ level: 'channel', code: 405 });
});

test('an exclusive queue goes with its connection', async () => {
  const { connect, vhost, settled } = await startScene();
  const other = await connect();
  await (await other.createChannel()).queueDeclare('theirs', { exclusive: true });
  await other.close();
  await settled();
  expect(vhost.queues.has('theirs')).toBe(false);
});

test('queue names that begin with amq. are reserved', async () => {
  const { channel } = await startScene();
  expect(await refusal(channel.queueDeclare('amq.mine'))).toEqual({
    level: 'channel',
    code: 403,
    text: "ACCESS_REFUSED - queue name 'amq.mine' contains reserved prefix 'amq.*'",
  });
});

test('deleting a queue says how many messages went with it, and deleting what is not there none', async () => {
  const { channel } = await startScene();
  await channel.queueDeclare('q');
  await publishAll(channel, 'q', ['a', 'b']);
  expect(await channel.queueDelete('q')).toBe(2);
  expect(await channel.queueDelete('q')).toBe(0);
});

test('a queue with consumers is not deleted if-unused, one with messages not if-empty', async () => {
  const { channel, connection } = await startScene();
  await channel.queueDeclare('q');
  await collect(channel, 'q');
  const used = (await connection.createChannel()).queueDelete('q', { ifUnused: true });
  expect(await refusal(used)).toEqual({
    level: 'channel',
    code: 406,
    text: "PRECONDITION_FAILED - queue 'q' in vhost '/' in use",
  });
  await channel.queueDeclare('full');
  await publish(channel, 'full', 'm');
  const full = (await connection.createChannel()).queueDelete('full', { ifEmpty: true });
  expect(await refusal(full)).toEqual({
    level: 'channel',
    code: 406,
    text: "PRECONDITION_FAILED - queue 'full' in vhost '/' not empty",
  });
});

test('if-empty looks at ready messages only', async () => {
  const { channel, connection } = await startScene();
  await channel.queueDeclare('q');
  await publish(channel, 'q', 'm');
  await take(channel, 'q');
  expect(await (await connection.createChannel()).queueDelete('q', { ifEmpty: true })).toBe(0);
});

test('unbinding what is not bound, or not there at all, succeeds', async () => {
  const { channel } = await startScene();
  await channel.queueDeclare('q');
  await channel.queueUnbind('q', 'amq.direct', { routingKey: 'k' });
  await channel.queueUnbind('q', 'none');
  await channel.queueUnbind('none', 'amq.direct');
  await channel.exchangeUnbind('none', 'amq.direct');
  await channel.exchangeUnbind('amq.direct', 'none');
});

test('purging takes the ready messages, says how many, and leaves the unacked ones', async () => {
  const { channel, connection, queue, settled } = await startScene();
  await channel.queueDeclare('q');
  await publishAll(channel, 'q', ['a', 'b', 'c']);
  const other = await connection.createChannel();
  await take(other, 'q');
  expect(await channel.queuePurge('q')).toBe(2);
  expect([queue('q').readyCount, queue('q').unackedCount]).toEqual([0, 1]);
  await other.close();
  await settled();
  expect(await drain(channel, 'q')).toEqual(['a']);
});

test('an auto-delete queue goes with its last consumer, not before it had one', async () => {
  const { channel, connection, vhost } = await startScene();
  await channel.queueDeclare('q', { autoDelete: true });
  await publish(channel, 'q', 'm');
  await drain(channel, 'q');
  const first = await channel.consume('q', () => {});
  const other = await connection.createChannel();
  await other.consume('q', () => {});
  await first.cancel();
  expect(vhost.queues.has('q')).toBe(true);
  await other.close();
  expect(vhost.queues.has('q')).toBe(false);
});

test('an operator can limit the number of queues of a vhost', async () => {
  const { channel, connection, vhost } = await startScene();
  vhost.setLimits({ maxQueues: 2 });
  await channel.queueDeclare('a');
  await channel.queueDeclare('b');
  await channel.queueDeclare('a');
  const attempt = (await connection.createChannel()).queueDeclare('c');
  expect(await refusal(attempt)).toEqual({
    level: 'channel',
    code: 406,
    text: "PRECONDITION_FAILED - cannot declare queue 'c': queue limit in vhost '/' (2) is reached",
  });
  await channel.queueDelete('a');
  await channel.queueDeclare('c');
});
