import type { FieldTable } from '../../codec/field-table.ts';
import {
  type DeduplicationArguments,
  deduplicationOf,
  parseDeduplication,
} from '../arguments/deduplication-arguments.ts';
import { fieldText, fieldTypeName, isInteger } from '../arguments/field-text.ts';
import { preconditionFailed } from '../failures.ts';
import type { Publication } from '../message/publication.ts';
import type { Queue } from '../queue/queue.ts';
import { createRouter, type RouterType } from '../routing/create-router.ts';
import type { Router, RouterBinding } from '../routing/router.ts';
import type { Runtime } from '../runtime.ts';
import { ExchangeActivity } from '../statistics/exchange-activity.ts';
import { MessageCounters } from '../statistics/message-counters.ts';

/** Where a binding leads. */
export type Destination = Queue | Exchange;

export interface ExchangeProperties {
  readonly name: string;
  readonly type: RouterType;
  readonly durable: boolean;
  readonly autoDelete: boolean;
  readonly internal: boolean;
  readonly arguments: FieldTable;
  /** There from the start in every vhost. False unless given. */
  readonly predeclared?: boolean;
}

export interface Binding extends RouterBinding<Destination> {
  readonly source: Exchange;
}

/** Messages that x-recent-history keeps unless its argument says otherwise (RabbitMQ's plugin). */
const HISTORY_LENGTH_DEFAULT = 20;
/** A kept message is a copy, which no queue's limits and no memory of queues counts. */
const HISTORY_LENGTH_MAX = 1024;

/** An exchange: a name, the bindings that leave it, and the router of its type that knows where a message goes. */
export class Exchange {
  readonly kind = 'exchange';
  readonly name: string;
  readonly type: RouterType;
  readonly durable: boolean;
  readonly autoDelete: boolean;
  readonly internal: boolean;
  readonly arguments: FieldTable;
  readonly predeclared: boolean;
  readonly counters: MessageCounters = new MessageCounters();
  readonly activity: ExchangeActivity;
  readonly router: Router<Destination>;
  /** Set: repeated messages that are published to it go nowhere. */
  readonly deduplication: DeduplicationArguments | undefined;
  /** Where messages go that no binding wants: its own argument, or a policy's. */
  alternateExchange: string | undefined;
  /** Bindings that leave it, by `bindingKey`. */
  readonly bindings: Map<string, Binding> = new Map<string, Binding>();
  /** Set by routing to visit each exchange once. */
  routeMark = 0;
  /** x-recent-history: the last messages, oldest first. */
  readonly history: Publication[] = [];
  readonly #historyLength: number;

  /** Throws a channel error 406 for arguments that its type refuses. */
  constructor(runtime: Runtime, properties: ExchangeProperties) {
    this.name = properties.name;
    this.type = properties.type;
    this.durable = properties.durable;
    this.autoDelete = properties.autoDelete;
    this.internal = properties.internal;
    this.arguments = properties.arguments;
    this.predeclared = properties.predeclared ?? false;
    this.deduplication = deduplicationArguments(properties);
    this.router = createRouter<Destination>(properties.type, properties.arguments, runtime.random);
    this.activity = new ExchangeActivity(runtime.statistics, this.counters);
    this.alternateExchange = this.declaredAlternate;
    this.#historyLength = this.type === 'x-recent-history' ? historyLength(properties.arguments) : 0;
  }

  /** The alternate exchange of its own arguments, before policies. */
  get declaredAlternate(): string | undefined {
    const value = this.arguments.get('alternate-exchange')?.value;
    return typeof value === 'string' ? value : undefined;
  }

  get isDelayed(): boolean {
    return this.type === 'x-delayed-message';
  }

  /** Whether each message is looked at before it is routed: it may have to wait, or be one that came before. */
  get needsCare(): boolean {
    return this.isDelayed || this.deduplication !== undefined;
  }

  /** Whether equal routing keys lead to equal destinations until a binding changes, so that a route may be kept. */
  get isCacheable(): boolean {
    return !this.router.dependsOnHeaders && this.type !== 'x-recent-history' && !this.needsCare;
  }

  /** x-recent-history: keeps a copy of the message, and forgets the oldest beyond its length. Other types do nothing. */
  remember(publication: Publication): void {
    if (this.#historyLength === 0) return;
    if (publication.headers()?.get('x-recent-history-no-store')?.value === true) return;
    this.history.push(publication.copy());
    if (this.history.length > this.#historyLength) this.history.shift();
  }
}

function deduplicationArguments(properties: ExchangeProperties): DeduplicationArguments | undefined {
  const { name, type, arguments: args } = properties;
  const resource = `exchange '${name}'`;
  const isOfItsType = type === 'x-message-deduplication';
  return isOfItsType ? deduplicationOf(args, resource) : parseDeduplication(args, resource);
}

function historyLength(args: FieldTable): number {
  const field = args.get('x-recent-history-length');
  if (field === undefined) return HISTORY_LENGTH_DEFAULT;
  const length = isInteger(field) ? Number(field.value) : 0;
  if (length >= 1 && length <= HISTORY_LENGTH_MAX) return length;
  throw preconditionFailed(
    `invalid arg 'x-recent-history-length': expected an integer from 1 to ${HISTORY_LENGTH_MAX}, got ` +
      `${fieldText(field)} of type '${fieldTypeName(field)}'`,
  );
}
