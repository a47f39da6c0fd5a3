import { expect, test } from 'vitest';
import { BenchOptionError, readBenchOptions } from './options.ts';

test('without arguments all workloads run five times five seconds on brokers that are started', () => {
  const options = readBenchOptions([]);
  expect(options).toMatchObject({ brokers: [], runs: 5, seconds: 5, jsonPath: undefined });
  expect(options).toMatchObject({ markdown: false, strict: false });
  expect(options.workloads.map((workload) => workload.name)).toEqual([
    'A',
    'B',
    'C',
    'D',
    'E',
    'E-transient',
    'F',
  ]);
});

test('the chart of the documentation is drawn only when everything in it was measured', () => {
  expect(readBenchOptions([]).chartPath).toBe('docs/images/rates.svg');
  expect(readBenchOptions(['--workload', 'A']).chartPath).toBeUndefined();
  expect(readBenchOptions(['--broker', 'ours=amqp://127.0.0.1']).chartPath).toBeUndefined();
  expect(readBenchOptions(['--workload', 'A', '--chart', 'a.svg']).chartPath).toBe('a.svg');
});

test('brokers are given as name=url with or without the process id', () => {
  const { brokers } = readBenchOptions([
    ...['--broker', 'ours=amqp://127.0.0.1:5672', '--broker', 'rabbitmq=amqp://localhost:5673,4711'],
  ]);
  expect(brokers).toEqual([
    { name: 'ours', host: '127.0.0.1', port: 5672, pid: undefined },
    { name: 'rabbitmq', host: 'localhost', port: 5673, pid: 4711 },
  ]);
});

test.each([
  [['--broker', 'amqp://127.0.0.1'], 'name=amqp://host:port'],
  [['--broker', 'x=http://127.0.0.1'], 'name=amqp://host:port'],
  [['--workload', 'Z'], 'A, B, C, D, E, E-transient, F'],
  [['--runs', '0'], 'a whole number from 1 to 100'],
  [['--seconds', 'five'], 'a whole number from 1 to 3600'],
  [['--bogus'], '--bogus'],
])('%j is refused with what is allowed', (args, allowed) => {
  expect(() => readBenchOptions(args)).toThrow(BenchOptionError);
  expect(() => readBenchOptions(args)).toThrow(allowed);
});
