import { expect, test } from 'vitest';
import { flagOf, OPTION_NAMES } from './options.ts';
import { optionsHelp, optionsPage, wrap } from './options-page.ts';

const PAGE = new URL('../../docs/configuration.md', import.meta.url);

test('docs/configuration.md is made from the table (vitest -u writes it anew)', async () => {
  await expect(optionsPage()).toMatchFileSnapshot(PAGE.pathname);
});

test('help shows every option, in at most 80 columns', () => {
  const lines = optionsHelp().split('\n');
  for (const name of OPTION_NAMES)
    expect(lines.some((line) => line.startsWith(`  ${flagOf(name)} <`))).toBe(true);
  expect(lines.filter((line) => line.length > 80)).toEqual([]);
});

test('wrap breaks between words only', () => {
  expect(wrap('aa bb cc dd', 5)).toEqual(['aa bb', 'cc dd']);
  expect(wrap('a-very-long-word b', 5)).toEqual(['a-very-long-word', 'b']);
});
