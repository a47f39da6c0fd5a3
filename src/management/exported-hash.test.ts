import { expect, test } from 'vitest';
import { exportedHash, passwordHashOfExport } from './exported-hash.ts';

const OURS = 'scrypt$17$8$1$AAAAAAAAAAAAAAAAAAAAAA==$BBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBA=';
const SHA256 = Buffer.alloc(36, 7).toString('base64');

test('a hash of ours is base64 in an export, and comes back as it was', () => {
  const exported = exportedHash(OURS);
  expect(exported.hashing_algorithm).toBe('leveret_password_hashing_scrypt');
  expect(exported.password_hash).toMatch(/^[A-Za-z0-9+/]+={0,2}$/);
  expect(passwordHashOfExport(exported.password_hash, exported.hashing_algorithm, 'ann')).toBe(OURS);
});

test('a hash of RabbitMQ stays as it is', () => {
  const exported = { password_hash: SHA256, hashing_algorithm: 'rabbit_password_hashing_sha256' };
  expect(exportedHash(SHA256)).toEqual(exported);
  expect(passwordHashOfExport(SHA256, exported.hashing_algorithm, 'ann')).toBe(SHA256);
  expect(passwordHashOfExport(SHA256, undefined, 'ann')).toBe(SHA256);
});

test('no password is an empty hash, as in RabbitMQ', () => {
  const exported = { password_hash: '', hashing_algorithm: 'rabbit_password_hashing_sha256' };
  expect(exportedHash(undefined)).toEqual(exported);
});

test.each([
  ['AAAA', undefined, 'in no known form'],
  ['!', 'leveret_password_hashing_scrypt', 'in no known form'],
  [SHA256, 'rabbit_password_hashing_sha512', 'is one of rabbit_password_hashing_sha256'],
  [SHA256, 'rabbit_password_hashing_md5', 'MD5'],
])('%j of %j is refused', (hash, algorithm, reason) => {
  expect(() => passwordHashOfExport(hash, algorithm, 'ann')).toThrow(reason);
});
