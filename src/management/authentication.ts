import type { FastifyReply, FastifyRequest } from 'fastify';
import type { LoginResult } from '../core/access/logins.ts';
import type { Peer } from '../core/environment.ts';
import { notAuthorised } from './api-error.ts';
import { setCaller } from './caller.ts';
import type { ManagementContext } from './management-context.ts';

const BASIC = /^Basic +([A-Za-z0-9+/=_-]+)$/i;

/** Lets nobody past who has not proven who it is: HTTP Basic with name and password. */
export async function authenticate(
  context: ManagementContext,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<void> {
  const credential = basicCredential(request.headers.authorization);
  const peer = peerOf(request);
  const result: LoginResult =
    credential === undefined
      ? { refused: 'a user name and a password are needed: send them with HTTP Basic authentication' }
      : await logIn(context, credential, peer);
  if ('identity' in result) {
    setCaller(request, { identity: result.identity, peer });
    return;
  }
  reply.header('www-authenticate', 'Basic realm="Leveret"');
  throw notAuthorised(credential === undefined ? result.refused : 'Login failed');
}

interface Credential {
  readonly username: string;
  readonly password: string;
}

function logIn({ broker }: ManagementContext, credential: Credential, peer: Peer): Promise<LoginResult> {
  return new Promise((resolve) => broker.logIn({ ...credential, peer }, resolve));
}

function basicCredential(header: string | undefined): Credential | undefined {
  const encoded = BASIC.exec(header ?? '')?.[1];
  if (encoded === undefined) return undefined;
  const text = Buffer.from(encoded, 'base64').toString('utf8');
  const colon = text.indexOf(':');
  return colon < 0 ? undefined : { username: text.slice(0, colon), password: text.slice(colon + 1) };
}

function peerOf({ socket }: FastifyRequest): Peer {
  const { remoteAddress = '', remotePort = 0, localAddress = '', localPort = 0 } = socket;
  const loopback = /^(127\.|::1$|::ffff:127\.)/.test(remoteAddress);
  return { remoteAddress, remotePort, localAddress, localPort, loopback };
}
