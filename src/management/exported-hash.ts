/**
 * Password hashes as definitions have them, and back. RabbitMQ's own are in base64 there. So are ours, which RabbitMQ cannot verify:
 * with anything but base64 it would refuse all that is in the file, and so it takes the user without a usable password.
 */
import { hashingAlgorithmOf } from '../core/access/password-hash.ts';
import { badRequest } from './api-error.ts';

export interface ExportedHash {
  readonly password_hash: string;
  readonly hashing_algorithm: string;
}

/** Without a password: an empty hash, as in RabbitMQ. */
export function exportedHash(passwordHash: string | undefined): ExportedHash {
  const algorithm = passwordHash === undefined ? undefined : hashingAlgorithmOf(passwordHash);
  if (passwordHash === undefined || algorithm === undefined)
    return { password_hash: '', hashing_algorithm: 'rabbit_password_hashing_sha256' };
  const isOurs = algorithm === 'leveret_password_hashing_scrypt';
  const text = isOurs ? Buffer.from(passwordHash, 'utf8').toString('base64') : passwordHash;
  return { password_hash: text, hashing_algorithm: algorithm };
}

/** The hash that `exportedHash` or RabbitMQ gave. Throws 400 when it is in no known form, or not made as `algorithm` says. */
export function passwordHashOfExport(given: string, algorithm: string | undefined, user: string): string {
  if (algorithm === 'rabbit_password_hashing_md5') {
    throw badRequest(
      `the password of user '${user}' is hashed with MD5, which is not safe and not accepted: set a new password instead`,
    );
  }
  const isOurs = algorithm === 'leveret_password_hashing_scrypt';
  const passwordHash = isOurs ? Buffer.from(given, 'base64').toString('utf8') : given;
  const found = hashingAlgorithmOf(passwordHash);
  if (found !== undefined && (algorithm === undefined || algorithm === found)) return passwordHash;
  throw badRequest(
    `password_hash of user '${user}' is ${found === undefined ? 'in no known form' : `one of ${found}`}` +
      `${algorithm === undefined ? '' : `, and hashing_algorithm is '${algorithm}'`}: it must be the base64 of a salt of 4 ` +
      'bytes and a SHA-256 (rabbit_password_hashing_sha256) or SHA-512 (rabbit_password_hashing_sha512) digest, or what an ' +
      'export of Leveret has (leveret_password_hashing_scrypt)',
  );
}
