/** Before each file of tests: what is left out, and where brokers in processes of their own keep their messages. */
import { afterAll, beforeEach } from 'vitest';
import { LEFT_OUT } from './left-out.ts';
import { endTestLogs } from './test-logs.ts';

const seen = new Set<string>();

beforeEach(({ task, skip }) => {
  const name = `${task.file.name} > ${task.fullTestName}`;
  const leftOut = LEFT_OUT.find(({ file, test }) => file === task.file.name && test === task.fullTestName);
  seen.add(name);
  if (leftOut !== undefined) skip(leftOut.reason);
});

afterAll(endTestLogs);
