import { createHash } from 'node:crypto';
import { beforeEach, describe, expect, test } from 'vitest';
import { ApiUnderTest } from '../../../test/management/api-under-test.ts';

let api: ApiUnderTest;

beforeEach(async () => {
  api = await ApiUnderTest.start();
});

function sha256Hash(password: string): string {
  const salt = Buffer.from([1, 2, 3, 4]);
  return Buffer.concat([salt, createHash('sha256').update(salt).update(password).digest()]).toString(
    'base64',
  );
}

/** Something of each kind, as RabbitMQ 3.13 exports it. */
const EVERYTHING = {
  rabbit_version: '3.13.7',
  rabbitmq_version: '3.13.7',
  product_name: 'RabbitMQ',
  product_version: '3.13.7',
  users: [
    {
      name: 'ann',
      password_hash: sha256Hash('secret'),
      hashing_algorithm: 'rabbit_password_hashing_sha256',
      tags: ['management'],
      limits: { 'max-channels': 5 },
    },
    {
      name: 'bob',
      password_hash: '',
      hashing_algorithm: 'rabbit_password_hashing_sha256',
      tags: [],
      limits: {},
    },
  ],
  vhosts: [
    {
      name: '/',
      description: 'Default virtual host',
      metadata: { description: 'Default virtual host', tags: [] },
      tags: [],
    },
    { name: 'shop', description: 'the shop', tags: ['a'], default_queue_type: 'classic' },
  ],
  permissions: [{ user: 'ann', vhost: 'shop', configure: '^a', write: '.*', read: '' }],
  topic_permissions: [
    { user: 'ann', vhost: 'shop', exchange: 'amq.topic', write: '^{username}', read: '.*' },
  ],
  parameters: [
    { value: { 'src-uri': 'amqp://' }, vhost: 'shop', component: 'shovel', name: 'move' },
    { value: { 'max-queues': 10 }, vhost: 'shop', component: 'vhost-limits', name: 'limits' },
    {
      value: { 'apply-to': 'queues', definition: { 'max-length': 9 }, pattern: '.*', priority: 0 },
      vhost: 'shop',
      component: 'operator_policy',
      name: 'cap',
    },
  ],
  global_parameters: [{ name: 'cluster_name', value: 'here' }],
  policies: [
    {
      vhost: 'shop',
      name: 'short',
      pattern: '^o',
      'apply-to': 'queues',
      definition: { 'message-ttl': 1000 },
      priority: 3,
    },
  ],
  queues: [
    {
      name: 'orders',
      vhost: 'shop',
      durable: true,
      auto_delete: false,
      arguments: { 'x-max-length': 5, note: 'x' },
    },
    { name: 'amq.gen-made', vhost: '/', durable: true, auto_delete: true, arguments: {} },
  ],
  exchanges: [
    {
      name: 'events',
      vhost: 'shop',
      type: 'topic',
      durable: true,
      auto_delete: false,
      internal: true,
      arguments: {},
    },
  ],
  bindings: [
    {
      source: 'events',
      vhost: 'shop',
      destination: 'orders',
      destination_type: 'queue',
      routing_key: 'a.*',
      arguments: { x: 1 },
    },
    {
      source: 'amq.topic',
      vhost: 'shop',
      destination: 'events',
      destination_type: 'exchange',
      routing_key: '#',
      arguments: {},
    },
  ],
};

function names(items: Iterable<{ readonly name: string }>): string[] {
  return [...items].map(({ name }) => name);
}

describe('POST of definitions', () => {
  test('makes everything', async () => {
    expect(await api.ask('POST', '/api/definitions', EVERYTHING)).toMatchObject({ status: 204, text: '' });
    const { access, vhosts, parameters } = api.broker;
    expect(access.users.get('ann')).toMatchObject({ limits: { maxChannels: 5 } });
    expect((await api.get('/api/whoami', 'ann:secret')).status).toBe(200);
    expect(access.users.get('bob')?.passwordHash).toBeUndefined();
    expect(access.permission('ann', 'shop')).toMatchObject({ configure: '^a', write: '.*', read: '' });
    expect(access.topicPermissionsOf('ann')).toHaveLength(1);
    const shop = vhosts.get('shop');
    expect(shop?.metadata).toMatchObject({ description: 'the shop', tags: ['a'] });
    expect(shop?.limits.maxQueues).toBe(10);
    expect(parameters.get('shop', 'shovel', 'move')?.value).toBe('{"src-uri":"amqp://"}');
    expect(shop?.queues.get('orders')?.settings).toMatchObject({ maxLength: 5, messageTtlMs: 1000 });
    expect(names(shop?.operatorPolicies ?? [])).toEqual(['cap']);
    expect(shop?.exchanges.get('events')?.bindings.size).toBe(1);
    expect(vhosts.get('/')?.queues.has('amq.gen-made')).toBe(true);
  });

  test('is harmless when all of it is there', async () => {
    await api.ask('POST', '/api/definitions', EVERYTHING);
    const before = (await api.get('/api/definitions')).json;
    expect((await api.ask('POST', '/api/definitions', EVERYTHING)).status).toBe(204);
    expect((await api.get('/api/definitions')).json).toEqual(before);
  });

  test('takes what is given out, and gives it out again', async () => {
    await api.ask('POST', '/api/definitions', EVERYTHING);
    const { json } = await api.get('/api/definitions');
    const other = await ApiUnderTest.start();
    expect((await other.ask('POST', '/api/definitions', json)).status).toBe(204);
    expect((await other.get('/api/definitions')).json).toEqual(json);
  });

  test('with an empty object does nothing', async () => {
    expect((await api.ask('POST', '/api/definitions', {})).status).toBe(204);
  });

  test.each<[string, object, string]>([
    [
      'users',
      { name: 'x', tags: '', password_hash: '!!' },
      "users[1] 'x': password_hash of user 'x' is in no known form",
    ],
    ['users', { name: 'x', tags: 5 }, "users[1] 'x': tags is the number 5"],
    ['users', { tags: '' }, 'users[1]: name is missing, but must be a string'],
    ['users', { name: 'x', limits: { foo: 1 } }, "there is no limit 'foo'"],
    ['vhosts', { name: 'x', default_queue_type: 'foo' }, "vhosts[1] 'x': default_queue_type is 'foo'"],
    [
      'permissions',
      { user: 'x', vhost: '/', configure: '', write: '', read: '' },
      "permission of user 'x' in vhost '/': no user 'x'",
    ],
    [
      'permissions',
      { user: 'guest', vhost: 'x', configure: '', write: '', read: '' },
      "there is no vhost 'x'",
    ],
    ['permissions', { user: 'guest', vhost: '/', configure: '(', write: '', read: '' }, '('],
    ['topic_permissions', { user: 'x', vhost: '/', exchange: 'e', write: '', read: '' }, "no user 'x'"],
    ['parameters', { component: 'shovel', vhost: 'x', name: 'n', value: {} }, "there is no vhost 'x'"],
    [
      'parameters',
      { component: 'vhost-limits', vhost: '/', name: 'limits', value: { foo: 1 } },
      "no limit 'foo'",
    ],
    [
      'policies',
      { name: 'p', vhost: '/', pattern: '(', definition: { 'max-length': 1 } },
      "policy 'p' in vhost '/'",
    ],
    ['policies', { name: 'p', vhost: '/', pattern: '', definition: { foo: 1 } }, "'foo' is not a key"],
    ['queues', { name: 'q', vhost: 'x', arguments: {} }, "queue 'q' in vhost 'x': there is no vhost 'x'"],
    [
      'queues',
      { name: 'q', vhost: '/', arguments: { 'x-max-length': 'a' } },
      "invalid arg 'x-max-length' for queue 'q' in vhost '/'",
    ],
    [
      'queues',
      { name: 'kept', vhost: '/', durable: false },
      "inequivalent arg 'durable' for queue 'kept' in vhost '/'",
    ],
    ['exchanges', { name: 'e', vhost: '/', type: 'foo' }, "exchanges[1] 'e': unknown exchange type 'foo'"],
    [
      'exchanges',
      { name: 'kept', vhost: '/', type: 'fanout' },
      "inequivalent arg 'type' for exchange 'kept' in vhost '/'",
    ],
    [
      'bindings',
      { source: 'x', vhost: '/', destination: 'kept', destination_type: 'queue', routing_key: '' },
      "no exchange 'x'",
    ],
    [
      'bindings',
      { source: 'kept', vhost: '/', destination: 'x', destination_type: 'queue', routing_key: '' },
      "no queue 'x'",
    ],
    [
      'bindings',
      { source: 'kept', vhost: '/', destination: 'x', destination_type: 'foo', routing_key: '' },
      "destination_type is 'foo'",
    ],
    [
      'bindings',
      { source: '', vhost: '/', destination: 'kept', destination_type: 'queue', routing_key: '' },
      'default exchange',
    ],
  ])('changes nothing when one of the %s is %j', async (section, wrong, reason) => {
    await api.ask('PUT', '/api/queues/%2F/kept', { durable: true });
    await api.ask('PUT', '/api/exchanges/%2F/kept', { durable: true });
    const before = (await api.get('/api/definitions')).json;
    const good: Record<string, object> = {
      users: { name: 'new', tags: '' },
      vhosts: { name: 'new' },
      permissions: { user: 'guest', vhost: '/', configure: '^new', write: '', read: '' },
      topic_permissions: { user: 'guest', vhost: '/', exchange: 'new', write: '', read: '' },
      parameters: { component: 'shovel', vhost: '/', name: 'new', value: {} },
      policies: { name: 'new', vhost: '/', pattern: '', definition: { 'max-length': 1 } },
      queues: { name: 'new', vhost: '/', durable: true },
      exchanges: { name: 'new', vhost: '/', type: 'fanout' },
      bindings: {
        source: 'kept',
        vhost: '/',
        destination: 'kept',
        destination_type: 'queue',
        routing_key: 'new',
      },
    };
    const definitions = Object.fromEntries(Object.entries(good).map(([key, entry]) => [key, [entry]]));
    definitions[section]?.push(wrong);
    const answer = await api.ask('POST', '/api/definitions', definitions);
    expect(answer).toMatchObject({ status: 400, json: { error: 'bad_request' } });
    expect(answer.json.reason).toContain('nothing was imported');
    expect(answer.json.reason).toContain(reason);
    expect((await api.get('/api/definitions')).json).toEqual(before);
  });

  test('changes nothing when it would go beyond a limit on queues', async () => {
    await api.ask('PUT', '/api/vhost-limits/%2F/max-queues', { value: 1 });
    const queues = ['a', 'b'].map((name) => ({ name, vhost: '/', durable: true }));
    const answer = await api.ask('POST', '/api/definitions', { queues });
    expect(answer.json.reason).toContain(
      "vhost '/' has 0 queues, and 2 more would be above its limit, max-queues (1)",
    );
    expect((await api.ask('POST', '/api/definitions', { queues: queues.slice(1) })).status).toBe(204);
  });

  test('sees whether queues fit the type that their vhost will give them', async () => {
    const definitions = {
      vhosts: [{ name: 'new', default_queue_type: 'quorum' }],
      queues: [{ name: 'q', vhost: 'new', durable: true, arguments: { 'x-max-priority': 3 } }],
    };
    const answer = await api.ask('POST', '/api/definitions', definitions);
    expect(answer).toMatchObject({ status: 400 });
    expect(answer.json.reason).toContain("invalid arg 'x-max-priority' for queue 'q' in vhost 'new'");
    expect(api.broker.vhosts.has('new')).toBe(false);
  });

  test('says when somebody else came in between', async () => {
    const bindings = Array.from({ length: 20_000 }, (_, index) => ({
      source: 'amq.topic',
      vhost: '/',
      destination: 'q',
      destination_type: 'queue',
      routing_key: `${index}`,
      arguments: {},
    }));
    const definitions = { queues: [{ name: 'q', vhost: '/' }], bindings };
    const answer = api.ask('POST', '/api/definitions', definitions);
    const vhost = api.broker.vhosts.get('/');
    for (let queue = vhost?.queues.get('q'); ; queue = vhost?.queues.get('q')) {
      await new Promise((resolve) => setImmediate(resolve));
      if (queue === undefined) continue;
      vhost?.removeQueue(queue);
      break;
    }
    expect(await answer).toMatchObject({ status: 409, json: { error: 'conflict' } });
    expect((await answer).json.reason).toContain('stopped half-way, at binding');
    expect((await api.ask('POST', '/api/definitions', definitions)).status).toBe(204);
    expect(vhost?.exchanges.get('amq.topic')?.bindings.size).toBe(20_000);
  });

  test('may be larger than other bodies, and not without end', async () => {
    const explanation = 'x'.repeat(2 ** 20);
    expect((await api.ask('POST', '/api/definitions', { explanation })).status).toBe(204);
    const tooMuch = { explanation: explanation.repeat(11) };
    expect((await api.ask('POST', '/api/definitions', tooMuch)).status).toBe(413);
  });
});

describe('definitions of one vhost', () => {
  test('are given out without its name, and taken into another', async () => {
    await api.ask('POST', '/api/definitions', EVERYTHING);
    const { json } = await api.get('/api/definitions/shop');
    expect(json).toMatchObject({
      rabbitmq_definition_format: 'single_virtual_host',
      original_vhost_name: 'shop',
    });
    expect(json.queues[0]).not.toHaveProperty('vhost');
    expect(json).not.toHaveProperty('users');
    await api.ask('PUT', '/api/vhosts/copy');
    expect((await api.ask('POST', '/api/definitions/copy', json)).status).toBe(204);
    const copy = (await api.get('/api/definitions/copy')).json;
    expect(copy.queues).toEqual(json.queues);
    expect(copy.bindings).toEqual(json.bindings);
    expect(copy.policies).toMatchObject([{ name: 'short', vhost: 'copy' }]);
    expect(copy.parameters).toHaveLength(3);
  });

  test('of a vhost that is not there are a 404', async () => {
    expect((await api.get('/api/definitions/none')).status).toBe(404);
    expect((await api.ask('POST', '/api/definitions/none', {})).status).toBe(404);
  });
});

describe('GET of definitions', () => {
  test('leaves out what every vhost has, and what goes with a connection', async () => {
    const channel = await (await api.running.connect()).createChannel();
    await channel.queueDeclare('mine', { exclusive: true });
    await channel.queueBind('mine', 'amq.fanout');
    expect((await api.get('/api/definitions')).json).toMatchObject({
      queues: [],
      exchanges: [],
      bindings: [],
    });
  });

  test('says what it was made by, as tools look for it', async () => {
    await api.ask('PUT', '/api/cluster-name', { name: 'here' });
    const { json } = await api.get('/api/definitions');
    const { productVersion } = api.broker.settings;
    expect(json).toMatchObject({
      rabbit_version: productVersion,
      rabbitmq_version: productVersion,
      product_name: 'RabbitMQ',
      rabbitmq_definition_format: 'cluster',
      original_cluster_name: 'here',
    });
  });

  test('names a file when asked to', async () => {
    const { headers } = await api.get('/api/definitions?download=a%22%0d/b.json');
    expect(headers['content-disposition']).toBe('attachment; filename="a___b.json"');
  });

  test('is refused like POST to all but administrators', async () => {
    api.addUser('pat', ['policymaker', 'monitoring'], ['.*', '.*', '.*']);
    for (const url of ['/api/definitions', '/api/definitions/%2F']) {
      expect((await api.get(url, 'pat:pat')).status).toBe(401);
      expect((await api.ask('POST', url, {}, 'pat:pat')).status).toBe(401);
    }
  });
});
