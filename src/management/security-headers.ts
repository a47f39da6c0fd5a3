import type { FastifyInstance, FastifyRequest } from 'fastify';
import { ApiError } from './api-error.ts';
import { isOwnHost } from './host-header.ts';
import { isEncrypted, peerOf } from './request-peer.ts';
import { foreignPage } from './same-origin.ts';

/** For answers that are data. A page says itself what it needs beyond. */
export const SECURITY_HEADERS: Readonly<Record<string, string>> = {
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cache-control': 'no-store',
  'cross-origin-resource-policy': 'same-origin',
};
const YEAR_SECONDS = 31_536_000;

/**
 * What every answer says to a browser, and which requests are not even looked at. To be called before any route is
 * registered. `hostNames`: what requests from this machine may be for, beside local names.
 */
export function secureAnswers(app: FastifyInstance, hostNames: readonly string[] | undefined): void {
  app.addHook('onRequest', (request, reply, done) => {
    reply.headers(SECURITY_HEADERS);
    if (isEncrypted(request) && !peerOf(request).loopback) {
      reply.header('strict-transport-security', `max-age=${YEAR_SECONDS}`);
    }
    done(refusalFor(request, hostNames));
  });
}

function refusalFor(request: FastifyRequest, hostNames: readonly string[] | undefined): ApiError | undefined {
  const foreign = foreignPage(request);
  if (foreign !== undefined) return new ApiError(403, 'forbidden', foreign);
  const { host } = request.headers;
  if (!peerOf(request).loopback || isOwnHost(host, hostNames)) return undefined;
  return new ApiError(
    421,
    'misdirected_request',
    `Host '${host}' is no name of this machine: name it in the option http-host-names if it is one`,
  );
}
