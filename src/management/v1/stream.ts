/** Receiving over HTTP without an end: deliveries as server-sent events, as many at a time as the reader has credit for. */
import type { ServerResponse } from 'node:http';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Broker } from '../../core/broker.ts';
import type { LeasedMessage } from '../../core/lease/lease.ts';
import { Receiver, type ReceiverEnd } from '../../core/lease/receiver.ts';
import type { Session } from '../../core/session/session.ts';
import type { ManagementContext } from '../management-context.ts';
import type { PayloadEncoding } from '../payload-text.ts';
import { encodingOf, leasedJson, leaseMsOf, traceDelivery } from './leased-message.ts';
import { requireRoom } from './receive.ts';
import { STREAM_SCHEMA } from './receive-schema.ts';
import { RequestInput } from './request-input.ts';
import { tokenLeftMs } from './token-left.ts';
import { queueFor } from './v1-session.ts';

const CREDIT_MAX = 10_000;
const CREDIT_DEFAULT = 10;
/** A comment so often: proxies cut off what is silent for a minute, and a client that is gone is noticed. */
const KEEP_ALIVE_MS = 15_000;
const FIELDS: ReadonlySet<string> = new Set(['credit', 'lease', 'encoding']);

export function streamRoutes(app: FastifyInstance, context: ManagementContext): void {
  app.get(
    '/queues/:vhost/:queue/stream',
    { schema: STREAM_SCHEMA, exposeHeadRoute: false },
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
  const stream = new EventStream(broker, session, queue.name, reply.raw, encoding);
  const settings = { username: session.username, credit, leaseMs, waitMs: undefined };
  const receiver = new Receiver(broker.runtime, broker.leases, queue, settings, stream);
  const headers = reply.getHeaders();
  reply.hijack();
  stream.begin(receiver, headers);
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

/** One open stream. */
class EventStream {
  readonly #broker: Broker;
  readonly #session: Session;
  readonly #queue: string;
  readonly #response: ServerResponse;
  readonly #encoding: PayloadEncoding;
  #keepAlive: NodeJS.Timeout | undefined;
  #receiver: Receiver | undefined;

  constructor(
    broker: Broker,
    session: Session,
    queue: string,
    response: ServerResponse,
    encoding: PayloadEncoding,
  ) {
    this.#broker = broker;
    this.#session = session;
    this.#queue = queue;
    this.#response = response;
    this.#encoding = encoding;
  }

  /** `headers`: those that every answer has. */
  begin(receiver: Receiver, headers: Readonly<Record<string, number | string | string[] | undefined>>): void {
    const response = this.#response;
    for (const [name, value] of Object.entries(headers))
      if (value !== undefined) response.setHeader(name, value);
    response.writeHead(200, {
      'content-type': 'text/event-stream; charset=utf-8',
      'cache-control': 'no-store',
      'x-accel-buffering': 'no',
    });
    response.write(`: stream ${receiver.consumerTag}\n\n`);
    response.on('drain', () => receiver.resume());
    response.on('close', () => {
      clearInterval(this.#keepAlive);
      receiver.cancel();
    });
    this.#keepAlive = setInterval(() => response.write(': keep-alive\n\n'), KEEP_ALIVE_MS);
    this.#receiver = receiver;
  }

  onMessage(message: LeasedMessage): void {
    traceDelivery(this.#broker, this.#session, this.#queue, message);
    const json = JSON.stringify(leasedJson(this.#broker, message, this.#encoding));
    this.#send('message', message.leaseId, json);
  }

  onEnd(end: ReceiverEnd): void {
    clearInterval(this.#keepAlive);
    this.#send('end', undefined, JSON.stringify({ reason: end }));
    this.#response.end();
  }

  /** A reader that is slow gets nothing more until it has read what there is. */
  #send(event: string, id: string | undefined, data: string): void {
    const text = `event: ${event}\n${id === undefined ? '' : `id: ${id}\n`}data: ${data}\n\n`;
    if (!this.#response.write(text)) this.#receiver?.pause();
  }
}
