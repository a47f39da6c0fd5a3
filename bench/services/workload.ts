/** What both contenders do: the same payload, sent with as many sends under way, handled by the same handler. */
export interface Order {
  readonly orderId: string;
  readonly customer: string;
  readonly total: number;
  readonly items: { readonly sku: string; readonly count: number }[];
}

/** About 150 bytes as JSON. */
export function orderOf(index: number): Order {
  return {
    orderId: `order-${index}`,
    customer: 'customer-4711',
    total: 129.5,
    items: [
      { sku: 'shoe-44-black', count: 1 },
      { sku: 'sock-cotton', count: 3 },
    ],
  };
}

/** Sends that wait for their confirmation at a time. */
export const SENDS_UNDER_WAY = 1_000;

/** Resolves when `send` was called `count` times and all of them have resolved. */
export function sendAll(count: number, send: (index: number) => Promise<unknown>): Promise<void> {
  return new Promise((resolve, reject) => {
    let begun = 0;
    let done = 0;
    const next = (): void => {
      const index = begun;
      begun += 1;
      send(index).then(onDone, reject);
    };
    const onDone = (): void => {
      done += 1;
      if (done === count) resolve();
      else if (begun < count) next();
    };
    while (begun < Math.min(count, SENDS_UNDER_WAY)) next();
  });
}

/** Counts what was handled. */
export class HandledCount {
  #left = 0;
  #resolve: () => void = () => undefined;

  /** Resolves when so many more were handled. */
  next(count: number): Promise<void> {
    this.#left = count;
    return new Promise((resolve) => {
      this.#resolve = resolve;
    });
  }

  add(): void {
    this.#left -= 1;
    if (this.#left === 0) this.#resolve();
  }
}
