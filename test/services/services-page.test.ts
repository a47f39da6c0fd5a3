import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import type { App } from '../../src/services/services.ts';
import { examplesIn, SERVICES_PAGE } from './services-page.ts';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
/** Within the repository, so that packages are found. */
const BUILD = join(ROOT, 'build');

/** The examples of the page are one program. */
const program = examplesIn('ts').join('\n');

/** What `console.log(...); // text` promises. */
const promised = [...program.matchAll(/console\.log\(.*\); \/\/ (.*)$/gm)].map(([, text = '']) => text);

/** The page's own `run`, with databases that leave no files. */
const SERVICES = `
import { run as realRun, type RunOptions, type Unit } from '../../src/services/services.ts';
export * from '../../src/services/services.ts';
export const apps: Awaited<ReturnType<typeof realRun>>[] = [];
export async function run(units: readonly Unit[], options: RunOptions = {}): ReturnType<typeof realRun> {
  const app = await realRun(units, { ...options, databaseUrl: () => 'file::memory:' });
  apps.push(app);
  return app;
}
`;

let directory: string;

beforeAll(() => {
  mkdirSync(BUILD, { recursive: true });
  directory = mkdtempSync(join(BUILD, 'services-page-'));
  mkdirSync(join(directory, 'migrations'));
  writeFileSync(join(directory, 'migrations/001-orders.sql'), examplesIn('sql').join('\n'));
  writeFileSync(join(directory, 'services.ts'), SERVICES);
  writeFileSync(
    join(directory, 'page.ts'),
    program
      .replaceAll("'leveret/services'", "'./services.ts'")
      .replaceAll("'leveret/testing'", "'../../src/testing/testing.ts'"),
  );
  const configuration = {
    compilerOptions: {
      strict: true,
      exactOptionalPropertyTypes: true,
      noEmit: true,
      target: 'ES2023',
      module: 'NodeNext',
      types: ['node'],
      skipLibCheck: true,
      allowImportingTsExtensions: true,
    },
    files: ['page.ts'],
  };
  writeFileSync(join(directory, 'tsconfig.json'), JSON.stringify(configuration));
});

afterAll(() => rmSync(directory, { recursive: true }));

test('the examples of the page compile, as a program of a user does', async () => {
  const tsc = join(ROOT, 'node_modules/typescript/bin/tsc');
  const run = promisify(execFile)(process.execPath, [tsc, '-p', directory, '--pretty', 'false']);
  await expect(run.catch((reason: { stdout: string }) => reason)).resolves.toMatchObject({ stdout: '' });
}, 60_000);

test('the examples of the page do what it says', async () => {
  vi.stubEnv('BROKER_URL', undefined);
  const printed: string[] = [];
  const log = vi
    .spyOn(console, 'log')
    .mockImplementation((...values) => void printed.push(values.map(asText).join(' ')));
  try {
    await import(pathToFileURL(join(directory, 'page.ts')).href);
  } finally {
    log.mockRestore();
    const { apps } = (await import(pathToFileURL(join(directory, 'services.ts')).href)) as { apps: App[] };
    for (const app of apps) await app.close();
    vi.unstubAllEnvs();
  }
  expect(promised.length).toBeGreaterThan(6);
  expect(printed.toSorted()).toEqual(promised.toSorted());
}, 60_000);

function asText(value: unknown): string {
  if (typeof value === 'string') return value;
  return JSON.stringify(value)
    .replaceAll('"', "'")
    .replace(/'(\w+)':/g, ' $1: ')
    .replaceAll('}', ' }')
    .replaceAll(',', ', ')
    .replace(/ {2}/g, ' ');
}

test('links within the page lead to one of its headings', () => {
  const headings = [...SERVICES_PAGE.matchAll(/^## (.*)$/gm)].map(([, text = '']) =>
    text
      .toLowerCase()
      .replace(/[^a-z0-9 -]/g, '')
      .replaceAll(' ', '-'),
  );
  const links = [...SERVICES_PAGE.matchAll(/\]\(#([^)]+)\)/g)].map(([, anchor]) => anchor);
  expect(links.filter((anchor) => !headings.includes(anchor ?? ''))).toEqual([]);
});

test.each(['service-failures.ts', 'store/store-error.ts'])('the page lists the codes of %s', (file) => {
  const source = readFileSync(join(ROOT, 'src/services', file), 'utf8');
  const codes = [...source.matchAll(/'([A-Z]+(?:_[A-Z]+)*)'/g)].map(([, code]) => code);
  expect(codes.length).toBeGreaterThan(4);
  expect(codes.filter((code) => !SERVICES_PAGE.includes(`\`${code}\``))).toEqual([]);
});

test('the page lists the metrics, and no others', () => {
  const source = readFileSync(join(ROOT, 'src/services/telemetry/service-metrics-text.ts'), 'utf8');
  const named = (text: string): string[] => [...new Set(text.match(/leveret_service_[a-z_]+/g))].sort();
  expect(named(SERVICES_PAGE)).toEqual(named(source));
});

test('the page lists the events, and no others', () => {
  const source = readFileSync(join(ROOT, 'src/services/runtime/service-event.ts'), 'utf8');
  const told = [...source.matchAll(/type: ('[^;]*);/g)].flatMap(
    ([, types = '']) => types.match(/[a-z-]+/g) ?? [],
  );
  const [, table = ''] = /^\| event of `onEvent`.*\n([\s\S]*?)\n\n/m.exec(SERVICES_PAGE) ?? [];
  const listed = [...table.matchAll(/^\| (`[^|]*) \|/gm)].flatMap(
    ([, names = '']) => names.match(/[a-z-]+/g) ?? [],
  );
  expect(listed.sort()).toEqual(told.sort());
});
