/** A request that changes something: who asks, what for, and how it is answered once the change is durable. */
import type { FastifyInstance, FastifyReply, FastifyRequest, HTTPMethods } from 'fastify';
import { SHORTSTR_BYTES_MAX, utf8Length } from '../../codec/bytes.ts';
import { ACCESS_REFUSED, NOT_FOUND } from '../../codec/reply-codes.ts';
import { AccessControlError } from '../../core/access/access-control.ts';
import { PolicyError } from '../../core/access/policies.ts';
import type { Broker } from '../../core/broker.ts';
import { ChannelError, ConnectionError } from '../../core/errors.ts';
import type { Session } from '../../core/session/session.ts';
import type { VirtualHost } from '../../core/vhost/virtual-host.ts';
import { ApiError, badRequest, notAuthorised, objectNotFound } from '../api-error.ts';
import { type Caller, callerOf, type Door, hasAccess, requireAccess, sessionIn } from '../caller.ts';
import { sendPieces } from '../json-array.ts';
import { durable, type ManagementContext } from '../management-context.ts';
import { type Body, bodyOf } from './json-body.ts';

/** What became of the wish. */
export interface Change {
  readonly status: 200 | 201 | 204;
  /** Of what was made, relative to the request. */
  readonly location?: string;
  /** As JSON. */
  readonly body?: unknown;
  /** Instead of `body`: JSON that is large, made in slices. */
  readonly pieces?: readonly string[];
}

export const MADE: Change = { status: 201 };
export const CHANGED: Change = { status: 204 };
export const REMOVED: Change = { status: 204 };

/** The status of a PUT. */
export function madeOrChanged(existed: boolean): Change {
  return existed ? CHANGED : MADE;
}

/** 404 unless there was something to remove. */
export function removedIf(existed: boolean): Change {
  if (existed) return REMOVED;
  throw objectNotFound();
}

export class ChangeRequest {
  readonly context: ManagementContext;
  readonly caller: Caller;
  readonly body: Body;
  readonly raw: FastifyRequest;

  /** 401 unless the caller has one of the tags that open the API at all. */
  constructor(context: ManagementContext, request: FastifyRequest) {
    this.context = context;
    this.caller = callerOf(request);
    requireAccess(this.caller, 'management');
    this.raw = request;
    this.body = bodyOf(request);
  }

  get broker(): Broker {
    return this.context.broker;
  }

  /** A part of the path, which names something: 400 when no name can be so long. */
  name(parameter: string): string {
    const name = (this.raw.params as Record<string, string | undefined>)[parameter] ?? '';
    const bytes = utf8Length(name);
    if (bytes <= SHORTSTR_BYTES_MAX) return name;
    throw badRequest(
      `the ${parameter} in the path has ${bytes} bytes, but a name has at most ${SHORTSTR_BYTES_MAX}`,
    );
  }

  /** A part of the path that names an exchange: the default one has no name of its own. */
  exchangeName(parameter: string): string {
    const name = this.name(parameter);
    return name === 'amq.default' ? '' : name;
  }

  /** Of the query: `?if-unused=true`. */
  isSet(key: string): boolean {
    return (this.raw.query as Record<string, unknown>)[key] === 'true';
  }

  has(door: Door): boolean {
    return hasAccess(this.caller, door);
  }

  /** 401 unless the caller has a tag that opens `door`. */
  require(door: Door): void {
    requireAccess(this.caller, door);
  }

  /** The vhost that the path names: 404. */
  vhost(): VirtualHost {
    const vhost = this.broker.vhosts.get(this.name('vhost'));
    if (vhost === undefined) throw new ApiError(404, 'not_found', 'vhost_not_found');
    return vhost;
  }

  /** To act in the vhost that the path names, as the caller: 404; 401 when it may not enter. */
  session(): Session {
    return sessionIn(this.context, this.caller, this.vhost().name);
  }

  /** The vhost, for whoever makes policies there: 404, 401. */
  vhostOfPolicymaker(): VirtualHost {
    this.require('policymaker');
    if (!this.has('administrator')) return this.session().vhost;
    return this.vhost();
  }
}

/** Registers a route; `change` does it in one go, and it is answered once it is durable. */
export function changeRoute(
  app: FastifyInstance,
  context: ManagementContext,
  method: HTTPMethods,
  url: string,
  change: (request: ChangeRequest) => Change | Promise<Change>,
  limits: { readonly bodyLimit?: number } = {},
): void {
  app.route({
    method,
    url,
    ...limits,
    handler: async (request, reply) => {
      const done = await changed(() => change(new ChangeRequest(context, request)));
      await durable(context);
      return answer(reply, done);
    },
  });
}

/** Says a refusal of core as RabbitMQ's API does. */
async function changed<T>(change: () => T | Promise<T>): Promise<T> {
  try {
    return await change();
  } catch (error) {
    throw refusalOfChange(error);
  }
}

function answer(reply: FastifyReply, { status, location, body, pieces }: Change): FastifyReply {
  if (location !== undefined) reply.header('location', location);
  if (pieces !== undefined) return sendPieces(reply.code(status), pieces);
  if (body === undefined) return reply.code(status).send();
  return reply.code(status).type('application/json').send(JSON.stringify(body));
}

/**
 * The error of a change that core refused. RabbitMQ leaves out the name of the reply code, and what the path or body names beside the
 * object itself may be missing, too: a 404 that says what. Anything else is returned as it is.
 */
export function refusalOfChange(error: unknown): unknown {
  if (error instanceof PolicyError || error instanceof AccessControlError) return badRequest(error.message);
  if (!(error instanceof ChannelError || error instanceof ConnectionError)) return error;
  const reason = error.message.replace(/^[A-Z_]+ - /, '');
  if (error.replyCode === ACCESS_REFUSED) return notAuthorised(reason);
  if (error.replyCode === NOT_FOUND) return new ApiError(404, 'not_found', reason);
  return badRequest(reason);
}
