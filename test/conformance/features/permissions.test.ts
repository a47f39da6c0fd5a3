import { expect, test } from 'vitest';
import type { DirectChannel } from '../../../src/client/direct-channel.ts';
import type { DirectConnection } from '../../../src/client/direct-connection.ts';
import { closeReason, publish, refusal, type Scene, startScene, take } from './scene.ts';

interface Rights {
  readonly configure?: string;
  readonly write?: string;
  readonly read?: string;
}

function allow(scene: Scene, rights: Rights): void {
  const { broker } = scene.broker;
  const { configure = '', write = '', read = '' } = rights;
  broker.access.setPermission({ user: 'ann', vhost: '/', configure, write, read });
}

/** A connection of a user who may do only what is said. What the tests ask for is there. */
async function connectAs(scene: Scene, rights: Rights): Promise<DirectConnection> {
  const { channel } = scene;
  scene.broker.broker.putUser('ann', 'secret');
  allow(scene, rights);
  for (const name of ['q', 'dead']) await channel.queueDeclare(name);
  for (const name of ['x', 'y']) await channel.exchangeDeclare(name, 'topic');
  return scene.connect({ username: 'ann', password: 'secret' });
}

type Attempt = (channel: DirectChannel) => Promise<unknown>;

/** What each operation needs: all of the rights together are enough, and none of them can be left out. */
const needs: readonly (readonly [string, Rights, Attempt])[] = [
  ['queue.declare', { configure: 'new' }, (channel) => channel.queueDeclare('new')],
  [
    'queue.declare with a dead-letter exchange',
    { configure: 'new', read: 'new', write: '^x$' },
    (channel) => channel.queueDeclare('new', { arguments: { 'x-dead-letter-exchange': 'x' } }),
  ],
  ['queue.declare without a name', { configure: '^amq\\.gen' }, (channel) => channel.queueDeclare('')],
  ['queue.delete', { configure: '^q$' }, (channel) => channel.queueDelete('q')],
  [
    'queue.bind',
    { write: '^q$', read: '^x$' },
    (channel) => channel.queueBind('q', 'x', { routingKey: 'k' }),
  ],
  [
    'queue.unbind',
    { write: '^q$', read: '^x$' },
    (channel) => channel.queueUnbind('q', 'x', { routingKey: 'k' }),
  ],
  ['queue.purge', { read: '^q$' }, (channel) => channel.queuePurge('q')],
  ['exchange.declare', { configure: 'new' }, (channel) => channel.exchangeDeclare('new', 'direct')],
  [
    'exchange.declare with an alternate exchange',
    { configure: 'new', read: 'new', write: '^x$' },
    (channel) => channel.exchangeDeclare('new', 'direct', { arguments: { 'alternate-exchange': 'x' } }),
  ],
  ['exchange.delete', { configure: '^x$' }, (channel) => channel.exchangeDelete('x')],
  [
    'exchange.bind',
    { write: '^y$', read: '^x$' },
    (channel) => channel.exchangeBind('y', 'x', { routingKey: 'k' }),
  ],
  [
    'exchange.unbind',
    { write: '^y$', read: '^x$' },
    (channel) => channel.exchangeUnbind('y', 'x', { routingKey: 'k' }),
  ],
  ['basic.consume', { read: '^q$' }, (channel) => channel.consume('q', () => {})],
  ['basic.get', { read: '^q$' }, (channel) => channel.get('q')],
  [
    'basic.publish',
    { write: '^x$' },
    async (channel) => {
      await channel.confirmSelect();
      await publish(channel, 'k', 'm', { exchange: 'x' });
    },
  ],
  [
    'basic.publish to the default exchange',
    { write: '^amq\\.default$' },
    async (channel) => {
      await channel.confirmSelect();
      await publish(channel, 'q', 'm');
    },
  ],
];

test.for(needs)('%s needs its permissions, and no others', async ([, rights, attempt]) => {
  const scene = await startScene();
  const connection = await connectAs(scene, rights);
  const everything = { configure: '.*', write: '.*', read: '.*' };
  for (const missing of Object.keys(rights)) {
    allow(scene, { ...everything, [missing]: '^$' });
    const answer = await refusal(attempt(await connection.createChannel()));
    expect(answer).toMatchObject({ level: 'channel', code: 403 });
    expect(answer.text).toContain(`${missing} access to`);
    expect(answer.text).toContain("refused for user 'ann'");
  }
  allow(scene, rights);
  await attempt(await connection.createChannel());
});

test('a refusal names the thing, the vhost and the user', async () => {
  const scene = await startScene();
  const connection = await connectAs(scene, {});
  expect(await refusal((await connection.createChannel()).queueDeclare('new'))).toEqual({
    level: 'channel',
    code: 403,
    text: "ACCESS_REFUSED - configure access to queue 'new' in vhost '/' refused for user 'ann'",
  });
});

test('a passive declaration needs some permission for the name, whichever', async () => {
  for (const rights of [{ configure: '^[qx]$' }, { write: '^[qx]$' }, { read: '^[qx]$' }]) {
    const scene = await startScene();
    const connection = await connectAs(scene, rights);
    const channel = await connection.createChannel();
    await channel.queueDeclare('q', { passive: true });
    await channel.exchangeDeclare('x', 'topic', { passive: true });
    expect(await refusal(channel.queueDeclare('dead', { passive: true }))).toMatchObject({
      level: 'channel',
      code: 403,
    });
    const other = await connection.createChannel();
    expect(await refusal(other.exchangeDeclare('y', 'topic', { passive: true }))).toMatchObject({
      code: 403,
    });
  }
});

test('a permission that is taken away counts for the next message of a channel that publishes', async () => {
  const scene = await startScene();
  const connection = await connectAs(scene, { write: '.*' });
  const channel = await connection.createChannel();
  await channel.confirmSelect();
  await publish(channel, 'q', 'm');
  allow(scene, { write: '^$' });
  expect(await refusal(publish(channel, 'q', 'm'))).toMatchObject({ level: 'channel', code: 403 });
});

test('a topic permission says which keys a user may publish to and bind with', async () => {
  const scene = await startScene();
  const connection = await connectAs(scene, { configure: '.*', write: '.*', read: '.*' });
  const { access } = scene.broker.broker;
  access.setTopicPermission({
    user: 'ann',
    vhost: '/',
    exchange: 'x',
    write: '^{username}\\.',
    read: '^public\\.',
  });
  const channel = await connection.createChannel();
  await channel.confirmSelect();
  await publish(channel, 'ann.news', 'm', { exchange: 'x' });
  await publish(channel, 'anything', 'm', { exchange: 'y' });
  await channel.queueBind('q', 'x', { routingKey: 'public.#' });
  const attempts: Attempt[] = [
    async (other) => {
      await other.confirmSelect();
      await publish(other, 'bob.news', 'm', { exchange: 'x' });
    },
    (other) => other.queueBind('q', 'x', { routingKey: 'secret.#' }),
    (other) => other.exchangeBind('y', 'x', { routingKey: 'secret.#' }),
  ];
  for (const attempt of attempts) {
    expect(await refusal(attempt(await connection.createChannel()))).toMatchObject({
      level: 'channel',
      code: 403,
    });
  }
});

test('the user-id of a message must be the user who publishes it', async () => {
  const scene = await startScene();
  const { channel, connection } = scene;
  await channel.queueDeclare('q');
  await publish(channel, 'q', 'm', { properties: { userId: 'guest' } });
  expect((await take(channel, 'q')).properties.userId).toBe('guest');
  const other = await connection.createChannel();
  const closed = closeReason(other);
  await publish(other, 'q', 'm', { properties: { userId: 'somebody' } });
  expect(await closed).toEqual({
    level: 'channel',
    code: 406,
    text: "PRECONDITION_FAILED - user_id property set to 'somebody' but authenticated user was 'guest'",
  });
});

test('a user with the tag impersonator may publish for others', async () => {
  const scene = await startScene();
  const connection = await connectAs(scene, { write: '.*' });
  scene.broker.broker.putUser('ann', 'secret', ['impersonator']);
  const channel = await connection.createChannel();
  await channel.confirmSelect();
  await publish(channel, 'q', 'm', { properties: { userId: 'somebody' } });
  expect((await take(scene.channel, 'q')).properties.userId).toBe('somebody');
});

test('a topic permission counts for the keys in CC and BCC, too', async () => {
  const scene = await startScene();
  const connection = await connectAs(scene, { configure: '.*', write: '.*', read: '.*' });
  scene.broker.broker.access.setTopicPermission({
    user: 'ann',
    vhost: '/',
    exchange: 'x',
    write: '^public\\.',
    read: '',
  });
  const send = async (headers: Record<string, string[]>): Promise<unknown> => {
    const channel = await connection.createChannel();
    await channel.confirmSelect();
    return publish(channel, 'public.a', 'm', { exchange: 'x', properties: { headers } });
  };
  await send({ CC: ['public.b'], BCC: ['public.c'] });
  for (const headers of [{ CC: ['public.b', 'secret.b'] }, { BCC: ['secret.c'] }]) {
    expect(await refusal(send(headers))).toMatchObject({ level: 'channel', code: 403 });
  }
});
