import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { exportJWK, generateKeyPair, SignJWT } from 'jose';
import { describe, expect, onTestFinished, test } from 'vitest';
import { type RunningBroker, type StartBrokerOptions, startBroker } from './start-broker.ts';

interface Started {
  readonly broker: RunningBroker;
  readonly events: string[];
}

async function start(options: StartBrokerOptions = {}): Promise<Started> {
  const events: string[] = [];
  const onEvent = ({ text }: { text: string }): number => events.push(text);
  const broker = await startBroker({ host: '127.0.0.1', amqpPort: false, httpPort: 0, onEvent, ...options });
  onTestFinished(() => broker.close({ graceMs: 100 }));
  return { broker, events };
}

function temporaryDirectory(): string {
  const path = mkdtempSync(join(tmpdir(), 'leveret-logins-'));
  onTestFinished(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

function ask(
  { httpUrl }: RunningBroker,
  path: string,
  authorization: string,
  init: RequestInit = {},
): Promise<Response> {
  return fetch(`${httpUrl}${path}`, {
    ...init,
    headers: { authorization, 'content-type': 'application/json' },
  });
}

function basic(user: string, password = user): string {
  return `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`;
}

describe('passwords', () => {
  test('of new users are hashed slowly, those of old hashes at the next log-in, and it is there after a restart', async () => {
    const dataDir = temporaryDirectory();
    const { broker } = await start({ dataDir });
    const body = JSON.stringify({ password: 'canary-one', tags: 'management' });
    expect((await ask(broker, '/api/users/new', basic('guest'), { method: 'PUT', body })).status).toBe(201);
    const { access } = broker.broker;
    expect(access.users.get('new')?.passwordHash).toMatch(/^scrypt\$17\$8\$1\$/);
    broker.broker.putUser('old', 'canary-two', ['management']);
    const before = access.users.get('old')?.passwordHash;
    expect(before).not.toMatch(/^scrypt/);
    expect((await ask(broker, '/api/whoami', basic('old', 'canary-two'))).status).toBe(200);
    while (access.users.get('old')?.passwordHash === before) await new Promise(setImmediate);
    const hashes = ['new', 'old'].map((name) => access.users.get(name)?.passwordHash);
    await broker.close();

    const { broker: again } = await start({ dataDir });
    expect(['new', 'old'].map((name) => again.broker.access.users.get(name)?.passwordHash)).toEqual(hashes);
    expect((await ask(again, '/api/whoami', basic('new', 'canary-one'))).status).toBe(200);
    expect((await ask(again, '/api/whoami', basic('old', 'canary-two'))).status).toBe(200);
    expect(again.broker.access.users.get('guest')?.passwordHash).not.toMatch(/^scrypt/);
  });

  test('never show: not in events, the audit log, errors, or lists', async () => {
    const auditLog = join(temporaryDirectory(), 'audit.log');
    const { broker, events } = await start({ auditLog, defaultPassword: 'canary-default' });
    const admin = basic('guest', 'canary-default');
    const texts: string[] = [];
    const note = async (answer: Promise<Response>): Promise<void> => {
      texts.push(await (await answer).text());
    };
    const put = (body: string): RequestInit => ({ method: 'PUT', body });
    await note(ask(broker, '/api/users/ann', admin, put('{"password":"canary-password","tags":""}')));
    await note(ask(broker, '/api/users/bob', admin, put('{"password":"canary-broken')));
    await note(ask(broker, '/api/users/bob', admin, put('{"password":["canary-array"],"tags":7}')));
    await note(ask(broker, '/api/whoami', basic('ann', 'canary-wrong')));
    await note(ask(broker, '/api/whoami', 'Bearer eyJhbGciOiJub25lIn0.canary-token.AAAA'));
    await note(
      fetch(`${broker.httpUrl}/v1/session`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: '{"username":"ann","password":"canary-session","more":1}',
      }),
    );
    for (const path of ['/api/whoami', '/api/users', '/api/users/ann', '/v1/audit']) {
      // users have a hash, as in RabbitMQ, and administrators only see it
      const text = await (await ask(broker, path, admin)).text();
      texts.push(text.replace(/"password_hash":"[^"]*"/g, ''));
    }
    await broker.connect({ password: 'canary-amqp' }).catch(() => {});
    const hash = broker.broker.access.users.get('ann')?.passwordHash ?? '';
    await broker.close();
    const everything = [...texts, ...events, readFileSync(auditLog, 'utf8')].join('\n');
    expect(everything).not.toContain('canary');
    expect(everything).not.toContain(hash);
    expect(everything).toContain("user 'ann'");
  });
});

test('the audit log is a file of lines', async () => {
  const auditLog = join(temporaryDirectory(), 'audit.log');
  writeFileSync(auditLog, '{"before":true}\n');
  const { broker } = await start({ auditLog });
  await ask(broker, '/api/vhosts/v1', basic('guest'), { method: 'PUT', body: '{}' });
  await broker.close();
  const lines = readFileSync(auditLog, 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
  expect(lines).toEqual([
    { before: true },
    expect.objectContaining({ username: 'guest', operation: 'login', result: 'done' }),
    expect.objectContaining({
      username: 'guest',
      operation: 'PUT /api/vhosts/:vhost',
      object: 'vhost v1',
      detail: '201',
    }),
  ]);
});

describe('tokens', () => {
  async function issuer(): Promise<{
    path: string;
    token(scope: string, seconds?: number): Promise<string>;
  }> {
    const pair = await generateKeyPair('ES256', { extractable: true });
    const path = join(temporaryDirectory(), 'jwks.json');
    writeFileSync(path, JSON.stringify({ keys: [{ ...(await exportJWK(pair.publicKey)), alg: 'ES256' }] }));
    const token = (scope: string, seconds = 60): Promise<string> =>
      new SignJWT({ sub: 'svc', aud: 'rabbitmq', scope, exp: Math.floor(Date.now() / 1000) + seconds })
        .setProtectedHeader({ alg: 'ES256' })
        .sign(pair.privateKey);
    return { path, token };
  }

  test('open the API as Bearer and as a password, and AMQP', async () => {
    const { path, token } = await issuer();
    const { broker } = await start({ oauthJwks: path });
    const good = await token('rabbitmq.tag:management rabbitmq.configure:%2F/* rabbitmq.read:%2F/*');
    expect(await (await ask(broker, '/api/whoami', `Bearer ${good}`)).json()).toMatchObject({
      name: 'svc',
      tags: ['management'],
    });
    expect((await ask(broker, '/api/whoami', basic('any', good))).status).toBe(200);
    const connection = await broker.connect({ username: 'any', password: good });
    await (await connection.createChannel()).queueDeclare('q');
    const old = await token('rabbitmq.tag:management', -10);
    expect((await ask(broker, '/api/whoami', `Bearer ${old}`)).status).toBe(401);
    await expect(broker.connect({ username: 'any', password: old })).rejects.toMatchObject({
      replyCode: 403,
    });
  });

  test('open nothing where no issuer is known', async () => {
    const { token } = await issuer();
    const { broker } = await start();
    const answer = await ask(broker, '/api/whoami', `Bearer ${await token('rabbitmq.tag:administrator')}`);
    expect(answer.status).toBe(401);
  });

  test('the name of a user of the broker gives a token none of its rights', async () => {
    const { path, token } = await issuer();
    const { broker } = await start({ oauthJwks: path, oauthUsernameClaims: 'name,sub' });
    broker.broker.putUser('svc', 'x', ['administrator']);
    const answer = await ask(broker, '/api/users', `Bearer ${await token('rabbitmq.tag:management')}`);
    expect(answer.status).toBe(401);
  });
});
