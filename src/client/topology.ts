import { Refused, TopologyMismatch } from './client-failures.ts';
import type { TableInput } from './delivery.ts';
import { fieldTableOf } from './table-input.ts';
import type { TopologyReply, TopologyRequest, TransportChannel } from './transport.ts';

export interface ExchangeDeclaration {
  readonly exchange: string;
  /** `direct`, `fanout`, `topic`, `headers`, ... */
  readonly type: string;
  /** The exchange outlives a restart of the broker. True unless given. */
  readonly durable?: boolean;
  /** The exchange goes when its last binding goes. */
  readonly autoDelete?: boolean;
  /** Only other exchanges may publish to it. */
  readonly internal?: boolean;
  readonly arguments?: TableInput;
}

export interface QueueDeclaration {
  /** Without a name the broker chooses one, and another one after each reconnect. */
  readonly queue?: string;
  /** The queue outlives a restart of the broker. True unless given; false without a name. */
  readonly durable?: boolean;
  /** The queue belongs to this connection and goes with it. False unless given; true without a name. */
  readonly exclusive?: boolean;
  /** The queue goes when its last consumer goes. */
  readonly autoDelete?: boolean;
  /** For example `{ 'x-message-ttl': 60_000 }`. */
  readonly arguments?: TableInput;
}

/** Of a queue to an exchange, or of an exchange (`destination`) to another one (`source`). */
export type BindingDeclaration =
  | {
      readonly queue: string | DeclaredQueue;
      readonly exchange: string;
      readonly routingKey?: string;
      readonly arguments?: TableInput;
    }
  | {
      readonly destination: string;
      readonly source: string;
      readonly routingKey?: string;
      readonly arguments?: TableInput;
    };

export interface TopologyDeclaration {
  readonly exchanges?: readonly ExchangeDeclaration[];
  readonly queues?: readonly QueueDeclaration[];
  readonly bindings?: readonly BindingDeclaration[];
}

/** What `declare` resolves with. */
export interface DeclaredTopology {
  /** In the order of the declaration. */
  readonly queues: readonly DeclaredQueue[];
}

/** What `delete` takes. */
export interface TopologyDeletion {
  readonly exchanges?: readonly string[];
  readonly queues?: readonly (string | DeclaredQueue)[];
  readonly bindings?: readonly BindingDeclaration[];
}

/** A queue that was declared. */
export class DeclaredQueue {
  readonly #declaration: QueueDeclaration;
  #queue: string;
  #messageCount = 0;
  #consumerCount = 0;

  constructor(declaration: QueueDeclaration) {
    this.#declaration = declaration;
    this.#queue = declaration.queue ?? '';
  }

  /** Its name. One that the broker chose changes when the client connects again. */
  get queue(): string {
    return this.#queue;
  }

  /** Ready messages, when it was declared. */
  get messageCount(): number {
    return this.#messageCount;
  }

  get consumerCount(): number {
    return this.#consumerCount;
  }

  /** Declares it on a channel. The client does. */
  async declareOn(channel: TransportChannel): Promise<void> {
    const isNamed = this.#declaration.queue !== undefined && this.#declaration.queue !== '';
    const { queue = '', durable = isNamed, exclusive = !isNamed, autoDelete = false } = this.#declaration;
    const declared = { queue, passive: false, durable, exclusive, autoDelete };
    const reply = await ask(channel, {
      method: 'queue.declare',
      ...declared,
      arguments: fieldTableOf(this.#declaration.arguments),
    });
    this.#queue = reply.queue;
    this.#messageCount = reply.messageCount;
    this.#consumerCount = reply.consumerCount;
  }
}

/** What was declared through a client, in its order: declared again on each new connection. */
export class Topology {
  readonly #exchanges: Map<string, ExchangeDeclaration> = new Map();
  readonly #queues: Set<DeclaredQueue> = new Set();
  readonly #bindings: Map<string, BindingDeclaration> = new Map();
  readonly #ids: WeakMap<DeclaredQueue, number> = new WeakMap();
  #lastId = 0;

  get isEmpty(): boolean {
    return this.#exchanges.size === 0 && this.#queues.size === 0 && this.#bindings.size === 0;
  }

  /** The queue of that name, when it was declared here. */
  queueOf(queue: string | DeclaredQueue): string | DeclaredQueue {
    if (typeof queue !== 'string') return queue;
    return [...this.#queues].find((each) => each.queue === queue) ?? queue;
  }

  async declare(channel: TransportChannel, declaration: TopologyDeclaration): Promise<DeclaredTopology> {
    const { exchanges = [], queues = [], bindings = [] } = declaration;
    for (const exchange of exchanges) await this.#declareExchange(channel, exchange);
    const declared: DeclaredQueue[] = [];
    for (const queue of queues) declared.push(await this.#declareQueue(channel, queue));
    for (const binding of bindings) await this.#bind(channel, binding);
    return { queues: declared };
  }

  /** Deletes at the broker and here. What does not exist is no error. */
  async delete(channel: TransportChannel, deletion: TopologyDeletion): Promise<void> {
    const { exchanges = [], queues = [], bindings = [] } = deletion;
    for (const binding of bindings) await this.#unbind(channel, binding);
    for (const queue of queues) await this.#deleteQueue(channel, queue);
    for (const exchange of exchanges) {
      await ask(channel, { method: 'exchange.delete', exchange, ifUnused: false });
      this.#exchanges.delete(exchange);
      this.#forgetBindings((binding) =>
        'source' in binding
          ? binding.source === exchange || binding.destination === exchange
          : binding.exchange === exchange,
      );
    }
  }

  async restore(channel: TransportChannel): Promise<void> {
    for (const exchange of this.#exchanges.values()) await this.#declareExchange(channel, exchange);
    for (const queue of this.#queues) await queue.declareOn(channel);
    for (const binding of this.#bindings.values()) await this.#bind(channel, binding);
  }

  async #declareExchange(channel: TransportChannel, declaration: ExchangeDeclaration): Promise<void> {
    const { exchange, type, durable = true, autoDelete = false, internal = false } = declaration;
    const declared = { exchange, type, passive: false, durable, autoDelete, internal };
    await ask(channel, {
      method: 'exchange.declare',
      ...declared,
      arguments: fieldTableOf(declaration.arguments),
    });
    this.#exchanges.set(exchange, declaration);
  }

  async #declareQueue(channel: TransportChannel, declaration: QueueDeclaration): Promise<DeclaredQueue> {
    const queue = new DeclaredQueue(declaration);
    await queue.declareOn(channel);
    const before = this.queueOf(queue.queue);
    if (before instanceof DeclaredQueue) {
      // the same declaration once more: whoever holds the former sees the same queue
      await before.declareOn(channel);
      return before;
    }
    this.#queues.add(queue);
    return queue;
  }

  async #bind(channel: TransportChannel, binding: BindingDeclaration): Promise<void> {
    await ask(channel, this.#bindingRequest(binding, 'bind'));
    const held = 'queue' in binding ? { ...binding, queue: this.queueOf(binding.queue) } : binding;
    this.#bindings.set(this.#keyOf(held), held);
  }

  async #unbind(channel: TransportChannel, binding: BindingDeclaration): Promise<void> {
    await ask(channel, this.#bindingRequest(binding, 'unbind'));
    const held = 'queue' in binding ? { ...binding, queue: this.queueOf(binding.queue) } : binding;
    this.#bindings.delete(this.#keyOf(held));
  }

  async #deleteQueue(channel: TransportChannel, queue: string | DeclaredQueue): Promise<void> {
    const held = this.queueOf(queue);
    await ask(channel, { method: 'queue.delete', queue: nameOfQueue(held), ifUnused: false, ifEmpty: false });
    if (held instanceof DeclaredQueue) this.#queues.delete(held);
    this.#forgetBindings((binding) => 'queue' in binding && nameOfQueue(binding.queue) === nameOfQueue(held));
  }

  #forgetBindings(isGone: (binding: BindingDeclaration) => boolean): void {
    for (const [key, binding] of this.#bindings) if (isGone(binding)) this.#bindings.delete(key);
  }

  #bindingRequest(binding: BindingDeclaration, verb: 'bind' | 'unbind'): TopologyRequest {
    const rest = { routingKey: binding.routingKey ?? '', arguments: fieldTableOf(binding.arguments) };
    if ('source' in binding) {
      const { destination, source } = binding;
      return { method: `exchange.${verb}`, destination, source, ...rest };
    }
    return {
      method: `queue.${verb}`,
      queue: nameOfQueue(binding.queue),
      exchange: binding.exchange,
      ...rest,
    };
  }

  /** A queue whose name changes stays the same one. */
  #keyOf(binding: BindingDeclaration): string {
    const ends =
      'source' in binding
        ? ['exchange', binding.destination, binding.source]
        : ['queue', this.#idOf(binding.queue), binding.exchange];
    const values = [...fieldTableOf(binding.arguments)].map(([key, { value }]) => [key, String(value)]);
    return JSON.stringify([...ends, binding.routingKey ?? '', values]);
  }

  #idOf(queue: string | DeclaredQueue): string | number {
    if (typeof queue === 'string') return queue;
    const id = this.#ids.get(queue) ?? ++this.#lastId;
    this.#ids.set(queue, id);
    return id;
  }
}

export function nameOfQueue(queue: string | DeclaredQueue): string {
  return typeof queue === 'string' ? queue : queue.queue;
}

/** Both brokers write `inequivalent arg 'durable' for queue 'q' in vhost '/': received 'true' but current is 'false'`. */
const DIFFERENCE =
  /inequivalent arg '([^']*)' for (exchange|queue) '(.*)' in vhost '.*': received (.*) but current is (.*?)$/s;

async function ask(channel: TransportChannel, request: TopologyRequest): Promise<TopologyReply> {
  try {
    return await channel.ask(request);
  } catch (reason) {
    throw reason instanceof Refused ? explained(reason, request) : reason;
  }
}

function explained(refused: Refused, request: TopologyRequest): Error {
  const [, argument, kind, resource, declared, existing] = DIFFERENCE.exec(refused.replyText) ?? [];
  if (argument !== undefined && resource !== undefined && declared !== undefined && existing !== undefined) {
    return new TopologyMismatch({
      kind: kind === 'exchange' ? 'exchange' : 'queue',
      resource,
      argument,
      declared: valueText(declared),
      existing: valueText(existing),
    });
  }
  return new Refused(refused.replyCode, refused.replyText, textOf(request));
}

/** RabbitMQ writes of arguments `the value '10' of type 'signedint'`. */
function valueText(text: string): string {
  return /^the value '(.*)' of type '.*'$/s.exec(text)?.[1] ?? text.replace(/^'(.*)'$/s, '$1');
}

function textOf(request: TopologyRequest): string {
  if ('source' in request) return `${request.method} '${request.destination}' to '${request.source}'`;
  if ('queue' in request && 'exchange' in request)
    return `${request.method} '${request.queue}' to '${request.exchange}'`;
  return `${request.method} '${'queue' in request ? request.queue : request.exchange}'`;
}
