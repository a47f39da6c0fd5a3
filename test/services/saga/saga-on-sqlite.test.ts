import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll } from 'vitest';
import { describeSagas } from './saga-suite.ts';

let directory: string;
let count = 0;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'leveret-sagas-'));
});

afterAll(() => rm(directory, { recursive: true, force: true }));

describeSagas('SQLite', {
  runCount: 25,
  createDatabase: async () => {
    count += 1;
    return `file:${join(directory, `${count}.db`)}`;
  },
});
