import { expect, test } from 'vitest';
import { Pattern } from './pattern.ts';
import { Wildcard } from './wildcard.ts';

test.each([
  ['foo', 'foo', true],
  ['foo', 'food', false],
  ['', '', true],
  ['', 'x', false],
  ['*', '', true],
  ['*', 'anything', true],
  ['foo*', 'foobar', true],
  ['foo*', 'fo', false],
  ['*foo', 'barfoo', true],
  ['*foo', 'foobar', false],
  ['foo*bar', 'foo-bar', true],
  ['foo*bar', 'fobar', false],
  ['ab*ba', 'aba', false],
  ['a*b*c', 'a-b-c', true],
  ['a*b*c', 'a-c-b', false],
  ['a*b*b', 'ab', false],
  ['*before*after*', 'x before y after z', true],
  ['%2F', '/', true],
  ['%2A*', '*x', true],
  ['%2A*', 'x', false],
])('%j against %j: %s', (pattern, text, matches) => {
  expect(new Wildcard(pattern).matches(text)).toBe(matches);
});

test('a percent sign that encodes nothing is no pattern', () => {
  expect(() => new Wildcard('50%')).toThrow(URIError);
});

test('a hostile pattern takes no more time than a plain one', () => {
  const startMs = performance.now();
  expect(new Wildcard(`${'*a'.repeat(2_000)}b`).matches('a'.repeat(100_000))).toBe(false);
  expect(performance.now() - startMs).toBeLessThan(500);
});

test.each([
  ['foo*', '^(foo.*)$'],
  ['%2A.x*y', '^(\\*\\.x.*y)$'],
  ['', '^()$'],
])('%j is the regular expression %j', (source, pattern) => {
  const wildcard = new Wildcard(source);
  expect(`^(${wildcard.pattern})$`).toBe(pattern);
  for (const text of ['', 'foo', 'foobar', '*.xy', '*.x-y', 'a.xy'])
    expect(Pattern.compile(pattern).test(text)).toBe(wildcard.matches(text));
});
