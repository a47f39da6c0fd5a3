/** npm run bench:micro [-- NAME...] runs the compiled benchmarks of bench/micro one after the other, or only those named. */
import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { basename, join } from 'node:path';

const folder = join(import.meta.dirname, '..', 'build', 'bench', 'micro');
const all = readdirSync(folder)
  .filter((file) => file.endsWith('.js'))
  .map((file) => basename(file, '.js'))
  .sort();
const wanted = process.argv.slice(2);
const unknown = wanted.filter((name) => !all.includes(name));

if (unknown.length > 0) {
  console.error(`No micro-benchmark is named ${unknown.join(', ')}. There are: ${all.join(', ')}.`);
  process.exitCode = 2;
} else {
  for (const name of wanted.length > 0 ? wanted : all) {
    // --expose-gc lets mitata collect between runs, and so show the bytes that one iteration allocates.
    const done = spawnSync(process.execPath, ['--expose-gc', join(folder, `${name}.js`)], {
      stdio: 'inherit',
    });
    if (done.status !== 0) process.exitCode = 1;
  }
}
