/**
 * /v1: messaging over HTTP, and what RabbitMQ's API has no words for. Errors are problem documents (problem.ts). Routes carry
 * JSON schemas, of which the OpenAPI document is made (openapi.ts).
 */
import type {
  FastifyError,
  FastifyInstance,
  FastifyPluginAsync,
  FastifyReply,
  FastifyRequest,
} from 'fastify';
import { type AllowedMethods, OPTIONS } from '../allowed-methods.ts';
import { authenticate } from '../authentication.ts';
import { isLoggedIn } from '../caller.ts';
import { docsRoutes } from '../docs-page.ts';
import type { ManagementContext } from '../management-context.ts';
import { auditListRoutes } from './audit.ts';
import { clusterRoutes, openClusterRoutes } from './cluster.ts';
import { deadLetterRoutes } from './dead-letters.ts';
import { dropRoutes } from './drop-messages.ts';
import { explainRoutes } from './explain.ts';
import { flowRoutes } from './flow.ts';
import { healthRoutes } from './health.ts';
import { messageRoutes } from './messages.ts';
import { moveRoutes } from './move.ts';
import { describeRoutes, openapi } from './openapi.ts';
import { outcomeRoutes } from './outcomes.ts';
import { peekRoutes } from './peek.ts';
import { kindOfStatus, Problem, problemDocument, problemNotFound, problemOf } from './problem.ts';
import { receiveRoutes } from './receive.ts';
import { replayRoutes } from './replays.ts';
import { scheduledRoutes } from './scheduled.ts';
import { seriesRoutes } from './series.ts';
import { sessionRoutes } from './session.ts';
import { settleRoutes } from './settle.ts';
import { streamRoutes } from './stream.ts';
import { validationProblem } from './validation-problem.ts';
import { watchRoutes } from './watch.ts';

export async function registerV1(
  app: FastifyInstance,
  context: ManagementContext,
  methods: AllowedMethods,
  onDefect: (error: Error, what: string) => void,
): Promise<void> {
  const plugin: FastifyPluginAsync = (v1) => fillScope(app, v1, context, methods, onDefect);
  await app.register(plugin, { prefix: '/v1' });
  docsRoutes(app, () => openapi(app));
}

async function fillScope(
  app: FastifyInstance,
  v1: FastifyInstance,
  context: ManagementContext,
  methods: AllowedMethods,
  onDefect: (error: Error, what: string) => void,
): Promise<void> {
  v1.setErrorHandler((error: FastifyError, request, reply) => {
    const problem = problemOf(error, isLoggedIn(request)) ?? requestProblemOf(error, request);
    if (problem === undefined) onDefect(error, `${request.method} ${request.routeOptions.url ?? 'no route'}`);
    return sendProblem(problem ?? DEFECT, request, reply);
  });
  v1.setNotFoundHandler((request, reply) => {
    const allowed = methods.of(request.url);
    if (allowed !== undefined) reply.header('allow', allowed);
    if (allowed !== undefined && request.method === OPTIONS) return reply.code(200).send();
    return sendProblem(noSuchOperation(request, allowed), request, reply);
  });
  await describeRoutes(app, v1, context);
  healthRoutes(v1, context);
  openClusterRoutes(v1, context);
  sessionRoutes(v1, context);
  const routes: FastifyPluginAsync = (scope) => addRoutes(scope, context, onDefect);
  await v1.register(routes);
}

/** All that is behind the log-in; a file per subject. */
async function addRoutes(
  scope: FastifyInstance,
  context: ManagementContext,
  onDefect: (error: Error, what: string) => void,
): Promise<void> {
  scope.addHook('onRequest', (request, reply) => authenticate(context, request, reply));
  const messaging: FastifyPluginAsync = async (own) => addMessaging(own, context);
  await scope.register(messaging);
  explainRoutes(scope, context);
  flowRoutes(scope, context);
  seriesRoutes(scope, context);
  watchRoutes(scope, context, onDefect);
  auditListRoutes(scope, context);
  clusterRoutes(scope, context);
}

/**
 * Messages have bodies of any kind, which come as bytes. What the schemas say is checked by hand, at a fraction of the time: they are
 * for the documentation.
 */
function addMessaging(scope: FastifyInstance, context: ManagementContext): void {
  // Whoever waits would keep it from stopping.
  scope.addHook('preClose', (done) => {
    context.broker.leases.stopReceivers();
    done();
  });
  scope.setValidatorCompiler(() => () => true);
  scope.setSerializerCompiler(() => JSON.stringify);
  scope.removeAllContentTypeParsers();
  scope.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) => done(null, body));
  messageRoutes(scope, context);
  receiveRoutes(scope, context);
  settleRoutes(scope, context);
  streamRoutes(scope, context);
  peekRoutes(scope, context);
  moveRoutes(scope, context);
  dropRoutes(scope, context);
  deadLetterRoutes(scope, context);
  replayRoutes(scope, context);
  outcomeRoutes(scope, context);
  scheduledRoutes(scope, context);
}

const DEFECT = new Problem('defect', 'a defect in the broker: its log says more');

export function sendProblem(problem: Problem, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  if (problem.retryAfterSeconds !== undefined) reply.header('retry-after', problem.retryAfterSeconds);
  return reply
    .code(problem.status)
    .type('application/problem+json')
    .serializer(JSON.stringify)
    .send(problemDocument(problem, pathOf(request.url)));
}

/** Without the query, which is nobody's business. */
function pathOf(url: string): string {
  const queryAt = url.indexOf('?');
  return queryAt < 0 ? url : url.slice(0, queryAt);
}

/** What Fastify itself finds wrong with a request: its schema, a body that is no JSON, too large, of a wrong type. */
function requestProblemOf(error: FastifyError, request: FastifyRequest): Problem | undefined {
  const { statusCode = 500, message } = error;
  if (statusCode >= 500) return undefined;
  return (
    validationProblem(error, request) ??
    new Problem(kindOfStatus(statusCode), message, { status: statusCode })
  );
}

function noSuchOperation({ method, url }: FastifyRequest, allowed: string | undefined): Problem {
  if (allowed !== undefined)
    return new Problem('method-not-allowed', `${method} is not allowed here, but ${allowed}`);
  return problemNotFound(`there is no ${method} ${pathOf(url)}: /docs lists what there is`);
}
