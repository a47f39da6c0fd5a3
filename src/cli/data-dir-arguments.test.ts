import { expect, test } from 'vitest';
import { readDataDirArguments } from './data-dir-arguments.ts';

const read = (...args: string[]): unknown => readDataDirArguments(args, ['--json', '--all'], {});

test('the data directory is where leveret serve has it', () => {
  expect(read()).toEqual({ dataDir: './leveret-data', given: new Set() });
  expect(read('--data-dir', 'a')).toEqual({ dataDir: 'a', given: new Set() });
  expect(readDataDirArguments([], [], { LEVERET_DATA_DIR: 'b' }).dataDir).toBe('b');
});

test('switches stand anywhere', () => {
  expect(read('--json', '--data-dir', 'a', '--all')).toEqual({
    dataDir: 'a',
    given: new Set(['--json', '--all']),
  });
});

test('what is neither is refused', () => {
  expect(() => read('--jsn')).toThrow('option --jsn is not known (did you mean --json?)');
  expect(() => read('--amqp-port', '1')).toThrow('option --amqp-port is not known');
  expect(() => read('here')).toThrow(
    "unexpected argument 'here': an option starts with --, as in --data-dir",
  );
  expect(() => read('--data-dir', '--json')).toThrow('option --data-dir: the value is missing');
});
