/**
 * node test/crash/run.mjs [--deep] [OPTION OF VITEST]...
 *
 * Runs the tests that let a simulated disk crash. --deep: a million states.
 */
import { spawnSync } from 'node:child_process';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

const words = process.argv.slice(2);
if (words.includes('--deep')) process.env['LEVERET_CRASH_STATES'] ??= '1000000';
const vitest = join(dirname(createRequire(import.meta.url).resolve('vitest/package.json')), 'vitest.mjs');
const options = words.filter((word) => word !== '--deep');
const { status } = spawnSync(process.execPath, [vitest, 'run', '--project', 'crash', ...options], {
  stdio: 'inherit',
});
process.exitCode = status ?? 1;
