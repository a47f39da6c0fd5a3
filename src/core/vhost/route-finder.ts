import { carbonCopies, withoutBcc } from '../message/copies.ts';
import type { Publication } from '../message/publication.ts';
import type { Queue } from '../queue/queue.ts';
import type { Destination, Exchange } from './exchange.ts';

/** Finds the queues that a message goes to, over bindings between exchanges and alternate exchanges. */
export class RouteFinder {
  readonly #exchanges: ReadonlyMap<string, Exchange>;
  readonly #queues: ReadonlyMap<string, Queue>;
  /** Each search has another one: a destination that bears it was visited. */
  #mark = 0;
  /** Scratch: where one exchange sends the message. */
  readonly #found: Destination[] = [];
  /** The exchanges that the last search came by. Valid until the next one. */
  visited: readonly Exchange[] = [];

  constructor(exchanges: ReadonlyMap<string, Exchange>, queues: ReadonlyMap<string, Queue>) {
    this.#exchanges = exchanges;
    this.#queues = queues;
  }

  /**
   * Appends the queues that `publication` goes to through `exchange` to `into`, each once.
   * Returns true when the same address leads to the same queues until `topologyVersion` changes.
   */
  find(exchange: Exchange, publication: Publication, into: Queue[]): boolean {
    const keys = routingKeys(publication);
    const mark = ++this.#mark;
    const exchanges = [exchange];
    this.visited = exchanges;
    exchange.routeMark = mark;
    let cacheable = keys === undefined;
    for (let index = 0; index < exchanges.length; index++) {
      const visited = exchanges[index] as Exchange;
      cacheable &&= visited.isCacheable;
      this.#routeOne(visited, publication, keys);
      for (const destination of this.#found) {
        if (destination.routeMark === mark) continue;
        destination.routeMark = mark;
        if (destination.kind === 'queue') into.push(destination);
        else exchanges.push(destination);
      }
    }
    return cacheable;
  }

  /** Leaves where one exchange sends the message in `#found`. */
  #routeOne(exchange: Exchange, publication: Publication, keys: readonly string[] | undefined): void {
    const found = this.#found;
    found.length = 0;
    if (keys === undefined || !exchange.router.routesEachKey) {
      this.#routeKey(exchange, publication);
    } else {
      const first = publication.routingKey;
      for (const key of keys) {
        publication.routingKey = key;
        this.#routeKey(exchange, publication);
      }
      publication.routingKey = first;
    }
    if (found.length > 0 || exchange.alternateExchange === undefined) return;
    const alternate = this.#exchanges.get(exchange.alternateExchange);
    if (alternate !== undefined) found.push(alternate);
  }

  #routeKey(exchange: Exchange, publication: Publication): void {
    if (exchange.name !== '') {
      exchange.router.route(publication, this.#found);
      return;
    }
    const queue = this.#queues.get(publication.routingKey);
    if (queue !== undefined) this.#found.push(queue);
  }
}

/** All routing keys of a message with CC or BCC; undefined when there is only its own. */
export function routingKeys(publication: Publication): readonly string[] | undefined {
  const headers = publication.mayBeRedirected ? publication.headers() : undefined;
  if (headers === undefined || !(headers.has('CC') || headers.has('BCC'))) return undefined;
  const { cc, bcc } = carbonCopies(headers);
  return [publication.routingKey, ...cc, ...bcc];
}

/** The message as everybody may see it: the routing keys of BCC count, but nobody gets to see them. */
export function withoutBlindCopies(publication: Publication): Publication {
  if (!publication.mayBeRedirected || publication.headers()?.has('BCC') !== true) return publication;
  const blind = publication.copy();
  blind.replaceProperties(withoutBcc(blind.properties()));
  return blind;
}
