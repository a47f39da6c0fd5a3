import { hostname } from 'node:os';
import { expect, test } from 'vitest';
import { reachableHost } from './reachable-host.ts';

test('other nodes reach a node where it was said, or where it listens, or by the name of its machine', () => {
  expect(reachableHost({ clusterHost: 'a.example', host: ['0.0.0.0'] })).toBe('a.example');
  expect(reachableHost({ clusterHost: '', host: ['10.0.0.1', '10.0.0.2'] })).toBe('10.0.0.1');
  expect(reachableHost({ clusterHost: '', host: ['0.0.0.0'] })).toBe(hostname());
  expect(reachableHost({ clusterHost: '', host: ['10.0.0.1', '::'] })).toBe(hostname());
});
