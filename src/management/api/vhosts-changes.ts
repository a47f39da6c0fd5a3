/** `PUT` and `DELETE /api/vhosts/...`: for administrators. */
import type { FastifyInstance } from 'fastify';
import { type QueueType, queueTypeOf } from '../../core/arguments/queue-arguments.ts';
import type { VhostMetadata } from '../../core/vhost/vhost-metadata.ts';
import { badRequest } from '../api-error.ts';
import { isJsonObject } from '../field-json.ts';
import type { ManagementContext } from '../management-context.ts';
import {
  CHANGED,
  type Change,
  type ChangeRequest,
  changeRoute,
  madeOrChanged,
  removedIf,
} from './change-request.ts';
import { type Body, flagIn, textIn, wordsIn } from './json-body.ts';

export function vhostChanges(app: FastifyInstance, context: ManagementContext): void {
  changeRoute(app, context, 'PUT', '/vhosts/:vhost', putVhost);
  changeRoute(app, context, 'DELETE', '/vhosts/:vhost', (request) => {
    request.require('administrator');
    return removedIf(request.broker.deleteVhost(request.name('vhost')));
  });
  // A vhost is never stopped here.
  changeRoute(app, context, 'POST', '/vhosts/:vhost/start/:node', (request) => {
    request.require('administrator');
    request.vhost();
    return CHANGED;
  });
}

function putVhost(request: ChangeRequest): Change {
  request.require('administrator');
  const { broker, body, caller } = request;
  const name = request.name('vhost');
  const metadata = metadataIn(body);
  const existed = broker.vhosts.has(name);
  const vhost = broker.addVhost(name);
  vhost.setMetadata(metadata);
  if (!existed) grantAll(request, caller.identity.username, name);
  return madeOrChanged(existed);
}

/** As RabbitMQ does: who makes a vhost may do everything in it. */
function grantAll({ broker }: ChangeRequest, user: string, vhost: string): void {
  if (!broker.access.users.has(user)) return;
  broker.access.setPermission({ user, vhost, configure: '.*', write: '.*', read: '.*' });
}

/** What a request or a definition says about a vhost; what it does not mention is not there. */
export function metadataIn(body: Body): Partial<VhostMetadata> {
  const { metadata } = body;
  const all = isJsonObject(metadata) ? { ...metadata, ...body } : body;
  return {
    ...(isGiven(all, 'description') ? { description: textIn(all, 'description') } : {}),
    ...(isGiven(all, 'tags') ? { tags: wordsIn(all, 'tags') } : {}),
    ...(isGiven(all, 'default_queue_type') ? { defaultQueueType: queueTypeIn(all) } : {}),
    ...(isGiven(all, 'tracing') ? { tracing: flagIn(all, 'tracing', false) } : {}),
  };
}

function isGiven(body: Body, key: string): boolean {
  return body[key] !== undefined && body[key] !== null;
}

/** RabbitMQ shows 'undefined' where there is none. */
function queueTypeIn(body: Body): QueueType | undefined {
  const name = textIn(body, 'default_queue_type');
  if (name === '' || name === 'undefined') return undefined;
  const type = queueTypeOf(name);
  if (type !== undefined && type !== 'stream') return type;
  throw badRequest(`default_queue_type is '${name}', but must be 'classic' or 'quorum'`);
}
