import type { FastifyReply, FastifyRequest } from 'fastify';
import { isEncrypted } from './request-peer.ts';

/** A browser takes the first one from us alone, and sends it over TLS only. Without TLS it would not take it at all. */
const SECURE_NAME = '__Host-leveret';
const PLAIN_NAME = 'leveret-session';
const ATTRIBUTES = 'Path=/; HttpOnly; SameSite=Strict';

/** The secret of the cookie that the request carries. */
export function sessionSecretOf(request: FastifyRequest): string | undefined {
  const { cookie } = request.headers;
  if (cookie === undefined) return undefined;
  const prefix = `${nameFor(request)}=`;
  const found = cookie.split(';').find((each) => each.trim().startsWith(prefix));
  return found?.trim().slice(prefix.length);
}

export function setSessionCookie(request: FastifyRequest, reply: FastifyReply, secret: string): void {
  reply.header('set-cookie', `${nameFor(request)}=${secret}; ${attributesFor(request)}`);
}

export function clearSessionCookie(request: FastifyRequest, reply: FastifyReply): void {
  reply.header('set-cookie', `${nameFor(request)}=; Max-Age=0; ${attributesFor(request)}`);
}

function nameFor(request: FastifyRequest): string {
  return isEncrypted(request) ? SECURE_NAME : PLAIN_NAME;
}

function attributesFor(request: FastifyRequest): string {
  return isEncrypted(request) ? `${ATTRIBUTES}; Secure` : ATTRIBUTES;
}
