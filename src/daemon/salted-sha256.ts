import type { Credentials } from '../core/environment.ts';
import { matchesSaltedHash, saltedHash } from './salted-hash.ts';

/** Cheap hashes only: for tests, in which nobody waits a third of a second for a user. */
export const saltedSha256: Credentials = {
  hash: (password) => saltedHash(password),

  verify(password, passwordHash, done) {
    done(passwordHash !== undefined && matchesSaltedHash(password, passwordHash, 'sha256'));
  },
};
