import { ApiError } from './api-error.ts';
import type { ManagementContext } from './management-context.ts';

/** Makes the hash of a new password, which takes a third of a second and stops nothing else. 503 when too many are made at once. */
export function hashPassword({ broker }: ManagementContext, password: string): Promise<string> {
  return new Promise((resolve, reject) => {
    broker.hashPassword(password, (passwordHash) => {
      if (passwordHash !== undefined) resolve(passwordHash);
      else reject(new ApiError(503, 'busy', 'too many passwords are hashed at once: try again in a second'));
    });
  });
}
