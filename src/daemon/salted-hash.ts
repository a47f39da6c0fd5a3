import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';

/**
 * RabbitMQ's password hashes, so that exported definitions fit both ways:
 *
 *     base64( salt (4 bytes) | digest( salt | password in UTF-8 ) )
 */
export type SaltedDigest = 'sha256' | 'sha512';

const SALT_BYTES = 4;

export function saltedHash(password: string, digest: SaltedDigest = 'sha256'): string {
  return hashWith(randomBytes(SALT_BYTES), password, digest).toString('base64');
}

export function matchesSaltedHash(password: string, passwordHash: string, digest: SaltedDigest): boolean {
  const stored = Buffer.from(passwordHash, 'base64');
  const made = hashWith(stored.subarray(0, SALT_BYTES), password, digest);
  return made.length === stored.length && timingSafeEqual(made, stored);
}

function hashWith(salt: Uint8Array, password: string, digest: SaltedDigest): Buffer {
  return Buffer.concat([salt, createHash(digest).update(salt).update(password, 'utf8').digest()]);
}
