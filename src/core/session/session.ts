import type { Operation } from '../access/access-control.ts';
import type { Identity } from '../access/identity.ts';
import { resourceText } from '../arguments/equivalence.ts';
import { accessRefused, preconditionFailed } from '../failures.ts';
import type { Publication } from '../message/publication.ts';
import type { Exchange } from '../vhost/exchange.ts';
import { routingKeys } from '../vhost/route-finder.ts';
import type { VirtualHost } from '../vhost/virtual-host.ts';

/**
 * Who acts, and in which vhost: the one place where permissions are asked for, whatever protocol the wish came by.
 */
export class Session {
  readonly identity: Identity;
  readonly vhost: VirtualHost;

  constructor(identity: Identity, vhost: VirtualHost) {
    this.identity = identity;
    this.vhost = vhost;
  }

  get username(): string {
    return this.identity.username;
  }

  /** 403 unless the user may do `operation` with the queue or exchange. The default exchange is called amq.default. */
  authorize(kind: 'queue' | 'exchange', name: string, operation: Operation): void {
    const vhost = this.vhost.name;
    const known = knownName(kind, name);
    if (this.identity.allows(vhost, known, operation)) return;
    const resource = resourceText({ kind, name: known, vhost });
    throw accessRefused(`${operation} access to ${resource} refused for user '${this.username}'`);
  }

  /** 403 unless the user may do anything at all with it: for passive declarations, which tell what is there. */
  authorizeAny(kind: 'queue' | 'exchange', name: string): void {
    const vhost = this.vhost.name;
    const known = knownName(kind, name);
    if (this.identity.allows(vhost, known, 'write')) return;
    if (this.identity.allows(vhost, known, 'read')) return;
    this.authorize(kind, name, 'configure');
  }

  /** The exchange, for a message with this routing key: 403 when the user may not publish it there, 404. */
  exchangeToPublish(name: string, routingKey: string): Exchange {
    this.authorize('exchange', name, 'write');
    const exchange = this.vhost.exchange(name);
    if (exchange.internal) {
      const resource = resourceText({ kind: 'exchange', name, vhost: this.vhost.name });
      throw accessRefused(`cannot publish to internal ${resource}`);
    }
    if (exchange.type === 'topic') this.authorizeTopic(name, 'write', routingKey);
    return exchange;
  }

  /** 406 when a message says that another user published it; impersonators may. */
  assertUserId(userId: string | undefined): void {
    if (userId === undefined || userId === this.username || this.hasTag('impersonator')) return;
    throw preconditionFailed(
      `user_id property set to '${userId}' but authenticated user was '${this.username}'`,
    );
  }

  hasTag(tag: string): boolean {
    return this.identity.tags.has(tag);
  }

  /** 403 unless the keys in CC and BCC have the permission that the routing key needs. */
  authorizeCopies(exchange: Exchange, publication: Publication): void {
    if (exchange.type !== 'topic') return;
    for (const key of routingKeys(publication) ?? []) this.authorizeTopic(exchange.name, 'write', key);
  }

  /** 403 unless the user may publish (write) or bind (read) with this routing key; only topic exchanges ask. */
  authorizeTopic(exchange: string, operation: 'write' | 'read', routingKey: string): void {
    const vhost = this.vhost.name;
    if (this.identity.allowsTopic(vhost, exchange, operation, routingKey)) return;
    const resource = resourceText({ kind: 'exchange', name: exchange, vhost });
    throw accessRefused(
      `${operation} access to topic '${routingKey}' in ${resource} refused for user '${this.username}'`,
    );
  }
}

/** The name that permissions know the queue or exchange by; the real name of the default exchange is empty. */
function knownName(kind: 'queue' | 'exchange', name: string): string {
  return kind === 'exchange' && name === '' ? 'amq.default' : name;
}
