/** Receiving over HTTP: messages are taken under a lease, with a long poll. */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Broker } from '../../core/broker.ts';
import type { LeasedMessage } from '../../core/lease/lease.ts';
import { Receiver, type ReceiverEnd } from '../../core/lease/receiver.ts';
import { jsonArrayPieces, sendPieces } from '../json-array.ts';
import type { ManagementContext } from '../management-context.ts';
import { SlicedWork } from '../work-slices.ts';
import { jsonBody } from './json-body.ts';
import { ANSWER_BYTES_MAX, encodingOf, leasedJson, leaseMsOf, traceDelivery } from './leased-message.ts';
import { Problem } from './problem.ts';
import { RECEIVE_SCHEMA } from './receive-schema.ts';
import { RequestInput } from './request-input.ts';
import { tokenLeftMs } from './token-left.ts';
import { queueFor } from './v1-session.ts';

const MESSAGES_MAX = 1000;
const WAIT_MS_MAX = 3_600_000;
const RETRY_AFTER_SECONDS = 5;
const FIELDS: ReadonlySet<string> = new Set(['max', 'wait', 'lease', 'encoding']);

export function receiveRoutes(app: FastifyInstance, context: ManagementContext): void {
  app.post('/queues/:vhost/:queue/receive', { schema: RECEIVE_SCHEMA }, (request, reply) =>
    receive(context, request, reply),
  );
}

async function receive(
  context: ManagementContext,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply> {
  const { broker } = context;
  const input = new RequestInput('body', jsonBody(request) ?? {}, FIELDS);
  const credit = input.integer('max', { min: 1, max: MESSAGES_MAX }) ?? 1;
  const askedMs = input.duration('wait', { min: 0, max: WAIT_MS_MAX }) ?? 0;
  const leaseMs = leaseMsOf(input);
  const encoding = encodingOf(input);
  const { session, queue } = queueFor(context, request);
  requireRoom(broker);
  const waitMs = Math.min(askedMs, tokenLeftMs(broker, session) ?? askedMs);

  const messages = await new Promise<readonly LeasedMessage[]>((resolve, reject) => {
    const settings = { username: session.username, credit, leaseMs, waitMs };
    const onTaken = (message: LeasedMessage): void => traceDelivery(broker, session, queue.name, message);
    const poll = new Poll(resolve, reject, onTaken);
    poll.receiver = new Receiver(broker.runtime, broker.leases, queue, settings, poll);
    reply.raw.once('close', () => poll.finish());
  });
  const work = await SlicedWork.begin();
  const pieces = await jsonArrayPieces(messages, (message) => leasedJson(broker, message, encoding), work);
  // Nobody will see them: they are somebody else's now.
  if (reply.raw.destroyed) for (const { leaseId } of messages) broker.leases.giveUp(leaseId);
  return sendPieces(reply, ['{"messages":', ...pieces, '}']);
}

/** One request that waits. What came in one turn of the broker is answered together. */
class Poll {
  receiver: Receiver | undefined;
  readonly #messages: LeasedMessage[] = [];
  readonly #resolve: (messages: readonly LeasedMessage[]) => void;
  readonly #reject: (reason: Problem) => void;
  readonly #onTaken: (message: LeasedMessage) => void;
  #bytes = 0;

  constructor(
    resolve: (messages: readonly LeasedMessage[]) => void,
    reject: (reason: Problem) => void,
    onTaken: (message: LeasedMessage) => void,
  ) {
    this.#resolve = resolve;
    this.#reject = reject;
    this.#onTaken = onTaken;
  }

  onMessage(message: LeasedMessage): void {
    this.#onTaken(message);
    this.#messages.push(message);
    this.#bytes += message.publication.bodyEnd - message.publication.bodyStart;
    if (this.#bytes >= ANSWER_BYTES_MAX) this.receiver?.pause();
    // After the turn.
    if (this.#messages.length === 1) queueMicrotask(() => this.finish());
  }

  onEnd(end: ReceiverEnd): void {
    if (end !== 'queue deleted') this.finish();
    else this.#reject(new Problem('gone', 'the queue was deleted while the request waited for a message'));
  }

  finish(): void {
    this.receiver?.cancel();
    this.#resolve(this.#messages);
  }
}

/** Problem 429 when too many receive. */
export function requireRoom({ leases }: Broker): void {
  if (leases.hasRoom && leases.hasRoomForReceiver) return;
  const detail = leases.hasRoom
    ? `${leases.receiverCount} requests wait for messages or stream them, as many as may be`
    : `${leases.count} messages are under a lease, as many as may be: settle them`;
  throw new Problem('too-many', detail, { retryAfterSeconds: RETRY_AFTER_SECONDS });
}
