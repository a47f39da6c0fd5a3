import { networkOf } from '../core/access/login-throttle.ts';

/** Something that is accepted but maybe not logged in. */
export interface Handshake {
  readonly isOpen: boolean;
}

/**
 * Counts peers that have connected and not yet opened an AMQP connection, so that a stranger without a password can
 * hold only so many sockets. Nobody reports when a handshake is done: those that are done are swept out when a limit is
 * reached, which costs one pass over at most that limit. An IPv6 network of 64 bits counts as one address: one machine has
 * all of it.
 *
 * Invariant: no set in the map is empty, and `#total` is the sum of their sizes.
 */
export class HandshakeLimit {
  readonly #totalMax: number;
  readonly #perAddressMax: number;
  readonly #byNetwork = new Map<string, Set<Handshake>>();
  #total = 0;

  constructor(totalMax: number, perAddressMax: number) {
    this.#totalMax = totalMax;
    this.#perAddressMax = perAddressMax;
  }

  /** Whether one more peer may come from `address`. */
  admits(address: string): boolean {
    const network = networkOf(address);
    if (this.#countOf(network) >= this.#perAddressMax) this.#sweep(network);
    if (this.#countOf(network) >= this.#perAddressMax) return false;
    if (this.#total < this.#totalMax) return true;
    for (const each of this.#byNetwork.keys()) this.#sweep(each);
    return this.#total < this.#totalMax;
  }

  add(address: string, handshake: Handshake): void {
    const network = networkOf(address);
    const handshakes = this.#byNetwork.get(network);
    if (handshakes) handshakes.add(handshake);
    else this.#byNetwork.set(network, new Set([handshake]));
    this.#total++;
  }

  delete(address: string, handshake: Handshake): void {
    this.#delete(networkOf(address), handshake);
  }

  #delete(network: string, handshake: Handshake): void {
    const handshakes = this.#byNetwork.get(network);
    if (!handshakes?.delete(handshake)) return;
    this.#total--;
    if (handshakes.size === 0) this.#byNetwork.delete(network);
  }

  #countOf(network: string): number {
    return this.#byNetwork.get(network)?.size ?? 0;
  }

  #sweep(network: string): void {
    for (const handshake of this.#byNetwork.get(network) ?? []) {
      if (handshake.isOpen) this.#delete(network, handshake);
    }
  }
}
