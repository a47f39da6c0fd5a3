import { expect, test } from 'vitest';
import { PLANTED_MISTAKES } from './planted-mistakes.ts';
import { verdictOn } from './verdict-on.ts';

test.each(PLANTED_MISTAKES)('it is found when $name', async ({ kind, mistakes }) => {
  expect(await verdictOn(kind, mistakes)).not.toBe('nothing was found');
});
