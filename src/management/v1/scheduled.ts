/** Messages that wait for their time: to see, and to cancel. */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { Publication } from '../../core/message/publication.ts';
import type { ScheduledMessage } from '../../core/vhost/schedule.ts';
import { callerOf, hasAccess, vhostToSee } from '../caller.ts';
import { durable, type ManagementContext } from '../management-context.ts';
import { messageJson } from './message-output.ts';
import { problemNotFound } from './problem.ts';
import { RequestInput } from './request-input.ts';
import { SCHEDULED_CANCEL_SCHEMA, SCHEDULED_LIST_SCHEMA } from './scheduled-schema.ts';
import { sessionFor, type VhostParams } from './v1-session.ts';

const PAGE_MAX = 10_000_000;
const PAGE_SIZE_DEFAULT = 100;
const PAGE_SIZE_MAX = 500;
const FIELDS: ReadonlySet<string> = new Set(['page', 'page_size']);
const NOTHING = new Uint8Array(0);

interface ScheduledParams extends VhostParams {
  readonly id: string;
}

export function scheduledRoutes(app: FastifyInstance, context: ManagementContext): void {
  app.get('/scheduled/:vhost', { schema: SCHEDULED_LIST_SCHEMA }, (request) => list(context, request));
  app.delete('/scheduled/:vhost/:id', { schema: SCHEDULED_CANCEL_SCHEMA }, (request, reply) =>
    cancel(context, request, reply),
  );
}

async function list(context: ManagementContext, request: FastifyRequest): Promise<unknown> {
  const input = new RequestInput('query', request.query, FIELDS);
  const page = input.integer('page', { min: 1, max: PAGE_MAX }) ?? 1;
  const pageSize = input.integer('page_size', { min: 1, max: PAGE_SIZE_MAX }) ?? PAGE_SIZE_DEFAULT;
  const { vhost: name } = request.params as VhostParams;
  const caller = callerOf(request);
  const vhost = vhostToSee(context, caller, name);
  const entries = await new Promise<ScheduledMessage[]>((resolve) =>
    vhost.schedule.entries((page - 1) * pageSize, pageSize, resolve),
  );
  const seesAll = hasAccess(caller, 'monitoring');
  const mayAccess = (exchange: string, operation: 'read' | 'write'): boolean =>
    caller.identity.allows(name, exchange === '' ? 'amq.default' : exchange, operation);
  const shown = entries.filter(
    ({ exchange }) => seesAll || mayAccess(exchange, 'write') || mayAccess(exchange, 'read'),
  );
  const { count } = vhost.schedule;
  return {
    items: shown.map(scheduledJson),
    page,
    page_size: pageSize,
    page_count: Math.max(1, Math.ceil(count / pageSize)),
    total_count: count,
  };
}

async function cancel(
  context: ManagementContext,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply> {
  const { vhost: name, id } = request.params as ScheduledParams;
  const session = sessionFor(context, request, name);
  const { schedule } = session.vhost;
  const entry = await new Promise<ScheduledMessage | undefined>((resolve) => schedule.find(id, resolve));
  if (entry === undefined) throw notScheduled(id, name);
  session.authorize('exchange', entry.exchange, 'write');
  if (!schedule.cancel(id)) throw notScheduled(id, name);
  await durable(context);
  return reply.code(204).send();
}

function scheduledJson({ id, dueAtMs, bodyBytes, ...message }: ScheduledMessage): Record<string, unknown> {
  const { exchange, routingKey, properties } = message;
  const publication = Publication.of(exchange, routingKey, properties, NOTHING);
  const { payload: _payload, encoding: _encoding, ...shown } = messageJson(publication, 'auto', 0);
  return { id, due_at: new Date(dueAtMs).toISOString(), ...shown, payload_bytes: bodyBytes };
}

function notScheduled(id: string, vhost: string): Error {
  return problemNotFound(
    `no message with id '${id}' is scheduled in vhost '${vhost}': it was published or cancelled, or never was there`,
  );
}
