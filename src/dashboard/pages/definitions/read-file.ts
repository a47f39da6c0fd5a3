/** A file of definitions that somebody chose, with what there was at that time. */
import { type Definitions, definitionsOf, definitionsPath, FILE_BYTES_MAX } from '../../data/definitions.ts';
import { request } from '../../data/http.ts';

export interface ReadFile {
  readonly name: string;
  /** As it is: it is sent so. */
  readonly text: string;
  readonly definitions: Definitions;
  readonly current: Definitions;
  /** Of which vhost it is an export; undefined: of all. */
  readonly vhost: string | undefined;
}

/** Why a file cannot be imported. */
export type FileProblem = 'noJson' | 'noDefinitions' | 'tooBig';

/** Throws an `ApiError` when the broker does not tell what there is. */
export async function readFile(file: File): Promise<ReadFile | FileProblem> {
  if (file.size > FILE_BYTES_MAX) return 'tooBig';
  const text = await file.text();
  const json = jsonOf(text);
  if (json === undefined) return 'noJson';
  const definitions = definitionsOf(json);
  if (definitions === undefined) return 'noDefinitions';
  const current = await request<Definitions>('GET', definitionsPath(undefined));
  return { name: file.name, text, definitions, current, vhost: vhostOf(json as object) };
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function vhostOf(json: { readonly original_vhost_name?: unknown }): string | undefined {
  const { original_vhost_name: vhost } = json;
  return typeof vhost === 'string' ? vhost : undefined;
}
