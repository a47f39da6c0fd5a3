/** `GET /api/aliveness-test/{vhost}`: declares a queue, publishes a message and gets it, with the permissions of the caller. */
import type { FastifyInstance } from 'fastify';
import { Publication } from '../../core/message/publication.ts';
import { authorizePublication, publishMessage } from '../../core/session/publish-message.ts';
import { declareQueue, queueToRead } from '../../core/session/queue-operations.ts';
import type { Session } from '../../core/session/session.ts';
import { sessionIn } from '../caller.ts';
import { answerJson } from '../listing.ts';
import type { ManagementContext } from '../management-context.ts';
import { type ReadContext, ReadRequest } from '../read-request.ts';

/** As RabbitMQ calls it. It stays, so that the next test need not make it again. */
const QUEUE_NAME = 'aliveness-test';
const BODY = Buffer.from('test_message');

export function alivenessRoutes(app: FastifyInstance, context: ReadContext): void {
  app.get('/aliveness-test/:vhost', { config: { isWatchable: false } }, (request, reply) => {
    const read = new ReadRequest(context, request);
    const session = sessionIn(context, read.caller, read.parameter('vhost'));
    declareQueue(session, {
      name: QUEUE_NAME,
      durable: false,
      autoDelete: false,
      exclusiveOwner: undefined,
      arguments: new Map(),
    });
    publishTestMessage(context, session);
    if (takeTestMessage(session)) return answerJson(reply, { status: 'ok' });
    return answerJson(reply.code(503), { status: 'failed', reason: 'aliveness-test queue is empty' });
  });
}

function publishTestMessage({ broker }: ManagementContext, session: Session): void {
  const publication = Publication.of('', QUEUE_NAME, {}, BODY);
  const exchange = authorizePublication(broker, session, publication);
  publishMessage(broker, session, exchange, publication, false, []);
}

/** False when somebody else was faster. */
function takeTestMessage(session: Session): boolean {
  const queue = queueToRead(session, QUEUE_NAME, undefined);
  return queue.get({ deliverGet: () => {} }, true) === 'delivered';
}
