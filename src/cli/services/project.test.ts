import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { findProject } from './project.ts';
import { serviceVariable } from './service-flags.ts';

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'leveret-find-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

function write(path: string, content = ''): string {
  const full = join(folder, path);
  mkdirSync(join(full, '..'), { recursive: true });
  writeFileSync(full, content);
  return full;
}

describe('a project', () => {
  test('is found from a folder in it, with the module that package.json names', () => {
    write('package.json', '{ "leveret": { "services": "./lib/all.mjs" } }');
    const entry = write('lib/all.mjs');
    write('src/services.ts');
    expect(findProject(join(folder, 'lib'))).toEqual({ root: folder, entry });
  });

  test('has the usual module when package.json names none', () => {
    write('package.json', '{}');
    const js = write('services.js');
    expect(findProject(folder).entry).toBe(js);
    const ts = write('src/services.ts');
    expect(findProject(folder).entry).toBe(ts);
  });

  test('has the module that was asked for', () => {
    const entry = write('other/mine.js');
    expect(findProject(folder, 'other/mine.js')).toEqual({ root: join(folder, 'other'), entry });
  });

  test.each([
    ['{ "leveret": { "services": 7 } }', /package\.json: "leveret": \{ "services": 7 \}; allowed: the path/],
    ['{ "leveret": { "services": "./no.ts" } }', /leveret\.services in .*: there is no file .*no\.ts/],
    ['{', /package\.json cannot be read as JSON/],
    ['{}', /no services in .*--entry, or make a project with leveret new/],
  ])('of %s is refused, and why is said', (content, text) => {
    write('package.json', content);
    expect(() => findProject(folder)).toThrow(text);
  });
});

test('the variables of a service are named for it', () => {
  expect(serviceVariable('orders', 'DATABASE_URL')).toBe('ORDERS_DATABASE_URL');
  expect(serviceVariable('order-mails.eu', 'CACHE_URL')).toBe('ORDER_MAILS_EU_CACHE_URL');
});
