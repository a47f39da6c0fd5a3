import { describe, expect, it } from 'vitest';
import { type Report, testTotals, totalsLine, troubledTests } from '../scripts/test-totals.mjs';

const green: Report = {
  success: true,
  numTotalTests: 3,
  numPassedTests: 3,
  numFailedTests: 0,
};

function lineOf(reports: Record<string, Report | undefined>, failedSteps: string[] = []): string {
  return totalsLine(testTotals(new Map(Object.entries(reports)), failedSteps));
}

describe('the totals of all test suites', () => {
  it('add up what passed and failed', () => {
    const red = { ...green, success: false, numPassedTests: 1, numFailedTests: 2 };
    expect(lineOf({ quick: green, interop: red })).toBe('4 passed, 2 failed');
  });

  it('count a suite without a report as a failure', () => {
    expect(lineOf({ quick: green, fuzz: undefined })).toBe('3 passed, 1 failed');
  });

  it('count a suite that ran no test as a failure', () => {
    expect(lineOf({ quick: { ...green, numPassedTests: 0 } })).toBe('0 passed, 1 failed');
  });

  it('count a suite that failed outside its tests as a failure', () => {
    expect(lineOf({ quick: { ...green, success: false } })).toBe('3 passed, 1 failed');
  });

  it('count a suite whose command failed as a failure, unless its tests say so already', () => {
    const red = { ...green, success: false, numPassedTests: 2, numFailedTests: 1 };
    expect(lineOf({ quick: green, interop: red }, ['quick', 'interop'])).toBe('5 passed, 2 failed');
  });

  it('count a failed step as a failure and say which it was', () => {
    expect(testTotals(new Map([['quick', green]]), ['check'])).toEqual({
      passed: 3,
      failed: 1,
      reasons: ['step check failed'],
    });
  });

  it('name each test that failed, at last or at first, with the first line of why, or was not run', () => {
    const assertionResults = [
      { fullName: 'a queue is fair', status: 'passed', failureMessages: [] },
      { fullName: 'a queue is calm', status: 'passed', failureMessages: ['Error: took 3 s'] },
      { fullName: 'a queue is quick', status: 'failed', failureMessages: ['Error: took 9 s\n    at x'] },
      { fullName: 'a queue is far', status: 'skipped', failureMessages: [] },
    ];
    const red: Report = { ...green, success: false, testResults: [{ assertionResults }] };
    expect(troubledTests(new Map([['quick', red]]))).toEqual([
      'quick: a queue is calm: passed at the second attempt: Error: took 3 s',
      'quick: a queue is quick: failed: Error: took 9 s',
      'quick: a queue is far: not run',
    ]);
  });
});
