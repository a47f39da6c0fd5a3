/**
 * Definitions of a real RabbitMQ 3.10.8: what it exports is imported here, and what is exported here is imported by another one,
 * which then exports what the first one did.
 */
import { createHash } from 'node:crypto';
import amqp from 'amqplib';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type ManagedServer, startManagedLeveret, startManagedRabbitmq } from '../servers/managed-server.ts';
import { describeWith, RABBITMQ } from './debian.ts';

const PLUGINS = [
  'rabbitmq_consistent_hash_exchange',
  'rabbitmq_random_exchange',
  'rabbitmq_recent_history_exchange',
  'rabbitmq_shovel_management',
  'rabbitmq_federation_management',
];
const PASSWORD = 'pässword';
const EXCHANGE_TYPES = [
  'direct',
  'fanout',
  'topic',
  'headers',
  'x-consistent-hash',
  'x-random',
  'x-recent-history',
];
/** Of every type that a field table has, as amqplib writes it. */
const ARGUMENTS = {
  text: 'ä',
  true: true,
  byte: { '!': 'byte', value: -5 },
  short: { '!': 'short', value: 3000 },
  int: { '!': 'int', value: 70_000 },
  long: { '!': 'long', value: 2 ** 40 },
  float: { '!': 'float', value: 1.5 },
  double: { '!': 'double', value: 2.25 },
  timestamp: { '!': 'timestamp', value: 1_700_000_000 },
  list: [1, 'a', [true], { deep: 1 }],
  table: { a: { b: { c: 'd' } } },
};

type Definitions = Record<string, Record<string, unknown>[]>;

function hashed(algorithm: 'sha256' | 'sha512'): object {
  const salt = Buffer.from([9, 8, 7, 6]);
  const digest = createHash(algorithm).update(salt).update(PASSWORD).digest();
  return {
    password_hash: Buffer.concat([salt, digest]).toString('base64'),
    hashing_algorithm: `rabbit_password_hashing_${algorithm}`,
    tags: 'management',
  };
}

async function fill({ ask, server }: ManagedServer): Promise<void> {
  await ask('PUT', '/api/vhosts/shop', {});
  await ask('PUT', '/api/users/by-256', hashed('sha256'));
  await ask('PUT', '/api/users/by-512', hashed('sha512'));
  await ask('PUT', '/api/users/nobody', { tags: '' });
  await ask('PUT', '/api/user-limits/nobody/max-channels', { value: 7 });
  await ask('PUT', '/api/permissions/shop/by-256', { configure: '^a', write: '.*', read: '' });
  await ask('PUT', '/api/topic-permissions/shop/by-256', {
    exchange: 'amq.topic',
    write: '^{username}',
    read: '',
  });
  await ask('PUT', '/api/vhost-limits/shop/max-queues', { value: 100 });
  await ask('PUT', '/api/vhost-limits/shop/max-connections', { value: -1 });
  await ask('PUT', '/api/cluster-name', { name: 'the cluster' });
  await ask('PUT', '/api/global-parameters/any', { value: { a: [1, null, { b: 'c' }] } });
  await ask('PUT', '/api/parameters/federation-upstream/shop/up', { value: { uri: 'amqp://127.0.0.1:1' } });
  await fillPolicies(ask);
  await declareAll(server.amqpUrl);
}

async function fillPolicies(ask: ManagedServer['ask']): Promise<void> {
  const policy = {
    pattern: '^o\\d+$',
    priority: -3,
    'apply-to': 'queues',
    definition: {
      'max-length': 5,
      overflow: 'reject-publish',
      'dead-letter-exchange': 'x',
      'ha-mode': 'all',
    },
  };
  await ask('PUT', '/api/policies/%2F/limits%20of%20orders', policy);
  await ask('PUT', '/api/policies/shop/spare', {
    pattern: '',
    'apply-to': 'exchanges',
    definition: { 'alternate-exchange': 'amq.fanout' },
  });
  await ask('PUT', '/api/operator-policies/shop/cap', {
    pattern: '.*',
    priority: 1,
    'apply-to': 'all',
    definition: { 'message-ttl': 60_000, expires: 600_000 },
  });
}

async function declareAll(amqpUrl: string): Promise<void> {
  const connection = await amqp.connect(amqpUrl);
  const channel = await connection.createChannel();
  for (const type of EXCHANGE_TYPES)
    await channel.assertExchange(`my ${type}`, type, { arguments: ARGUMENTS });
  await channel.assertExchange('inner', 'fanout', { internal: true, autoDelete: true, durable: false });
  await channel.assertExchange('spared', 'direct', { alternateExchange: 'inner' });
  await channel.assertQueue('with arguments', {
    arguments: { ...ARGUMENTS, 'x-max-priority': 5, 'x-message-ttl': 1000 },
  });
  await channel.assertQueue('quorum', { arguments: { 'x-queue-type': 'quorum', 'x-delivery-limit': 5 } });
  await channel.assertQueue('lazy', { durable: false, arguments: { 'x-queue-mode': 'lazy' } });
  await channel.assertQueue('', { exclusive: true });
  const { queue } = await channel.assertQueue('', { exclusive: false });
  await channel.bindQueue(queue, 'amq.topic', 'a.#');
  await channel.bindQueue('with arguments', 'my headers', '', { 'x-match': 'any', a: 1, b: 'c' });
  await channel.bindQueue('with arguments', 'my topic', 'ä/b c~%', {});
  await channel.bindQueue('quorum', 'my x-consistent-hash', '3');
  await channel.bindExchange('inner', 'my topic', '#.x');
  await connection.close();
}

async function definitionsOf({ ask }: ManagedServer, path = '/api/definitions'): Promise<Definitions> {
  const all = (await ask('GET', path)) as Record<string, unknown>;
  const lists = Object.entries(all).filter((entry): entry is [string, Record<string, unknown>[]] =>
    Array.isArray(entry[1]),
  );
  return Object.fromEntries(lists.map(([name, items]) => [name, inOrder(items)]));
}

/** Sorted, and without the name that each RabbitMQ gives to itself. */
function inOrder(items: readonly Record<string, unknown>[]): Record<string, unknown>[] {
  const shown = items.filter(({ name }) => name !== 'internal_cluster_id');
  return shown.sort((a, b) => (keyOf(a) < keyOf(b) ? -1 : 1));
}

/** The same whatever the order of the keys is. */
function keyOf(json: unknown): string {
  return JSON.stringify(json, (_key, value: unknown) => {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
    return Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  });
}

async function whoIs({ httpUrl }: ManagedServer, user: string): Promise<unknown> {
  const authorization = `Basic ${Buffer.from(`${user}:${PASSWORD}`).toString('base64')}`;
  const answer = await fetch(`${httpUrl}/api/whoami`, { headers: { authorization } });
  return answer.json();
}

describeWith(RABBITMQ, 'definitions of RabbitMQ 3.10.8', () => {
  let first: ManagedServer;
  let leveret: ManagedServer;
  let exported: Definitions;

  beforeAll(async () => {
    [first, leveret] = await Promise.all([startManagedRabbitmq(PLUGINS), startManagedLeveret()]);
    await fill(first);
    exported = await definitionsOf(first);
    await leveret.ask('POST', '/api/definitions', await first.ask('GET', '/api/definitions'));
  }, 180_000);

  afterAll(async () => {
    await Promise.all([first?.close(), leveret?.close()]);
  });

  test('are imported, and exported as they were', async () => {
    expect(await definitionsOf(leveret)).toEqual(exported);
    for (const vhost of ['%2F', 'shop']) {
      const path = `/api/definitions/${vhost}`;
      expect(await definitionsOf(leveret, path)).toEqual(await definitionsOf(first, path));
    }
  });

  test('can be imported once more', async () => {
    await leveret.ask('POST', '/api/definitions', await first.ask('GET', '/api/definitions'));
    expect(await definitionsOf(leveret)).toEqual(exported);
  });

  test.each(['by-256', 'by-512'])('bring the password of user %s with them', async (user) => {
    expect(await whoIs(leveret, user)).toMatchObject({ name: user, tags: ['management'] });
  });

  test('come back to another RabbitMQ as they were', async () => {
    const second = await startManagedRabbitmq(PLUGINS);
    try {
      await second.ask('POST', '/api/definitions', await leveret.ask('GET', '/api/definitions'));
      const again = await definitionsOf(second);
      expect(asImported(again)).toEqual(asImported(exported));
      for (const user of ['by-256', 'by-512'])
        expect(await whoIs(second, user)).toMatchObject({ name: user });
    } finally {
      await second.close();
    }
  });

  test('a user with a password that was set here is imported there, and needs a new one', async () => {
    await leveret.ask('PUT', '/api/users/made-here', { password: PASSWORD, tags: 'management' });
    const definitions = await leveret.ask('GET', '/api/definitions');
    await first.ask('POST', '/api/definitions', definitions);
    expect(await whoIs(first, 'made-here')).not.toMatchObject({ name: 'made-here' });
    await first.ask('PUT', '/api/users/made-here', { password: PASSWORD, tags: 'management' });
    expect(await whoIs(first, 'made-here')).toMatchObject({ name: 'made-here' });
    const other = await startManagedLeveret();
    try {
      await other.ask('POST', '/api/definitions', definitions);
      expect(await whoIs(other, 'made-here')).toMatchObject({ name: 'made-here' });
    } finally {
      await other.close();
    }
  });
});

/**
 * RabbitMQ lets whoever imports a vhost do everything in it, here guest. And it leaves out queues that got their names from a broker,
 * with their bindings.
 */
function asImported(definitions: Definitions): Definitions {
  const isKept = ({ user, name, destination }: Record<string, unknown>): boolean =>
    user !== 'guest' && ![name, destination].some((each) => String(each).startsWith('amq.gen-'));
  return Object.fromEntries(Object.entries(definitions).map(([key, items]) => [key, items.filter(isKept)]));
}
