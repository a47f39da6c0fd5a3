import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { PROJECT_ROOT, runCli } from '../run-cli.ts';
import { MadeProject } from './made-project.ts';

const TIMEOUT_MS = 60_000;
let project: MadeProject;

beforeAll(async () => {
  project = await MadeProject.make();
}, TIMEOUT_MS);
afterAll(() => project.remove());

describe('leveret new', () => {
  test('makes a project with all files, whose names and versions are filled in', () => {
    const content = JSON.parse(readFileSync(join(project.folder, 'package.json'), 'utf8')) as {
      name: string;
      dependencies: Record<string, string>;
    };
    expect(content.name).toBe('shop');
    // made from a clone; test/interop/tutorial.test.ts makes one from the package
    expect(content.dependencies['leveret']).toBe(`file:${PROJECT_ROOT}`);
    expect(content.dependencies['zod']).toMatch(/^\^\d/);
    expect(existsSync(join(project.folder, '.gitignore'))).toBe(true);
    expect(readFileSync(join(project.folder, 'README.md'), 'utf8')).toMatch(/^# shop\n/);
  });

  test('makes a project without a type error, whose tests pass', { timeout: TIMEOUT_MS }, async () => {
    await project.program(['node_modules/typescript/bin/tsc']).succeeded(TIMEOUT_MS);
    expect(await project.program(['--test', 'test/shop.test.ts']).succeeded(TIMEOUT_MS)).toMatch(
      /^# pass 3$/m,
    );
  });

  test('refuses a folder that is not empty, and names that are none of a package', async () => {
    const inUse = await runCli(['new', project.folder]);
    expect(inUse.code).toBe(1);
    expect(inUse.stderr).toMatch(/^leveret new: FOLDER_IN_USE: .*shop is there already, and is not empty/);
    const bad = await runCli(['new', 'My Shop']);
    expect(bad.code).toBe(2);
    expect(bad.stderr).toMatch(/^leveret new: BAD_OPTION: FOLDER: found 'My Shop'; allowed: small letters/);
  });
});

describe('leveret asyncapi', () => {
  test('describes the services and the contracts of the project', async () => {
    const { code, stdout, stderr } = await runCli(['asyncapi'], { cwd: project.folder });
    expect([code, stderr]).toEqual([0, '']);
    const document = JSON.parse(stdout) as { info: { title: string }; channels: Record<string, unknown> };
    expect(document.info).toMatchObject({ title: 'shop', version: '0.1.0' });
    expect(Object.keys(document.channels)).toEqual(
      expect.arrayContaining(['exchange.orders.place', 'exchange.orders.placed']),
    );
  });

  test('writes it into a file', async () => {
    const { code, stdout, stderr } = await runCli(['asyncapi', '--out', 'api.json', '--title', 'A'], {
      cwd: project.folder,
    });
    expect([code, stdout, stderr]).toEqual([0, '', 'Wrote 2 services to api.json.\n']);
    expect(readFileSync(join(project.folder, 'api.json'), 'utf8')).toContain('"title": "A"');
  });
});

describe('leveret start', () => {
  test.each([
    [['start'], 2, /^leveret start: BAD_OPTION: SERVICE is missing; allowed: names of services, or --all/],
    [['start', 'orders', '--all'], 2, /^leveret start: BAD_OPTION: option --all excludes names/],
    [
      ['start', 'order'],
      1,
      /^leveret start: NO_SERVICE: there is no service 'order' in this project; there are: mails, orders$/,
    ],
    [
      ['start', '--all', '--entry', 'none.ts'],
      1,
      /^leveret start: NO_PROJECT: option --entry: there is no file/,
    ],
    [['dev', '--entry', 'none.ts'], 1, /^leveret dev: NO_PROJECT: option --entry: there is no file/],
    [['up', '--entry', 'none.ts'], 1, /^leveret up: NO_PROJECT: option --entry: there is no file/],
    [['start', '--all', '--entry', 'package.json'], 1, /^leveret start: PROJECT_FAILED: package.json cannot/],
    [['start', '--all', '--entry', 'empty.ts'], 1, /^leveret start: NO_SERVICE: empty.ts exports no service/],
    [
      ['start', '--all', '--broker', 'http://guest:secret@here'],
      2,
      /^leveret start: BAD_OPTION: option --broker: .*allowed: amqp:/,
    ],
  ])('%j is refused with exit code %i, and one line that says why', async (args, code, line) => {
    writeFileSync(join(project.folder, 'empty.ts'), 'export const nothing: number = 1;\n');
    const found = await runCli(args, { cwd: project.folder });
    expect(found.stderr.split('\n')[0]).toMatch(line);
    expect(found.stderr).not.toContain('secret');
    expect(found.code).toBe(code);
  });

  test('says how to go on where there is no project, and without tsx', async () => {
    const folder = join(project.folder, '..', 'elsewhere');
    mkdirSync(folder, { recursive: true });
    const none = await runCli(['start', '--all'], { cwd: folder });
    expect(none.stderr).toMatch(/^leveret start: NO_PROJECT: no services in .*leveret new <name>\n$/);
    writeFileSync(join(folder, 'services.ts'), '');
    const withoutTsx = await runCli(['start', '--all'], { cwd: folder });
    expect(withoutTsx.stderr).toMatch(
      /^leveret start: NO_TYPESCRIPT: services.ts .*npm install --save-dev tsx/,
    );
  });

  test('shows where in the module an error was thrown', async () => {
    writeFileSync(
      join(project.folder, 'throws.ts'),
      "\nfunction deep(): never {\n  throw new Error('no luck');\n}\ndeep();\n",
    );
    const found = await runCli(['start', '--all', '--entry', 'throws.ts'], { cwd: project.folder });
    expect(found.stderr).toMatch(
      /PROJECT_FAILED: throws.ts cannot be loaded: no luck\n(.*\n)*.*at deep .*throws.ts:3:/,
    );
    expect(found.stderr).not.toContain('node:internal');
  });
});
