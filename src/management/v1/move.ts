/** Moving messages from one queue to another, or through an exchange: in slices, and each message as a whole. */
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { Publication } from '../../core/message/publication.ts';
import type { Queue } from '../../core/queue/queue.ts';
import { authorizePublication, publishMessage } from '../../core/session/publish-message.ts';
import type { Session } from '../../core/session/session.ts';
import type { PublishOutcome } from '../../core/vhost/virtual-host.ts';
import { durable, type ManagementContext } from '../management-context.ts';
import { SlicedWork } from '../work-slices.ts';
import { jsonBody } from './json-body.ts';
import { MOVE_SCHEMA } from './peek-schema.ts';
import { invalidPart, invalidRequest } from './problem.ts';
import { refuseDuringAlarm } from './publish-message.ts';
import { RequestInput } from './request-input.ts';
import { exchangeName, queueFor } from './v1-session.ts';

const FIELDS: ReadonlySet<string> = new Set(['queue', 'exchange', 'routing_key', 'max']);

/** Puts a message where it is to go. */
type Mover = (publication: Publication) => PublishOutcome;

export function moveRoutes(app: FastifyInstance, context: ManagementContext): void {
  app.post('/queues/:vhost/:queue/move', { schema: MOVE_SCHEMA }, (request) => move(context, request));
}

async function move(context: ManagementContext, request: FastifyRequest): Promise<unknown> {
  const { broker } = context;
  const { session, queue } = queueFor(context, request);
  const input = new RequestInput('body', jsonBody(request) ?? {}, FIELDS);
  const asked = input.integer('max', { min: 1, max: Number.MAX_SAFE_INTEGER }) ?? Number.POSITIVE_INFINITY;
  // What comes meanwhile stays: it may be what was moved, back again.
  const max = Math.min(asked, queue.readyCount);
  const mover = moverOf(context, session, queue, input);
  refuseDuringAlarm(broker);
  const work = await SlicedWork.begin();
  let moved = 0;
  let stoppedBy: PublishOutcome | null = null;
  while (moved < max && stoppedBy === null && !queue.deleted) {
    if (work.isDue) await work.pause();
    if (broker.storeIsBehind) await durable(context);
    const result = queue.moveNext((publication) => {
      const outcome = mover(publication);
      if (outcome !== 'routed') stoppedBy = outcome;
      return outcome === 'routed';
    });
    if (result === 'empty') break;
    if (result === 'wait') await durable(context);
    if (result === 'moved') moved++;
  }
  await durable(context);
  return { moved, left: queue.readyCount, stopped_by: stoppedBy };
}

function moverOf(context: ManagementContext, session: Session, source: Queue, input: RequestInput): Mover {
  const queue = input.text('queue');
  const exchange = input.text('exchange');
  if ((queue === undefined) === (exchange === undefined))
    throw invalidRequest('the body names where to move to: it must have either a queue or an exchange');
  const routingKey = input.text('routing_key');
  if (exchange !== undefined) return toExchange(context, session, exchangeName(exchange), routingKey);
  if (routingKey !== undefined)
    throw invalidPart('body/routing_key', routingKey, 'only an exchange asks for it: leave it out');
  return toQueue(session, source, queue as string);
}

/** As publishing to it through the default exchange is allowed; but the message keeps its exchange, routing key and headers. */
function toQueue(session: Session, source: Queue, name: string): Mover {
  session.exchangeToPublish('', name);
  if (name === source.name)
    throw invalidPart(
      'body/queue',
      name,
      'it must be another queue than the one that messages are moved from',
    );
  session.vhost.queue(name, undefined);
  return (publication) => {
    const target = session.vhost.queues.get(name);
    if (target === undefined) return 'unroutable';
    // Before anything is tried: a queue that refuses a message may dead-letter it.
    const bodyBytes = publication.bodyEnd - publication.bodyStart;
    return target.makeRoom(bodyBytes) ? session.vhost.deliver([target], publication) : 'refused';
  };
}

function toExchange(
  { broker }: ManagementContext,
  session: Session,
  exchange: string,
  routingKey: string | undefined,
): Mover {
  session.vhost.exchange(exchange);
  session.authorize('exchange', exchange, 'write');
  return (stored) => {
    const { body, bodyStart, bodyEnd } = stored;
    const publication = Publication.of(
      exchange,
      routingKey ?? stored.routingKey,
      withoutUserId(stored),
      body.subarray(bodyStart, bodyEnd),
    );
    publication.mayRepeat = true;
    const target = authorizePublication(broker, session, publication);
    // One of several queues may refuse it when the others have it.
    if (session.vhost.findFull([{ exchange: target, publication }]) !== undefined) return 'refused';
    return publishMessage(broker, session, target, publication, true, []);
  };
}

/** Who moves a message need not be the one who published it, and nobody else may sign with its name. */
function withoutUserId(stored: Publication) {
  const { userId: _signed, ...properties } = stored.properties();
  return properties;
}
