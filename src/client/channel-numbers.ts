/** The channel numbers of one connection: 1 to `channelMax`. */
export class ChannelNumbers {
  readonly #channelMax: number;
  readonly #released: number[] = [];
  #highest = 0;

  constructor(channelMax: number) {
    this.#channelMax = channelMax;
  }

  take(): number {
    const released = this.#released.pop();
    if (released !== undefined) {
      return released;
    }
    if (this.#highest >= this.#channelMax) {
      throw new RangeError(
        `no free channel: ${this.#highest} of ${this.#channelMax} are open on this connection; close one or open another connection`,
      );
    }
    this.#highest += 1;
    return this.#highest;
  }

  release(channel: number): void {
    this.#released.push(channel);
  }
}
