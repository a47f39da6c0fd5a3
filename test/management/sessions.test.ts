import type { InjectOptions, LightMyRequestResponse } from 'fastify';
import { describe, expect, test } from 'vitest';
import type { TokenVerifier } from '../../src/core/environment.ts';
import { ApiUnderTest } from './api-under-test.ts';

const OWN_PAGE = { 'sec-fetch-site': 'same-origin', 'x-requested-with': 'page' };

function ask(api: ApiUnderTest, options: InjectOptions): Promise<LightMyRequestResponse> {
  return api.app.inject(options);
}

function logIn(
  api: ApiUnderTest,
  username = 'guest',
  password = username,
  headers: Record<string, string> = {},
): Promise<LightMyRequestResponse> {
  return ask(api, { method: 'POST', url: '/v1/session', headers, payload: { username, password } });
}

async function cookieOf(api: ApiUnderTest, username?: string): Promise<string> {
  const answer = await logIn(api, username);
  expect(answer.statusCode).toBe(200);
  return String(answer.headers['set-cookie']).split(';')[0] ?? '';
}

async function statusOf(api: ApiUnderTest, cookie: string, url = '/api/whoami'): Promise<number> {
  return (await ask(api, { url, headers: { cookie } })).statusCode;
}

describe('a session', () => {
  test('is opened with a password, kept in a cookie that no script reads, and tells who it is', async () => {
    const api = await ApiUnderTest.start();
    const answer = await logIn(api);
    expect(answer.headers['set-cookie']).toMatch(
      /^leveret-session=[\w-]{43}; Path=\/; HttpOnly; SameSite=Strict$/,
    );
    expect(answer.json()).toMatchObject({ username: 'guest', tags: ['administrator'] });
    const cookie = String(answer.headers['set-cookie']).split(';')[0] ?? '';
    const who = await ask(api, { url: '/v1/session', headers: { cookie: `other=1; ${cookie}; last=2` } });
    expect(who.json()).toMatchObject({ username: 'guest', ends_at: expect.stringMatching(/Z$/) });
    expect(await statusOf(api, cookie)).toBe(200);
  });

  test('tells what its user may do in which vhosts, and of which broker it is', async () => {
    const api = await ApiUnderTest.start();
    await api.ask('PUT', '/api/vhosts/other', {});
    api.addUser('ann', ['management'], ['^ann-', '', '.*']);
    const permissions = [{ vhost: '/', configure: '^ann-', write: '', read: '.*' }];
    const { nodeName: node } = api.broker.settings;
    const expected = { username: 'ann', permissions, version: '0.1.0', node };
    expect((await logIn(api, 'ann')).json()).toMatchObject(expected);
    expect((await api.get('/v1/session', 'ann:ann')).json).toMatchObject(expected);
    api.broker.access.clearPermission('ann', '/');
    expect((await api.get('/v1/session', 'ann:ann')).json.permissions).toEqual([]);
  });

  test('tells what a token allows, as regular expressions', async () => {
    const api = await ApiUnderTest.start();
    await api.ask('PUT', '/api/vhosts/other', {});
    const { environment } = api.broker.runtime;
    const scopes = ['tag:management', 'read:%2F/a.*', 'read:*/b', 'write:none/c'];
    const expiresAtMs = environment.clock.wallMs() + 60_000;
    const tokens: TokenVerifier = {
      isToken: (text) => text === 'token',
      verify: (_, done) => done({ username: 'svc', scopes, expiresAtMs }),
    };
    Object.assign(environment, { tokens });
    const { json } = await api.get('/v1/session', 'any:token');
    expect(json.permissions).toEqual([
      { vhost: '/', configure: '', write: '', read: '^(a\\..*|b)$' },
      { vhost: 'other', configure: '', write: '', read: '^(b)$' },
    ]);
  });

  test('is not opened with a wrong password, by a user without a tag, or with a form', async () => {
    const api = await ApiUnderTest.start();
    api.addUser('plain', [], ['.*', '.*', '.*']);
    expect((await logIn(api, 'guest', 'wrong')).statusCode).toBe(401);
    expect((await logIn(api, 'plain')).statusCode).toBe(403);
    const form = await ask(api, {
      method: 'POST',
      url: '/v1/session',
      headers: { 'content-type': 'text/plain' },
      payload: '{"username":"guest","password":"guest"}',
    });
    expect(form.statusCode).toBe(415);
  });

  test('is not opened by the page of another site', async () => {
    const api = await ApiUnderTest.start();
    expect((await logIn(api, 'guest', 'guest', { 'sec-fetch-site': 'cross-site' })).statusCode).toBe(403);
  });

  test('ends with a log-out', async () => {
    const api = await ApiUnderTest.start();
    const cookie = await cookieOf(api);
    const end = await ask(api, { method: 'DELETE', url: '/v1/session', headers: { cookie, ...OWN_PAGE } });
    expect(end.statusCode).toBe(204);
    expect(end.headers['set-cookie']).toContain('Max-Age=0');
    expect(await statusOf(api, cookie)).toBe(401);
  });

  test('ends after half an hour without use, and after twelve hours in any case', async () => {
    const api = await ApiUnderTest.start();
    const [used, unused] = [await cookieOf(api), await cookieOf(api)];
    for (let i = 0; i < 3; i++) {
      await api.running.clock.advance('20m');
      expect(await statusOf(api, used)).toBe(200);
    }
    expect(await statusOf(api, unused)).toBe(401);
    for (let i = 0; i < 33; i++) {
      await api.running.clock.advance('20m');
      expect(await statusOf(api, used)).toBe(i < 32 ? 200 : 401);
    }
  });

  test('ends when the user gets another password, other tags, or goes; not when it gets other permissions', async () => {
    const api = await ApiUnderTest.start();
    for (const change of [
      () => api.broker.putUser('ann', 'other', ['management']),
      () => api.broker.access.putUser({ name: 'ann', passwordHash: undefined, tags: [] }),
      () => api.broker.deleteUser('ann'),
    ]) {
      api.addUser('ann', ['management'], ['.*', '.*', '.*']);
      const cookie = await cookieOf(api, 'ann');
      api.broker.access.setPermission({ user: 'ann', vhost: '/', configure: '', write: '', read: '' });
      expect(await statusOf(api, cookie)).toBe(200);
      change();
      expect(await statusOf(api, cookie)).toBe(401);
    }
  });

  test('is another one after the next log-in, which ends the one before', async () => {
    const api = await ApiUnderTest.start();
    const before = await cookieOf(api);
    const answer = await logIn(api, 'guest', 'guest', { cookie: before });
    const after = String(answer.headers['set-cookie']).split(';')[0] ?? '';
    expect(after).not.toBe(before);
    expect([await statusOf(api, before), await statusOf(api, after)]).toEqual([401, 200]);
  });

  test('is not thrown out by somebody else who logs in over and over', async () => {
    const api = await ApiUnderTest.start();
    api.addUser('eager', ['management'], ['.*', '.*', '.*']);
    const mine = await cookieOf(api);
    const [used, unused] = [await cookieOf(api, 'eager'), await cookieOf(api, 'eager')];
    expect(await statusOf(api, used)).toBe(200);
    for (let i = 0; i < 99; i++) await cookieOf(api, 'eager');
    // of the eager one there are a hundred, and the one that was not used the longest has gone
    expect(await statusOf(api, unused)).toBe(401);
    expect([await statusOf(api, mine), await statusOf(api, used)]).toEqual([200, 200]);
  });

  test('of this machine is none elsewhere: guest does not come in with the cookie, either', async () => {
    const api = await ApiUnderTest.start();
    const cookie = await cookieOf(api);
    const elsewhere = await ask(api, {
      url: '/api/whoami',
      headers: { cookie },
      remoteAddress: '10.0.0.7',
    });
    expect(elsewhere.statusCode).toBe(401);
    expect(await statusOf(api, cookie)).toBe(200);
  });

  test.each(['', 'leveret-session=', `leveret-session=${'A'.repeat(43)}`, 'leveret-session=__proto__'])(
    'is not guessed: %s',
    async (cookie) => {
      expect(await statusOf(await ApiUnderTest.start(), cookie)).toBe(401);
    },
  );
});

describe('a change with a cookie', () => {
  test.each<[string, Record<string, string>, number]>([
    ['of our page, with a header that a form cannot send', OWN_PAGE, 201],
    [
      'of our page in an old browser',
      { origin: 'http://localhost', host: 'localhost', 'x-requested-with': 'x' },
      201,
    ],
    ['of another site', { 'sec-fetch-site': 'cross-site', 'x-requested-with': 'x' }, 403],
    ['of another port of the same site', { 'sec-fetch-site': 'same-site', 'x-requested-with': 'x' }, 403],
    ['of another site in an old browser', { origin: 'http://evil.example', 'x-requested-with': 'x' }, 403],
    ['of a page that hides where it is from', { origin: 'null', 'x-requested-with': 'x' }, 403],
    ['that does not say where it is from', { 'x-requested-with': 'x' }, 403],
    ['like that of a form', { 'sec-fetch-site': 'same-origin', 'content-type': 'text/plain' }, 403],
  ])('%s: %s', async (_, headers, status) => {
    const api = await ApiUnderTest.start();
    const cookie = await cookieOf(api);
    const type = { 'content-type': 'application/json' };
    const answer = await ask(api, {
      method: 'PUT',
      url: '/api/vhosts/v1',
      headers: { ...(headers['x-requested-with'] ? type : {}), cookie, ...headers },
      payload: '{}',
    });
    expect(answer.statusCode).toBe(status);
    expect(api.broker.vhosts.has('v1')).toBe(status === 201);
  });
});

test('a page of another site changes nothing with a password that the browser remembers, either', async () => {
  const api = await ApiUnderTest.start();
  const authorization = `Basic ${Buffer.from('guest:guest').toString('base64')}`;
  const headers = { authorization, 'sec-fetch-site': 'cross-site' };
  const answer = await ask(api, { method: 'DELETE', url: '/api/vhosts/%2F', headers });
  expect(answer.statusCode).toBe(403);
  expect(api.broker.vhosts.has('/')).toBe(true);
});
