/**
 * node scripts/print-test-totals.mjs [--failed-step=NAME]... REPORT.json...
 *
 * Prints why anything counts as failed, then the totals of all reports as its last line. Exit code 1 if anything failed.
 */
import { existsSync, readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { testTotals, totalsLine, troubledTests } from './test-totals.mjs';

const flag = '--failed-step=';
const words = process.argv.slice(2);
const failedSteps = words.filter((word) => word.startsWith(flag)).map((word) => word.slice(flag.length));
const files = words.filter((word) => !word.startsWith(flag));

const reports = new Map(files.map((file) => [basename(file, '.json'), readReport(file)]));
const totals = testTotals(reports, failedSteps);
for (const line of [...troubledTests(reports), ...totals.reasons]) console.log(line);
console.log(totalsLine(totals));
process.exitCode = totals.failed > 0 ? 1 : 0;

/**
 * @param {string} file
 * @returns {import('./test-totals.mjs').Report | undefined}
 */
function readReport(file) {
  return existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : undefined;
}
