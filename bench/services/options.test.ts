import { expect, it } from 'vitest';
import { readServicesBenchOptions, SERVICES_BENCH_HELP } from './options.ts';

it('has defaults, which the help names', () => {
  const options = readServicesBenchOptions([]);
  expect(options).toEqual({ seconds: 3, rounds: 5, core: 0, only: [], jsonPath: undefined });
  for (const value of [options.seconds, options.rounds, options.core]) {
    expect(SERVICES_BENCH_HELP).toContain(`(${value})`);
  }
});

it.each([
  [['--rounds', '0'], "--rounds '0' is not allowed; allowed: a whole number from 1 to 100"],
  [['--seconds', 'many'], "--seconds 'many' is not allowed"],
  [['--no-such'], '--no-such'],
])('refuses %j', (args, text) => {
  expect(() => readServicesBenchOptions(args)).toThrow(text);
});
