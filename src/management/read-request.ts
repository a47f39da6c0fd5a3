/** A GET request: who asks, for what, and in which form. */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { VirtualHost } from '../core/vhost/virtual-host.ts';
import { notAuthorised, objectNotFound } from './api-error.ts';
import { type Caller, callerOf, type Door, hasAccess, requireAccess } from './caller.ts';
import { type ListQuery, parseListQuery } from './list-query.ts';
import { answerList, answerObject, type Listing } from './listing.ts';
import type { ManagementContext } from './management-context.ts';
import type { View } from './view.ts';

/** What routes that answer with lists share. */
export interface ReadContext extends ManagementContext {
  /** Told of a defect in an answer that has begun: its status cannot say so any more. */
  readonly onDefect: (error: Error, what: string) => void;
}

export class ReadRequest {
  readonly context: ManagementContext;
  readonly caller: Caller;
  readonly query: ListQuery;
  readonly #parameters: Readonly<Record<string, string | undefined>>;

  /** 401 unless the caller has one of the tags that open the API at all. */
  constructor(context: ManagementContext, request: FastifyRequest) {
    this.context = context;
    this.caller = callerOf(request);
    requireAccess(this.caller, 'management');
    this.query = parseListQuery(request.query);
    this.#parameters = request.params as Record<string, string | undefined>;
  }

  /** A part of the path. */
  parameter(name: string): string {
    return this.#parameters[name] ?? '';
  }

  /** A part of the path that names an exchange: the default one has no name of its own. */
  exchangeName(parameter: string): string {
    const name = this.parameter(parameter);
    return name === 'amq.default' ? '' : name;
  }

  has(door: Door): boolean {
    return hasAccess(this.caller, door);
  }

  /** 401 unless the caller has a tag that opens `door`. */
  require(door: Door): void {
    requireAccess(this.caller, door);
  }

  /** Whether the caller may read in this vhost: administrators may anywhere, all others where they have permissions. */
  mayRead(vhost: string): boolean {
    return this.has('administrator') || this.caller.identity.mayEnter(vhost);
  }

  /** The vhosts of which the caller may read what is in them. Monitoring alone does not open one, as in RabbitMQ. */
  readableVhosts(): readonly VirtualHost[] {
    return [...this.context.broker.vhosts.values()].filter(({ name }) => this.mayRead(name));
  }

  /** The vhost that the path names, to read what is in it: 404; 401 when the caller may not. */
  readableVhost(parameter = 'vhost'): VirtualHost {
    const vhost = this.vhost(parameter);
    if (this.mayRead(vhost.name)) return vhost;
    throw this.refusal(`may not enter vhost '${vhost.name}'`);
  }

  /** 404 when there is none of that name. */
  vhost(parameter = 'vhost'): VirtualHost {
    const vhost = this.context.broker.vhosts.get(this.parameter(parameter));
    if (vhost === undefined) throw objectNotFound();
    return vhost;
  }

  /**
   * 401 unless the caller is an administrator, or a policymaker who may enter the vhost that the path names. One that is not there
   * refuses nobody.
   */
  requirePolicymaker(): void {
    this.require('policymaker');
    const name = this.parameter('vhost');
    if (!this.context.broker.vhosts.has(name) || this.mayRead(name)) return;
    throw this.refusal(`may not enter vhost '${name}'`);
  }

  /** Whether the caller may look at the connections and channels of a user: its own, or all with monitoring. */
  mayLookAt(username: string): boolean {
    return this.has('monitoring') || this.caller.identity.username === username;
  }

  refusal(why: string): Error {
    return notAuthorised(`user '${this.caller.identity.username}' ${why}`);
  }
}

/** A list: `items` says which, once the caller may read them; for one that may not it throws. */
export function listRoute<T>(
  app: FastifyInstance,
  context: ReadContext,
  url: string,
  listing: Listing<T> | ((query: ListQuery) => Listing<T>),
  items: (request: ReadRequest) => Iterable<T>,
): void {
  app.get(url, (request, reply) => {
    const read = new ReadRequest(context, request);
    const found = items(read);
    const shown = typeof listing === 'function' ? listing(read.query) : listing;
    const onDefect = (error: Error): void => context.onDefect(error, `GET ${url}`);
    return answerList(reply, shown, found, read.query, onDefect);
  });
}

/** One object: `find` throws for what is not there, or not for the caller. */
export function objectRoute<T>(
  app: FastifyInstance,
  context: ReadContext,
  url: string,
  view: View<T> | ((query: ListQuery) => View<T>),
  find: (request: ReadRequest) => T,
): void {
  app.get(url, (request, reply) => {
    const read = new ReadRequest(context, request);
    const item = find(read);
    const shown = typeof view === 'function' ? view(read.query) : view;
    return answerObject(reply, shown, item, read.query);
  });
}

/** Anything else: `answer` makes the JSON itself. */
export function readRoute(
  app: FastifyInstance,
  context: ReadContext,
  url: string,
  answer: (request: ReadRequest, reply: FastifyReply) => FastifyReply,
): void {
  app.get(url, (request, reply) => answer(new ReadRequest(context, request), reply));
}
