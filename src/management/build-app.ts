/**
 * The HTTP side of the broker as a Fastify application, without a socket:
 *
 *     /api/...      the management API of RabbitMQ, field by field (api/)
 *     /v1/...       messaging over HTTP, and what RabbitMQ's API has no words for (v1/)
 *     /metrics...   Prometheus (metrics/)
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
import { queuePauseRoutes } from './api/queue-pause.ts';
import { readRoutes } from './api/read-routes.ts';
import { writeRoutes } from './api/write-routes.ts';
import { ApiError, objectNotFound, refusalOf } from './api-error.ts';
import { auditRoutes } from './audited-routes.ts';
import { authenticate } from './authentication.ts';
import { cliRoutes } from './cli-page.ts';
import { makeContext } from './management-context.ts';
import type { ManagementHost } from './management-host.ts';
import { registerMetrics } from './metrics/metrics-scope.ts';
import { secureAnswers } from './security-headers.ts';
import { registerV1 } from './v1/v1-scope.ts';

/** Bodies are counted while they come in. */
const BODY_BYTES_MAX = 2 ** 20;
const HEADERS_TIMEOUT_MS = 10_000;
const REQUEST_TIMEOUT_MS = 30_000;
const URL_PARAMETER_CHARACTERS_MAX = 1024;

/** Told of defects: what is no refusal of a request. */
export type DefectListener = (error: Error, what: string) => void;

export async function buildApp(host: ManagementHost, onDefect: DefectListener): Promise<FastifyInstance> {
  const context = makeContext(host);
  const app = fastify({
    logger: false,
    bodyLimit: BODY_BYTES_MAX,
    requestTimeout: REQUEST_TIMEOUT_MS,
    http: { headersTimeout: HEADERS_TIMEOUT_MS },
    forceCloseConnections: true,
    rewriteUrl: ({ url = '/' }) => withSpaces(url),
    // What is not known is refused, and not dropped in silence.
    ajv: { customOptions: { removeAdditional: false } },
    routerOptions: { ignoreTrailingSlash: true, maxParamLength: URL_PARAMETER_CHARACTERS_MAX },
  });
  app.setErrorHandler(errorAnswers(onDefect));
  app.setNotFoundHandler(() => {
    throw objectNotFound();
  });
  secureAnswers(app, host.hostNames);
  auditRoutes(app, context);
  await registerMetrics(app, context, onDefect);
  const api: FastifyPluginAsync = async (scope) => {
    scope.addHook('onRequest', (request, reply) => authenticate(context, request, reply));
    readRoutes(scope, context, onDefect);
    queuePauseRoutes(scope, context);
    writeRoutes(scope, context);
  };
  await app.register(api, { prefix: '/api' });
  await registerV1(app, context, onDefect);
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

const DEFECT = new ApiError(500, 'internal_server_error', 'a defect in the broker: its log says more');

/** What Fastify itself finds wrong with a request: a body that is no JSON, too large, of a wrong type. */
function requestErrorOf(error: FastifyError): ApiError | undefined {
  const { statusCode = 500, message } = error;
  return statusCode < 500 ? new ApiError(statusCode, 'bad_request', message) : undefined;
}

/** RabbitMQ takes a plus in the path for a space, and old tools send it. */
function withSpaces(url: string): string {
  const queryAt = url.indexOf('?');
  const path = queryAt < 0 ? url : url.slice(0, queryAt);
  return path.includes('+') ? path.replaceAll('+', '%20') + url.slice(path.length) : url;
}
