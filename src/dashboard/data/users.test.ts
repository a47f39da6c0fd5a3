import { expect, test } from 'vitest';
import { risksOf, tagsOf, type UserRow, userBody, vhostsOfUsers } from './users.ts';

const ann: UserRow = {
  name: 'ann',
  tags: ['administrator'],
  password_hash: 'hash',
  hashing_algorithm: 'rabbit_password_hashing_sha256',
  limits: {},
};
const bob = { ...ann, name: 'bob' };

test('a password that is kept is sent as its hash with its algorithm', () => {
  expect(userBody(['x'], { kind: 'keep' }, ann)).toEqual({
    tags: ['x'],
    password_hash: 'hash',
    hashing_algorithm: 'rabbit_password_hashing_sha256',
  });
  expect(userBody([], { kind: 'none' }, ann)).toEqual({ tags: [], password_hash: '' });
  expect(userBody([], { kind: 'set', password: 'p' }, ann)).toEqual({ tags: [], password: 'p' });
});

test('tags are separated by commas of either kind, and each counts once', () => {
  expect(tagsOf(' a, b，a,, ')).toEqual(['a', 'b']);
});

test('the vhosts of users are found for names that are keys of objects, too', () => {
  const patterns = { configure: '', write: '', read: '' };
  const vhosts = vhostsOfUsers([
    { user: '__proto__', vhost: '/', ...patterns },
    { user: '__proto__', vhost: 'x', ...patterns },
  ]);
  expect(vhosts.get('__proto__')).toEqual(['/', 'x']);
  expect(vhosts.get('constructor')).toBeUndefined();
});

test('deleting oneself and the last administrator are risks', () => {
  expect(risksOf({ actor: 'ann', before: ann, after: undefined, users: [ann] })).toEqual([
    'self-delete',
    'last-administrator',
  ]);
  expect(risksOf({ actor: 'ann', before: bob, after: undefined, users: [ann, bob] })).toEqual([]);
});

test('demoting oneself and taking away the own password are risks', () => {
  const after = { tags: ['monitoring'], password: 'none' } as const;
  expect(risksOf({ actor: 'ann', before: ann, after, users: [ann, bob] })).toEqual([
    'self-demote',
    'self-no-password',
  ]);
  const same = { tags: ['administrator'], password: 'keep' } as const;
  expect(risksOf({ actor: 'ann', before: ann, after: same, users: [ann] })).toEqual([]);
});
