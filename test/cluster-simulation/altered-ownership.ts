import { readFileSync } from 'node:fs';
import { transformWithOxc } from 'vite';
import type { Ownership } from '../../src/cluster/ownership.ts';
import type { MakeOwnership } from './simulated-node.ts';

/** A change of one of the files that ownership is made of. */
export interface SourceChange {
  readonly file: 'ownership' | 'lease-writer';
  /** What stands there once. */
  readonly from: string;
  readonly to: string;
}

/** Ownership as it would be with these changes of its source. Throws when one of them does not fit the source any more. */
export async function alteredOwnership(changes: readonly SourceChange[]): Promise<MakeOwnership> {
  const writerUrl = urlOf(await codeOf('lease-writer', changes));
  const code = await codeOf('ownership', changes);
  const url = urlOf(code.replace(/from\s*(["'])\.\/lease-writer\.ts\1/, `from '${writerUrl}'`));
  const altered = (await import(/* @vite-ignore */ url)) as { readonly Ownership: typeof Ownership };
  return (options) => new altered.Ownership(options);
}

async function codeOf(file: SourceChange['file'], changes: readonly SourceChange[]): Promise<string> {
  let source = readFileSync(new URL(`../../src/cluster/${file}.ts`, import.meta.url), 'utf8');
  for (const { from, to } of changes.filter((change) => change.file === file)) {
    if (source.split(from).length !== 2) throw new Error(`src/cluster/${file}.ts has not once: ${from}`);
    source = source.replace(from, () => to);
  }
  return (await transformWithOxc(source, `${file}.ts`)).code;
}

function urlOf(code: string): string {
  return `data:text/javascript;base64,${Buffer.from(code).toString('base64')}`;
}
