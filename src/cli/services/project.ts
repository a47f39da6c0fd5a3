import { existsSync, readFileSync, statSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { ProjectError } from './project-error.ts';

/** Services that are written together: a folder with a package.json. */
export interface Project {
  readonly root: string;
  /** The module whose exports are the services. */
  readonly entry: string;
}

/** Looked for in this order when package.json names none. */
const ENTRIES: readonly string[] = [
  'src/services.ts',
  'src/services.js',
  'src/services.mjs',
  'services.ts',
  'services.js',
  'services.mjs',
];

/** The project that a folder is in. `entry` is a path from that folder. */
export function findProject(folder: string, entry?: string): Project {
  if (entry !== undefined) return projectOf(existing(resolve(folder, entry), 'option --entry'));
  const root = rootAbove(resolve(folder)) ?? resolve(folder);
  const named = entryInPackage(root);
  if (named !== undefined) {
    return {
      root,
      entry: existing(resolve(root, named), `leveret.services in ${join(root, 'package.json')}`),
    };
  }
  const found = ENTRIES.find((each) => existsSync(join(root, each)));
  if (found !== undefined) return { root, entry: join(root, found) };
  throw new ProjectError(
    'NO_PROJECT',
    `no services in ${root}: neither src/services.ts nor services.ts (or .js, .mjs) is there, and package.json has no "leveret": { "services": "./path.ts" }; name the module with --entry, or make a project with leveret new <name>`,
  );
}

/** As a person in `folder` would write it. */
export function shownPath(path: string, folder: string = process.cwd()): string {
  const short = relative(folder, path);
  return short !== '' && !short.startsWith('..') ? short : path;
}

function projectOf(entry: string): Project {
  return { root: rootAbove(dirname(entry)) ?? dirname(entry), entry };
}

function existing(path: string, source: string): string {
  if (existsSync(path) && statSync(path).isFile()) return path;
  throw new ProjectError('NO_PROJECT', `${source}: there is no file ${path}`);
}

/** The nearest folder with a package.json. */
function rootAbove(folder: string): string | undefined {
  if (existsSync(join(folder, 'package.json'))) return folder;
  const parent = dirname(folder);
  return parent === folder ? undefined : rootAbove(parent);
}

/** The part of package.json that is read here. */
interface Package {
  readonly name?: string;
  readonly version?: string;
  readonly leveret?: { readonly services?: unknown };
}

/** Undefined when the folder has none. Throws `ProjectError` when it is no JSON. */
export function packageOf(root: string): Package | undefined {
  const path = join(root, 'package.json');
  if (!existsSync(path)) return undefined;
  try {
    return (JSON.parse(readFileSync(path, 'utf8')) ?? {}) as Package;
  } catch (error) {
    throw new ProjectError('NO_PROJECT', `${path} cannot be read as JSON: ${(error as Error).message}`);
  }
}

function entryInPackage(root: string): string | undefined {
  const field = packageOf(root)?.leveret?.services;
  if (field === undefined || (typeof field === 'string' && field !== '')) return field;
  throw new ProjectError(
    'NO_PROJECT',
    `${join(root, 'package.json')}: "leveret": { "services": ${JSON.stringify(field)} }; allowed: the path of a module, like "./src/services.ts"`,
  );
}
