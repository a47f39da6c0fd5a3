/** `GET /api/auth/attempts/{node}...`: how often somebody tried to log in. */
import type { FastifyInstance } from 'fastify';
import type { AttemptCounts, SourceAttempts } from '../../core/access/login-attempts.ts';
import { objectNotFound } from '../api-error.ts';
import type { JsonObject } from '../field-json.ts';
import { answerJson } from '../listing.ts';
import { type ReadContext, type ReadRequest, readRoute } from '../read-request.ts';

export function loginAttemptRoutes(app: FastifyInstance, context: ReadContext): void {
  const { broker } = context;
  readRoute(app, context, '/auth/attempts/:node', (request, reply) => {
    requireNode(request);
    return answerJson(reply, broker.loginAttempts.byProtocol.map(countsJson));
  });
  readRoute(app, context, '/auth/attempts/:node/source', (request, reply) => {
    requireNode(request);
    return answerJson(reply, broker.loginAttempts.bySource.map(sourceJson));
  });
}

function requireNode(request: ReadRequest): void {
  request.require('monitoring');
  if (request.parameter('node') !== request.context.broker.settings.nodeName) throw objectNotFound();
}

function countsJson({ protocol, succeeded, failed }: AttemptCounts): JsonObject {
  return {
    protocol: protocol === 'amqp' ? 'amqp091' : protocol,
    auth_attempts: succeeded + failed,
    auth_attempts_failed: failed,
    auth_attempts_succeeded: succeeded,
  };
}

function sourceJson(attempts: SourceAttempts): JsonObject {
  const { remoteAddress, username } = attempts;
  return { remote_address: remoteAddress, username, ...countsJson(attempts) };
}
