import { spawnSync } from 'node:child_process';
import { join } from 'node:path';

/** Compiles bench/amqpload.c into `directory` and returns where it is; undefined where there is no C compiler. */
export function compileAmqpload(projectRoot: string, directory: string): string | undefined {
  const executable = join(directory, 'amqpload');
  const source = join(projectRoot, 'bench', 'amqpload.c');
  const compiler = process.env['CC'] ?? 'gcc';
  const compiled = spawnSync(compiler, ['-O2', '-pthread', '-o', executable, source], { encoding: 'utf8' });
  if (compiled.error !== undefined) {
    return undefined;
  }
  if (compiled.status !== 0) {
    throw new Error(`${compiler} cannot compile ${source}:\n${compiled.stderr}`);
  }
  return executable;
}
