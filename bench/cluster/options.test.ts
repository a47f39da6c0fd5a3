import { expect, test } from 'vitest';
import { ClusterBenchOptionError, readClusterBenchOptions } from './options.ts';

test('without arguments both sides are measured at both entrances, five rounds of five seconds', () => {
  expect(readClusterBenchOptions([])).toEqual({
    rounds: 5,
    seconds: 5,
    sides: ['leveret', 'rabbitmq'],
    entrances: ['owner', 'standby'],
    jsonPath: undefined,
    profileDirectory: undefined,
    strict: false,
  });
});

test('one side and one entrance can be chosen', () => {
  const options = readClusterBenchOptions(['--side', 'rabbitmq', '--entrance', 'standby', '--rounds', '1']);
  expect(options).toMatchObject({ sides: ['rabbitmq'], entrances: ['standby'], rounds: 1 });
});

test.each([
  [['--side', 'kafka'], "--side 'kafka' is not allowed; allowed: leveret, rabbitmq"],
  [['--entrance', 'x'], "--entrance 'x' is not allowed; allowed: owner, standby"],
  [['--rounds', '0'], "--rounds '0' is not allowed; allowed: a whole number from 1 to 100"],
  [['--seconds', 'five'], "--seconds 'five' is not allowed; allowed: a whole number from 1 to 3600"],
])('%j is refused with what is allowed', (args, message) => {
  expect(() => readClusterBenchOptions(args)).toThrow(new ClusterBenchOptionError(message));
});

test('an option that does not exist is refused', () => {
  expect(() => readClusterBenchOptions(['--colour'])).toThrow(ClusterBenchOptionError);
});
