/** Logging in from a browser: `/v1/session`. */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Patterns } from '../../core/access/access-control.ts';
import type { Identity } from '../../core/access/identity.ts';
import type { Broker } from '../../core/broker.ts';
import { ApiError } from '../api-error.ts';
import { authenticate, logIn } from '../authentication.ts';
import { callerOf, requireAccess, setCaller } from '../caller.ts';
import type { ManagementContext } from '../management-context.ts';
import { peerOf } from '../request-peer.ts';
import { clearSessionCookie, sessionSecretOf, setSessionCookie } from '../session-cookie.ts';

interface Permission extends Patterns {
  readonly vhost: string;
}

interface LoginBody {
  readonly username: string;
  readonly password: string;
}

const LOGIN_BODY = {
  type: 'object',
  required: ['username', 'password'],
  additionalProperties: false,
  properties: {
    username: { type: 'string', description: 'Of no meaning with a token' },
    password: { type: 'string', description: 'Or a token' },
  },
};

const PERMISSION = {
  type: 'object',
  properties: {
    vhost: { type: 'string' },
    configure: { type: 'string' },
    write: { type: 'string' },
    read: { type: 'string' },
  },
};

const WHO = {
  description: 'Who it is',
  type: 'object',
  properties: {
    username: { type: 'string' },
    tags: { type: 'array', items: { type: 'string' } },
    permissions: {
      type: 'array',
      description:
        'The vhosts that it may enter, and regular expressions over the names of exchanges and queues there; an empty one allows nothing',
      items: PERMISSION,
    },
    version: { type: 'string', description: 'Of Leveret' },
    node: { type: 'string', description: 'The name of the broker' },
    ends_at: { type: 'string', format: 'date-time', description: 'When it ends in any case' },
  },
};

export function sessionRoutes(app: FastifyInstance, context: ManagementContext): void {
  const { sessions } = context;
  const onRequest = (request: FastifyRequest, reply: FastifyReply): Promise<void> =>
    authenticate(context, request, reply);

  const open = {
    tags: ['sessions'],
    summary: 'Log in, for a session in a cookie',
    security: [],
    body: LOGIN_BODY,
    response: { 200: WHO },
  };
  app.post('/session', { schema: open, onRequest: requireJson }, async (request, reply) => {
    const peer = peerOf(request);
    const identity = await logIn(context, request.body as LoginBody, peer, reply);
    setCaller(request, { identity, peer });
    requireAccess(callerOf(request), 'management');
    const before = sessionSecretOf(request);
    if (before !== undefined) sessions.close(before);
    const secret = sessions.open(identity, peer);
    setSessionCookie(request, reply, secret);
    return describe(context, request, secret);
  });

  const show = { tags: ['sessions'], summary: 'Who is logged in', response: { 200: WHO } };
  app.get('/session', { schema: show, onRequest }, (request) =>
    describe(context, request, sessionSecretOf(request)),
  );

  const end = {
    tags: ['sessions'],
    summary: 'Log out',
    response: { 204: { description: 'It has ended', type: 'null' } },
  };
  app.delete('/session', { schema: end, onRequest }, (request, reply) => {
    const secret = sessionSecretOf(request);
    if (secret !== undefined) sessions.close(secret);
    clearSessionCookie(request, reply);
    return reply.code(204).send();
  });
}

/** A form of another site cannot send it. */
async function requireJson({ headers }: FastifyRequest): Promise<void> {
  if (headers['content-type']?.startsWith('application/json')) return;
  throw new ApiError(415, 'unsupported_media_type', 'send the log-in with Content-Type: application/json');
}

function describe(
  { broker, host, sessions }: ManagementContext,
  request: FastifyRequest,
  secret: string | undefined,
): object {
  const { identity, peer } = callerOf(request);
  const { username, tags, expiresAtMs } = identity;
  const endsAtMs = (secret === undefined ? undefined : sessions.find(secret, peer)?.endsAtMs) ?? expiresAtMs;
  const who = {
    username,
    tags: [...tags],
    permissions: permissionsOf(broker, identity),
    version: host.node().version,
    node: broker.settings.nodeName,
  };
  return endsAtMs === undefined ? who : { ...who, ends_at: new Date(endsAtMs).toISOString() };
}

function permissionsOf({ vhosts }: Broker, identity: Identity): readonly Permission[] {
  const permissions: Permission[] = [];
  for (const vhost of vhosts.keys()) {
    const patterns = identity.patternsIn(vhost);
    if (patterns === undefined) continue;
    const { configure, write, read } = patterns;
    permissions.push({ vhost, configure, write, read });
  }
  return permissions;
}
