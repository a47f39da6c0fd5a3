import { createHash } from 'node:crypto';
import { beforeEach, describe, expect, test } from 'vitest';
import { ApiUnderTest } from '../../../test/management/api-under-test.ts';

let api: ApiUnderTest;

beforeEach(async () => {
  api = await ApiUnderTest.start();
});

/** As RabbitMQ makes them. */
function saltedHash(password: string, algorithm: 'sha256' | 'sha512'): string {
  const salt = Buffer.from([1, 2, 3, 4]);
  const digest = createHash(algorithm).update(salt).update(password).digest();
  return Buffer.concat([salt, digest]).toString('base64');
}

async function canLogIn(user: string, password: string): Promise<boolean> {
  return (await api.get('/api/whoami', `${user}:${password}`)).status === 200;
}

describe('PUT of a user', () => {
  test('makes it with a password and tags, and changes both later', async () => {
    const tags = 'management, monitoring';
    expect((await api.ask('PUT', '/api/users/ann', { password: 'secret', tags })).status).toBe(201);
    expect([...(api.broker.access.users.get('ann')?.tags ?? [])]).toEqual(['management', 'monitoring']);
    expect(await canLogIn('ann', 'secret')).toBe(true);
    const change = { password: 'other', tags: ['management'] };
    expect((await api.ask('PUT', '/api/users/ann', change)).status).toBe(204);
    expect(await canLogIn('ann', 'secret')).toBe(false);
    expect(await canLogIn('ann', 'other')).toBe(true);
  });

  test.each(['sha256', 'sha512'] as const)('takes a hash of RabbitMQ, %s', async (algorithm) => {
    const body = {
      password_hash: saltedHash('secret', algorithm),
      hashing_algorithm: `rabbit_password_hashing_${algorithm}`,
      tags: 'management',
    };
    expect((await api.ask('PUT', '/api/users/ann', body)).status).toBe(201);
    expect(api.broker.access.users.get('ann')?.passwordHash).toBe(body.password_hash);
  });

  test.each([[{}], [{ password: '' }], [{ password_hash: '' }], [{ password: null }]])(
    'with %j makes one that cannot log in with a password',
    async (body) => {
      expect((await api.ask('PUT', '/api/users/ann', { tags: '', ...body })).status).toBe(201);
      expect(api.broker.access.users.get('ann')?.passwordHash).toBeUndefined();
      expect(await canLogIn('ann', '')).toBe(false);
    },
  );

  test.each([
    [{}, 'tags_not_present'],
    [{ tags: 5 }, 'tags is the number 5'],
    [{ tags: '', password: 5 }, 'password is the number 5'],
    [{ tags: '', password: 'a', password_hash: 'b' }, 'both_password_and_password_hash_are_provided'],
    [{ tags: '', password_hash: 'notbase64!' }, "password_hash of user 'ann' is in no known form"],
    [
      {
        tags: '',
        password_hash: saltedHash('a', 'sha256'),
        hashing_algorithm: 'rabbit_password_hashing_sha512',
      },
      'is one of rabbit_password_hashing_sha256, and hashing_algorithm is',
    ],
    [
      { tags: '', password_hash: 'AAAA', hashing_algorithm: 'rabbit_password_hashing_md5' },
      "the password of user 'ann' is hashed with MD5",
    ],
  ])('is refused with 400 for %j', async (body, reason) => {
    const answer = await api.ask('PUT', '/api/users/ann', body);
    expect(answer).toMatchObject({ status: 400, json: { error: 'bad_request' } });
    expect(answer.json.reason).toContain(reason);
    expect(api.broker.access.users.has('ann')).toBe(false);
  });

  test('keeps the limits of the user', async () => {
    await api.ask('PUT', '/api/users/ann', { tags: '' });
    await api.ask('PUT', '/api/user-limits/ann/max-channels', { value: 5 });
    await api.ask('PUT', '/api/users/ann', { tags: 'management' });
    expect(api.broker.access.users.get('ann')?.limits.maxChannels).toBe(5);
  });
});

test('DELETE of a user removes it, its permissions and its connections, once', async () => {
  api.addUser('ann', [], ['.*', '.*', '.*']);
  const connection = await api.running.connect({ username: 'ann', password: 'ann' });
  const closed = new Promise((resolve) => connection.once('close', resolve));
  expect((await api.ask('DELETE', '/api/users/ann')).status).toBe(204);
  await closed;
  expect(api.broker.access.permissionsOf('ann')).toEqual([]);
  expect((await api.ask('DELETE', '/api/users/ann')).status).toBe(404);
});

describe('POST of a list of users to delete', () => {
  test('deletes them all', async () => {
    api.addUser('ann', []);
    api.addUser('bob', []);
    expect((await api.ask('POST', '/api/users/bulk-delete', { users: ['ann', 'bob'] })).status).toBe(204);
    expect([...api.broker.access.users.keys()]).toEqual(['guest']);
  });

  test('deletes nobody when one of them is not there', async () => {
    api.addUser('ann', []);
    const answer = await api.ask('POST', '/api/users/bulk-delete', { users: ['ann', 'nobody'] });
    expect(answer).toMatchObject({ status: 400, json: { error: 'bad_request' } });
    expect(answer.json.reason).toContain("no user 'nobody'");
    expect(api.broker.access.users.has('ann')).toBe(true);
  });

  test('takes no name that is no list', async () => {
    api.addUser('ann', []);
    expect((await api.ask('POST', '/api/users/bulk-delete', { users: 'ann' })).status).toBe(400);
    expect(api.broker.access.users.has('ann')).toBe(true);
  });

  test('says which key it misses', async () => {
    const answer = await api.ask('POST', '/api/users/bulk-delete', {});
    expect(answer).toMatchObject({ status: 400, json: { reason: '[{key_missing,users}]' } });
  });
});

test('only administrators may', async () => {
  api.addUser('ann', ['policymaker', 'monitoring'], ['.*', '.*', '.*']);
  for (const [method, url, body] of [
    ['PUT', '/api/users/ann', { password: 'x', tags: 'administrator' }],
    ['DELETE', '/api/users/guest', undefined],
    ['POST', '/api/users/bulk-delete', { users: ['guest'] }],
  ] as const) {
    expect((await api.ask(method, url, body, 'ann:ann')).status).toBe(401);
  }
  expect(api.broker.access.users.has('guest')).toBe(true);
  expect(api.broker.access.users.get('ann')?.tags.has('administrator')).toBe(false);
});
