import fc from 'fast-check';
import { expect, test } from 'vitest';
import { nodeKey, nodeNameOf } from './node-key.ts';

test('a key of a node has nothing in it that a key must not have', () => {
  expect(nodeKey('leveret-0')).toBe('node.leveret-0');
  expect(nodeKey('a.b *>')).toBe('node.a=2Eb=20=2A=3E');
  expect(nodeKey('ä=')).toBe('node.=C3=A4=3D');
});

test('a key that no node has written has no name', () => {
  expect(nodeNameOf('node.=ZZ')).toBeUndefined();
});

test('names come back from their keys', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme' }), (name) => {
      expect(nodeKey(name)).toMatch(/^node\.[A-Za-z0-9_=-]*$/);
      expect(nodeNameOf(nodeKey(name))).toBe(name);
    }),
  );
});
