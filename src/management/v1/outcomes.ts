/** What became of a message, with a long poll for whoever published it. */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Outcome } from '../../core/outcome/outcome.ts';
import type { Runtime } from '../../core/runtime.ts';
import type { Session } from '../../core/session/session.ts';
import { jsonOfTable } from '../field-json.ts';
import { durable, type ManagementContext } from '../management-context.ts';
import { payloadJson } from './message-output.ts';
import { OUTCOME_SCHEMA } from './outcomes-schema.ts';
import { Problem, problemNotFound } from './problem.ts';
import { RequestInput } from './request-input.ts';
import { sessionFor, type VhostParams } from './v1-session.ts';

const WAIT_MS_MAX = 3_600_000;
/** Requests that wait at a time. */
const WAITING_MAX = 10_000;
const RETRY_AFTER_SECONDS = 5;
const FIELDS: ReadonlySet<string> = new Set(['queue', 'wait']);

interface OutcomeParams extends VhostParams {
  readonly message_id: string;
}

export function outcomeRoutes(app: FastifyInstance, context: ManagementContext): void {
  const waiting = new Set<OutcomeWait>();
  // Whoever waits would keep it from stopping.
  app.addHook('preClose', (done) => {
    for (const wait of [...waiting]) wait.finish();
    done();
  });
  const options = { schema: OUTCOME_SCHEMA, config: { isWatchable: false } };
  app.get('/outcomes/:vhost/:message_id', options, (request, reply) =>
    showOutcomes(context, waiting, request, reply),
  );
}

async function showOutcomes(
  context: ManagementContext,
  waiting: Set<OutcomeWait>,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<unknown> {
  const { vhost: name, message_id: messageId } = request.params as OutcomeParams;
  const input = new RequestInput('query', request.query, FIELDS);
  const waitMs = input.duration('wait', { min: 0, max: WAIT_MS_MAX }) ?? 0;
  const queue = input.text('queue');
  const session = sessionFor(context, request, name);
  if (queue !== undefined) session.authorize('queue', queue, 'read');

  let outcomes = await readOutcomes(session, messageId, queue);
  if (outcomes.length === 0 && waitMs > 0) {
    if (waiting.size >= WAITING_MAX) throw tooMany();
    const wait = new OutcomeWait(context.broker.runtime, session, { messageId, queue, waitMs });
    waiting.add(wait);
    reply.raw.once('close', () => wait.finish());
    // It may have come before anybody waited.
    outcomes = await readOutcomes(session, messageId, queue);
    if (outcomes.length > 0) wait.finish();
    await wait.finished;
    waiting.delete(wait);
    outcomes = await readOutcomes(session, messageId, queue);
  }
  // Nobody may rely on what a crash would take back.
  await durable(context);
  if (outcomes.length === 0) throw noOutcome(messageId, name, queue);
  return { message_id: messageId, outcomes: outcomes.map(outcomeJson) };
}

/** Of the queues that the user may read. */
async function readOutcomes(
  session: Session,
  messageId: string,
  queue: string | undefined,
): Promise<readonly Outcome[]> {
  const { outcomes } = session.vhost;
  const all = await new Promise<readonly Outcome[]>((resolve) => outcomes.read(messageId, queue, resolve));
  return all.filter((outcome) => mayRead(session, outcome));
}

function mayRead({ identity, vhost }: Session, { queue }: Outcome): boolean {
  return identity.allows(vhost.name, queue, 'read');
}

interface WaitSettings {
  readonly messageId: string;
  readonly queue: string | undefined;
  readonly waitMs: number;
}

/** One request that waits for the first outcome that its user may see, or until its time is over. */
class OutcomeWait {
  readonly finished: Promise<void>;
  #resolve: () => void = () => {};
  readonly #stop: () => void;
  #cancel: () => void = () => {};

  constructor(runtime: Runtime, session: Session, settings: WaitSettings) {
    this.finished = new Promise((resolve) => {
      this.#resolve = resolve;
    });
    const deadline = runtime.makeDeadline(() => this.finish());
    runtime.deadlines.set(deadline, runtime.now() + settings.waitMs);
    this.#stop = () => runtime.deadlines.clear(deadline);
    this.#listen(session, settings);
  }

  /** May be called again. */
  finish(): void {
    this.#stop();
    this.#cancel();
    this.#resolve();
  }

  #listen(session: Session, settings: WaitSettings): void {
    const { messageId, queue } = settings;
    this.#cancel = session.vhost.outcomes.wait(messageId, queue, (outcome) => {
      if (mayRead(session, outcome)) this.finish();
      else this.#listen(session, settings);
    });
  }
}

function outcomeJson(outcome: Outcome): Record<string, unknown> {
  const { queue, status, reason, error, contentType, headers, deliveries } = outcome;
  return {
    queue,
    status,
    reason,
    error,
    ...resultJson(outcome),
    content_type: contentType,
    headers: headers === undefined ? undefined : jsonOfTable(headers),
    deliveries,
    waiting_ms: outcome.waitingMs,
    working_ms: outcome.workingMs,
    settled_at: new Date(outcome.settledAtMs).toISOString(),
  };
}

function resultJson({ result }: Outcome): Record<string, unknown> {
  if (result === undefined) return {};
  const { payload, encoding } = payloadJson(result, 'auto');
  return { result: payload, result_encoding: encoding };
}

function noOutcome(messageId: string, vhost: string, queue: string | undefined): Problem {
  const where = queue === undefined ? '' : ` in queue '${queue}'`;
  return problemNotFound(
    `there is no outcome of message '${messageId}'${where} in vhost '${vhost}': it is not settled yet, or it has no message-id, or ` +
      'nobody asked for its outcome (header x-outcome-ttl), or its time is over',
  );
}

function tooMany(): Problem {
  const detail = `${WAITING_MAX} requests wait for outcomes, as many as may`;
  return new Problem('too-many', detail, { retryAfterSeconds: RETRY_AFTER_SECONDS });
}
