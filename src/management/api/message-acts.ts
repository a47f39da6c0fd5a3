/** `POST /api/exchanges/.../publish` and `POST /api/queues/.../get`. With the permissions that AMQP asks for. */
import type { FastifyInstance } from 'fastify';
import { ChannelError } from '../../core/errors.ts';
import { accessRefused } from '../../core/failures.ts';
import { Publication } from '../../core/message/publication.ts';
import { GottenMessages } from '../../core/session/gotten-messages.ts';
import { authorizePublication, publishMessage, traceOrigin } from '../../core/session/publish-message.ts';
import { queueToRead } from '../../core/session/queue-operations.ts';
import { badRequest, notAuthorised } from '../api-error.ts';
import { jsonArrayPieces } from '../json-array.ts';
import { durable, type ManagementContext } from '../management-context.ts';
import { SlicedWork } from '../work-slices.ts';
import { type Change, type ChangeRequest, changeRoute } from './change-request.ts';
import { integerIn, isEmptyList, requireKeys, textIn } from './json-body.ts';
import { type GetView, gottenJson, payloadIn, propertiesIn, requireShort } from './message-json.ts';
import { objectOf } from './parameters-changes.ts';

/** What one answer holds at most, of bodies: beyond it the messages stay in the queue. */
const GET_BYTES_MAX = 64 * 2 ** 20;
/** What a message counts beside its body: there may be millions of empty ones. */
const MESSAGE_BYTES = 1024;

export function messageActs(app: FastifyInstance, context: ManagementContext): void {
  changeRoute(app, context, 'POST', '/exchanges/:vhost/:exchange/publish', publish);
  changeRoute(app, context, 'POST', '/queues/:vhost/:queue/get', get);
}

/** Answered once the message is safe, as a confirm is. */
function publish(request: ChangeRequest): Change {
  const session = request.session();
  const { body, broker } = request;
  requireKeys(body, 'routing_key', 'properties', 'payload', 'payload_encoding');
  const routingKey = textIn(body, 'routing_key');
  requireShort(routingKey, 'routing_key');
  const payload = payloadIn(body);
  const properties = propertiesIn(propertiesOf(body['properties']));
  const outcome = asConnection(() => {
    const publication = Publication.of(request.exchangeName('exchange'), routingKey, properties, payload);
    const exchange = authorizePublication(broker, session, publication);
    return publishMessage(broker, session, exchange, publication, true, []);
  });
  if (outcome === 'refused') throw badRequest('rejected: a queue is full, and refuses messages (x-overflow)');
  return { status: 200, body: { routed: outcome === 'routed' } };
}

/** Of a message without properties RabbitMQ itself shows an empty list. */
function propertiesOf(json: unknown): ReturnType<typeof objectOf> {
  return isEmptyList(json) ? {} : objectOf(json, 'properties');
}

/** RabbitMQ publishes over a connection, and passes on why that was closed: 400, also where something is not there. */
function asConnection<T>(act: () => T): T {
  try {
    return act();
  } catch (error) {
    if (!(error instanceof ChannelError)) throw error;
    if (error.replyCode === accessRefused('').replyCode) throw notAuthorised(error.message);
    throw badRequest(`${error.replyCode} ${error.message}`);
  }
}

const ACK_MODES: ReadonlyMap<string, 'ack' | 'reject' | 'requeue'> = new Map([
  ['ack_requeue_true', 'requeue'],
  ['reject_requeue_true', 'requeue'],
  ['ack_requeue_false', 'ack'],
  ['reject_requeue_false', 'reject'],
] as const);

/** All are taken first and settled then, so that none comes twice in one answer. A negative count: all there are. */
async function get(request: ChangeRequest): Promise<Change> {
  const { body, broker } = request;
  requireKeys(body, 'ackmode', 'count', 'encoding');
  const settlement = ACK_MODES.get(textIn(body, 'ackmode'));
  if (settlement === undefined)
    throw badRequest(
      `ackmode is '${body['ackmode']}', but must be one of ${[...ACK_MODES.keys()].join(', ')}`,
    );
  const count = integerIn(body, 'count');
  const view = viewIn(request);
  const session = request.session();
  const queue = queueToRead(session, request.name('queue'), undefined);
  const origin = traceOrigin(broker.settings, session.username);
  const gotten = new GottenMessages(broker.runtime, session, queue, origin);
  try {
    const work = await SlicedWork.begin();
    await takeMessages(request.context, gotten, count < 0 ? Number.POSITIVE_INFINITY : count, work);
    // Before they are settled: what cannot be shown must not be lost.
    const pieces = await jsonArrayPieces(gotten.messages, (message) => gottenJson(message, view), work);
    gotten.settle(settlement);
    return { status: 200, pieces };
  } catch (error) {
    gotten.settle('requeue');
    throw error;
  }
}

async function takeMessages(
  context: ManagementContext,
  gotten: GottenMessages,
  count: number,
  work: SlicedWork,
): Promise<void> {
  while (gotten.messages.length < count && bytesOf(gotten) < GET_BYTES_MAX) {
    if (work.isDue) await work.pause();
    const outcome = gotten.getNext();
    if (outcome === 'empty') return;
    // What may be delivered has to be on record before.
    if (outcome === 'wait') await durable(context);
  }
}

function bytesOf({ messages, bodyBytes }: GottenMessages): number {
  return bodyBytes + messages.length * MESSAGE_BYTES;
}

function viewIn({ body }: ChangeRequest): GetView {
  const encoding = textIn(body, 'encoding');
  if (encoding !== 'auto' && encoding !== 'base64')
    throw badRequest('Unsupported encoding. Please use auto or base64.');
  const truncate = body['truncate'] === undefined ? Number.POSITIVE_INFINITY : integerIn(body, 'truncate');
  return { encoding, truncate: Math.max(0, truncate) };
}
