import { expect, test } from 'vitest';
import { passTargetOf } from './join-owner.ts';

const hostOf = (peerAddress: string): string | undefined => {
  const target = passTargetOf({ peerAddress, peerToken: 'token' });
  return target && `${target.host} ${target.port} ${target.token}`;
};

test('clients are passed to where the lease record says, and nowhere when that is no address', () => {
  expect(hostOf('node-1.example:25672')).toBe('node-1.example 25672 token');
  expect(hostOf('[::1]:25672')).toBe('::1 25672 token');
  expect(['', 'node-1', 'a b:1', '[node-1:1]:2', 'node-1:99999'].map(hostOf)).toEqual(
    Array(5).fill(undefined),
  );
});
