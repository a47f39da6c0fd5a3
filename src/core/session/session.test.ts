import { beforeEach, describe, expect, test } from 'vitest';
import { AccessControl } from '../access/access-control.ts';
import { ChannelError } from '../errors.ts';
import type { VirtualHost } from '../vhost/virtual-host.ts';
import { Session } from './session.ts';

const vhost = { name: 'shop' } as VirtualHost;
let access: AccessControl;
let session: Session;

beforeEach(() => {
  access = new AccessControl(() => {}, { put: () => {}, remove: () => {} });
  access.putUser({ name: 'ann', passwordHash: undefined, tags: ['monitoring'] });
  session = new Session(access.identityOf('ann'), vhost);
});

function permit(configure: string, write: string, read: string): void {
  access.setPermission({ user: 'ann', vhost: 'shop', configure, write, read });
}

describe('an operation', () => {
  test('is allowed by the pattern for it', () => {
    permit('^$', '^orders', '^$');
    expect(() => session.authorize('queue', 'orders-1', 'write')).not.toThrow();
  });

  test('is refused with 403 when another pattern matches', () => {
    permit('^$', '^orders', '^$');
    expect(() => session.authorize('queue', 'orders-1', 'read')).toThrow(ChannelError);
    expect(() => session.authorize('queue', 'orders-1', 'read')).toThrow(
      "ACCESS_REFUSED - read access to queue 'orders-1' in vhost 'shop' refused for user 'ann'",
    );
  });

  test('is refused in a vhost that the user has no permission in', () => {
    access.setPermission({ user: 'ann', vhost: 'other', configure: '.*', write: '.*', read: '.*' });
    expect(() => session.authorize('exchange', 'orders', 'configure')).toThrow('ACCESS_REFUSED');
  });

  test('on the default exchange is asked for as amq.default', () => {
    permit('^$', '^amq\\.default$', '^$');
    expect(() => session.authorize('exchange', '', 'write')).not.toThrow();
    permit('^$', '^orders$', '^$');
    expect(() => session.authorize('exchange', '', 'write')).toThrow("exchange 'amq.default'");
  });

  test('is refused when the permission is taken away', () => {
    permit('.*', '.*', '.*');
    session.authorize('queue', 'orders', 'read');
    access.clearPermission('ann', 'shop');
    expect(() => session.authorize('queue', 'orders', 'read')).toThrow('ACCESS_REFUSED');
  });
});

describe('to look whether something is there', () => {
  test.each([
    ['configure', '^orders$', '^$', '^$'],
    ['write', '^$', '^orders$', '^$'],
    ['read', '^$', '^$', '^orders$'],
  ])('permission to %s is enough', (_operation, configure, write, read) => {
    permit(configure, write, read);
    expect(() => session.authorizeAny('queue', 'orders')).not.toThrow();
    expect(() => session.authorizeAny('queue', 'invoices')).toThrow('ACCESS_REFUSED');
  });

  test('the default exchange goes by the name amq.default, too', () => {
    permit('^$', '^amq\\.default$', '^$');
    expect(() => session.authorizeAny('exchange', '')).not.toThrow();
  });
});

describe('a routing key of a topic exchange', () => {
  test('needs no permission of its own unless one is set', () => {
    expect(() => session.authorizeTopic('events', 'write', 'a.b')).not.toThrow();
  });

  test('must match the topic permission of the exchange, in which the user’s name may stand', () => {
    const permission = { user: 'ann', vhost: 'shop', exchange: 'events', read: '^$' };
    access.setTopicPermission({ ...permission, write: '^{username}\\.' });
    expect(() => session.authorizeTopic('events', 'write', 'ann.login')).not.toThrow();
    expect(() => session.authorizeTopic('events', 'write', 'bob.login')).toThrow(
      "ACCESS_REFUSED - write access to topic 'bob.login' in exchange 'events' in vhost 'shop' refused for user 'ann'",
    );
    expect(() => session.authorizeTopic('events', 'read', 'ann.login')).toThrow(ChannelError);
  });
});

test('a user has the tags that are set for it, as long as it is there', () => {
  expect(session.hasTag('monitoring')).toBe(true);
  expect(session.hasTag('administrator')).toBe(false);
  access.deleteUser('ann');
  expect(session.hasTag('monitoring')).toBe(false);
});
