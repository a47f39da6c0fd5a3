import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { type RunningBroker, startBroker } from '../../src/daemon/start-broker.ts';
import { run } from '../../src/services/runtime/run.ts';
import { command, event, service, type Unit } from '../../src/services/services.ts';
import type { ContenderSpec, RunningContender } from './contender.ts';
import { CREATE_ORDERS } from './order-rows.ts';
import { HandledCount, orderOf, sendAll } from './workload.ts';

const order = z.object({
  orderId: z.string(),
  customer: z.string(),
  total: z.number(),
  items: z.array(z.object({ sku: z.string(), count: z.number() })),
});
const placeOrder = command('orders.place', order);
const orderPlaced = event('orders.placed', z.object({ orderId: z.string() }));

/** Services in this process, on a broker of its own or in this process, too. */
export async function startLeveretServices(spec: ContenderSpec): Promise<RunningContender> {
  const handled = new HandledCount();
  const broker = spec.url === undefined ? await embeddedBroker(spec.directory) : undefined;
  const units = spec.writes ? writingUnits(spec, handled) : [plainUnit(spec, handled)];
  const app = await run(units, { broker: broker ?? spec.url ?? '', dataDir: spec.directory });
  return {
    run: async (first, count) => {
      const done = handled.next(count);
      await sendAll(count, (index) => app.send(placeOrder, orderOf(first + index)));
      await done;
    },
    close: async () => {
      await app.close();
      await broker?.close();
    },
  };
}

/** It keeps messages on the disk, as the one in a process of its own does. */
function embeddedBroker(directory: string): Promise<RunningBroker> {
  return startBroker({ amqpPort: false, dataDir: join(directory, 'broker') });
}

function plainUnit({ concurrency }: ContenderSpec, handled: HandledCount): Unit {
  const orders = service('orders');
  return orders.with(orders.on(placeOrder, async () => handled.add(), { concurrency }));
}

function writingUnits({ concurrency, directory }: ContenderSpec, handled: HandledCount): Unit[] {
  writeFileSync(join(directory, '1-orders.sql'), `${CREATE_ORDERS};\n`);
  const orders = service('orders', { database: { migrations: directory } });
  const place = orders.on(
    placeOrder,
    async ({ orderId, total }, context) => {
      await context.database.run`insert into orders (id, total) values (${orderId}, ${total})`;
      await context.publish(orderPlaced, { orderId });
    },
    { concurrency },
  );
  const mails = service('mails');
  const placed = mails.on(orderPlaced, async () => handled.add(), { concurrency });
  return [orders.with(place), mails.with(placed)];
}
