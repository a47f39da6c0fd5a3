/** `DELETE /api/connections/...`: one's own, or all with the tags that may look at them. */
import type { FastifyInstance } from 'fastify';
import type { Connection } from '../../core/connection/connection.ts';
import { connectionForced } from '../../core/failures.ts';
import { notAuthorised, objectNotFound } from '../api-error.ts';
import type { ManagementContext } from '../management-context.ts';
import { type Change, type ChangeRequest, changeRoute, REMOVED } from './change-request.ts';

const REASON_CHARACTERS_MAX = 200;

export function connectionChanges(app: FastifyInstance, context: ManagementContext): void {
  changeRoute(app, context, 'DELETE', '/connections/:connection', closeConnection);
  changeRoute(app, context, 'DELETE', '/connections/username/:user', closeConnectionsOf);
}

function closeConnection(request: ChangeRequest): Change {
  const name = request.name('connection');
  const connection = [...request.broker.connections].find((each) => each.name === name);
  if (connection === undefined) throw objectNotFound();
  requireMayClose(request, connection.session?.username);
  close(request, connection);
  return REMOVED;
}

/** 204 whether the user has a connection, or is there at all, as in RabbitMQ. */
function closeConnectionsOf(request: ChangeRequest): Change {
  const user = request.name('user');
  requireMayClose(request, user);
  const theirs = [...request.broker.connections].filter(({ session }) => session?.username === user);
  for (const connection of theirs) close(request, connection);
  return REMOVED;
}

function requireMayClose(request: ChangeRequest, owner: string | undefined): void {
  const { username } = request.caller.identity;
  if (request.has('monitoring') || owner === username) return;
  throw notAuthorised(`user '${username}' may close its own connections only`);
}

/** The client is told why, with 320. */
function close({ raw }: ChangeRequest, connection: Connection): void {
  const given = raw.headers['x-reason'];
  const reason = typeof given === 'string' && given !== '' ? given : 'Closed via management plugin';
  connection.fail(connectionForced(reason.slice(0, REASON_CHARACTERS_MAX)));
}
