import { beforeEach, describe, expect, test, vi } from 'vitest';
import type { Definition } from '../definitions/definition.ts';
import { AccessControl, AccessControlError, DECISIONS_MAX } from './access-control.ts';
import { Pattern } from './pattern.ts';
import { PatternError } from './pattern-error.ts';

let access: AccessControl;
/** What was told to be recorded, as `+` or `-` and the kind. */
let recorded: string[];
let put: Definition[];

beforeEach(() => {
  recorded = [];
  put = [];
  access = new AccessControl(() => {}, {
    put: (definition) => {
      put.push(definition);
      recorded.push(`+ ${definition.kind}`);
    },
    remove: (definition) => recorded.push(`- ${definition.kind}`),
  });
  access.putUser({ name: 'ann', passwordHash: 'hash', tags: ['monitoring'] });
});

function permit(configure: string, write: string, read: string): void {
  access.setPermission({ user: 'ann', vhost: '/', configure, write, read });
}

describe('users', () => {
  test('are kept with their tags', () => {
    expect(access.users.get('ann')).toEqual({
      name: 'ann',
      passwordHash: 'hash',
      tags: new Set(['monitoring']),
      limits: {},
      version: 1,
    });
  });

  test('have another version once their password or tags are changed, and not for a better hash or other limits', () => {
    const version = (): number | undefined => access.users.get('ann')?.version;
    access.replaceHash('ann', 'hash', 'better');
    access.setUserLimits('ann', { maxConnections: 1 });
    access.putUser({ name: 'ann', passwordHash: 'better', tags: ['monitoring'] });
    expect([version(), access.users.get('ann')?.passwordHash]).toEqual([1, 'better']);
    access.putUser({ name: 'ann', passwordHash: 'other', tags: ['monitoring'] });
    expect(version()).toBe(2);
    access.putUser({ name: 'ann', passwordHash: 'other', tags: [] });
    access.deleteUser('ann');
    access.putUser({ name: 'ann', passwordHash: 'other', tags: [] });
    expect(version()).toBe(4);
  });

  test('keep a password that was changed while a better hash of the old one was made', () => {
    access.putUser({ name: 'ann', passwordHash: 'new', tags: [] });
    access.replaceHash('ann', 'hash', 'better');
    access.replaceHash('bob', 'hash', 'better');
    expect(access.users.get('ann')?.passwordHash).toBe('new');
  });

  test('keep their limits when they are put again', () => {
    access.setUserLimits('ann', { maxConnections: 5, maxChannels: -1 });
    access.putUser({ name: 'ann', passwordHash: undefined, tags: [] });
    expect(access.users.get('ann')?.limits).toEqual({ maxConnections: 5, maxChannels: -1 });
  });

  test('lose their permissions when they are deleted', () => {
    permit('.*', '.*', '.*');
    expect(access.deleteUser('ann')).toBe(true);
    access.putUser({ name: 'ann', passwordHash: undefined, tags: [] });
    expect(access.mayEnter('ann', '/')).toBe(false);
    expect(access.deleteUser('bob')).toBe(false);
  });

  test('must exist to get permissions and limits', () => {
    const permission = { user: 'bob', vhost: '/', configure: '', write: '', read: '' };
    expect(() => access.setPermission(permission)).toThrow(AccessControlError);
    expect(() => access.setTopicPermission({ ...permission, exchange: 'x' })).toThrow("no user 'bob'");
    expect(() => access.setUserLimits('bob', {})).toThrow("no user 'bob'");
  });
});

describe('permissions', () => {
  test('are needed to enter a vhost, whatever they allow', () => {
    expect(access.mayEnter('ann', '/')).toBe(false);
    permit('', '', '');
    expect(access.mayEnter('ann', '/')).toBe(true);
    expect(access.mayEnter('ann', 'other')).toBe(false);
  });

  test('are patterns over names, one for each operation', () => {
    permit('^ann\\.', '^(ann|shared)\\.', '.*');
    expect(access.allows('ann', '/', 'ann.q', 'configure')).toBe(true);
    expect(access.allows('ann', '/', 'shared.q', 'configure')).toBe(false);
    expect(access.allows('ann', '/', 'shared.q', 'write')).toBe(true);
    expect(access.allows('ann', '/', 'anything', 'read')).toBe(true);
    expect(access.allows('ann', 'other', 'anything', 'read')).toBe(false);
  });

  test('match anywhere in a name unless they are anchored', () => {
    permit('q', '', '');
    expect(access.allows('ann', '/', 'a-queue', 'configure')).toBe(true);
  });

  test('that are empty allow nothing', () => {
    permit('', '', '');
    expect(access.allows('ann', '/', 'q', 'read')).toBe(false);
  });

  test('know the default exchange as amq.default', () => {
    permit('', '^amq\\.default$', '^$');
    expect(access.allows('ann', '/', 'amq.default', 'write')).toBe(true);
    expect(access.allows('ann', '/', 'amq.default', 'read')).toBe(false);
  });

  test('that change are in force at once', () => {
    permit('.*', '.*', '.*');
    expect(access.allows('ann', '/', 'q', 'read')).toBe(true);
    permit('.*', '.*', '^other$');
    expect(access.allows('ann', '/', 'q', 'read')).toBe(false);
    access.clearPermission('ann', '/');
    expect(access.allows('ann', '/', 'other', 'read')).toBe(false);
    expect(access.clearPermission('ann', '/')).toBe(false);
  });

  test('with a broken pattern change nothing', () => {
    permit('.*', '.*', '.*');
    expect(() => permit('.*', '(', '.*')).toThrow(PatternError);
    expect(access.permission('ann', '/')?.write).toBe('.*');
  });

  test('remember a bounded number of decisions', () => {
    permit('^q1', '', '');
    const matches = vi.spyOn(Pattern.prototype, 'test');
    const ask = (name: string) => access.allows('ann', '/', name, 'configure');
    for (let number = 0; number <= DECISIONS_MAX; number++) {
      expect(ask(`q${number}`)).toBe(String(number).startsWith('1'));
    }
    expect(matches).toHaveBeenCalledTimes(DECISIONS_MAX + 1);
    ask(`q${DECISIONS_MAX}`);
    expect(matches).toHaveBeenCalledTimes(DECISIONS_MAX + 1);
    ask('q0');
    expect(matches).toHaveBeenCalledTimes(DECISIONS_MAX + 2);
    matches.mockRestore();
  });

  test('are listed by user and by vhost', () => {
    access.putUser({ name: 'bob', passwordHash: undefined, tags: [] });
    permit('a', 'b', 'c');
    access.setPermission({ user: 'bob', vhost: 'v', configure: '', write: '', read: '' });
    expect(access.permissionsOf('ann')).toEqual([
      { user: 'ann', vhost: '/', configure: 'a', write: 'b', read: 'c' },
    ]);
    expect(access.permissions()).toHaveLength(2);
    expect(access.permissions('v').map(({ user }) => user)).toEqual(['bob']);
  });
});

describe('topic permissions', () => {
  function mayWrite(routingKey: string, exchange = 'events'): boolean {
    return access.allowsTopic('ann', '/', exchange, 'write', routingKey);
  }

  function permitTopic(write: string): void {
    access.setTopicPermission({ user: 'ann', vhost: '/', exchange: 'events', write, read: '.*' });
  }

  test('restrict only the exchange that they name', () => {
    expect(mayWrite('anything')).toBe(true);
    permitTopic('^a\\.');
    expect(mayWrite('a.b')).toBe(true);
    expect(mayWrite('b')).toBe(false);
    expect(mayWrite('b', 'other')).toBe(true);
  });

  test('fill in the user name and the vhost, literally', () => {
    permitTopic('^{username}\\.{vhost}$');
    expect(mayWrite('ann./')).toBe(true);
    expect(mayWrite('bob./')).toBe(false);
    const [user, vhost, exchange] = ['a.*|$&', '[x]-', 'events'];
    access.putUser({ name: user, passwordHash: undefined, tags: [] });
    const write = '^{username}\\.{vhost}$';
    access.setTopicPermission({ user, vhost, exchange, write, read: '' });
    expect(access.allowsTopic(user, vhost, exchange, 'write', 'a.*|$&.[x]-')).toBe(true);
    expect(access.allowsTopic(user, vhost, exchange, 'write', 'abc.x')).toBe(false);
  });

  test('allow nothing by a client id, which AMQP clients do not have', () => {
    permitTopic('^{client_id}$');
    expect(mayWrite('c1')).toBe(false);
  });

  test('that are longer than patterns may be with the names filled in are refused', () => {
    const user = 'x'.repeat(1024);
    access.putUser({ name: user, passwordHash: undefined, tags: [] });
    const permission = { user, vhost: '/', exchange: 'events', write: '{username}.', read: '' };
    expect(() => access.setTopicPermission(permission)).toThrow(PatternError);
    expect(access.topicPermissionsOf(user)).toEqual([]);
  });

  test('replace each other for the same exchange, and are cleared for one or all', () => {
    permitTopic('a');
    permitTopic('b');
    access.setTopicPermission({ user: 'ann', vhost: '/', exchange: 'other', write: '', read: '' });
    expect(access.topicPermissionsOf('ann').map(({ write }) => write)).toEqual(['b', '']);
    expect(access.clearTopicPermission('ann', '/', 'events')).toBe(true);
    expect(access.clearTopicPermission('ann', '/', 'events')).toBe(false);
    expect(access.topicPermissions('/')).toHaveLength(1);
    expect(access.clearTopicPermission('ann', '/')).toBe(true);
    expect(mayWrite('x', 'other')).toBe(true);
  });
});

test('a deleted vhost takes all permissions in it along', () => {
  permit('.*', '.*', '.*');
  access.setTopicPermission({ user: 'ann', vhost: '/', exchange: 'events', write: '', read: '' });
  access.vhostDeleted('/');
  expect(access.mayEnter('ann', '/')).toBe(false);
  expect(access.topicPermissions()).toEqual([]);
});

test('every change is told to the owner', () => {
  let changes = 0;
  const told = new AccessControl(() => changes++, { put: () => {}, remove: () => {} });
  told.putUser({ name: 'ann', passwordHash: undefined, tags: [] });
  told.setPermission({ user: 'ann', vhost: '/', configure: '', write: '', read: '' });
  told.vhostDeleted('/');
  expect(changes).toBe(3);
});

describe('what survives a restart', () => {
  beforeEach(() => {
    permit('c', 'w', 'r');
    access.setTopicPermission({ user: 'ann', vhost: '/', exchange: 'events', write: 'a', read: 'b' });
    access.setUserLimits('ann', { maxConnections: 5, maxChannels: undefined });
  });

  test('each change is recorded with what holds then', () => {
    expect(recorded).toEqual(['+ user', '+ permission', '+ topic-permission', '+ user']);
    expect(put.at(-1)).toEqual({
      kind: 'user',
      name: 'ann',
      passwordHash: 'hash',
      tags: ['monitoring'],
      maxConnections: 5,
      maxChannels: undefined,
    });
  });

  test('a user that goes takes its permissions along, one by one', () => {
    recorded.length = 0;
    access.deleteUser('ann');
    expect(recorded).toEqual(['- permission', '- topic-permission', '- user']);
  });

  test('so does a vhost', () => {
    recorded.length = 0;
    access.vhostDeleted('/');
    expect(recorded).toEqual(['- permission', '- topic-permission']);
  });

  test('what is not there is not recorded as removed', () => {
    recorded.length = 0;
    access.deleteUser('bob');
    access.clearPermission('ann', 'other');
    access.clearTopicPermission('ann', '/', 'other');
    expect(recorded).toEqual([]);
  });

  test('recording it again and restoring that gives the same users and permissions', () => {
    put.length = 0;
    access.recordDefinitions();
    const restored = new AccessControl(() => {}, { put: () => {}, remove: () => {} });
    for (const definition of put) {
      const { kind } = definition;
      if (kind === 'user' || kind === 'permission' || kind === 'topic-permission')
        restored.restore(definition);
    }
    expect(restored.users).toEqual(access.users);
    expect(restored.permissions()).toEqual(access.permissions());
    expect(restored.topicPermissions()).toEqual(access.topicPermissions());
  });
});
