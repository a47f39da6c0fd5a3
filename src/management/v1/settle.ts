/** Settling what was received over HTTP, by the names of its leases. */
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { utf8Length } from '../../codec/bytes.ts';
import type { Broker } from '../../core/broker.ts';
import type { Lease } from '../../core/lease/lease.ts';
import type { SettlementResult } from '../../core/outcome/settlement-result.ts';
import type { Queue } from '../../core/queue/queue.ts';
import type { Session } from '../../core/session/session.ts';
import { tableOfJson } from '../field-json.ts';
import { durable, type ManagementContext } from '../management-context.ts';
import { SlicedWork } from '../work-slices.ts';
import { jsonBody } from './json-body.ts';
import { leaseMsOf } from './leased-message.ts';
import { payloadOf } from './message-input.ts';
import { timeText } from './message-output.ts';
import { invalidPart, Problem, problemDocument, problemOf } from './problem.ts';
import { EXTEND_SCHEMA, SETTLE_MANY_SCHEMA, SETTLE_SCHEMA } from './receive-schema.ts';
import { RequestInput } from './request-input.ts';
import { type QueueParams, sessionFor } from './v1-session.ts';

const RETRY_DELAY_MS_MAX = 2 ** 32 - 1;
const SETTLEMENTS_MAX = 10_000;
const SHORTSTR_BYTES_MAX = 255;
/** Results are small; what is large belongs into a message. */
const BODY_BYTES_MAX = 4 * 2 ** 20;
const ACTIONS = ['ack', 'retry', 'reject'] as const;

type Action = (typeof ACTIONS)[number];

interface LeaseParams extends QueueParams {
  readonly lease: string;
}

const RESULT_FIELDS = ['result', 'encoding', 'content_type', 'headers', 'error'];
const FIELDS: ReadonlySet<string> = new Set(['action', 'delay', ...RESULT_FIELDS]);
const FIELDS_OF_MANY: ReadonlySet<string> = new Set(['lease_id', ...FIELDS]);

export function settleRoutes(app: FastifyInstance, context: ManagementContext): void {
  const { broker } = context;
  app.post(
    '/queues/:vhost/:queue/leases/:lease/settle',
    { schema: SETTLE_SCHEMA, bodyLimit: BODY_BYTES_MAX },
    async (request) => {
      const { lease } = request.params as LeaseParams;
      const { session, queue } = leasedFrom(context, request);
      const settled = settle(
        broker,
        session,
        queue,
        lease,
        new RequestInput('body', jsonBody(request), FIELDS),
      );
      await durable(context);
      return { settled };
    },
  );
  app.post(
    '/queues/:vhost/:queue/settle',
    { schema: SETTLE_MANY_SCHEMA, bodyLimit: BODY_BYTES_MAX },
    async (request, reply) => {
      const answer = await settleMany(context, request);
      return reply.code(answer.failed === 0 ? 200 : 207).send(answer);
    },
  );
  app.post('/queues/:vhost/:queue/leases/:lease/extend', { schema: EXTEND_SCHEMA }, (request) => {
    const { lease: id } = request.params as LeaseParams;
    const { session, queue } = leasedFrom(context, request);
    const input = new RequestInput('body', jsonBody(request), new Set(['lease']));
    if (!input.has('lease')) throw invalidPart('body/lease', undefined, "it must be a duration, like '30s'");
    const dueMs = broker.leases.extend(leaseOf(broker, session, queue, id), leaseMsOf(input));
    return { lease_expires_at: timeText(broker, dueMs) };
  });
}

/** Who took a message may settle it, as a channel may: no permission is asked for. */
function leasedFrom(
  context: ManagementContext,
  request: FastifyRequest,
): { readonly session: Session; readonly queue: Queue } {
  const { vhost, queue } = request.params as QueueParams;
  const session = sessionFor(context, request, vhost);
  return { session, queue: session.vhost.queue(queue, undefined) };
}

async function settleMany(context: ManagementContext, request: FastifyRequest) {
  const { broker } = context;
  const { session, queue } = leasedFrom(context, request);
  const settlements = settlementsOf(request);
  const work = await SlicedWork.begin();
  const results: unknown[] = [];
  let failed = 0;
  for (const json of settlements) {
    if (work.isDue) await work.pause();
    const at = `body/settlements/${results.length}`;
    try {
      const input = new RequestInput(at, json, FIELDS_OF_MANY);
      const id = input.text('lease_id');
      if (id === undefined) throw invalidPart(`${at}/lease_id`, undefined, 'it must be a string');
      results.push({ lease_id: id, settled: settle(broker, session, queue, id, input) });
    } catch (error) {
      const problem = problemOf(error, true);
      if (problem === undefined) throw error;
      failed++;
      results.push(problemDocument(problem, `${request.url}#${results.length}`));
    }
  }
  await durable(context);
  return { settled: results.length - failed, failed, results };
}

function settlementsOf(request: FastifyRequest): readonly unknown[] {
  const body = new RequestInput('body', jsonBody(request), new Set(['settlements']));
  const settlements = body.raw('settlements');
  if (!Array.isArray(settlements))
    throw invalidPart('body/settlements', settlements, 'it must be an array of settlements');
  if (settlements.length <= SETTLEMENTS_MAX) return settlements;
  throw new Problem(
    'too-large',
    `${settlements.length} settlements in one request: at most ${SETTLEMENTS_MAX} are allowed`,
  );
}

function settle(broker: Broker, session: Session, queue: Queue, id: string, input: RequestInput): Action {
  const action = input.oneOf('action', ACTIONS);
  if (action === undefined)
    throw invalidPart(`${input.at}/action`, undefined, `it must be one of ${ACTIONS.join(', ')}`);
  const delayMs = input.duration('delay', { min: 0, max: RETRY_DELAY_MS_MAX });
  if (delayMs !== undefined && action !== 'retry')
    throw invalidPart(`${input.at}/delay`, input.raw('delay'), 'only a retry has a delay');
  const result = resultOf(input, action);
  const lease = leaseOf(broker, session, queue, id);
  if (action === 'ack') broker.leases.acknowledge(lease, result);
  else if (action === 'reject') broker.leases.reject(lease, result);
  else broker.leases.retry(lease, delayMs);
  return action;
}

function resultOf(input: RequestInput, action: Action): SettlementResult | undefined {
  const given = RESULT_FIELDS.find((name) => input.has(name));
  if (given === undefined) return undefined;
  if (action === 'retry') {
    throw invalidPart(
      `${input.at}/${given}`,
      input.raw(given),
      'a message that is delivered again has no result yet: leave it out',
    );
  }
  const contentType = input.text('content_type');
  if (contentType !== undefined && utf8Length(contentType) > SHORTSTR_BYTES_MAX) {
    throw invalidPart(`${input.at}/content_type`, contentType, `it may take ${SHORTSTR_BYTES_MAX} bytes`);
  }
  return {
    body: input.has('result') ? payloadOf(input, 'result') : Buffer.alloc(0),
    contentType,
    headers: input.has('headers') ? tableOfJson(input.raw('headers'), `${input.at}/headers`) : undefined,
    error: input.text('error'),
  };
}

function leaseOf({ leases }: Broker, session: Session, queue: Queue, id: string): Lease {
  const lease = leases.find(id, session.username, queue);
  if (lease !== undefined) return lease;
  throw new Problem(
    'gone',
    `there is no lease '${id.slice(0, 100)}' of user '${session.username}' on queue '${queue.name}': it ran out, or the message was settled; if it was not, it is delivered again`,
  );
}
