import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseAllDocuments } from 'yaml';
import { environmentVariable, OPTION_NAMES } from '../../src/daemon/options.ts';

/** The root of the project. */
export const ROOT: string = fileURLToPath(new URL('../..', import.meta.url));

/** What stands in a file of Kubernetes between two lines `---`. */
export interface Manifest {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly labels?: Readonly<Record<string, string>> };
}

/** The text of a file of `deploy`. */
export function deployText(path: string): string {
  return readFileSync(join(ROOT, 'deploy', path), 'utf8');
}

/** The files of a folder of `deploy`. */
export function deployFiles(folder: string): string[] {
  return readdirSync(join(ROOT, 'deploy', folder)).sort();
}

/** All documents of a file, with what `<<` brings into them; throws when it is no YAML, or has a key twice. */
export function yamlDocuments(path: string): unknown[] {
  return parseAllDocuments(deployText(path), { merge: true }).map((document) => {
    if (document.errors.length > 0) throw new Error(`deploy/${path}: ${String(document.errors[0])}`);
    return document.toJS();
  });
}

/** The manifests of a folder, without its kustomization. */
export function manifestsOf(folder: string): Manifest[] {
  return deployFiles(folder)
    .filter((file) => file.endsWith('.yaml') && file !== 'kustomization.yaml')
    .flatMap((file) => yamlDocuments(`${folder}/${file}`) as Manifest[]);
}

/** The only manifest of this kind and name. */
export function manifestOf(folder: string, kind: string, name: string): Manifest {
  const found = manifestsOf(folder).filter((each) => each.kind === kind && each.metadata.name === name);
  if (found.length !== 1) throw new Error(`deploy/${folder} has ${found.length} of ${kind} ${name}, not one`);
  return found[0] as Manifest;
}

/** Those of these variables that look as if they were the broker's, and that neither the broker nor its command line reads. */
export function unknownVariables(names: Iterable<string>): string[] {
  const known = new Set([...OPTION_NAMES.map(environmentVariable), ...COMMAND_LINE_VARIABLES]);
  return [...names].filter((name) => name.startsWith('LEVERET_') && !known.has(name));
}

const COMMAND_LINE_VARIABLES = ['LEVERET_CONFIG', 'LEVERET_USER', 'LEVERET_PASSWORD'];
