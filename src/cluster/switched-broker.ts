import type { Peer, Transport } from '../core/environment.ts';
import type { AmqpBroker, AmqpConnection } from '../server/amqp-broker.ts';
import type { PassThroughBroker } from './pass-through-broker.ts';

/** Who is behind the doors of a node that changes its role: the broker while it owns the log, the owner's otherwise. */
export class SwitchedBroker implements AmqpBroker {
  readonly #standby: PassThroughBroker;
  #current: AmqpBroker;

  constructor(standby: PassThroughBroker) {
    this.#standby = standby;
    this.#current = standby;
  }

  accept(transport: Transport, peer: Peer): AmqpConnection {
    return this.#current.accept(transport, peer);
  }

  /** Clients who wait for an owner are served at once. Those who are passed to a former one are not its business. */
  becomeOwner(broker: AmqpBroker): void {
    this.#current = broker;
    this.#standby.giveWaitingTo(broker);
  }

  /** Those that the broker has are not its business. */
  becomeStandby(): void {
    this.#current = this.#standby;
  }
}
