/**
 * node scripts/print-test-totals.mjs [--failed-step=NAME]... REPORT.json...
 *
 * Prints why anything counts as failed, then the totals of all reports as its last line. Exit code 1 if anything failed.
 */
import { existsSync, readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { testTotals, totalsLine } from './test-totals.mjs';

const flag = '--failed-step=';
const words = process.argv.slice(2);
const failedSteps = words.filter((word) => word.startsWith(flag)).map((word) => word.slice(flag.length));
const files = words.filter((word) => !word.startsWith(flag));

const totals = testTotals(
  new Map(files.map((file) => [basename(file, '.json'), readReport(file)])),
  failedSteps,
);
for (const reason of totals.reasons) console.log(reason);
console.log(totalsLine(totals));
process.exitCode = totals.failed > 0 ? 1 : 0;

/**
 * @param {string} file
 * @returns {import('./test-totals.mjs').Report | undefined}
 */
function readReport(file) {
  return existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : undefined;
}
