import { createRequire } from 'node:module';
import { extname } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { AnyContract } from '../../services/contract.ts';
import type { App, RunOptions } from '../../services/runtime/app.ts';
import type { Unit } from '../../services/service.ts';
import { type Project, shownPath } from './project.ts';
import { ProjectError } from './project-error.ts';

/** What the entry module of a project exports. */
export interface ProjectExports {
  /** In the order of their names. */
  readonly units: readonly Unit[];
  readonly contracts: readonly AnyContract[];
}

/** The part of `leveret/services` that runs services. */
interface Toolkit {
  run(units: readonly Unit[], options: RunOptions): Promise<App>;
}

/** Loads the entry module. Throws `ProjectError`. */
export async function loadProject(project: Project): Promise<ProjectExports> {
  await enableTypeScript(project);
  const values = exportedValues(await importEntry(project));
  const units = [...new Set(values.filter(isUnit))].sort((a, b) => (a.name < b.name ? -1 : 1));
  const contracts = [...new Set(values.filter(isContract))];
  const place = shownPath(project.entry);
  if (units.length === 0) {
    throw new ProjectError(
      'NO_SERVICE',
      `${place} exports no service; export what service(...).with(...) returns, as in: export const ordersUnit = orders.with(place)`,
    );
  }
  const twice = units.find(({ name }, index) => units[index + 1]?.name === name);
  if (twice === undefined) return { units, contracts };
  throw new ProjectError(
    'NO_SERVICE',
    `${place} exports two services of the name '${twice.name}'; rename one`,
  );
}

/** Those of the given names, or all. */
export function chosenUnits(
  units: readonly Unit[],
  names: readonly string[],
  isAll: boolean,
): readonly Unit[] {
  if (isAll) return units;
  return names.map((name) => {
    const unit = units.find((each) => each.name === name);
    if (unit !== undefined) return unit;
    const known = units.map((each) => each.name).join(', ');
    throw new ProjectError(
      'NO_SERVICE',
      `there is no service '${name}' in this project; there are: ${known}`,
    );
  });
}

/**
 * The toolkit that the project itself imports, which may be another installation than this command: a `Fatal` that its handlers
 * throw is to be the `Fatal` that is caught.
 */
export async function toolkitOf(project: Project): Promise<Toolkit> {
  return (await import(pathToFileURL(toolkitPath(project) ?? ownToolkitPath()).href)) as Toolkit;
}

function toolkitPath(project: Project): string | undefined {
  return resolvedFrom(project, 'leveret/services');
}

function ownToolkitPath(): string {
  return createRequire(import.meta.url).resolve('leveret/services');
}

function resolvedFrom({ entry }: Project, name: string): string | undefined {
  try {
    return createRequire(entry).resolve(name);
  } catch {
    return undefined;
  }
}

/** From Node.js 22.18 on TypeScript runs as it is; before, tsx of the project is asked to. */
async function enableTypeScript(project: Project): Promise<void> {
  const isTypeScript = ['.ts', '.mts', '.cts'].includes(extname(project.entry));
  if (!isTypeScript || runsTypeScript()) return;
  const path = resolvedFrom(project, 'tsx');
  if (path === undefined) {
    throw new ProjectError(
      'NO_TYPESCRIPT',
      `${shownPath(project.entry)} is TypeScript, which Node.js ${process.versions.node} does not run by itself; npm install --save-dev tsx, or use Node.js 22.18 or newer`,
    );
  }
  await import(pathToFileURL(path).href);
}

function runsTypeScript(): boolean {
  const { typescript } = process.features as { readonly typescript?: unknown };
  return Boolean(typescript) || process.execArgv.some((word) => word.includes('tsx'));
}

async function importEntry({ entry }: Project): Promise<object> {
  try {
    return (await import(pathToFileURL(entry).href)) as object;
  } catch (reason) {
    const text = reason instanceof Error ? reason.message : String(reason);
    throw new ProjectError('PROJECT_FAILED', `${shownPath(entry)} cannot be loaded: ${text}`, {
      cause: reason,
    });
  }
}

/** With those of `export * as contracts`, and of a module in the format of CommonJS, which has all its exports in `default`. */
function exportedValues(module: object): unknown[] {
  const { default: inner } = module as { readonly default?: unknown };
  const nested = Object.values(module).filter((value) => isModule(value) || value === inner);
  return [...Object.values(module), ...nested.flatMap((value) => Object.values(value ?? {}))];
}

function isModule(value: unknown): boolean {
  return Object.prototype.toString.call(value) === '[object Module]';
}

function isUnit(value: unknown): value is Unit {
  if (typeof value !== 'object' || value === null) return false;
  const { name, options, parts } = value as Partial<Unit>;
  return typeof name === 'string' && typeof options === 'object' && Array.isArray(parts);
}

function isContract(value: unknown): value is AnyContract {
  if (typeof value !== 'object' || value === null) return false;
  const { kind, name, schema } = value as Partial<AnyContract>;
  return (kind === 'command' || kind === 'event') && typeof name === 'string' && schema !== undefined;
}
