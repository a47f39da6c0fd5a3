/**
 * The HTTP side of the broker as a Fastify application, without a socket:
 *
 *     /api/...      the management API of RabbitMQ, field by field (api/)
 *     /v1/...       messaging over HTTP, and what RabbitMQ's API has no words for (v1/)
 *     /metrics...   Prometheus (metrics/)
 *     /             the dashboard, which asks for all of these
 *
 * Routes are registered by functions `(app, context)`, one file per subject.
 */
import fastify, {
  type FastifyError,
  type FastifyInstance,
  type FastifyPluginAsync,
  type FastifyReply,
  type FastifyRequest,
} from 'fastify';
import { AllowedMethods, OPTIONS } from './allowed-methods.ts';
import { queuePauseRoutes } from './api/queue-pause.ts';
import { readRoutes } from './api/read-routes.ts';
import { writeRoutes } from './api/write-routes.ts';
import { ApiError, objectNotFound, refusalOf } from './api-error.ts';
import { auditRoutes } from './audited-routes.ts';
import { authenticate } from './authentication.ts';
import { cliRoutes } from './cli-page.ts';
import { registerDashboard } from './dashboard-page.ts';
import { admitInnerRequests } from './inner-request.ts';
import { makeContext } from './management-context.ts';
import type { ManagementHost } from './management-host.ts';
import { registerMetrics } from './metrics/metrics-scope.ts';
import { SECURITY_HEADERS, secureAnswers } from './security-headers.ts';
import { Problem } from './v1/problem.ts';
import { registerV1, sendProblem } from './v1/v1-scope.ts';

/** Bodies are counted while they come in. */
const BODY_BYTES_MAX = 2 ** 20;
const URL_PARAMETER_CHARACTERS_MAX = 1024;

/** Told of defects: what is no refusal of a request. */
export type DefectListener = (error: Error, what: string) => void;

export async function buildApp(host: ManagementHost, onDefect: DefectListener): Promise<FastifyInstance> {
  const context = makeContext(host);
  const app = fastify({
    logger: false,
    bodyLimit: BODY_BYTES_MAX,
    forceCloseConnections: true,
    rewriteUrl: ({ url = '/' }) => withSpaces(url),
    frameworkErrors: answerUnreadableUrl,
    // What is not known is refused, and not dropped in silence.
    ajv: { customOptions: { removeAdditional: false } },
    routerOptions: { ignoreTrailingSlash: true, maxParamLength: URL_PARAMETER_CHARACTERS_MAX },
  });
  app.setErrorHandler(errorAnswers(onDefect));
  const methods = new AllowedMethods();
  methods.watch(app);
  app.setNotFoundHandler(noRouteAnswer(methods));
  secureAnswers(app, host.hostNames);
  admitInnerRequests(app);
  auditRoutes(app, context);
  await registerMetrics(app, context, onDefect);
  const api: FastifyPluginAsync = async (scope) => {
    scope.addHook('onRequest', (request, reply) => authenticate(context, request, reply));
    readRoutes(scope, context, onDefect);
    queuePauseRoutes(scope, context);
    writeRoutes(scope, context);
  };
  await app.register(api, { prefix: '/api' });
  await registerV1(app, context, methods, onDefect);
  await registerDashboard(app, host.dashboardDirectory);
  cliRoutes(app);
  return app;
}

/** Answers as RabbitMQ does, wherever a scope has no way of its own. */
function errorAnswers(onDefect: DefectListener) {
  return (error: FastifyError, request: FastifyRequest, reply: FastifyReply): FastifyReply => {
    const refusal = refusalOf(error) ?? requestErrorOf(error);
    if (refusal === undefined) onDefect(error, `${request.method} ${request.routeOptions.url ?? 'no route'}`);
    const { statusCode, error: name, message } = refusal ?? DEFECT;
    return reply.code(statusCode).send({ error: name, reason: message });
  };
}

/** RabbitMQ tells other methods from other paths, too. */
function noRouteAnswer(methods: AllowedMethods) {
  return ({ method, url }: FastifyRequest, reply: FastifyReply): FastifyReply => {
    const allowed = methods.of(url);
    if (allowed === undefined) throw objectNotFound();
    reply.header('allow', allowed);
    if (method === OPTIONS) return reply.code(200).send();
    // a file that is not there, of a route that is
    if (allowed.split(', ').includes(method)) throw objectNotFound();
    throw new ApiError(405, 'method_not_allowed', `${method} is not allowed here, but ${allowed}`);
  };
}

const DEFECT = new ApiError(500, 'internal_server_error', 'a defect in the broker: its log says more');

/** What Fastify itself finds wrong with a request: a body that is no JSON, too large, of a wrong type. */
function requestErrorOf(error: FastifyError): ApiError | undefined {
  const { statusCode = 500, message } = error;
  return statusCode < 500 ? new ApiError(statusCode, 'bad_request', message) : undefined;
}

/** Such a request comes to no route and to no hook. What is wrong is said without the URL, in whose query may be anything. */
function answerUnreadableUrl(
  { code, statusCode = 400 }: FastifyError,
  request: FastifyRequest,
  reply: FastifyReply,
): void {
  reply.headers(SECURITY_HEADERS);
  const isTooLong = code === 'FST_ERR_MAX_PARAM_LENGTH';
  const reason = isTooLong
    ? `a part of the path is longer than the ${URL_PARAMETER_CHARACTERS_MAX} characters that are allowed`
    : 'the path has a percent sign that encodes nothing: write it as %25, and what is encoded in UTF-8';
  if (!request.url.startsWith('/v1/')) reply.code(statusCode).send({ error: 'bad_request', reason });
  else sendProblem(new Problem('invalid-request', reason, { status: statusCode }), request, reply);
}

/** RabbitMQ takes a plus in the path for a space, and old tools send it. */
function withSpaces(url: string): string {
  const queryAt = url.indexOf('?');
  const path = queryAt < 0 ? url : url.slice(0, queryAt);
  return path.includes('+') ? path.replaceAll('+', '%20') + url.slice(path.length) : url;
}
