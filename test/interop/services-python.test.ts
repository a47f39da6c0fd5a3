import { expect, onTestFinished, test } from 'vitest';
import { z } from 'zod';
import { startBroker } from '../../src/daemon/start-broker.ts';
import { command, event, run, service } from '../../src/services/services.ts';
import { StartedProcess } from '../servers/child-process.ts';
import { examplesIn } from '../services/services-page.ts';
import { describeWith, PYTHON, pythonModule } from './debian.ts';

const order = z.object({ orderId: z.string(), cents: z.number() });
const byOrder = { key: ({ orderId }: { orderId: string }) => orderId };
const placeOrder = command('orders.place', order, {
  ...byOrder,
  reply: z.object({ status: z.literal('accepted') }),
});
const orderPlaced = event('orders.placed', order, byOrder);
const orders = service('orders', { database: {} });
const ordersUnit = orders.with(
  orders.on(
    placeOrder,
    async (placed, context) => {
      await context.publish(orderPlaced, placed);
      return { status: 'accepted' };
    },
    { ordered: true },
  ),
);

/** What `print(...)  # text` promises. */
function promised(code: string): string[] {
  return [...code.matchAll(/print\(.*\) {2}# (.*)$/gm)].map(([, text = '']) => text);
}

describeWith(pythonModule('pika', 'python3-pika'), 'services and Python', () => {
  test('the program of the page on services does what the page says', async () => {
    const broker = await startBroker({ amqpPort: 0 });
    onTestFinished(() => broker.close());
    const url = broker.url ?? '';
    const app = await run([ordersUnit], { broker: url, databaseUrl: () => 'file::memory:' });
    onTestFinished(() => app.close());
    const [code = ''] = examplesIn('python');
    const { host } = new URL(url);
    const program = new StartedProcess(PYTHON, ['-c', code.replace('@localhost', `@${host}`)]);
    await program.succeeded();
    expect(program.lines).toEqual(promised(code));
    expect(program.lines).toHaveLength(2);
    await expect(app.result(placeOrder, 'order-e')).resolves.toEqual({ status: 'accepted' });
  });
});
