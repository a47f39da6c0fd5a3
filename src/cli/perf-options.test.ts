import { expect, test } from 'vitest';
import { OptionError } from '../daemon/option-error.ts';
import { perfHelp, readPerfOptions } from './perf-options.ts';

test('without flags one producer and one consumer load the broker on this machine with a queue of their own', () => {
  expect(readPerfOptions([])).toMatchObject({
    address: { host: '127.0.0.1', port: 5672, username: 'guest', password: 'guest', vhost: '/' },
    producerCount: 1,
    consumerCount: 1,
    bodyBytes: 16,
    durationMs: 10_000,
    rate: 0,
    confirmWindow: 0,
    prefetchCount: 0,
    persistent: false,
    queues: ['leveret-perf'],
    ownQueues: true,
    json: false,
  });
});

test('the URL gives host, port, user, password and vhost, and the password is not shown', () => {
  const { address } = readPerfOptions(['--url', 'amqp://me:s%2Fcret@broker.example:5680/a%2Fb']);
  expect(address).toMatchObject({
    host: 'broker.example',
    port: 5680,
    username: 'me',
    password: 's/cret',
    vhost: 'a/b',
  });
  expect(address.shown).not.toContain('cret');
});

test('an IPv6 address is taken out of its brackets', () => {
  expect(readPerfOptions(['--url', 'amqp://[::1]:5672']).address.host).toBe('::1');
});

test('a named queue is not the generator\u2019s own, and several queues are numbered', () => {
  expect(readPerfOptions(['--queue', 'orders'])).toMatchObject({ queues: ['orders'], ownQueues: false });
  expect(readPerfOptions(['--queues', '3']).queues).toEqual([
    'leveret-perf-1',
    'leveret-perf-2',
    'leveret-perf-3',
  ]);
});

test('switches and sizes with units are read', () => {
  expect(readPerfOptions(['--persistent', '--json', '--size=2KiB'])).toMatchObject({
    persistent: true,
    json: true,
    bodyBytes: 2048,
  });
});

test.each([
  [['--producer', '2'], 'option --producer is not known (did you mean --producers?)'],
  [['--producers'], 'option --producers: the value is missing; allowed: a whole number from 0 to 5000'],
  [['--producers', 'two'], "option --producers: bad value 'two'; allowed: a whole number from 0 to 5000"],
  [['--url', 'http://x'], "option --url: bad value 'http://x'; allowed: a URL like amqp://"],
  [['--json=yes'], "option --json takes no value, found 'yes'"],
  [['extra'], "unexpected argument 'extra'"],
  [['--constructor', '1'], 'option --constructor is not known'],
])('%j is refused in one line that says what is allowed', (args, text) => {
  expect(() => readPerfOptions(args)).toThrow(OptionError);
  expect(() => readPerfOptions(args)).toThrow(text);
});

test('the help fits into 80 columns and names every flag', () => {
  const help = perfHelp();
  expect(Math.max(...help.split('\n').map((line) => line.length))).toBeLessThanOrEqual(80);
  for (const flag of [
    '--url',
    '--producers',
    '--consumers',
    '--confirms',
    '--prefetch',
    '--json',
    '--queues',
  ]) {
    expect(help).toContain(flag);
  }
});
