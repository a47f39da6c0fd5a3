import { expect, test } from 'vitest';
import { HandshakeLimit } from './handshake-limit.ts';

function waiting(): { isOpen: boolean } {
  return { isOpen: false };
}

test('admits so many strangers per address', () => {
  const limit = new HandshakeLimit(100, 2);
  limit.add('10.0.0.1', waiting());
  expect(limit.admits('10.0.0.1')).toBe(true);
  limit.add('10.0.0.1', waiting());
  expect(limit.admits('10.0.0.1')).toBe(false);
  expect(limit.admits('10.0.0.2')).toBe(true);
});

test('admits so many strangers in total', () => {
  const limit = new HandshakeLimit(2, 100);
  limit.add('10.0.0.1', waiting());
  limit.add('10.0.0.2', waiting());
  expect(limit.admits('10.0.0.3')).toBe(false);
});

test('those who have logged in are strangers no more', () => {
  const limit = new HandshakeLimit(2, 2);
  const [one, other] = [waiting(), waiting()];
  limit.add('10.0.0.1', one);
  limit.add('10.0.0.1', other);
  other.isOpen = true;
  expect(limit.admits('10.0.0.2')).toBe(true);
  expect(limit.admits('10.0.0.1')).toBe(true);
});

test('those who have gone make room', () => {
  const limit = new HandshakeLimit(10, 1);
  const one = waiting();
  limit.add('10.0.0.1', one);
  expect(limit.admits('10.0.0.1')).toBe(false);
  limit.delete('10.0.0.1', one);
  expect(limit.admits('10.0.0.1')).toBe(true);
});

test('the addresses of one IPv6 network count as one', () => {
  const limit = new HandshakeLimit(100, 2);
  const [one, other] = [waiting(), waiting()];
  limit.add('2001:db8::1', one);
  limit.add('2001:db8:0:0:ffff::2', other);
  expect(limit.admits('2001:db8::3')).toBe(false);
  expect(limit.admits('2001:db8:0:1::3')).toBe(true);
  limit.delete('2001:db8::1', one);
  limit.delete('2001:db8::1', one);
  expect(limit.admits('2001:db8::3')).toBe(true);
});
