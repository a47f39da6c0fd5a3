import { expect, test } from 'vitest';
import { hostAndPort, isLoopback, plainAddress } from './peer-address.ts';

test('an IPv4 address inside an IPv6 one is shown as IPv4', () => {
  expect(plainAddress('::ffff:10.0.0.1')).toBe('10.0.0.1');
  expect(plainAddress('::ffff:1')).toBe('::ffff:1');
  expect(plainAddress('2001:db8::1')).toBe('2001:db8::1');
});

test.each(['127.0.0.1', '127.8.9.10', '::1'])('%s is on this machine', (address) => {
  expect(isLoopback(address)).toBe(true);
});

test.each(['10.0.0.1', '128.0.0.1', '1.127.0.0', '::', '::2', '127:0::1'])('%s is elsewhere', (address) => {
  expect(isLoopback(address)).toBe(false);
});

test('an IPv6 address is put in brackets before its port', () => {
  expect(hostAndPort('::1', 5672)).toBe('[::1]:5672');
  expect(hostAndPort('10.0.0.1', 5672)).toBe('10.0.0.1:5672');
});
