import type { FieldTable } from '../../codec/field-table.ts';
import type { Publication } from '../message/publication.ts';
import type { Queue } from '../queue/queue.ts';
import { createRouter } from '../routing/create-router.ts';
import type { Router } from '../routing/router.ts';
import type { Runtime } from '../runtime.ts';

/** Where a binding leads. */
export type Destination = Queue | Exchange;

export interface ExchangeProperties {
  readonly name: string;
  readonly type: string;
  readonly durable: boolean;
  readonly autoDelete: boolean;
  readonly internal: boolean;
  readonly arguments: FieldTable;
}

export interface Binding {
  readonly source: Exchange;
  readonly destination: Destination;
  readonly routingKey: string;
  readonly arguments: FieldTable;
}

/** Messages that x-recent-history keeps unless its argument says otherwise (RabbitMQ's plugin). */
const HISTORY_LENGTH_DEFAULT = 20;

/** An exchange: a name, the bindings that leave it, and the router of its type that knows where a message goes. */
export class Exchange {
  readonly kind = 'exchange';
  readonly name: string;
  readonly type: string;
  readonly durable: boolean;
  readonly autoDelete: boolean;
  readonly internal: boolean;
  readonly arguments: FieldTable;
  readonly router: Router<Destination>;
  /** Where messages go that no binding wants: its own argument, or a policy's. */
  alternateExchange: string | undefined;
  /** Bindings that leave it, by `bindingKey`. */
  readonly bindings: Map<string, Binding> = new Map<string, Binding>();
  /** Set by routing to visit each exchange once. */
  routeMark = 0;
  /** x-recent-history: the last messages, oldest first. */
  readonly history: Publication[] = [];

  constructor(runtime: Runtime, properties: ExchangeProperties) {
    this.name = properties.name;
    this.type = properties.type;
    this.durable = properties.durable;
    this.autoDelete = properties.autoDelete;
    this.internal = properties.internal;
    this.arguments = properties.arguments;
    this.router = createRouter<Destination>(properties.type, properties.arguments, runtime.random);
    this.alternateExchange = this.declaredAlternate;
  }

  /** The alternate exchange of its own arguments, before policies. */
  get declaredAlternate(): string | undefined {
    const value = this.arguments.get('alternate-exchange')?.value;
    return typeof value === 'string' ? value : undefined;
  }

  get isDelayed(): boolean {
    return this.type === 'x-delayed-message';
  }

  /** Whether equal routing keys lead to equal destinations until a binding changes, so that a route may be kept. */
  get isCacheable(): boolean {
    return !this.router.dependsOnHeaders && this.type !== 'x-recent-history' && !this.isDelayed;
  }

  /** x-recent-history: keeps a copy of the message, and forgets the oldest beyond its length. Other types do nothing. */
  remember(publication: Publication): void {
    if (this.type !== 'x-recent-history') return;
    if (publication.headers()?.get('x-recent-history-no-store')?.value === true) return;
    const length = this.arguments.get('x-recent-history-length')?.value;
    this.history.push(publication.copy());
    if (this.history.length > (typeof length === 'number' ? length : HISTORY_LENGTH_DEFAULT))
      this.history.shift();
  }
}
