import { Refused, TopologyMismatch } from '../../client/client.ts';
import {
  type BindingDeclaration,
  type ExchangeDeclaration,
  type QueueDeclaration,
  Topology,
  type TopologyDeclaration,
} from '../../client/topology.ts';
import type {
  TopologyReply,
  TopologyRequest,
  Transport,
  TransportChannel,
  TransportChannelEvents,
} from '../../client/transport.ts';

/** What a declaration found at the broker. */
export interface Finding {
  readonly kind: 'exchange' | 'queue';
  readonly name: string;
  readonly state: 'same' | 'missing' | 'different' | 'created';
  /** Ready messages of a queue that is there. */
  readonly messageCount: number | undefined;
  /** The first thing that differs: the broker names one at a time. */
  readonly difference: TopologyMismatch | undefined;
}

/** Asks whether it is there; all but the name is ignored. */
const PASSIVE = { passive: true, durable: false, autoDelete: false, arguments: new Map() };
const NO_EVENTS: TransportChannelEvents = {
  onConfirm: () => {},
  onReturn: () => {},
  onDrain: () => {},
  onClosed: () => {},
};

/**
 * Compares what is declared with what a broker has, over AMQP alone: first asks whether it is there (a passive declaration), and then
 * declares it, which changes nothing at something that is there, and is refused with what differs.
 */
export class TopologyCheck {
  readonly #transport: Transport;
  /** A refusal closes a channel. */
  #channel: TransportChannel | undefined;

  constructor(transport: Transport) {
    this.#transport = transport;
  }

  /** Exchanges, then queues, in their order. */
  async compare({ exchanges = [], queues = [] }: TopologyDeclaration): Promise<Finding[]> {
    const findings: Finding[] = [];
    for (const exchange of exchanges) findings.push(await this.#compareExchange(exchange));
    for (const queue of queues) findings.push(await this.#compareQueue(queue));
    return findings;
  }

  /** Makes what is missing, and binds what can be bound: to and from something that is there as it was declared. */
  async create(declaration: TopologyDeclaration, findings: readonly Finding[]): Promise<Finding[]> {
    const stateOf = new Map(findings.map(({ kind, name, state }) => [keyOf(kind, name), state]));
    const isMissing = (kind: Finding['kind'], name: string): boolean =>
      stateOf.get(keyOf(kind, name)) === 'missing';
    await this.#declare({
      exchanges: (declaration.exchanges ?? []).filter(({ exchange }) => isMissing('exchange', exchange)),
      queues: (declaration.queues ?? []).filter(({ queue = '' }) => isMissing('queue', queue)),
    });
    const differs = (kind: Finding['kind'], name: string): boolean =>
      stateOf.get(keyOf(kind, name)) === 'different';
    const bindings = (declaration.bindings ?? []).filter(
      (binding) => !namesOf(binding).some(([kind, name]) => differs(kind, name)),
    );
    await this.#declare({ bindings });
    return findings.map((finding) =>
      finding.state === 'missing' ? { ...finding, state: 'created' } : finding,
    );
  }

  #compareExchange(declaration: ExchangeDeclaration): Promise<Finding> {
    const { exchange, type } = declaration;
    const request = { ...PASSIVE, method: 'exchange.declare', exchange, type, internal: false } as const;
    return this.#compare('exchange', exchange, request, { exchanges: [declaration] });
  }

  #compareQueue(declaration: QueueDeclaration): Promise<Finding> {
    const { queue = '' } = declaration;
    const request = { ...PASSIVE, method: 'queue.declare', queue, exclusive: false } as const;
    return this.#compare('queue', queue, request, { queues: [declaration] });
  }

  async #compare(
    kind: Finding['kind'],
    name: string,
    request: TopologyRequest,
    declaration: TopologyDeclaration,
  ): Promise<Finding> {
    const found = await this.#ask(request);
    if (found === undefined) {
      return { kind, name, state: 'missing', messageCount: undefined, difference: undefined };
    }
    const difference = await this.#difference(declaration);
    const messageCount = kind === 'queue' ? found.messageCount : undefined;
    return { kind, name, state: difference === undefined ? 'same' : 'different', messageCount, difference };
  }

  /** Undefined when there is no such thing. */
  async #ask(request: TopologyRequest): Promise<TopologyReply | undefined> {
    try {
      return await (await this.#openChannel()).ask(request);
    } catch (reason) {
      this.#channel = undefined;
      if (reason instanceof Refused && reason.replyCode === 404) return undefined;
      throw reason;
    }
  }

  async #difference(declaration: TopologyDeclaration): Promise<TopologyMismatch | undefined> {
    try {
      await this.#declare(declaration);
      return undefined;
    } catch (reason) {
      this.#channel = undefined;
      if (reason instanceof TopologyMismatch) return reason;
      throw reason;
    }
  }

  async #declare(declaration: TopologyDeclaration): Promise<void> {
    await new Topology().declare(await this.#openChannel(), declaration);
  }

  async #openChannel(): Promise<TransportChannel> {
    this.#channel ??= await this.#transport.openChannel(NO_EVENTS, 'plain');
    return this.#channel;
  }
}

function keyOf(kind: Finding['kind'], name: string): string {
  return `${kind} ${name}`;
}

/** Both ends of a binding of services, which is of a queue. */
function namesOf(binding: BindingDeclaration): (readonly [Finding['kind'], string])[] {
  if ('source' in binding)
    return [
      ['exchange', binding.source],
      ['exchange', binding.destination],
    ];
  const queue = typeof binding.queue === 'string' ? binding.queue : binding.queue.queue;
  return [
    ['exchange', binding.exchange],
    ['queue', queue],
  ];
}
