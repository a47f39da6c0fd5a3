import { resolve } from 'node:path';
import { expect, test } from 'vitest';
import { checkOptions } from '../daemon/read-options.ts';
import { stoppedText, welcome } from './serve-texts.ts';

const lines = (hosts: readonly string[], options: object = {}): string[] =>
  welcome(
    hosts.flatMap((host) => [
      { protocol: 'amqp' as const, host, port: 5672 },
      { protocol: 'http' as const, host, port: 15_672 },
    ]),
    checkOptions({ ...options }),
  ).split('\n');

test('each address is told as it is, and where it is on this machine', () => {
  expect(lines(['127.0.0.1', '::1'])).toEqual(
    expect.arrayContaining([
      'AMQP listening on amqp://127.0.0.1:5672',
      'AMQP listening on amqp://[::1]:5672',
      'HTTP listening on http://127.0.0.1:15672',
    ]),
  );
  expect(lines(['0.0.0.0', '::'])).toEqual(
    expect.arrayContaining([
      'AMQP listening on amqp://0.0.0.0:5672 (all IPv4 addresses; here amqp://127.0.0.1:5672)',
      'AMQP listening on amqp://[::]:5672 (all IPv6 addresses; here amqp://[::1]:5672)',
    ]),
  );
  expect(lines(['::'])).toContain(
    'AMQP listening on amqp://[::]:5672 (all addresses; here amqp://[::1]:5672)',
  );
});

test('on an address of other machines it tells who cannot log in from there, or that anybody can', () => {
  const text = (hosts: readonly string[], options: object = {}): string => lines(hosts, options).join('\n');
  const local = /guest can log in from this machine only \(see --loopback-users\)/;
  const warning = /Warning: whoever reaches this machine can log in as guest with the password guest/;
  expect(text(['10.0.0.1'])).toMatch(local);
  expect(text(['10.0.0.1'])).not.toMatch(warning);
  expect(text(['10.0.0.1'], { loopbackUsers: [] })).toMatch(warning);
  expect(text(['10.0.0.1'], { loopbackUsers: [], defaultPassword: 'x' })).not.toMatch(/Warning|only/);
  expect(text(['127.0.0.1'], { loopbackUsers: [] })).not.toMatch(/Warning|only/);
  expect(text(['127.0.0.1'])).not.toMatch(/Warning|only/);
});

test('it is said where messages are, wherever the broker was started, and when they are gone', () => {
  expect(lines(['127.0.0.1'], { dataDir: './leveret-data' })).toContain(
    `Messages are kept in ${resolve('leveret-data')}: durable queues and persistent messages outlive the broker.`,
  );
  expect(lines(['127.0.0.1'], { storage: 'memory' })).toContain(
    'Messages are kept in memory: they are gone when the broker stops.',
  );
});

test('who stops a broker is told where its data is, if any is left', () => {
  expect(stoppedText(checkOptions({ dataDir: 'a' }))).toBe(
    `Stopped. Nothing durable is lost: it is in ${resolve('a')}.\n`,
  );
  expect(stoppedText(checkOptions({ storage: 'memory' }))).toBe('Stopped.\n');
});

test('the first commands name a vhost other than /, in the form that a URL has', () => {
  expect(lines(['127.0.0.1'])).toContain('  amqp-get --url=amqp://127.0.0.1:5672 -q hello');
  expect(lines(['127.0.0.1'], { defaultVhost: "a/b's" })).toContain(
    '  amqp-get --url=amqp://127.0.0.1:5672/a%2Fb%27s -q hello',
  );
});

test("the first request names the user, and leaves a password that is nobody else's business to the reader", () => {
  expect(lines(['127.0.0.1'])).toContain('  curl -u guest:guest http://127.0.0.1:15672/api/overview');
  expect(lines(['127.0.0.1'])).toContain('To see what flows, in a browser: http://127.0.0.1:15672/');
  expect(lines(['0.0.0.0'], { defaultUser: 'app', defaultPassword: 's3cret' })).toContain(
    '  curl -u app http://127.0.0.1:15672/api/overview',
  );
});
