/** Receiving over HTTP without an end: deliveries as server-sent events, as many at a time as the reader has credit for. */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Broker } from '../../core/broker.ts';
import type { LeasedMessage } from '../../core/lease/lease.ts';
import { Receiver, type ReceiverEnd } from '../../core/lease/receiver.ts';
import type { Session } from '../../core/session/session.ts';
import type { ManagementContext } from '../management-context.ts';
import type { PayloadEncoding } from '../payload-text.ts';
import { EventStream } from './event-stream.ts';
import { encodingOf, leasedJson, leaseMsOf, traceDelivery } from './leased-message.ts';
import { requireRoom } from './receive.ts';
import { STREAM_SCHEMA } from './receive-schema.ts';
import { RequestInput } from './request-input.ts';
import { tokenLeftMs } from './token-left.ts';
import { queueFor } from './v1-session.ts';

const CREDIT_MAX = 10_000;
const CREDIT_DEFAULT = 10;
const FIELDS: ReadonlySet<string> = new Set(['credit', 'lease', 'encoding']);

export function streamRoutes(app: FastifyInstance, context: ManagementContext): void {
  app.get(
    '/queues/:vhost/:queue/stream',
    { schema: STREAM_SCHEMA, exposeHeadRoute: false, config: { isWatchable: false } },
    (request, reply) => {
      startStream(context, request, reply);
      return reply;
    },
  );
}

function startStream(context: ManagementContext, request: FastifyRequest, reply: FastifyReply): void {
  const { broker } = context;
  const input = new RequestInput('query', request.query, FIELDS);
  const credit = input.integer('credit', { min: 1, max: CREDIT_MAX }) ?? CREDIT_DEFAULT;
  const leaseMs = leaseMsOf(input);
  const encoding = encodingOf(input);
  const { session, queue } = queueFor(context, request);
  requireRoom(broker);
  const stream = new DeliveryStream(broker, session, queue.name, new EventStream(reply), encoding);
  const settings = { username: session.username, credit, leaseMs, waitMs: undefined };
  const receiver = new Receiver(broker.runtime, broker.leases, queue, settings, stream);
  stream.begin(receiver);
  endWithToken(broker, session, receiver, reply);
}

/** As an AMQP connection does. */
function endWithToken(broker: Broker, session: Session, receiver: Receiver, { raw }: FastifyReply): void {
  const leftMs = tokenLeftMs(broker, session);
  if (leftMs === undefined) return;
  const { deadlines } = broker.runtime;
  const expiry = broker.runtime.makeDeadline(() => receiver.stop());
  deadlines.set(expiry, broker.runtime.now() + leftMs);
  raw.on('close', () => deadlines.clear(expiry));
}

/** Sends what a receiver gets to whoever reads. */
class DeliveryStream {
  readonly #broker: Broker;
  readonly #session: Session;
  readonly #queue: string;
  readonly #events: EventStream;
  readonly #encoding: PayloadEncoding;
  #receiver: Receiver | undefined;

  constructor(
    broker: Broker,
    session: Session,
    queue: string,
    events: EventStream,
    encoding: PayloadEncoding,
  ) {
    this.#broker = broker;
    this.#session = session;
    this.#queue = queue;
    this.#events = events;
    this.#encoding = encoding;
  }

  begin(receiver: Receiver): void {
    this.#receiver = receiver;
    this.#events.begin(`stream ${receiver.consumerTag}`, {
      onDrain: () => receiver.resume(),
      onClose: () => receiver.cancel(),
    });
  }

  /** A reader that is slow gets nothing more until it has read what there is. */
  onMessage(message: LeasedMessage): void {
    traceDelivery(this.#broker, this.#session, this.#queue, message);
    const json = JSON.stringify(leasedJson(this.#broker, message, this.#encoding));
    if (!this.#events.send('message', json, message.leaseId)) this.#receiver?.pause();
  }

  onEnd(end: ReceiverEnd): void {
    this.#events.end(end);
  }
}
