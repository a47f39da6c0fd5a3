import { type JobsOptions, Queue, Worker } from 'bullmq';
import type { ContenderSpec, RunningContender } from './contender.ts';
import { rowsOf } from './order-rows.ts';
import { HandledCount, type Order, orderOf, SENDS_UNDER_WAY, sendAll } from './workload.ts';

/** Jobs that are done are deleted, as messages are: kept ones cost it more. */
const JOB: JobsOptions = { removeOnComplete: true };

/** BullMQ through ioredis, with a worker and a queue in this process. */
export async function startBullMq(spec: ContenderSpec): Promise<RunningContender> {
  const { hostname: host, port } = new URL(spec.url ?? '');
  const connection = { host, port: Number(port), maxRetriesPerRequest: null };
  const handled = new HandledCount();
  const orders = new Queue<Order>('orders', { connection });
  const placed = new Queue<Pick<Order, 'orderId'>>('placed', { connection });
  const rows = spec.writes ? rowsOf(spec.directory) : undefined;
  const handler = async ({ data }: { data: Order }): Promise<void> => {
    if (rows === undefined) return handled.add();
    rows.insert(data);
    await placed.add('placed', { orderId: data.orderId }, JOB);
  };
  const options = { connection, concurrency: spec.concurrency };
  const workers = [new Worker<Order>('orders', handler, options)];
  if (spec.writes) workers.push(new Worker('placed', async () => handled.add(), options));
  await Promise.all([orders.waitUntilReady(), ...workers.map((worker) => worker.waitUntilReady())]);
  return {
    run: async (first, count) => {
      const done = handled.next(count);
      await (spec.sends === 'bulk' ? addInBulk(orders, first, count) : addOneByOne(orders, first, count));
      await done;
    },
    close: async () => {
      await Promise.all([...workers, orders, placed].map((each) => each.close()));
      rows?.close();
    },
  };
}

function addOneByOne(queue: Queue<Order>, first: number, count: number): Promise<void> {
  return sendAll(count, (index) => queue.add('place', orderOf(first + index), JOB));
}

async function addInBulk(queue: Queue<Order>, first: number, count: number): Promise<void> {
  for (let from = 0; from < count; from += SENDS_UNDER_WAY) {
    const length = Math.min(SENDS_UNDER_WAY, count - from);
    const jobs = Array.from({ length }, (_, index) => ({
      name: 'place',
      data: orderOf(first + from + index),
      opts: JOB,
    }));
    await queue.addBulk(jobs);
  }
}
