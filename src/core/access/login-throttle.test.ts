import { describe, expect, test } from 'vitest';
import { LoginThrottle, networkOf } from './login-throttle.ts';

function failTimes(
  throttle: LoginThrottle,
  count: number,
  username: string,
  address: string,
  nowMs = 0,
): void {
  for (let i = 0; i < count; i++) throttle.failed(username, address, nowMs);
}

describe('login throttle', () => {
  test('some failures are free, and then each doubles the wait, up to 30 s', () => {
    const throttle = new LoginThrottle();
    failTimes(throttle, 9, 'a', '10.0.0.1');
    expect(throttle.waitMs('a', '10.0.0.1', 0)).toBe(0);
    const waits = Array.from({ length: 7 }, () => {
      throttle.failed('a', '10.0.0.1', 0);
      return throttle.waitMs('a', '10.0.0.1', 0);
    });
    expect(waits).toEqual([1000, 2000, 4000, 8000, 16_000, 30_000, 30_000]);
    expect(throttle.waitMs('a', '10.0.0.1', 29_000)).toBe(1000);
    expect(throttle.waitMs('a', '10.0.0.1', 30_000)).toBe(0);
  });

  test('a success ends the wait of that user at that address', () => {
    const throttle = new LoginThrottle();
    failTimes(throttle, 12, 'a', '10.0.0.1');
    throttle.succeeded('a', '10.0.0.1', 5000);
    expect(throttle.waitMs('a', '10.0.0.1', 5000)).toBe(0);
  });

  test('failures of one user at an address do not keep others from logging in there, until there are many', () => {
    const throttle = new LoginThrottle();
    failTimes(throttle, 20, 'a', '10.0.0.1');
    expect(throttle.waitMs('b', '10.0.0.1', 0)).toBe(0);
    for (let i = 0; i < 40; i++) throttle.failed(`user-${i}`, '10.0.0.1', 0);
    expect(throttle.waitMs('b', '10.0.0.1', 0)).toBeGreaterThan(0);
    expect(throttle.waitMs('b', '10.0.0.2', 0)).toBe(0);
  });

  test('whoever has logged in at an address is not locked out of it by the failures of others', () => {
    const throttle = new LoginThrottle();
    throttle.succeeded('b', '10.0.0.1', 0);
    for (let i = 0; i < 200; i++) throttle.failed(`user-${i}`, '10.0.0.1', 0);
    expect(throttle.waitMs('b', '10.0.0.1', 0)).toBe(0);
  });

  test('a user who is attacked from many addresses still logs in from where it has before', () => {
    const throttle = new LoginThrottle();
    throttle.succeeded('a', '10.0.0.1', 0);
    for (let i = 0; i < 150; i++) throttle.failed('a', `192.0.2.${i}`, 0);
    expect(throttle.waitMs('a', '198.51.100.1', 0)).toBeGreaterThan(0);
    expect(throttle.waitMs('a', '10.0.0.1', 0)).toBe(0);
    expect(throttle.waitMs('a', '10.0.0.1', 25 * 3_600_000)).toBe(0);
  });

  test('old failures are forgotten', () => {
    const throttle = new LoginThrottle();
    failTimes(throttle, 9, 'a', '10.0.0.1');
    throttle.failed('a', '10.0.0.1', 16 * 60_000);
    expect(throttle.waitMs('a', '10.0.0.1', 16 * 60_000)).toBe(0);
  });

  test.each([
    ['10.1.2.3', '10.1.2.3'],
    ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2'],
    ['2001:db8::1', '2001:db8:0:0'],
    ['::1', '0:0:0:0'],
    ['::', '0:0:0:0'],
    ['1::', '1:0:0:0'],
  ])('the network of %s is %s', (address, network) => {
    expect(networkOf(address)).toBe(network);
  });
});
