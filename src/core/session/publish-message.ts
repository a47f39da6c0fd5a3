/**
 * Publishing a message without a channel, with all that basic.publish checks. Throws ChannelError: 403 access refused, 404 no
 * such exchange, 406 for what the message says of itself and may not.
 */
import { FRAME_OVERHEAD } from '../../codec/frame.ts';
import { CONTENT_HEADER_PROPERTIES_AT, PROPERTY_FLAG } from '../../codec/properties.ts';
import { preconditionFailed } from '../failures.ts';
import type { Publication } from '../message/publication.ts';
import type { Queue } from '../queue/queue.ts';
import type { BrokerSettings } from '../settings.ts';
import type { Exchange } from '../vhost/exchange.ts';
import type { TraceOrigin } from '../vhost/tracer.ts';
import type { PublishOutcome } from '../vhost/virtual-host.ts';
import type { Session } from './session.ts';

/** Properties that have to be looked at before a message is routed. */
const CHECKED_PROPERTIES = PROPERTY_FLAG.REPLY_TO | PROPERTY_FLAG.USER_ID;

/** Who waits for direct replies. */
interface DirectReplies {
  /** Naming it as reply-to asks for replies without a queue. */
  readonly pseudoQueue: string;
  isReplyAddress(routingKey: string): boolean;
  /** False when nobody takes it. */
  deliver(publication: Publication): boolean;
}

/** What of a broker publishing needs. */
export interface PublishingBroker {
  readonly settings: BrokerSettings;
  readonly replyConsumers: DirectReplies;
}

/** Whether the message may be published, now and in the name of this session; nothing has changed yet. Returns its exchange. */
export function authorizePublication(
  broker: PublishingBroker,
  session: Session,
  publication: Publication,
): Exchange {
  checkSize(broker.settings, publication);
  if ((publication.propertyFlags & CHECKED_PROPERTIES) !== 0) checkProperties(broker, session, publication);
  const exchange = session.exchangeToPublish(publication.exchange, publication.routingKey);
  if (publication.mayBeRedirected || exchange.isDelayed) {
    session.authorizeCopies(exchange, publication);
    session.vhost.assertPublishable(exchange, publication);
  }
  return exchange;
}

/**
 * Publishes what was authorised. The queues that the message went to, or that refused it, are appended to `into`; there are none
 * when it is kept for later, or was a direct reply. `mandatory`: somebody will be told that it led to no queue.
 */
export function publishMessage(
  broker: PublishingBroker,
  session: Session,
  exchange: Exchange,
  publication: Publication,
  mandatory: boolean,
  into: Queue[],
): PublishOutcome {
  const { vhost } = session;
  const outcome = sendOn(broker, session, exchange, publication, into);
  if (outcome === 'unroutable') {
    if (mandatory) vhost.answers.returnUnroutable++;
    else vhost.answers.dropUnroutable++;
  }
  return outcome;
}

function sendOn(
  { replyConsumers, settings }: PublishingBroker,
  { vhost, username }: Session,
  exchange: Exchange,
  publication: Publication,
  into: Queue[],
): PublishOutcome {
  if (exchange.name === '' && replyConsumers.isReplyAddress(publication.routingKey))
    return replyConsumers.deliver(publication) ? 'routed' : 'unroutable';
  const origin = vhost.tracer === undefined ? undefined : traceOrigin(settings, username);
  return vhost.publish(exchange, publication, into, origin);
}

/** Somebody without a connection, for a trace. */
export function traceOrigin({ nodeName }: BrokerSettings, username: string): TraceOrigin {
  return { nodeName, connectionName: 'HTTP', channelNumber: 0, username };
}

/** The content header of a message has to fit into one frame when it is delivered. */
function checkSize({ messageBytesMax, frameMax }: BrokerSettings, publication: Publication): void {
  const bodyBytes = publication.bodyEnd - publication.bodyStart;
  if (bodyBytes > messageBytesMax) {
    throw preconditionFailed(
      `message size ${bodyBytes} is larger than configured max size ${messageBytesMax}`,
    );
  }
  const propertiesMax = frameMax - FRAME_OVERHEAD - CONTENT_HEADER_PROPERTIES_AT;
  if (frameMax === 0 || publication.propertiesEnd <= propertiesMax) return;
  throw preconditionFailed(
    `the properties and headers of the message take ${publication.propertiesEnd} bytes, but at most ${propertiesMax} fit into a frame`,
  );
}

function checkProperties(broker: PublishingBroker, session: Session, publication: Publication): void {
  const { userId, replyTo } = publication.properties();
  session.assertUserId(userId);
  // Only a channel can have one.
  if (replyTo === broker.replyConsumers.pseudoQueue)
    throw preconditionFailed('fast reply consumer does not exist');
}
