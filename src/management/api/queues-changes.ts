/** `PUT` and `DELETE /api/queues/...`, and what can be done with a queue. With the permissions that AMQP asks for. */
import type { FastifyInstance } from 'fastify';
import { declareQueue, deleteQueue, purgeQueue } from '../../core/session/queue-operations.ts';
import { badRequest, objectNotFound } from '../api-error.ts';
import type { ManagementContext } from '../management-context.ts';
import {
  CHANGED,
  type Change,
  type ChangeRequest,
  changeRoute,
  madeOrChanged,
  REMOVED,
} from './change-request.ts';
import { argumentsIn, flagIn, requireKeys, textIn } from './json-body.ts';

export function queueChanges(app: FastifyInstance, context: ManagementContext): void {
  changeRoute(app, context, 'PUT', '/queues/:vhost/:queue', putQueue);
  changeRoute(app, context, 'DELETE', '/queues/:vhost/:queue', removeQueue);
  changeRoute(app, context, 'DELETE', '/queues/:vhost/:queue/contents', purge);
  changeRoute(app, context, 'POST', '/queues/:vhost/:queue/actions', act);
  changeRoute(app, context, 'POST', '/rebalance/queues', (request) => {
    request.require('administrator');
    return CHANGED;
  });
}

/** `node` means nothing: there is one. */
function putQueue(request: ChangeRequest): Change {
  const session = request.session();
  const { body } = request;
  const name = request.name('queue');
  if (name === '') throw badRequest('the name of the queue is empty: name it in the path');
  const existed = session.vhost.queues.has(name);
  declareQueue(session, {
    name,
    durable: flagIn(body, 'durable', false),
    autoDelete: flagIn(body, 'auto_delete', false),
    exclusiveOwner: undefined,
    arguments: argumentsIn(body),
  });
  return madeOrChanged(existed);
}

function removeQueue(request: ChangeRequest): Change {
  const session = request.session();
  const name = request.name('queue');
  if (!session.vhost.queues.has(name)) throw objectNotFound();
  const conditions = { ifUnused: request.isSet('if-unused'), ifEmpty: request.isSet('if-empty') };
  deleteQueue(session, name, conditions, undefined);
  return REMOVED;
}

function purge(request: ChangeRequest): Change {
  const session = request.session();
  const name = request.name('queue');
  if (!session.vhost.queues.has(name)) throw objectNotFound();
  purgeQueue(session, name, undefined);
  return REMOVED;
}

/** What RabbitMQ does with mirrors, of which there are none here: accepted, and without effect. */
function act(request: ChangeRequest): Change {
  request.require('administrator');
  const { body } = request;
  requireKeys(body, 'action');
  const action = textIn(body, 'action');
  if (!request.vhost().queues.has(request.name('queue'))) throw objectNotFound();
  if (action === 'sync' || action === 'cancel_sync') return CHANGED;
  throw badRequest(`action is '${action}', but must be 'sync' or 'cancel_sync'`);
}
