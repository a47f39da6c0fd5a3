import { beforeEach, describe, expect, test } from 'vitest';
import { RuntimeUnderTest } from '../../../test/core/runtime-under-test.ts';
import type { Credentials, Peer, TokenVerifier } from '../environment.ts';
import { AccessControl } from './access-control.ts';
import { type LoginResult, Logins } from './logins.ts';

const HERE: Peer = {
  remoteAddress: '127.0.0.1',
  remotePort: 1,
  localAddress: '127.0.0.1',
  localPort: 5672,
  loopback: true,
};
const THERE: Peer = { ...HERE, remoteAddress: '10.0.0.1', loopback: false };

let access: AccessControl;
let logins: Logins;
/** Of passwords that are to be hashed slowly: what to do with them is the test's. */
let hashing: { password: string; done: (passwordHash: string | undefined) => void }[];
let isBusy: boolean;
/** Set: what is answered to whoever logs in waits there. */
let verifying: (() => void)[] | undefined;
let runtime: RuntimeUnderTest['runtime'];

beforeEach(() => {
  ({ runtime } = new RuntimeUnderTest());
  verifying = undefined;
  hashing = [];
  isBusy = false;
  const credentials: Credentials = {
    hash: (password) => `cheap ${password}`,
    verify: (password, passwordHash, done) => {
      const answer = (): void => done(isBusy ? undefined : passwordHash?.endsWith(` ${password}`) === true);
      if (verifying === undefined) answer();
      else verifying.push(answer);
    },
    hashSlowly: (password, done) => hashing.push({ password, done }),
    isOutdated: (passwordHash) => passwordHash.startsWith('cheap'),
  };
  const tokens: TokenVerifier = {
    isToken: (text) => text.startsWith('token '),
    verify: (token, done) =>
      done(
        token === 'token bad'
          ? { refused: 'token: bad' }
          : { username: token.slice(6), scopes: [], expiresAtMs: Number.MAX_SAFE_INTEGER },
      ),
  };
  Object.assign(runtime.environment, { credentials, tokens });
  access = new AccessControl(() => {}, { put: () => {}, remove: () => {} });
  access.putUser({ name: 'ann', passwordHash: 'cheap secret', tags: [] });
  access.putUser({ name: 'guest', passwordHash: 'slow guest', tags: [] });
  logins = new Logins(access, runtime, ['guest']);
});

function logIn(username: string, password: string | undefined, peer = HERE): LoginResult {
  const results: LoginResult[] = [];
  logins.logIn({ protocol: 'amqp', username, password, peer }, (result) => results.push(result));
  expect(results.length).toBe(1);
  return results[0] as LoginResult;
}

describe('a log-in', () => {
  test('needs a known name and the right password', () => {
    expect(logIn('ann', 'secret')).toMatchObject({ identity: { username: 'ann' } });
    expect(logIn('ann', 'wrong')).toEqual({ refused: 'wrong user name or password' });
    expect(logIn('bob', 'secret')).toEqual({ refused: 'wrong user name or password' });
  });

  test('of a user who may come from this machine only is refused elsewhere, also with a certificate', () => {
    expect(logIn('guest', 'guest')).toHaveProperty('identity');
    expect(logIn('guest', 'guest', THERE)).toEqual({ refused: 'may log in only from this machine' });
    expect(logIn('guest', undefined, THERE)).toEqual({ refused: 'may log in only from this machine' });
    expect(logIn('ann', undefined, THERE)).toHaveProperty('identity');
    expect(logIn('nobody', undefined)).toEqual({ refused: "no user 'nobody'" });
  });

  test('with a cheap hash leaves a better one behind', () => {
    logIn('ann', 'secret');
    logIn('guest', 'guest');
    expect(hashing.map(({ password }) => password)).toEqual(['secret']);
    hashing[0]?.done('slow secret');
    expect(access.users.get('ann')?.passwordHash).toBe('slow secret');
  });

  test('does not bring back a password that was changed meanwhile', () => {
    logIn('ann', 'secret');
    access.putUser({ name: 'ann', passwordHash: 'cheap other', tags: [] });
    hashing[0]?.done('slow secret');
    expect(access.users.get('ann')?.passwordHash).toBe('cheap other');
  });

  test('is not let in as another user of the same name, who came while its password was looked at', () => {
    verifying = [];
    const results: LoginResult[] = [];
    const attempt = { protocol: 'amqp', username: 'ann', password: 'secret', peer: HERE } as const;
    for (let i = 0; i < 3; i++) logins.logIn(attempt, (result) => results.push(result));
    access.putUser({ name: 'ann', passwordHash: 'cheap secret', tags: ['management'] });
    verifying[0]?.();
    access.replaceHash('ann', 'cheap secret', 'slow secret');
    verifying[1]?.();
    access.deleteUser('ann');
    access.putUser({ name: 'ann', passwordHash: 'cheap other', tags: ['administrator'] });
    verifying[2]?.();
    expect(results[0]).toHaveProperty('identity');
    expect(results.slice(1)).toEqual([
      { refused: 'wrong user name or password' },
      { refused: 'wrong user name or password' },
    ]);
  });

  test('that is under way when the hash is replaced by a better one goes on', () => {
    verifying = [];
    const results: LoginResult[] = [];
    const attempt = { protocol: 'amqp', username: 'ann', password: 'secret', peer: HERE } as const;
    logins.logIn(attempt, (result) => results.push(result));
    access.replaceHash('ann', 'cheap secret', 'slow secret');
    verifying[0]?.();
    expect(results[0]).toHaveProperty('identity');
  });

  test('asks for a better hash once, however many come at the same time', () => {
    for (let i = 0; i < 5; i++) logIn('ann', 'secret');
    expect(hashing.length).toBe(1);
    hashing[0]?.done(undefined);
    logIn('ann', 'secret');
    expect(hashing.length).toBe(2);
  });

  test('needs a password: an empty one is none', () => {
    access.putUser({ name: 'empty', passwordHash: 'slow ', tags: [] });
    expect(logIn('empty', '')).toEqual({ refused: 'wrong user name or password' });
  });

  test('with a token or a certificate does not wait for what others did with passwords', () => {
    for (let i = 0; i < 120; i++) logIn('ann', 'wrong', { ...THERE, remoteAddress: `10.0.1.${i}` });
    for (let i = 0; i < 120; i++) logIn('', 'token bad', THERE);
    expect(logIn('ann', 'secret', THERE)).toHaveProperty('retryAfterMs');
    expect(logIn('ann', undefined, THERE)).toHaveProperty('identity');
    expect(logIn('', 'token bob', THERE)).toHaveProperty('identity');
  });

  test('with a token of its own gives nobody more guesses at the password of the user that it names', () => {
    for (let i = 0; i < 10; i++) logIn('ann', 'wrong', THERE);
    expect(logIn('ann', 'token bob', THERE)).toHaveProperty('identity');
    expect(logIn('ann', 'secret', THERE)).toHaveProperty('retryAfterMs');
  });

  test('is one at a time when no attempt is free any more', () => {
    for (let i = 0; i < 10; i++) logIn('ann', 'wrong', THERE);
    Object.assign(runtime, { now: () => 60_000 });
    verifying = [];
    const results: LoginResult[] = [];
    const attempt = { protocol: 'amqp', username: 'ann', password: 'wrong', peer: THERE } as const;
    for (let i = 0; i < 20; i++) logins.logIn(attempt, (result) => results.push(result));
    expect(verifying.length).toBe(1);
    expect(results.length).toBe(19);
    expect(results[0]).toMatchObject({ retryAfterMs: 1000 });
  });

  test('is asked to come again when there is too much to do, which is no failure of it', () => {
    isBusy = true;
    for (let i = 0; i < 20; i++) {
      expect(logIn('ann', 'secret')).toEqual({ refused: 'too many log-ins at once', retryAfterMs: 1000 });
    }
    isBusy = false;
    expect(logIn('ann', 'secret')).toHaveProperty('identity');
  });

  test('has to wait after too many failures, and is counted', () => {
    for (let i = 0; i < 10; i++) logIn('ann', 'wrong', THERE);
    expect(logIn('ann', 'secret', THERE)).toMatchObject({ retryAfterMs: 1000 });
    expect(logIn('ann', 'secret')).toHaveProperty('identity');
    expect(logins.attempts.byProtocol[0]).toEqual({ protocol: 'amqp', succeeded: 1, failed: 11 });
    expect(logins.attempts.bySource).toEqual([
      { protocol: 'amqp', remoteAddress: '10.0.0.1', username: 'ann', succeeded: 0, failed: 11 },
      { protocol: 'amqp', remoteAddress: '127.0.0.1', username: 'ann', succeeded: 1, failed: 0 },
    ]);
    logins.attempts.clear();
    expect(logins.attempts.byProtocol[0]).toEqual({ protocol: 'amqp', succeeded: 0, failed: 0 });
    expect(logins.attempts.bySource).toEqual([]);
  });
});
