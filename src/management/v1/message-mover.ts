/** Where messages are moved to: a queue, an exchange, or back to the queue that each of them died in. */
import { ByteWriter } from '../../codec/byte-writer.ts';
import { SHORTSTR_BYTES_MAX, utf8Length } from '../../codec/bytes.ts';
import type { Broker } from '../../core/broker.ts';
import { Publication } from '../../core/message/publication.ts';
import type { Queue } from '../../core/queue/queue.ts';
import { authorizePublication, publishMessage } from '../../core/session/publish-message.ts';
import type { Session } from '../../core/session/session.ts';
import type { PublishOutcome } from '../../core/vhost/virtual-host.ts';
import { type DeadLetter, deadLetterOf } from './dead-letter.ts';
import { invalidPart, invalidRequest } from './problem.ts';
import type { RequestInput } from './request-input.ts';
import { exchangeName } from './v1-session.ts';

/** Puts a message where it is to go; anything but `routed` means that it has not. Throws ChannelError: it may not go there. */
export type Mover = (publication: Publication) => PublishOutcome;

/** The mover to the queue or exchange that `input` names. Problem 400; ChannelError 403, 404. */
export function moverOf(broker: Broker, session: Session, source: Queue, input: RequestInput): Mover {
  const queue = input.text('queue');
  const exchange = input.text('exchange');
  if ((queue === undefined) === (exchange === undefined))
    throw invalidRequest(`${input.at} names where to move to: it must have either a queue or an exchange`);
  const routingKey = input.text('routing_key');
  if (exchange !== undefined) return moverToExchange(broker, session, exchangeName(exchange), routingKey);
  if (routingKey !== undefined)
    throw invalidPart(`${input.at}/routing_key`, routingKey, 'only an exchange asks for it: leave it out');
  if (queue === source.name) {
    const allowed = 'it must be another queue than the one that messages are moved from';
    throw invalidPart(`${input.at}/queue`, queue, allowed);
  }
  return moverToQueue(session, queue as string);
}

/** As publishing to it through the default exchange is allowed; but the message keeps its exchange, routing key and headers. */
function moverToQueue(session: Session, name: string): Mover {
  session.exchangeToPublish('', name);
  session.vhost.queue(name, undefined);
  return (publication) => {
    session.exchangeToPublish('', name);
    return putInto(session, session.vhost.queues.get(name), publication);
  };
}

function moverToExchange(
  broker: Broker,
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

/**
 * Back to the queue that each message died in, and to no other, as publishing to it through the default exchange is allowed. There it
 * is as it was before it died: with its exchange and routing key, where its history tells them. `unroutable` when it tells of no
 * queue, or that is gone.
 */
export function moverToOrigin(session: Session, source: Queue): Mover {
  session.exchangeToPublish('', source.name);
  return (publication) => {
    const letter = deadLetterOf(publication.headers(), source.name);
    const { queue: name } = letter;
    if (name === undefined || name === source.name) return 'unroutable';
    session.exchangeToPublish('', name);
    restoreAddress(publication, letter);
    return putInto(session, session.vhost.queues.get(name), publication);
  };
}

function putInto({ vhost }: Session, target: Queue | undefined, publication: Publication): PublishOutcome {
  if (target === undefined || target.exclusiveOwner !== undefined) return 'unroutable';
  // Before anything is tried: a queue that refuses a message may dead-letter it.
  const bodyBytes = publication.bodyEnd - publication.bodyStart;
  return target.makeRoom(bodyBytes) ? vhost.deliver([target], publication) : 'refused';
}

function restoreAddress(publication: Publication, { exchange, routingKeys: [key] }: DeadLetter): void {
  if (exchange === undefined || key === undefined) return;
  if (utf8Length(exchange) > SHORTSTR_BYTES_MAX || utf8Length(key) > SHORTSTR_BYTES_MAX) return;
  const writer = new ByteWriter();
  writer.shortstr(exchange);
  writer.shortstr(key);
  publication.setAddress(writer.bytes, 0, writer.position);
}

/** Who moves a message need not be the one who published it, and nobody else may sign with its name. */
function withoutUserId(stored: Publication) {
  const { userId: _signed, ...properties } = stored.properties();
  return properties;
}
