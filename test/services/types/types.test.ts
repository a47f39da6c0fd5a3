import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { beforeAll, expect, test } from 'vitest';

/**
 * The programs in `must-compile.ts` and `must-not-compile.ts` are compiled with all tests, where a wrong line that compiles is an
 * error. Here they are compiled without the comments that allow errors: each has to be the one that its comment names.
 */
const ROOT = fileURLToPath(new URL('../../../', import.meta.url));
const HERE = join(ROOT, 'test/services/types');
/** Within the repository, so that packages are found. */
const BUILD = join(ROOT, 'build');
const DIRECTIVE = /^(\s*)\/\/ @ts-expect-error (\d+) (.*)$/;

/** A program that may contain an error where there is none: the compiler has to say so. */
const NEEDLESS = `import { bare, ship } from './contracts.ts';
// @ts-expect-error there is none
bare.on(ship, () => {});
`;

interface Expected {
  readonly line: number;
  readonly code: string;
  readonly text: string;
  readonly program: string;
}

interface CompilerError {
  readonly file: string;
  readonly line: number;
  readonly code: string;
  readonly text: string;
}

const source = readFileSync(join(HERE, 'must-not-compile.ts'), 'utf8').split('\n');
const expected: readonly Expected[] = source.flatMap((text, index) => {
  const [, , code, part] = DIRECTIVE.exec(text) ?? [];
  if (code === undefined || part === undefined) return [];
  return [{ line: index + 2, code, text: part, program: source[index + 1]?.trim() ?? '' }];
});

let errors: readonly CompilerError[] = [];

beforeAll(async () => {
  mkdirSync(BUILD, { recursive: true });
  const directory = mkdtempSync(join(BUILD, 'types-'));
  try {
    const stripped = source.map((text) => text.replace(DIRECTIVE, '$1// wrong:')).join('\n');
    write(directory, 'must-not-compile.ts', stripped);
    write(directory, 'must-compile.ts', readFileSync(join(HERE, 'must-compile.ts'), 'utf8'));
    write(directory, 'contracts.ts', readFileSync(join(HERE, 'contracts.ts'), 'utf8'));
    write(directory, 'needless.ts', NEEDLESS);
    const configuration = {
      extends: '../../tsconfig.base.json',
      compilerOptions: { noEmit: true, types: ['node'] },
    };
    writeFileSync(join(directory, 'tsconfig.json'), JSON.stringify(configuration));
    errors = await errorsIn(directory);
  } finally {
    rmSync(directory, { recursive: true });
  }
}, 120_000);

function write(directory: string, file: string, text: string): void {
  writeFileSync(join(directory, file), text.replaceAll("'../../../src/", "'../../src/"));
}

async function errorsIn(directory: string): Promise<readonly CompilerError[]> {
  const tsc = join(ROOT, 'node_modules/typescript/bin/tsc');
  const run = promisify(execFile)(process.execPath, [tsc, '-p', directory, '--pretty', 'false']);
  const output = await run.then(
    ({ stdout }) => stdout,
    (reason: { stdout: string }) => reason.stdout,
  );
  return output.split(/\n(?=\S)/).flatMap((text) => {
    const [, file, line, code] = /([^/]+)\((\d+),\d+\): error TS(\d+)/.exec(text) ?? [];
    return file === undefined ? [] : [{ file, line: Number(line), code: code ?? '', text }];
  });
}

test.each(expected)('line $line is an error: $program', ({ line, code, text }) => {
  const found = errors.filter((error) => error.file === 'must-not-compile.ts' && error.line === line);
  expect(found.map((error) => error.code)).toEqual([code]);
  expect(found[0]?.text).toContain(text);
});

test('no other line is an error', () => {
  const lines = expected.map(({ line }) => line);
  const others = errors.filter(({ file, line }) => file !== 'must-not-compile.ts' || !lines.includes(line));
  expect(others.map(({ file, text }) => `${file}: ${text}`)).toEqual([
    expect.stringMatching(/^needless\.ts: .*TS2578: Unused '@ts-expect-error' directive/),
  ]);
});

test('each wrong line says which error must appear', () => {
  const unnamed = source.filter((text) => text.includes('@ts-expect-error') && !DIRECTIVE.test(text));
  expect(unnamed).toEqual([]);
  expect(expected.length).toBeGreaterThan(40);
});
