import { expect, test } from 'vitest';
import { alternativeName, attributeOf, distinguishedName } from './distinguished-name.ts';

test('a distinguished name has its last part first', () => {
  expect(distinguishedName(undefined)).toBe('');
  expect(attributeOf(undefined, 'CN')).toBeUndefined();
  expect(distinguishedName('C=DE\nO=Example\nCN=client')).toBe('CN=client,O=Example,C=DE');
});

test('an attribute is found when there is one of it, without its escapes', () => {
  expect(attributeOf('O=Example\nCN=client', 'CN')).toBe('client');
  expect(attributeOf('O=Example\nCN=a\\, b\\0A', 'CN')).toBe('a, b\n');
  expect(attributeOf('CN=one\nCN=two', 'CN')).toBeUndefined();
  expect(attributeOf('O=Example', 'CN')).toBeUndefined();
});

test('a part can have several attributes', () => {
  expect(distinguishedName('O=Example\nCN=a + UID=b')).toBe('CN=a+UID=b,O=Example');
  expect(attributeOf('O=Example\nUID=b + CN=a', 'CN')).toBe('a');
  expect(attributeOf('CN=a \\+ CN=b', 'CN')).toBe('a + CN=b');
});

test('alternative names are found by their kind, and a comma in one does not make two', () => {
  const list = 'DNS:a.example, email:me@example.com, URI:"http://x/, DNS:admin", DNS:b.example';
  expect(alternativeName(list, 'DNS')).toBe('a.example');
  expect(alternativeName(list, 'email')).toBe('me@example.com');
  expect(alternativeName(list, 'URI')).toBe('http://x/, DNS:admin');
  expect(alternativeName(list, 'IP Address')).toBeUndefined();
  expect(alternativeName('URI:"http://x/, DNS:admin"', 'DNS')).toBeUndefined();
});
