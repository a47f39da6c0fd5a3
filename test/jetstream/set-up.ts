/** Before each file of tests: what is left out, and where brokers in processes of their own keep their messages. */
import { afterAll, beforeEach } from 'vitest';
import { chooseStorage } from '../servers/chosen-storage.ts';
import { LEFT_OUT } from './left-out.ts';
import { endTestClusters, onCluster } from './test-clusters.ts';
import { endTestLogs } from './test-logs.ts';

chooseStorage(onCluster);

beforeEach(({ task, skip }) => {
  const found = LEFT_OUT.find(({ file, test }) => file === task.file.name && test === task.fullTestName);
  if (found !== undefined) skip(found.reason);
});

afterAll(endTestLogs);
afterAll(endTestClusters);
