import { expect, test } from 'vitest';
import { alteredOwnership } from './altered-ownership.ts';
import { runOwnership } from './ownership-run.ts';
import { PLANTED_MISTAKES } from './planted-mistakes.ts';

const SEEDS_MAX = 500;

test('without a mistake nothing is found', async () => {
  const makeOwnership = await alteredOwnership([]);
  for (let seed = 0; seed < 20; seed++) {
    expect((await runOwnership(seed, makeOwnership)).problem).toBeUndefined();
  }
});

test.each(PLANTED_MISTAKES)('it is found when $name', { timeout: 60_000 }, async ({ changes, problem }) => {
  const makeOwnership = await alteredOwnership(changes);
  for (let seed = 0; seed < SEEDS_MAX; seed++) {
    const verdict = await runOwnership(seed, makeOwnership);
    if (verdict.problem !== undefined && problem.test(verdict.problem)) return;
  }
  expect.fail(`nothing of the kind was found in ${SEEDS_MAX} seeds`);
});
