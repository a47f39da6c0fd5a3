/**
 * The HTTP side of the broker as a Fastify application, without a socket:
 *
 *     /api/...      the management API of RabbitMQ, field by field (api/)
 *     /v1/...       messaging over HTTP, and what RabbitMQ's API has no words for (v1/)
 *     /metrics...   Prometheus (metrics/)
 *
 * Routes are registered by functions `(app, context)`, one file per subject.
 */
import fastify, { type FastifyError, type FastifyInstance } from 'fastify';
import { overviewRoutes } from './api/overview.ts';
import { ApiError, refusalOf } from './api-error.ts';
import { authenticate } from './authentication.ts';
import type { ManagementContext } from './management-context.ts';
import type { ManagementHost } from './management-host.ts';

/** Bodies are counted while they come in. */
const BODY_BYTES_MAX = 2 ** 20;
const HEADERS_TIMEOUT_MS = 10_000;
const REQUEST_TIMEOUT_MS = 30_000;
const URL_PARAMETER_CHARACTERS_MAX = 1024;

/** Told of defects: what is no refusal of a request. */
export type DefectListener = (error: Error, what: string) => void;

export async function buildApp(host: ManagementHost, onDefect: DefectListener): Promise<FastifyInstance> {
  const context: ManagementContext = { host, broker: host.broker };
  const app = fastify({
    logger: false,
    bodyLimit: BODY_BYTES_MAX,
    requestTimeout: REQUEST_TIMEOUT_MS,
    http: { headersTimeout: HEADERS_TIMEOUT_MS },
    forceCloseConnections: true,
    rewriteUrl: ({ url = '/' }) => withSpaces(url),
    routerOptions: { ignoreTrailingSlash: true, maxParamLength: URL_PARAMETER_CHARACTERS_MAX },
  });
  await app.register(
    async (api) => {
      api.setErrorHandler((error: FastifyError, request, reply) => {
        const refusal = refusalOf(error) ?? requestErrorOf(error);
        if (refusal === undefined) onDefect(error, `${request.method} ${request.url}`);
        const { statusCode, error: name, message } = refusal ?? DEFECT;
        return reply.code(statusCode).send({ error: name, reason: message });
      });
      api.addHook('onRequest', (request, reply) => authenticate(context, request, reply));
      overviewRoutes(api, context);
    },
    { prefix: '/api' },
  );
  return app;
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
