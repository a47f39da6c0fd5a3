import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { brotliDecompressSync, gunzipSync } from 'node:zlib';
import type { InjectOptions, LightMyRequestResponse } from 'fastify';
import { beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import { ApiUnderTest } from '../../test/management/api-under-test.ts';
import { writeCompressed } from '../../test/management/write-compressed.ts';

const SCRIPT = 'assets/index-C0ffee12.js';
let dashboardDirectory: string;
let api: ApiUnderTest;

beforeEach(async () => {
  dashboardDirectory = mkdtempSync(join(tmpdir(), 'leveret-dashboard-'));
  onTestFinished(() => rmSync(dashboardDirectory, { recursive: true }));
  mkdirSync(join(dashboardDirectory, 'assets'));
  writeCompressed(join(dashboardDirectory, 'index.html'), '<!doctype html><title>Leveret</title>');
  writeCompressed(join(dashboardDirectory, SCRIPT), 'console.log(1);');
  writeFileSync(join(dashboardDirectory, 'favicon.svg'), '<svg xmlns="http://www.w3.org/2000/svg"/>');
  writeFileSync(join(dashboardDirectory, 'other.txt'), 'not to be served');
  api = await ApiUnderTest.start({}, { dashboardDirectory });
});

function ask(url: string, options: InjectOptions = {}): Promise<LightMyRequestResponse> {
  return api.app.inject({ url, ...options });
}

describe('the page', () => {
  test('is there for everybody, may only load what is its own, and is asked for anew each time', async () => {
    const { statusCode, headers, body } = await ask('/');
    expect([statusCode, body]).toEqual([200, '<!doctype html><title>Leveret</title>']);
    expect(headers).toMatchObject({
      'content-type': 'text/html; charset=utf-8',
      'cache-control': 'no-cache',
      'x-content-type-options': 'nosniff',
      'content-security-policy':
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; font-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    });
    const again = await ask('/', { headers: { 'if-none-match': String(headers['etag']) } });
    expect([again.statusCode, again.body]).toEqual([304, '']);
  });

  test('and what it loads come as the build compressed them', async () => {
    for (const [encoding, decompress] of [
      ['br', brotliDecompressSync],
      ['gzip', gunzipSync],
    ] as const) {
      for (const [url, text] of [
        ['/', '<!doctype html><title>Leveret</title>'],
        [`/${SCRIPT}`, 'console.log(1);'],
      ] as const) {
        const { headers, rawPayload } = await ask(url, { headers: { 'accept-encoding': encoding } });
        expect(headers).toMatchObject({ 'content-encoding': encoding, vary: 'accept-encoding' });
        expect(decompress(rawPayload).toString()).toBe(text);
      }
    }
  });

  test('loads files that never change', async () => {
    const { statusCode, headers, body } = await ask(`/${SCRIPT}`);
    expect([statusCode, body]).toEqual([200, 'console.log(1);']);
    expect(headers['cache-control']).toBe('public, max-age=31536000, immutable');
    expect(headers['content-type']).toMatch(/^(text|application)\/javascript/);
    expect(headers['content-security-policy']).toBe("default-src 'none'; frame-ancestors 'none'");
    expect((await ask('/favicon.svg')).headers['content-type']).toMatch(/^image\/svg\+xml/);
  });

  test('answers HEAD without a body', async () => {
    for (const url of ['/', `/${SCRIPT}`, '/favicon.svg']) {
      const { statusCode, body } = await ask(url, { method: 'HEAD' });
      expect([url, statusCode, body]).toEqual([url, 200, '']);
    }
  });

  test('is not for other hosts, and takes nothing', async () => {
    expect((await ask('/', { headers: { host: 'evil.example' } })).statusCode).toBe(421);
    const { statusCode, headers } = await ask('/', { method: 'POST' });
    expect([statusCode, headers['allow']]).toEqual([405, 'GET, HEAD, OPTIONS']);
  });
});

test.each([
  '/assets/none.js',
  '/assets/',
  '/assets',
  '/assets/..%2Fother.txt',
  '/assets/../other.txt',
  '/assets/.hidden',
  '/assets/a%00.js',
  '/other.txt',
  '/index.html',
])('%s is no file of the page', async (url) => {
  const { statusCode, headers, body } = await ask(url);
  expect([statusCode, body]).toEqual([404, '{"error":"Object Not Found","reason":"Not Found"}']);
  expect(headers['cache-control']).toBe('no-store');
});

test('an icon that is not there is not found', async () => {
  rmSync(join(dashboardDirectory, 'favicon.svg'));
  expect((await ask('/favicon.svg')).statusCode).toBe(404);
});

test('without a page the documentation is shown, and the page as soon as it is there', async () => {
  const absent = join(dashboardDirectory, 'absent');
  api = await ApiUnderTest.start({}, { dashboardDirectory: absent });
  const { statusCode, headers } = await ask('/');
  expect([statusCode, headers['location']]).toEqual([302, '/docs']);
  mkdirSync(absent);
  writeFileSync(join(absent, 'index.html'), 'built');
  expect((await ask('/')).body).toBe('built');
});
