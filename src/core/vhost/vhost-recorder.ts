import type { Policy } from '../access/policies.ts';
import type {
  BindingDefinition,
  ExchangeDefinition,
  PolicyDefinition,
  QueueDefinition,
} from '../definitions/definition.ts';
import type { DefinitionRecorder } from '../definitions/definition-log.ts';
import type { Queue } from '../queue/queue.ts';
import type { Binding, Destination, Exchange } from './exchange.ts';

/**
 * Records what changes in one vhost, as far as it survives a restart: durable exchanges, recorded queues, the bindings between
 * them, and policies.
 */
export class VhostRecorder {
  readonly #vhost: string;
  readonly #definitions: DefinitionRecorder;

  constructor(vhost: string, definitions: DefinitionRecorder) {
    this.#vhost = vhost;
    this.#definitions = definitions;
  }

  putExchange(exchange: Exchange): void {
    if (isRecordedExchange(exchange)) this.#definitions.put(this.#exchangeDefinition(exchange));
  }

  removeExchange(exchange: Exchange): void {
    if (isRecordedExchange(exchange)) this.#definitions.remove(this.#exchangeDefinition(exchange));
  }

  putQueue(queue: Queue): void {
    if (queue.isRecorded) this.#definitions.put(this.#queueDefinition(queue));
  }

  removeQueue(queue: Queue): void {
    if (queue.isRecorded) this.#definitions.remove(this.#queueDefinition(queue));
  }

  putBinding(binding: Binding): void {
    if (isRecordedBinding(binding)) this.#definitions.put(this.#bindingDefinition(binding));
  }

  removeBinding(binding: Binding): void {
    if (isRecordedBinding(binding)) this.#definitions.remove(this.#bindingDefinition(binding));
  }

  putPolicy(kind: PolicyDefinition['kind'], policy: Policy): void {
    this.#definitions.put(this.#policyDefinition(kind, policy));
  }

  removePolicy(kind: PolicyDefinition['kind'], policy: Policy): void {
    this.#definitions.remove(this.#policyDefinition(kind, policy));
  }

  #exchangeDefinition(exchange: Exchange): ExchangeDefinition {
    const { name, type, autoDelete, internal } = exchange;
    return {
      kind: 'exchange',
      vhost: this.#vhost,
      name,
      type,
      autoDelete,
      internal,
      arguments: exchange.arguments,
    };
  }

  #queueDefinition(queue: Queue): QueueDefinition {
    const { name, autoDelete, laneId } = queue;
    const paused = queue.isPaused ? true : undefined;
    return {
      kind: 'queue',
      vhost: this.#vhost,
      name,
      autoDelete,
      laneId,
      paused,
      arguments: queue.arguments,
    };
  }

  #bindingDefinition(binding: Binding): BindingDefinition {
    const { source, destination, routingKey } = binding;
    return {
      kind: 'binding',
      vhost: this.#vhost,
      source: source.name,
      destinationKind: destination.kind,
      destination: destination.name,
      routingKey,
      slot: source.router.slotOf?.(binding),
      arguments: binding.arguments,
    };
  }

  #policyDefinition(kind: PolicyDefinition['kind'], policy: Policy): PolicyDefinition {
    const { name, pattern, applyTo, priority, definition } = policy;
    return { kind, vhost: this.#vhost, name, pattern, applyTo, priority, definition };
  }
}

/** The predeclared exchanges are there in every vhost. */
function isRecordedExchange(exchange: Exchange): boolean {
  return exchange.durable && !exchange.predeclared;
}

function isRecordedBinding({ source, destination }: Binding): boolean {
  return source.durable && survives(destination);
}

function survives(destination: Destination): boolean {
  return destination.kind === 'queue' ? destination.isRecorded : destination.durable;
}
