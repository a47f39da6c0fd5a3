import { describe, expect, test } from 'vitest';
import type { AuditEntry } from '../../src/management/audit-log.ts';
import { ApiUnderTest } from './api-under-test.ts';

async function retryAfter(api: ApiUnderTest, user: string): Promise<[number, unknown]> {
  const answer = await api.get('/api/whoami', user);
  return [answer.status, answer.headers['retry-after']];
}

describe('log-ins over HTTP', () => {
  test('wrong passwords are refused with 401, and after some of them with 429 and when to try again', async () => {
    const api = await ApiUnderTest.start();
    for (let i = 0; i < 10; i++) expect(await retryAfter(api, 'guest:wrong')).toEqual([401, undefined]);
    expect(await retryAfter(api, 'guest:wrong')).toEqual([429, '1']);
    expect((await api.get('/v1/audit', 'guest:wrong')).json).toMatchObject({ status: 429 });
    expect(await retryAfter(api, 'guest:guest')).toEqual([429, '1']);
    await api.running.clock.advance('1s');
    expect(await retryAfter(api, 'guest:guest')).toEqual([200, undefined]);
    await api.running.clock.advance('10s');
    expect(await retryAfter(api, 'guest:wrong')).toEqual([401, undefined]);
  });

  test('one user that guesses does not keep another from logging in', async () => {
    const api = await ApiUnderTest.start();
    for (let i = 0; i < 30; i++) await api.get('/api/whoami', 'mallory:wrong');
    expect((await api.get('/api/whoami')).status).toBe(200);
  });

  test('are counted, all together and by their source', async () => {
    const api = await ApiUnderTest.start();
    for (let i = 0; i < 10; i++) await api.get('/api/whoami', 'guest:wrong');
    expect((await api.get('/api/whoami', 'guest:wrong')).status).toBe(429);
    expect(api.broker.loginAttempts.byProtocol).toEqual([
      { protocol: 'amqp', succeeded: 0, failed: 0 },
      { protocol: 'http', succeeded: 0, failed: 11 },
    ]);
    expect(api.broker.loginAttempts.bySource).toEqual([
      { protocol: 'http', remoteAddress: '127.0.0.1', username: 'guest', succeeded: 0, failed: 11 },
    ]);
  });

  test('a password that was changed is of no use any more, at once', async () => {
    const api = await ApiUnderTest.start();
    api.addUser('ann', ['management']);
    expect((await api.get('/api/whoami', 'ann:ann')).status).toBe(200);
    api.broker.putUser('ann', 'new', ['management']);
    expect((await api.get('/api/whoami', 'ann:ann')).status).toBe(401);
    expect((await api.get('/api/whoami', 'ann:new')).status).toBe(200);
    api.broker.deleteUser('ann');
    expect((await api.get('/api/whoami', 'ann:new')).status).toBe(401);
  });

  test.each(['Basic', 'Basic =', 'Basic Z3Vlc3Q=', 'Bearer x', 'Digest x', 'Basic Z3Vlc3Q6Z3Vlc3Q= x'])(
    'the header %j is no log-in',
    async (authorization) => {
      const api = await ApiUnderTest.start();
      const answer = await api.app.inject({ url: '/api/whoami', headers: { authorization } });
      expect(answer.statusCode).toBe(401);
    },
  );
});

describe('every answer', () => {
  test.each(['/api/whoami', '/api/nothing', '/v1/nothing', '/nothing', '/metrics'])(
    'says what a browser may do with it: %s',
    async (url) => {
      const { headers } = await (await ApiUnderTest.start()).get(url);
      expect(headers).toMatchObject({
        'content-security-policy': expect.stringMatching(/default-src 'none'.*frame-ancestors 'none'/),
        'x-content-type-options': 'nosniff',
        'referrer-policy': 'no-referrer',
        'cache-control': expect.stringMatching(/^no-(store|cache)$/),
      });
      expect(headers['access-control-allow-origin']).toBeUndefined();
    },
  );

  test('is refused to names that are not of this machine, for a page could have asked for them', async () => {
    const api = await ApiUnderTest.start({}, { hostNames: ['broker.example'] });
    const authorization = `Basic ${Buffer.from('guest:guest').toString('base64')}`;
    const status = async (host: string): Promise<number> =>
      (await api.app.inject({ url: '/api/whoami', headers: { authorization, host } })).statusCode;
    for (const host of ['localhost', 'localhost:15672', '127.0.0.1:1', '[::1]:15672', 'broker.example:80']) {
      expect(await status(host), host).toBe(200);
    }
    for (const host of [
      'evil.example',
      'evil.example:15672',
      'localhost.evil.example',
      '127.0.0.1.evil.example',
    ]) {
      expect(await status(host), host).toBe(421);
    }
  });
});

describe('the audit log', () => {
  test('tells who did what from where, and what came of it; never a password', async () => {
    const entries: AuditEntry[] = [];
    const api = await ApiUnderTest.start({}, { onAudit: (entry) => entries.push(entry) });
    await api.ask('PUT', '/api/users/bob', { password: 'canary-s3cret', tags: 'management' });
    api.addUser('ann', ['management']);
    await api.ask('DELETE', '/api/vhosts/%2F', undefined, 'ann:ann');
    await api.get('/api/whoami', 'bob:canary-wrong');
    await api.get('/api/overview');
    const { json } = await api.get('/v1/audit?limit=10');
    expect(
      json.entries.map(
        ({ at: _, remote_address, ...entry }: { at: string; remote_address: string }) => entry,
      ),
    ).toEqual([
      {
        username: 'bob',
        operation: 'login',
        object: '',
        result: 'refused',
        detail: 'wrong user name or password',
      },
      expect.objectContaining({ username: 'ann', operation: 'DELETE /api/vhosts/:vhost', result: 'refused' }),
      { username: 'ann', operation: 'login', object: '', result: 'done', detail: '' },
      expect.objectContaining({
        username: 'guest',
        operation: expect.stringMatching(/^PUT \/api\/users\/:/),
        result: 'done',
      }),
      { username: 'guest', operation: 'login', object: '', result: 'done', detail: '' },
    ]);
    expect(json.entries[0].remote_address).toBe('127.0.0.1');
    expect(entries.length).toBe(5);
    expect(JSON.stringify([entries, json])).not.toContain('canary');
  });

  test('is for administrators', async () => {
    const api = await ApiUnderTest.start();
    api.addUser('ann', ['monitoring']);
    expect((await api.get('/v1/audit', 'ann:ann')).status).toBe(403);
    expect((await api.get('/v1/audit?limit=0')).status).toBe(400);
  });
});
