import { expect, test } from 'vitest';
import { type Definitions, definitionsOf, fileNameOf, previewOf } from './definitions.ts';

const queue = { name: 'q', vhost: '/', durable: true, auto_delete: false, arguments: {} };
const current: Definitions = {
  users: [{ name: 'ann', tags: ['administrator'], limits: {} }],
  queues: [queue],
};

test('what is not there is new, what differs is changed, what is empty may be absent', () => {
  const file: Definitions = {
    users: [{ name: 'ann', tags: ['administrator'] }],
    queues: [
      { name: 'q', vhost: '/', durable: false },
      { ...queue, name: '__proto__' },
    ],
  };
  expect(previewOf(file, current, undefined)).toEqual([
    { kind: 'users', count: 1, added: [], changed: [], sameCount: 1 },
    { kind: 'queues', count: 2, added: ['__proto__'], changed: ['q'], sameCount: 0 },
  ]);
});

test('into a vhost go only its kinds, wherever the file says they are', () => {
  const file: Definitions = { users: [{ name: 'bob' }], queues: [{ ...queue, vhost: 'other' }] };
  expect(previewOf(file, current, '/')).toEqual([
    { kind: 'queues', count: 1, added: [], changed: [], sameCount: 1 },
  ]);
  expect(previewOf(file, current, 'x')[0]?.added).toEqual(['q']);
});

test('bindings differ by their arguments, in any order', () => {
  const binding = { source: 'x', vhost: '/', destination: 'q', destination_type: 'queue', routing_key: '' };
  const there: Definitions = { bindings: [{ ...binding, arguments: { a: 1, b: 2 } }] };
  const counts = (args: object): number | undefined =>
    previewOf({ bindings: [{ ...binding, arguments: args }] }, there, undefined)[0]?.sameCount;
  expect(counts({ b: 2, a: 1 })).toBe(1);
  expect(counts({ a: 1 })).toBe(0);
});

test('a file of definitions has lists of objects of a known kind', () => {
  expect(definitionsOf({ queues: [] })).toEqual({ queues: [] });
  for (const wrong of [null, 1, [], {}, { queues: 1 }, { queues: [1] }, { other: [] }])
    expect(definitionsOf(wrong)).toBeUndefined();
});

test('the name of a file is one on every system', () => {
  const now = new Date('2026-01-02T03:04:05Z');
  expect(fileNameOf(undefined, now)).toBe('leveret-definitions-all-20260102-030405.json');
  expect(fileNameOf('/', now)).toBe('leveret-definitions-default-20260102-030405.json');
  expect(fileNameOf('a/b c', now)).toBe('leveret-definitions-a_b_c-20260102-030405.json');
});
