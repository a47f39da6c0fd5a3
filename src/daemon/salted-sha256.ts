import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import type { Credentials } from '../core/environment.ts';

const SALT_BYTES = 4;
const HASH_BYTES = SALT_BYTES + 32;
/** Stands in for the hash of an unknown user, so that both cost the same. */
const NOBODY = randomBytes(HASH_BYTES);

/**
 * RabbitMQ's password hashes (its default, rabbit_password_hashing_sha256), so that exported definitions fit both ways:
 *
 *     base64( salt (4 bytes) | sha256( salt | password in UTF-8 ) (32 bytes) )
 */
export const saltedSha256: Credentials = {
  hash(password) {
    return hashWith(randomBytes(SALT_BYTES), password).toString('base64');
  },

  verify(password, passwordHash, done) {
    const stored = passwordHash === undefined ? NOBODY : Buffer.from(passwordHash, 'base64');
    const whole = stored.length === HASH_BYTES;
    const expected = whole ? stored : NOBODY;
    const equal = timingSafeEqual(hashWith(expected.subarray(0, SALT_BYTES), password), expected);
    done(equal && whole && passwordHash !== undefined);
  },
};

function hashWith(salt: Uint8Array, password: string): Buffer {
  const digest = createHash('sha256').update(salt).update(password, 'utf8').digest();
  return Buffer.concat([salt, digest]);
}
