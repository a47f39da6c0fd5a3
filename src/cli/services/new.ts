import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, dirname, join, resolve, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { OptionError } from '../../daemon/option-error.ts';
import { VERSION } from '../../daemon/version.ts';
import { type Command, EXIT_OK } from '../command.ts';
import { shownPath } from './project.ts';
import { ProjectError } from './project-error.ts';
import { serviceCommand } from './service-command.ts';

/** Three folders below the root as source and as output. */
const ROOT = fileURLToPath(new URL('../../../', import.meta.url));
const TEMPLATE = join(ROOT, 'templates', 'project');
const IS_CLONE = !ROOT.includes(`${sep}node_modules${sep}`);
/** npm leaves out files of this name when it packs. */
const RENAMED: ReadonlyMap<string, string> = new Map([['gitignore', '.gitignore']]);
/** As npm wants the name of a package. */
const NAME = /^[a-z0-9][a-z0-9._-]{0,99}$/;

export const newCommand: Command = serviceCommand({
  name: 'new',
  summary: 'Make a project of two services, with a test, that runs at once',
  about: `
Makes a folder with a project in TypeScript: two services that talk over queues,
each with a database of its own, and a test.`,
  operands: [{ name: 'FOLDER' }],
  flags: {},
  examples: [['leveret new shop', 'the project shop in the folder shop']],
  async run({ operands: [folder = ''], output }) {
    const target = resolve(folder);
    const name = basename(target);
    if (!NAME.test(name)) {
      throw new OptionError(
        `FOLDER: found '${name}'; allowed: small letters, digits, dots, dashes and underscores, as in the name of a package`,
      );
    }
    checkEmpty(target);
    const values = new Map([['name', name], ...versions()]);
    const files = filesBelow(TEMPLATE);
    for (const file of files) copyFile(file, target, values);
    output.lines(nextSteps(target, files.length));
    return EXIT_OK;
  },
});

function checkEmpty(target: string): void {
  if (!existsSync(target) || readdirSync(target).length === 0) return;
  throw new ProjectError(
    'FOLDER_IN_USE',
    `${shownPath(target)} is there already, and is not empty; choose another name, or empty it first`,
  );
}

/** What this version of the package is developed with, so that both fit. From a clone, the clone: its version may be on no registry. */
function versions(): (readonly [string, string])[] {
  const { devDependencies } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as {
    readonly devDependencies: Readonly<Record<string, string>>;
  };
  const others = Object.entries(devDependencies).map(
    ([name, version]) => [`version ${name}`, `^${version}`] as const,
  );
  return [...others, ['version leveret', IS_CLONE ? `file:${ROOT}` : `^${VERSION}`]];
}

/** As paths from the folder. */
function filesBelow(folder: string, prefix = ''): string[] {
  return readdirSync(join(folder, prefix), { withFileTypes: true }).flatMap((entry) => {
    const path = join(prefix, entry.name);
    return entry.isDirectory() ? filesBelow(folder, path) : [path];
  });
}

function copyFile(file: string, target: string, values: ReadonlyMap<string, string>): void {
  const path = join(target, dirname(file), RENAMED.get(basename(file)) ?? basename(file));
  mkdirSync(dirname(path), { recursive: true });
  const content = readFileSync(join(TEMPLATE, file), 'utf8');
  writeFileSync(path, filledIn(content, values));
}

function filledIn(content: string, values: ReadonlyMap<string, string>): string {
  return content.replace(/\{\{([^}]+)\}\}/g, (_, key: string) => {
    const value = values.get(key);
    if (value === undefined) throw new Error(`a template asks for '${key}', which nobody knows`);
    return value;
  });
}

function nextSteps(target: string, fileCount: number): string[] {
  return [
    `Made ${fileCount} files in ${target}.`,
    '',
    'Next:',
    `  cd ${shownPath(target)}`,
    '  npm install',
    '  npm test        both services in one process, with every crash you like',
    '  npm run dev     both services, a broker and its dashboard',
    '  npm run order   an order, in a second terminal',
  ];
}
