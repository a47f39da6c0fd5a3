/** Publishing over HTTP: one message or many in a request, answered when they are safe. */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { isJsonType } from '../content-type.ts';
import { durable, type ManagementContext } from '../management-context.ts';
import { SlicedWork } from '../work-slices.ts';
import { parseJson } from './json-body.ts';
import { idempotencyKeyOf, type MessageInput, messageOfJson, messageOfRaw } from './message-input.ts';
import { PUBLISH_MANY_SCHEMA, PUBLISH_SCHEMA, PUBLISH_TO_QUEUE_SCHEMA } from './messages-schema.ts';
import { invalidPart, invalidRequest, Problem, problemDocument, problemOf } from './problem.ts';
import { publishInput, refuseDuringAlarm } from './publish-message.ts';
import { type ExchangeParams, exchangeName, type QueueParams, sessionFor } from './v1-session.ts';

/** A raw body may be as large as a message of AMQP, up to this: it is in memory as a whole. */
const RAW_BYTES_MAX = 32 * 2 ** 20;
/** Parsing JSON cannot be interrupted: 4 MiB take about 20 ms, and one large string much less. */
const JSON_BYTES_MAX = 4 * 2 ** 20;
/** Of one line: many of them are parsed in a slice. */
const LINE_BYTES_MAX = JSON_BYTES_MAX;
/** Lines are parsed one by one. */
const LINES_BYTES_MAX = 16 * 2 ** 20;
const ARRAY_BYTES_MAX = 2 ** 20;
const MESSAGES_MAX = 10_000;
/** With the empty ones. */
const LINES_MAX = 2 * MESSAGES_MAX;
const LINES_TYPE = /^application\/(?:x-)?(?:ndjson|jsonl|json-lines)(?:;|$)/;
const NEWLINE = 0x0a;
const CARRIAGE_RETURN = 0x0d;

export function messageRoutes(app: FastifyInstance, context: ManagementContext): void {
  app.post(
    '/exchanges/:vhost/:exchange/messages',
    { schema: PUBLISH_SCHEMA, bodyLimit: RAW_BYTES_MAX },
    (request, reply) => {
      const { vhost, exchange } = request.params as ExchangeParams;
      return publishOne(context, request, reply, vhost, exchangeName(exchange), undefined);
    },
  );
  app.post(
    '/queues/:vhost/:queue/messages',
    { schema: PUBLISH_TO_QUEUE_SCHEMA, bodyLimit: RAW_BYTES_MAX },
    (request, reply) => {
      const { vhost, queue } = request.params as QueueParams;
      sessionFor(context, request, vhost).vhost.queue(queue, undefined);
      return publishOne(context, request, reply, vhost, '', queue);
    },
  );
  app.post(
    '/exchanges/:vhost/:exchange/messages/batch',
    { schema: PUBLISH_MANY_SCHEMA, bodyLimit: LINES_BYTES_MAX },
    (request, reply) => publishMany(context, request, reply),
  );
}

// ---- one ----

/** Runs per message. */
function publishOne(
  context: ManagementContext,
  request: FastifyRequest,
  reply: FastifyReply,
  vhost: string,
  exchange: string,
  routingKey: string | undefined,
): FastifyReply | Promise<FastifyReply> {
  const { broker } = context;
  const session = sessionFor(context, request, vhost);
  refuseDuringAlarm(broker);
  if (broker.storeIsBehind) {
    return durable(context).then(() => publishOne(context, request, reply, vhost, exchange, routingKey));
  }
  const message = oneMessage(context, request, routingKey);
  const text = publishInput(broker, session, exchange, message);
  broker.whenDurable(() => {
    reply.header('content-type', 'application/json; charset=utf-8').send(text);
  });
  return reply;
}

function oneMessage(
  { broker }: ManagementContext,
  { body, headers, query }: FastifyRequest,
  routingKey: string | undefined,
): MessageInput {
  const bytes = (body as Buffer | undefined | null) ?? Buffer.alloc(0);
  const nowMs = broker.runtime.environment.clock.wallMs();
  const isRaw = (query as { raw?: unknown }).raw === 'true' || !isJsonType(headers['content-type'] ?? '');
  const defaults = { routingKey, nowMs, idempotencyKey: idempotencyKeyOf(headers) };
  if (isRaw) return messageOfRaw(bytes, query, headers, defaults);
  if (bytes.length > JSON_BYTES_MAX) throw tooLarge('a message as JSON', bytes.length, JSON_BYTES_MAX);
  for (const name in query as object) throw notBesideJson(name);
  return messageOfJson(parseJson(bytes, 'body'), 'body', defaults);
}

// ---- many ----

async function publishMany(
  context: ManagementContext,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply> {
  const { vhost, exchange } = request.params as ExchangeParams;
  const { broker } = context;
  const session = sessionFor(context, request, vhost);
  refuseDuringAlarm(broker);
  const messages = messagesOf(request);
  const nowMs = broker.runtime.environment.clock.wallMs();
  const key = idempotencyKeyOf(request.headers);
  const work = await SlicedWork.begin();
  const results: string[] = [];
  let failed = 0;
  for (const read of messages) {
    if (work.isDue) await work.pause();
    if (broker.storeIsBehind) await durable(context);
    try {
      const idempotencyKey = key === undefined ? undefined : `${key} ${results.length}`;
      const defaults = { routingKey: undefined, nowMs, idempotencyKey };
      const message = messageOfJson(read(), `body/${results.length}`, defaults);
      refuseDuringAlarm(broker);
      results.push(publishInput(broker, session, exchangeName(exchange), message));
    } catch (error) {
      const problem = problemOf(error, true);
      if (problem === undefined) throw error;
      failed++;
      results.push(JSON.stringify(problemDocument(problem, `${request.url}#${results.length}`)));
    }
  }
  await durable(context);
  const published = results.length - failed;
  return reply
    .code(failed === 0 ? 200 : 207)
    .header('content-type', 'application/json; charset=utf-8')
    .send(`{"published":${published},"failed":${failed},"results":[${results.join(',')}]}`);
}

/** The messages of a request, each to be read in its turn: a line may be no JSON, and that is a problem of that line. */
function messagesOf({ body, headers }: FastifyRequest): Iterable<() => unknown> {
  const bytes = (body as Buffer | undefined | null) ?? Buffer.alloc(0);
  const type = headers['content-type'] ?? '';
  if (LINES_TYPE.test(type)) return linesOf(bytes);
  if (!isJsonType(type)) {
    throw new Problem(
      'unsupported-media-type',
      `the Content-Type is '${type}': many messages are application/json, an array, or application/x-ndjson, a line each`,
    );
  }
  if (bytes.length > ARRAY_BYTES_MAX) throw tooLarge('a JSON array', bytes.length, ARRAY_BYTES_MAX);
  const array = parseJson(bytes, 'body');
  if (!Array.isArray(array)) throw invalidPart('body', array, 'it must be a JSON array of messages');
  checkCount(array.length);
  return array.map((json: unknown) => () => json);
}

function linesOf(bytes: Buffer): Iterable<() => unknown> {
  const lines: (() => unknown)[] = [];
  let count = 0;
  for (let start = 0; start < bytes.length; ) {
    if (++count > LINES_MAX) throw tooMany(`more than ${LINES_MAX} lines`);
    const newline = bytes.indexOf(NEWLINE, start);
    const end = newline < 0 ? bytes.length : newline;
    const at = `body/${lines.length}`;
    const line = bytes.subarray(start, end);
    if (!isBlank(line)) lines.push(() => messageOfLine(line, at));
    start = end + 1;
  }
  checkCount(lines.length);
  return lines;
}

function messageOfLine(line: Buffer, at: string): unknown {
  if (line.length > LINE_BYTES_MAX) throw tooLarge(`the line ${at}`, line.length, LINE_BYTES_MAX);
  return parseJson(line, at);
}

function isBlank(line: Buffer): boolean {
  return line.length === 0 || (line.length === 1 && line[0] === CARRIAGE_RETURN);
}

function checkCount(count: number): void {
  if (count > MESSAGES_MAX) throw tooMany(`${count} messages`);
}

function tooMany(what: string): Problem {
  return new Problem('too-large', `${what} in one request: at most ${MESSAGES_MAX} messages are allowed`);
}

function tooLarge(what: string, found: number, allowed: number): Problem {
  return new Problem('too-large', `${what} of ${found} bytes: at most ${allowed} are allowed`);
}

function notBesideJson(name: string): Problem {
  return invalidRequest(
    `query/${name} is for a raw body: a message as JSON says it in the body, and with raw=true JSON is a raw body`,
  );
}
