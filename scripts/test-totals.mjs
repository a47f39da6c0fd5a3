/** Adds up what vitest's json reports say. Nothing that is missing, empty or broken counts as passed. */

/**
 * The part of a vitest json report that is read here.
 * @typedef {{
 *   success: boolean,
 *   numTotalTests: number,
 *   numPassedTests: number,
 *   numFailedTests: number,
 *   testResults?: readonly { assertionResults: readonly TestReport[] }[],
 * }} Report
 *
 * @typedef {{ fullName: string, status: string, failureMessages?: readonly string[] | null }} TestReport
 */

/**
 * A suite without a report, or with a report of no tests that ran, is one failure; so is a suite that failed although no
 * test of it did (a file that could not be loaded, an error that nobody caught, a process that had to be stopped).
 *
 * @param {ReadonlyMap<string, Report | undefined>} reports by suite
 * @param {readonly string[]} failedSteps suites and other steps whose command failed; one that is no suite is one failure
 * @returns {{ passed: number, failed: number, reasons: string[] }} reasons: of what failed beside tests
 */
export function testTotals(reports, failedSteps) {
  const reasons = failedSteps.filter((step) => !reports.has(step)).map((step) => `step ${step} failed`);
  const totals = { passed: 0, failed: 0, reasons };
  for (const [suite, report] of reports) {
    totals.passed += report?.numPassedTests ?? 0;
    totals.failed += report?.numFailedTests ?? 0;
    const reason = brokenSuite(suite, report, failedSteps.includes(suite));
    if (reason !== undefined) reasons.push(reason);
  }
  totals.failed += reasons.length;
  return totals;
}

/**
 * @param {string} suite
 * @param {Report | undefined} report
 * @param {boolean} commandFailed
 * @returns {string | undefined}
 */
function brokenSuite(suite, report, commandFailed) {
  if (report === undefined) return `suite ${suite} left no report`;
  if (report.numPassedTests + report.numFailedTests === 0) return `suite ${suite} ran no test`;
  const failed = commandFailed || !report.success;
  return failed && report.numFailedTests === 0 ? `suite ${suite} failed outside its tests` : undefined;
}

/**
 * A line for each test that failed at least once, with what it said first, or was not run: nobody has to look for it in the
 * output of all suites. One that passed at the second attempt is no failure, but wants to be mended.
 *
 * @param {ReadonlyMap<string, Report | undefined>} reports by suite
 * @returns {string[]}
 */
export function troubledTests(reports) {
  return [...reports].flatMap(([suite, report]) =>
    (report?.testResults ?? []).flatMap(({ assertionResults }) =>
      assertionResults.flatMap((test) => {
        const trouble = troubleOf(test);
        return trouble === undefined ? [] : [`${suite}: ${test.fullName}: ${trouble}`];
      }),
    ),
  );
}

/**
 * @param {TestReport} test
 * @returns {string | undefined}
 */
function troubleOf({ status, failureMessages }) {
  const [message] = failureMessages ?? [];
  if (status === 'failed') return `failed: ${firstLine(message)}`;
  if (status !== 'passed') return 'not run';
  return message === undefined ? undefined : `passed at the second attempt: ${firstLine(message)}`;
}

/**
 * @param {string | undefined} text
 * @returns {string}
 */
function firstLine(text = '') {
  return text.split('\n')[0] ?? '';
}

/**
 * @param {{ passed: number, failed: number }} totals
 * @returns {string}
 */
export function totalsLine({ passed, failed }) {
  return `${passed} passed, ${failed} failed`;
}
