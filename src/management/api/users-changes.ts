/** `PUT` and `DELETE /api/users/...`: for administrators. */
import type { FastifyInstance } from 'fastify';
import { badRequest } from '../api-error.ts';
import { passwordHashOfExport } from '../exported-hash.ts';
import type { ManagementContext } from '../management-context.ts';
import { hashPassword } from '../password-hash.ts';
import {
  type Change,
  type ChangeRequest,
  changeRoute,
  madeOrChanged,
  REMOVED,
  removedIf,
} from './change-request.ts';
import { type Body, optionalTextIn, requireKeys, wordsIn } from './json-body.ts';

export function userChanges(app: FastifyInstance, context: ManagementContext): void {
  changeRoute(app, context, 'PUT', '/users/:user', putUser);
  changeRoute(app, context, 'DELETE', '/users/:user', (request) => {
    request.require('administrator');
    return removedIf(request.broker.deleteUser(request.name('user')));
  });
  changeRoute(app, context, 'POST', '/users/bulk-delete', deleteUsers);
}

async function putUser(request: ChangeRequest): Promise<Change> {
  request.require('administrator');
  const { body, broker } = request;
  const name = request.name('user');
  if (body['tags'] === undefined) throw badRequest('tags_not_present');
  const tags = wordsIn(body, 'tags');
  const passwordHash = await passwordHashIn(request.context, body, name);
  const existed = broker.access.users.has(name);
  broker.access.putUser({ name, passwordHash, tags });
  return madeOrChanged(existed);
}

/** Those that are not there are an error, and then none is deleted. */
function deleteUsers(request: ChangeRequest): Change {
  request.require('administrator');
  const { body, broker } = request;
  requireKeys(body, 'users');
  if (!Array.isArray(body['users'])) throw badRequest('users must be a list of names');
  const users = wordsIn(body, 'users');
  const unknown = users.find((user) => !broker.access.users.has(user));
  if (unknown !== undefined)
    throw badRequest(`no_such_user: there is no user '${unknown}'; nobody was deleted`);
  for (const user of users) broker.deleteUser(user);
  return REMOVED;
}

/**
 * The hash to keep, of what a request or a definition says about a user: a password, or a hash that was made before.
 * Undefined for a user that has neither, and cannot log in with a password. Throws 400.
 */
export async function passwordHashIn(
  context: ManagementContext,
  body: Body,
  user: string,
): Promise<string | undefined> {
  const given = givenPassword(body, user);
  return 'password' in given ? hashPassword(context, given.password) : given.passwordHash;
}

/** What `passwordHashIn` makes a hash of, or has got one for; with all its errors. */
export function givenPassword(
  body: Body,
  user: string,
): { readonly password: string } | { readonly passwordHash: string | undefined } {
  const password = optionalTextIn(body, 'password');
  const passwordHash = optionalTextIn(body, 'password_hash');
  if (password !== undefined && passwordHash !== undefined)
    throw badRequest('both_password_and_password_hash_are_provided');
  if (password !== undefined && password !== '') return { password };
  if (passwordHash === undefined || passwordHash === '') return { passwordHash: undefined };
  return {
    passwordHash: passwordHashOfExport(passwordHash, optionalTextIn(body, 'hashing_algorithm'), user),
  };
}
