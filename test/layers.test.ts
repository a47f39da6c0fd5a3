import { spawnSync } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

const root = join(import.meta.dirname, '..');
const layers = readdirSync(join(root, 'src')).sort();

/** What each layer may import. The tsconfig files must say the same, and the compiler is asked whether they do. */
const allowed: Record<string, readonly string[]> = {
  codec: [],
  core: ['codec'],
  storage: ['codec', 'core'],
  server: ['codec', 'core'],
  management: ['codec', 'core'],
  client: ['codec', 'core'],
  cluster: ['codec', 'core', 'storage', 'server'],
  daemon: ['codec', 'core', 'storage', 'server', 'management', 'client', 'cluster'],
  services: ['codec', 'client', 'daemon'],
  testing: ['codec', 'core', 'storage', 'server', 'management', 'client', 'daemon', 'services'],
  cli: ['codec', 'client', 'daemon', 'services', 'cluster'],
  dashboard: [],
};

/** All layers that a layer stands on, those that it may not import itself among them: the compiler lets them pass. */
function below(layer: string): Set<string> {
  const direct = allowed[layer] ?? [];
  return new Set([...direct, ...direct.flatMap((other) => [...below(other)])]);
}

/** The file is not in the project's list, or, where nothing is compiled for others, not in its folder. */
const OUTSIDE_PROJECT: readonly string[] = ['TS6307', 'TS6059'];

let project: string;

/** A project of the real tsconfig files around layers that hold one small file each. */
beforeEach(() => {
  project = mkdtempSync(join(tmpdir(), 'leveret-layers-'));
  cpSync(join(root, 'tsconfig.base.json'), join(project, 'tsconfig.base.json'));
  cpSync(join(root, 'tsconfig.json'), join(project, 'tsconfig.json'));
  cpSync(join(root, 'package.json'), join(project, 'package.json'));
  symlinkSync(join(root, 'node_modules'), join(project, 'node_modules'), 'junction');
  for (const layer of Object.keys(allowed)) {
    mkdirSync(join(project, 'src', layer), { recursive: true });
    cpSync(join(root, 'src', layer, 'tsconfig.json'), join(project, 'src', layer, 'tsconfig.json'));
    write(layer, 'thing', `export const ${layer}Thing: number = 1;\n`);
  }
});

afterEach(() => rmSync(project, { recursive: true, force: true }));

function write(layer: string, name: string, text: string): void {
  writeFileSync(join(project, 'src', layer, `${name}.ts`), text);
}

function compile(): { accepted: boolean; output: string } {
  const tsc = join(root, 'node_modules', 'typescript', 'bin', 'tsc');
  const done = spawnSync(process.execPath, [tsc, '-b', '--pretty', 'false'], {
    cwd: project,
    encoding: 'utf8',
  });
  return { accepted: done.status === 0, output: done.stdout + done.stderr };
}

function importOf(layer: string): string {
  return `import { ${layer}Thing } from '../${layer}/thing.ts';\nexport const copy: number = ${layer}Thing;\n`;
}

/** The codes with which the compiler refuses a probe: `src/core/from-server.ts(1,2): error TS6307` is one of `from-server`. */
function errorCodes(output: string, layer: string, probe: string): string[] {
  const errors = output.matchAll(
    new RegExp(`^src/${layer}/${probe}\\.ts\\(\\d+,\\d+\\): error (TS\\d+)`, 'gm'),
  );
  return [...errors].map((error) => error[1] ?? '');
}

describe('the layers', () => {
  it('are the folders of src, each with its tsconfig', () => {
    expect(layers).toEqual(Object.keys(allowed).sort());
    for (const layer of layers)
      expect(existsSync(join(root, 'src', layer, 'tsconfig.json')), layer).toBe(true);
  });

  it('may import what is below them', () => {
    for (const [layer, others] of Object.entries(allowed)) {
      for (const other of others) write(layer, `from-${other}`, importOf(other));
    }
    expect(compile()).toEqual({ accepted: true, output: '' });
  });

  it.each(Object.keys(allowed))('import in %s only what is allowed there', (layer) => {
    for (const file of readdirSync(join(root, 'src', layer), { recursive: true, encoding: 'utf8' })) {
      if (!/\.tsx?$/.test(file) || file.endsWith('.test.ts')) continue;
      const text = readFileSync(join(root, 'src', layer, file), 'utf8');
      for (const [, other = ''] of text.matchAll(/(?:from|import)\s*\(?'(?:\.\.\/)+([a-z]+)\//g)) {
        if (layers.includes(other)) expect(allowed[layer], `src/${layer}/${file}`).toContain(other);
      }
    }
  });

  it.each(Object.keys(allowed))('refuse in %s the imports of all that is not below', (layer) => {
    const refused = Object.keys(allowed).filter((other) => other !== layer && !below(layer).has(other));
    for (const other of refused) write(layer, `from-${other}`, importOf(other));
    const { output } = compile();
    for (const other of refused) {
      const codes = errorCodes(output, layer, `from-${other}`);
      expect(
        codes.filter((code) => OUTSIDE_PROJECT.includes(code)),
        `${layer} imports ${other}`,
      ).not.toEqual([]);
    }
  });

  const hostOnly = {
    timer: 'setTimeout(() => {}, 1);',
    log: "console.log('x');",
    process: 'process.exit(1);',
    buffer: 'Buffer.alloc(1);',
    decoder: 'new TextDecoder();',
    module: "import { readFileSync } from 'node:fs';\nreadFileSync('x');",
  };
  it.each(['codec', 'core'])('refuse in %s what only a host has', (layer) => {
    for (const [name, statement] of Object.entries(hostOnly))
      write(layer, name, `${statement}\nexport {};\n`);
    const { output } = compile();
    for (const name of Object.keys(hostOnly)) {
      // Names and modules that the compiler cannot find, with or without a hint at the types of Node.js.
      const unknown = errorCodes(output, layer, name).filter((code) =>
        /^TS(2304|2307|2580|2584|2591)$/.test(code),
      );
      expect(unknown, `${layer} uses ${name}`).not.toEqual([]);
    }
  });
});
