/**
 * Who sends a request: a name and a password (HTTP Basic), a token (Bearer), or the cookie of a session that was opened with
 * one of these.
 */
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Identity } from '../core/access/identity.ts';
import type { LoginResult } from '../core/access/logins.ts';
import type { Peer } from '../core/environment.ts';
import { ApiError, notAuthorised } from './api-error.ts';
import { setCaller } from './caller.ts';
import type { ManagementContext } from './management-context.ts';
import { peerOf } from './request-peer.ts';
import { forgedByCookie } from './same-origin.ts';
import { sessionSecretOf } from './session-cookie.ts';

const BASIC = /^Basic +([A-Za-z0-9+/=_-]+)$/i;
const BEARER = /^Bearer +([\w.~+/=-]+)$/i;

/** What proves who somebody is. */
export interface Credential {
  /** '' with a token, which names its user itself. */
  readonly username: string;
  readonly password: string;
}

/**
 * Lets nobody past who has not proven who it is: 401; 429 with Retry-After after too many failures; 403 for a change that a
 * page of somebody else asks for with our cookie.
 */
export async function authenticate(
  context: ManagementContext,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<void> {
  const peer = peerOf(request);
  const identity =
    identityAtHand(context, request, peer) ?? (await identityOf(context, request, reply, peer));
  setCaller(request, { identity, peer });
}

/** 401 or 429 unless it is right. */
export async function logIn(
  context: ManagementContext,
  credential: Credential,
  peer: Peer,
  reply: FastifyReply,
): Promise<Identity> {
  const { broker, audit } = context;
  const result = await new Promise<LoginResult>((resolve) =>
    broker.logIn({ protocol: 'http', ...credential, peer }, resolve),
  );
  const isIn = 'identity' in result;
  audit.add({
    atMs: broker.runtime.environment.clock.wallMs(),
    username: isIn ? result.identity.username : credential.username,
    remoteAddress: peer.remoteAddress,
    operation: 'login',
    object: '',
    result: isIn ? 'done' : 'refused',
    detail: isIn ? '' : result.refused,
  });
  if (isIn) return result.identity;
  if (result.retryAfterMs !== undefined) {
    const seconds = Math.ceil(result.retryAfterMs / 1000);
    reply.header('retry-after', seconds);
    throw new ApiError(429, 'too_many_requests', `${result.refused}: try again in ${seconds} s`);
  }
  throw notAuthorised('Login failed');
}

/** What needs no more proof: a header that was right a short while ago, or a session. */
function identityAtHand(
  { known, sessions }: ManagementContext,
  request: FastifyRequest,
  peer: Peer,
): Identity | undefined {
  const { authorization } = request.headers;
  if (authorization !== undefined) return known.find(authorization, peer);
  const secret = sessionSecretOf(request);
  const session = secret === undefined ? undefined : sessions.find(secret, peer);
  const forged = session && forgedByCookie(request);
  if (forged !== undefined) throw new ApiError(403, 'forbidden', forged);
  return session?.identity;
}

async function identityOf(
  context: ManagementContext,
  request: FastifyRequest,
  reply: FastifyReply,
  peer: Peer,
): Promise<Identity> {
  const { authorization } = request.headers;
  const credential = authorization === undefined ? undefined : credentialOf(authorization);
  if (!isOfScript(request)) {
    reply.header('www-authenticate', 'Basic realm="Leveret"');
  }
  if (authorization === undefined || credential === undefined) {
    throw notAuthorised('a user name and a password are needed: send them with HTTP Basic authentication');
  }
  const identity = await logIn(context, credential, peer, reply);
  reply.removeHeader('www-authenticate');
  context.known.remember(authorization, peer, identity);
  return identity;
}

/**
 * A script of a page wants the answer, and not that the browser asks for a password; while it asks, the script hears nothing. One that
 * opens a stream of events can set no header, but the browser says what it accepts.
 */
function isOfScript({ headers }: FastifyRequest): boolean {
  return headers['x-requested-with'] !== undefined || headers.accept === 'text/event-stream';
}

function credentialOf(header: string): Credential | undefined {
  const token = BEARER.exec(header)?.[1];
  if (token !== undefined) return { username: '', password: token };
  const encoded = BASIC.exec(header)?.[1];
  if (encoded === undefined) return undefined;
  const text = Buffer.from(encoded, 'base64').toString('utf8');
  const colon = text.indexOf(':');
  return colon < 0 ? undefined : { username: text.slice(0, colon), password: text.slice(colon + 1) };
}
