import fastify from 'fastify';
import { expect, test } from 'vitest';
import { AllowedMethods } from './allowed-methods.ts';

test('all methods of all routes of a path are allowed, and OPTIONS', () => {
  const methods = new AllowedMethods();
  const app = fastify();
  methods.watch(app);
  app.get('/queues/:vhost', () => '');
  app.put('/queues/:name', () => '');
  app.delete('/queues/all', () => '');
  expect(methods.of('/queues/%2F/?page=1')).toBe('GET, HEAD, PUT, OPTIONS');
  expect(methods.of('/queues/all')).toBe('GET, HEAD, PUT, DELETE, OPTIONS');
  expect(methods.of('/queues')).toBeUndefined();
  expect(methods.of('/queues/a/b')).toBeUndefined();
});
