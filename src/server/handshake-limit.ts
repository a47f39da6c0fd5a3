/** Something that is accepted but maybe not logged in. */
export interface Handshake {
  readonly isOpen: boolean;
}

/**
 * Counts peers that have connected and not yet opened an AMQP connection, so that a stranger without a password can
 * hold only so many sockets. Nobody reports when a handshake is done: those that are done are swept out when a limit is
 * reached, which costs one pass over at most that limit.
 *
 * Invariant: no set in the map is empty.
 */
export class HandshakeLimit {
  readonly #totalMax: number;
  readonly #perAddressMax: number;
  readonly #byAddress = new Map<string, Set<Handshake>>();

  constructor(totalMax: number, perAddressMax: number) {
    this.#totalMax = totalMax;
    this.#perAddressMax = perAddressMax;
  }

  /** Whether one more peer may come from `address`. */
  admits(address: string): boolean {
    if ((this.#byAddress.get(address)?.size ?? 0) >= this.#perAddressMax) this.#sweep(address);
    if ((this.#byAddress.get(address)?.size ?? 0) >= this.#perAddressMax) return false;
    if (this.#total() < this.#totalMax) return true;
    for (const each of this.#byAddress.keys()) this.#sweep(each);
    return this.#total() < this.#totalMax;
  }

  add(address: string, handshake: Handshake): void {
    const handshakes = this.#byAddress.get(address);
    if (handshakes) handshakes.add(handshake);
    else this.#byAddress.set(address, new Set([handshake]));
  }

  delete(address: string, handshake: Handshake): void {
    const handshakes = this.#byAddress.get(address);
    handshakes?.delete(handshake);
    if (handshakes?.size === 0) this.#byAddress.delete(address);
  }

  #total(): number {
    let total = 0;
    for (const handshakes of this.#byAddress.values()) total += handshakes.size;
    return total;
  }

  #sweep(address: string): void {
    for (const handshake of this.#byAddress.get(address) ?? []) {
      if (handshake.isOpen) this.delete(address, handshake);
    }
  }
}
