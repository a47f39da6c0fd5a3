import { checkBooks, stockOf } from '../../../examples/shop/books.ts';
import { type Line, placeOrder } from '../../../examples/shop/contracts.ts';
import { type App, type Database, run } from '../../../src/services/services.ts';
import { openStore } from '../../../src/services/store/open-store.ts';
import type { Store } from '../../../src/services/store/store.ts';
import { deadQueue, everyQueue, inQueue } from '../../../src/services/wire.ts';
import { SeededRandom } from '../../../src/testing/seeded-random.ts';
import { ShopProcesses } from './shop-processes.ts';
import { StormBroker } from './storm-broker.ts';

export const SERVICES = ['orders', 'payments', 'inventory', 'shipping', 'notifications'] as const;

export interface StormOptions {
  /** The database of each service, by its name. */
  readonly databases: ReadonlyMap<string, string>;
  readonly orderCount: number;
  /** How often something is killed or cut, spread over the orders. */
  readonly blowCount: number;
  readonly instances: number;
  readonly seed: number;
}

export interface StormReport {
  /** What is wrong in the books, and what services had to say. Empty when all is well. */
  readonly problems: readonly string[];
  readonly shipped: number;
  readonly cancelled: number;
  readonly seconds: number;
  /** What was done to the system, and how often. */
  readonly blows: ReadonlyMap<string, number>;
}

/** Orders that are on their way at a time. */
const OPEN_MAX = 1_500;
/** Callers at a time, each with an order. */
const CALLERS = 200;
/** How often a caller asks again, with the same message id, before the order counts as lost. */
const ASKS_MAX = 30;
const LOOK_AGAIN_MS = 100;
/** Orders whose rows a failure shows. */
const EVIDENCE_MAX = 3;
/** What may pass after the last order without an order that ends, or a queue that empties. */
const STANDSTILL_MS = 120_000;
const SKUS = ['carrot', 'clover', 'lettuce', 'parsley', 'strawberry'];
const CARDS = [...Array<string>(8).fill('card-good'), 'card-declined', 'card-slow'];

/** Orders go through the shop while its processes, its broker and its connections are killed; then the books are compared. */
export async function storm(options: StormOptions): Promise<StormReport> {
  const broker = await StormBroker.start();
  const random = new SeededRandom(options.seed);
  const processes = new ShopProcesses({
    brokerUrl: broker.url,
    databases: options.databases,
    instances: options.instances,
    random,
  });
  const ends: (() => Promise<void>)[] = [() => processes.destroy(), () => broker.close()];
  try {
    await processes.start();
    const stores = await openStores(options.databases);
    ends.unshift(async () => void (await Promise.all([...stores.values()].map((store) => store.close()))));
    const app = await run([], { broker: broker.url });
    ends.unshift(() => app.close({ timeoutMs: 1_000 }));
    return await new Storm(options, random, broker, processes, stores, app).pass();
  } finally {
    for (const end of ends) await end();
  }
}

async function openStores(databases: ReadonlyMap<string, string>): Promise<Map<string, Store>> {
  const stores = new Map<string, Store>();
  for (const [name, url] of databases) stores.set(name, await openStore(url, { name }));
  return stores;
}

class Storm {
  readonly #options: StormOptions;
  readonly #random: SeededRandom;
  readonly #broker: StormBroker;
  readonly #processes: ShopProcesses;
  readonly #stores: ReadonlyMap<string, Store>;
  readonly #app: App;
  readonly #orderIds: string[] = [];
  readonly #problems: string[] = [];
  readonly #blows: Map<string, number> = new Map();
  #blowsDone = 0;
  #endedCount = 0;

  constructor(
    options: StormOptions,
    random: SeededRandom,
    broker: StormBroker,
    processes: ShopProcesses,
    stores: ReadonlyMap<string, Store>,
    app: App,
  ) {
    this.#options = options;
    this.#random = random;
    this.#broker = broker;
    this.#processes = processes;
    this.#stores = stores;
    this.#app = app;
  }

  async pass(): Promise<StormReport> {
    const beganMs = performance.now();
    const stockBefore = await stockOf(this.#database('inventory'));
    const callers = Array.from({ length: CALLERS }, () => this.#callOn());
    const isPlaced = Promise.all(callers);
    await this.#blowUntilEnded();
    await isPlaced;
    const seconds = (performance.now() - beganMs) / 1000;
    await this.#until('nothing is left to send', () => this.#leftCount());
    await this.#processes.stop();
    const problems = await checkBooks(this.#databases(), stockBefore, this.#orderIds);
    const left = await this.#broker.messageCount(queues());
    if (left > 0) problems.push(`${left} messages are left in queues`);
    return {
      problems: [
        ...problems,
        ...(await this.#evidence(problems)),
        ...this.#problems,
        ...this.#processes.problems,
      ],
      shipped: await this.#countOf('shipped'),
      cancelled: await this.#countOf('cancelled'),
      seconds,
      blows: this.#blows,
    };
  }

  /** Places one order after the other, until there are enough. */
  async #callOn(): Promise<void> {
    while (this.#orderIds.length < this.#options.orderCount) {
      if (this.#orderIds.length - this.#endedCount > OPEN_MAX) {
        await aWhile();
        continue;
      }
      const orderId = `order-${this.#orderIds.length + 1}`;
      this.#orderIds.push(orderId);
      await this.#place(orderId);
    }
  }

  async #place(orderId: string): Promise<void> {
    const order = {
      orderId,
      customer: `customer-${this.#pick(100)}`,
      card: this.#oneOf(CARDS),
      lines: this.#lines(),
    };
    for (let asks = 1; ; asks += 1) {
      try {
        const { status } = await this.#app.call(placeOrder, order, { messageId: orderId, timeoutMs: 10_000 });
        if (status !== 'accepted') this.#problems.push(`${orderId} was ${status}`);
        return;
      } catch (error) {
        if (asks < ASKS_MAX) continue;
        this.#problems.push(`${orderId} could not be placed: ${String(error)}`);
        return;
      }
    }
  }

  /** A blow each time that so many more orders have been placed or have ended. */
  async #blowUntilEnded(): Promise<void> {
    const { orderCount, blowCount } = this.#options;
    await this.#until('all orders have ended', async () => {
      this.#endedCount = (await this.#countOf('shipped')) + (await this.#countOf('cancelled'));
      const progress = (this.#orderIds.length + this.#endedCount) / (2 * orderCount);
      if (this.#blowsDone < blowCount * progress) await this.#blow();
      return orderCount - this.#endedCount;
    });
  }

  async #blow(): Promise<void> {
    this.#blowsDone += 1;
    const kind = this.#pick(10);
    if (kind === 0) {
      await this.#broker.crash();
      this.#note('broker killed');
    } else if (kind <= 3) {
      this.#broker.cut();
      this.#note('connections cut');
    } else {
      await this.#processes.killOne();
      this.#note('service killed');
    }
  }

  #note(what: string): void {
    this.#blows.set(what, (this.#blows.get(what) ?? 0) + 1);
  }

  /** Messages that are ready, or in an outbox. */
  async #leftCount(): Promise<number> {
    const outboxes = await Promise.all(
      SERVICES.map(
        (name) => this.#database(name).get<{ count: number }>`select count(*) as count from leveret_outbox`,
      ),
    );
    const waiting = outboxes.reduce((sum, row) => sum + Number(row?.count), 0);
    return waiting + (await this.#broker.messageCount(queues()));
  }

  /** Until so much is left as nothing. Gives up when that stands still for long. */
  async #until(what: string, left: () => Promise<number>): Promise<void> {
    let before = Number.POSITIVE_INFINITY;
    let movedMs = performance.now();
    for (;;) {
      const count = await left();
      if (count === 0) return;
      if (count !== before) movedMs = performance.now();
      before = count;
      if (performance.now() - movedMs > STANDSTILL_MS) {
        throw new Error(
          `${what}: ${count} are left, and that for ${STANDSTILL_MS} ms (seed ${this.#options.seed})\n${this.#processes.problems.join('\n')}`,
        );
      }
      await aWhile();
    }
  }

  /** What the services have written down about the first orders that are not as they should be. */
  async #evidence(problems: readonly string[]): Promise<string[]> {
    const ids = new Set(problems.flatMap((problem) => /order-\d+/.exec(problem)?.[0] ?? []));
    const found = [...ids].slice(0, EVIDENCE_MAX).map(async (id) => {
      const order = await this.#database('orders').get`select * from orders where id = ${id}`;
      const payments = this.#database('payments');
      const payment = await payments.get`select * from payments where order_id = ${id}`;
      const bookings = await payments.all`select * from bookings where order_id = ${id}`;
      const parcels = await this.#database('shipping').all`select * from parcels where order_id = ${id}`;
      const mails = await this.#database('notifications').all`select * from mails where order_id = ${id}`;
      return `${id}: ${JSON.stringify({ order, payment, bookings, parcels, mails })}`;
    });
    return Promise.all(found);
  }

  async #countOf(status: string): Promise<number> {
    const row = await this.#database('orders').get<{
      count: number;
    }>`select count(*) as count from orders where status = ${status}`;
    return Number(row?.count);
  }

  #database(name: (typeof SERVICES)[number]): Database {
    return (this.#stores.get(name) as Store).database;
  }

  #databases(): Parameters<typeof checkBooks>[0] {
    const [orders, payments, inventory, shipping, notifications] = SERVICES.map((name) =>
      this.#database(name),
    ) as [Database, Database, Database, Database, Database];
    return { orders, payments, inventory, shipping, notifications };
  }

  #lines(): Line[] {
    const first = this.#oneOf(SKUS);
    return SKUS.filter((sku) => sku === first || this.#pick(5) === 0).map((sku) => ({
      sku,
      quantity: 1 + this.#pick(3),
    }));
  }

  #oneOf(values: readonly string[]): string {
    return values[this.#pick(values.length)] as string;
  }

  #pick(count: number): number {
    return this.#random.uint32() % count;
  }
}

function queues(): string[] {
  return SERVICES.flatMap((name) => [inQueue(name), everyQueue(name), deadQueue(name)]);
}

/** There is no event for what other processes write. */
function aWhile(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, LOOK_AGAIN_MS));
}
