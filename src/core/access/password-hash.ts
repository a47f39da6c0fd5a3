/**
 * The form of a password hash says how it was made:
 *
 *     base64( salt (4 bytes) | sha256( salt | password ) )      RabbitMQ's, rabbit_password_hashing_sha256
 *     base64( salt (4 bytes) | sha512( salt | password ) )      RabbitMQ's, rabbit_password_hashing_sha512
 *     scrypt$<log2 N>$<r>$<p>$<salt>$<hash>                     our own; salt and hash in base64
 */

/** What definitions call it (`hashing_algorithm`). RabbitMQ does not know the last one. */
export type HashingAlgorithm =
  | 'rabbit_password_hashing_sha256'
  | 'rabbit_password_hashing_sha512'
  | 'leveret_password_hashing_scrypt';

const SHA256 = /^[A-Za-z0-9+/]{48}$/;
const SHA512 = /^[A-Za-z0-9+/]{91}=$/;
const SCRYPT = /^scrypt\$\d{1,2}\$\d{1,3}\$\d{1,3}\$[A-Za-z0-9+/]{16,}={0,2}\$[A-Za-z0-9+/]{16,}={0,2}$/;

/** How a hash was made; undefined for what is none that can be verified. */
export function hashingAlgorithmOf(passwordHash: string): HashingAlgorithm | undefined {
  if (SHA256.test(passwordHash)) return 'rabbit_password_hashing_sha256';
  if (SHA512.test(passwordHash)) return 'rabbit_password_hashing_sha512';
  return SCRYPT.test(passwordHash) ? 'leveret_password_hashing_scrypt' : undefined;
}
