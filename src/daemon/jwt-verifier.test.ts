import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { exportJWK, generateKeyPair, type JWTPayload, SignJWT } from 'jose';
import { beforeAll, describe, expect, onTestFinished, test, vi } from 'vitest';
import type { VerifiedToken } from '../core/environment.ts';
import { JwtVerifier, type JwtVerifierOptions } from './jwt-verifier.ts';
import { TOKEN_ALGORITHMS } from './token-algorithms.ts';
import { tokenKeys } from './token-keys.ts';

const NOW_SECONDS = 1_800_000_000;
type Keys = Awaited<ReturnType<typeof generateKeyPair>>;
let pair: Keys;
let jwks: string;

beforeAll(async () => {
  pair = await generateKeyPair('ES256', { extractable: true });
  jwks = JSON.stringify({ keys: [{ ...(await exportJWK(pair.publicKey)), kid: 'one', alg: 'ES256' }] });
});

function jwksFile(): string {
  const directory = mkdtempSync(join(tmpdir(), 'leveret-jwks-'));
  onTestFinished(() => rmSync(directory, { recursive: true }));
  const path = join(directory, 'jwks.json');
  writeFileSync(path, jwks);
  return path;
}

function verifier(options: Partial<JwtVerifierOptions> & { source?: string } = {}): JwtVerifier {
  return new JwtVerifier({
    keys: tokenKeys(options.source ?? jwksFile(), () => {}),
    issuer: 'https://issuer.example',
    audience: 'rabbitmq',
    scopePrefix: 'rabbitmq.',
    algorithms: TOKEN_ALGORITHMS,
    usernameClaims: ['sub', 'client_id'],
    wallMs: () => NOW_SECONDS * 1000,
    ...options,
  });
}

function token(
  claims: JWTPayload = {},
  by: Keys['privateKey'] = pair.privateKey,
  alg = 'ES256',
): Promise<string> {
  return new SignJWT({
    sub: 'ann',
    iss: 'https://issuer.example',
    aud: 'rabbitmq',
    exp: NOW_SECONDS + 60,
    scope: 'rabbitmq.read:*/* other.write:*/* rabbitmq.tag:monitoring',
    ...claims,
  })
    .setProtectedHeader({ alg, kid: 'one' })
    .sign(by);
}

function verify(by: JwtVerifier, text: string): Promise<VerifiedToken | { refused: string }> {
  return new Promise((resolve) => by.verify(text, resolve));
}

describe('tokens', () => {
  test('name their user, its scopes here, and when they end', async () => {
    expect(await verify(verifier(), await token())).toEqual({
      username: 'ann',
      scopes: ['read:*/*', 'tag:monitoring'],
      expiresAtMs: (NOW_SECONDS + 65) * 1000,
    });
  });

  test('may list their scopes, and name a client for want of a user', async () => {
    const claims = {
      sub: undefined,
      client_id: 'app',
      scope: ['rabbitmq.write:a/b', 7],
    } as unknown as JWTPayload;
    expect(await verify(verifier(), await token(claims))).toMatchObject({
      username: 'app',
      scopes: ['write:a/b'],
    });
  });

  test.each<[string, JWTPayload, RegExp]>([
    ['has expired', { exp: NOW_SECONDS - 6 }, /exp/],
    ['does not hold yet', { nbf: NOW_SECONDS + 6 }, /nbf/],
    ['never expires', { exp: undefined } as unknown as JWTPayload, /exp/],
    ['is of another issuer', { iss: 'https://other.example' }, /iss/],
    ['is for somebody else', { aud: 'kafka' }, /aud/],
    ['is for nobody', { aud: undefined } as unknown as JWTPayload, /aud/],
    ['names nobody', { sub: undefined } as unknown as JWTPayload, /none of the claims sub, client_id/],
  ])('one that %s is refused', async (_, claims, reason) => {
    expect(await verify(verifier(), await token(claims))).toEqual({ refused: expect.stringMatching(reason) });
  });

  test('one of many audiences is enough', async () => {
    const found = await verify(verifier(), await token({ aud: ['kafka', 'rabbitmq'] }));
    expect(found).toMatchObject({ username: 'ann' });
  });

  test('one that was signed by somebody else is refused, and one that was changed', async () => {
    const other = await generateKeyPair('ES256');
    expect(await verify(verifier(), await token({}, other.privateKey))).toEqual({
      refused: expect.stringMatching(/signature/),
    });
    const [header, , signature] = (await token()).split('.');
    const payload = Buffer.from(JSON.stringify({ sub: 'root', exp: NOW_SECONDS + 60, aud: 'rabbitmq' }));
    const forged = `${header}.${payload.toString('base64url')}.${signature}`;
    expect(await verify(verifier(), forged)).toMatchObject({ refused: expect.any(String) });
  });

  test('one without a signature, or with one that anybody can make, is refused', async () => {
    const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');
    const claims = part({
      sub: 'ann',
      aud: 'rabbitmq',
      iss: 'https://issuer.example',
      exp: NOW_SECONDS + 60,
    });
    const none = `${part({ alg: 'none' })}.${claims}.AA`;
    expect(await verify(verifier(), none)).toMatchObject({ refused: expect.any(String) });
    const secret = new TextEncoder().encode(jwks);
    const symmetric = await new SignJWT({ sub: 'ann' })
      .setProtectedHeader({ alg: 'HS256', kid: 'one' })
      .sign(secret);
    expect(await verify(verifier(), symmetric)).toMatchObject({ refused: expect.any(String) });
  });

  test('one with an algorithm that is not allowed is refused', async () => {
    const by = verifier({ algorithms: ['RS256'] });
    expect(await verify(by, await token())).toMatchObject({ refused: expect.stringMatching(/alg/) });
  });

  test.each([
    ['guest', false],
    ['a.b.c', false],
    ['eyJh.eyJh', false],
    ['eyJh.eyJh.sig', true],
  ])('%s has their form: %s', (text, isToken) => {
    expect(verifier().isToken(text)).toBe(isToken);
  });

  test('keys come from a server, too', async () => {
    const server = createServer((_, response) => response.end(jwks)).listen(0, '127.0.0.1');
    onTestFinished(() => void server.close());
    await once(server, 'listening');
    const { port } = server.address() as { port: number };
    const by = verifier({ source: `http://127.0.0.1:${port}/jwks` });
    expect(await verify(by, await token())).toMatchObject({ username: 'ann' });
  });

  test('a server of keys that fails locks nobody out, and is not asked for each token', async () => {
    let asked = 0;
    let isUp = false;
    const server = createServer((_, response) => {
      asked++;
      response.writeHead(isUp ? 200 : 503).end(jwks);
    });
    server.listen(0, '127.0.0.1');
    onTestFinished(() => void server.close());
    await once(server, 'listening');
    vi.useFakeTimers({ toFake: ['Date', 'performance'] });
    onTestFinished(() => void vi.useRealTimers());
    const { port } = server.address() as { port: number };
    const by = verifier({ source: `http://127.0.0.1:${port}/jwks` });
    const good = await token();
    const unknown = await new SignJWT({})
      .setProtectedHeader({ alg: 'ES256', kid: 'x' })
      .sign(pair.privateKey);
    for (let i = 0; i < 5; i++)
      expect(await verify(by, good)).toEqual({ refused: expect.stringMatching(/200 OK/) });
    expect(asked).toBe(1);
    isUp = true;
    vi.advanceTimersByTime(5_000);
    expect(await verify(by, good)).toMatchObject({ username: 'ann' });
    expect(asked).toBe(2);
    isUp = false;
    vi.advanceTimersByTime(3_600_000);
    for (let i = 0; i < 5; i++) {
      expect(await verify(by, good)).toMatchObject({ username: 'ann' });
      expect(await verify(by, unknown)).toEqual({ refused: expect.stringMatching(/no applicable key/) });
    }
    expect(asked).toBe(3);
  });

  test('a server that is not there is said to be the reason', async () => {
    const by = verifier({ source: 'http://127.0.0.1:1/jwks' });
    expect(await verify(by, await token())).toEqual({
      refused: expect.stringMatching(/^token: its keys cannot be had: /),
    });
  });

  test('a file that is no key set is refused with its path', () => {
    const path = jwksFile();
    writeFileSync(path, '{"keys": 1}');
    expect(() => tokenKeys(path, () => {})).toThrow(`option oauthJwks: ${path} is no JSON Web Key Set`);
    expect(() => tokenKeys('/absent.json', () => {})).toThrow('/absent.json');
  });
});
