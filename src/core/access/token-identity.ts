/**
 * What a token allows, as RabbitMQ's OAuth 2 plugin reads its scopes, without the prefix of the resource server:
 *
 *     configure:<vhost>/<name>   write:...   read:...     patterns, see wildcard.ts
 *     write:<vhost>/<name>/<routing key>                  any routing key when it is left out
 *     tag:administrator                                   and the other tags
 */
import type { Clock, VerifiedToken } from '../environment.ts';
import type { Operation, Patterns } from './access-control.ts';
import type { Identity } from './identity.ts';
import { Wildcard } from './wildcard.ts';

interface Grant {
  readonly operation: Operation;
  readonly vhost: Wildcard;
  readonly name: Wildcard;
  readonly routingKey: Wildcard;
}

const TAGS: ReadonlySet<string> = new Set(['administrator', 'monitoring', 'policymaker', 'management']);
/** A token with more says too much (RabbitMQ has the same limit). */
const SCOPES_MAX = 2_048;

/** Somebody who logged in with a token. It may do nothing any more once that has expired. */
export class TokenIdentity implements Identity {
  readonly username: string;
  tags: ReadonlySet<string> = new Set();
  expiresAtMs = 0;
  readonly #clock: Clock;
  #grants: readonly Grant[] = [];

  constructor(token: VerifiedToken, clock: Clock) {
    this.username = token.username;
    this.#clock = clock;
    this.renew(token);
  }

  /** The same user has brought another token. */
  renew({ scopes, expiresAtMs }: VerifiedToken): void {
    const used = scopes.slice(0, SCOPES_MAX);
    this.expiresAtMs = expiresAtMs;
    this.tags = new Set(used.flatMap(tagOf));
    this.#grants = used.flatMap(grantOf);
  }

  mayEnter(vhost: string): boolean {
    return this.#isValid && this.#grants.some((grant) => grant.vhost.matches(vhost));
  }

  patternsIn(vhost: string): Patterns | undefined {
    if (!this.mayEnter(vhost)) return undefined;
    const grants = this.#grants.filter((grant) => grant.vhost.matches(vhost));
    const patternOf = (operation: Operation): string => {
      const names = grants.filter((grant) => grant.operation === operation).map(({ name }) => name.pattern);
      return names.length === 0 ? '' : `^(${names.join('|')})$`;
    };
    return { configure: patternOf('configure'), write: patternOf('write'), read: patternOf('read') };
  }

  allows(vhost: string, name: string, operation: Operation): boolean {
    if (!this.#isValid) return false;
    for (const grant of this.#grants) {
      if (grant.operation === operation && grant.vhost.matches(vhost) && grant.name.matches(name))
        return true;
    }
    return false;
  }

  allowsTopic(vhost: string, exchange: string, operation: 'write' | 'read', routingKey: string): boolean {
    if (!this.#isValid) return false;
    return this.#grants.some(
      (grant) =>
        grant.operation === operation &&
        grant.vhost.matches(vhost) &&
        grant.name.matches(exchange) &&
        grant.routingKey.matches(routingKey),
    );
  }

  get #isValid(): boolean {
    return this.#clock.wallMs() < this.expiresAtMs;
  }
}

function tagOf(scope: string): string[] {
  const tag = scope.startsWith('tag:') ? scope.slice(4) : '';
  return TAGS.has(tag) ? [tag] : [];
}

/** Nothing for a scope that is not about permissions, or that nobody can read. */
function grantOf(scope: string): Grant[] {
  const colon = scope.indexOf(':');
  const operation = scope.slice(0, colon);
  if (!isOperation(operation)) return [];
  const [vhost, name, routingKey = '*', ...others] = scope.slice(colon + 1).split('/');
  if (vhost === undefined || name === undefined || others.length > 0) return [];
  try {
    return [
      {
        operation,
        vhost: new Wildcard(vhost),
        name: new Wildcard(name),
        routingKey: new Wildcard(routingKey),
      },
    ];
  } catch (error) {
    if (error instanceof URIError) return [];
    throw error;
  }
}

function isOperation(text: string): text is Operation {
  return text === 'configure' || text === 'write' || text === 'read';
}
