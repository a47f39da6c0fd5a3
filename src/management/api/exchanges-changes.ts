/** `PUT` and `DELETE /api/exchanges/...`. With the permissions that AMQP asks for. */
import type { FastifyInstance } from 'fastify';
import { declareExchange, deleteExchange } from '../../core/session/exchange-operations.ts';
import { objectNotFound } from '../api-error.ts';
import type { ManagementContext } from '../management-context.ts';
import { type Change, type ChangeRequest, changeRoute, madeOrChanged, REMOVED } from './change-request.ts';
import { argumentsIn, flagIn, textIn } from './json-body.ts';

export function exchangeChanges(app: FastifyInstance, context: ManagementContext): void {
  changeRoute(app, context, 'PUT', '/exchanges/:vhost/:exchange', putExchange);
  changeRoute(app, context, 'DELETE', '/exchanges/:vhost/:exchange', removeExchange);
}

function putExchange(request: ChangeRequest): Change {
  const session = request.session();
  const { body } = request;
  const name = request.exchangeName('exchange');
  const existed = session.vhost.exchanges.has(name);
  declareExchange(session, {
    name,
    type: textIn(body, 'type', 'direct'),
    durable: flagIn(body, 'durable', false),
    autoDelete: flagIn(body, 'auto_delete', false),
    internal: flagIn(body, 'internal', false),
    arguments: argumentsIn(body),
  });
  return madeOrChanged(existed);
}

function removeExchange(request: ChangeRequest): Change {
  const session = request.session();
  const name = request.exchangeName('exchange');
  if (!session.vhost.exchanges.has(name)) throw objectNotFound();
  deleteExchange(session, name, request.isSet('if-unused'));
  return REMOVED;
}
